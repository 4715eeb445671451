# Helpers of the rules, and no rules.

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir, "scripts")))

from sarfusion.errors import StudyError
from sarfusion.imports import LIBRARY, modules_of
from sarfusion.study import check_files, own_files, resolve

try:
    STUDY = resolve(config)
    check_files(STUDY)
except StudyError as error:
    raise WorkflowError(f"error: {error}") from None


SEEDS, BANDS = STUDY["seeds"], STUDY["bands"]
FIRST_SEED = SEEDS[:1]  # the one that figures show; tables hold all of them


def result(path):
    """A path under this study's results folder."""
    return f"results/{STUDY['study']}/{path}"


def code(script):
    """The library modules behind a script, as inputs: editing one reruns what depends on it."""
    return relative(modules_of(Path(workflow.basedir, "scripts", f"{script}.py")))


def network_code(wildcards):
    """The file of the network that a model name stands for; it is imported by name."""
    network = STUDY["models"][wildcards.model]["network"]
    return relative([LIBRARY / "models" / f"{network}.py"])


def relative(paths):
    """Paths as seen from the working folder, so that a moved clone does not rerun."""
    return [os.path.relpath(path) for path in paths]


def one_of(names):
    """A wildcard constraint: one of `names`, or nothing at all."""
    return "|".join(map(re.escape, names)) or r"(?!)"


def sites_from(source):
    """The sites of the study whose scenes come from `source`."""
    return [name for name, site in STUDY["sites"].items() if site["source"] == source]


def learned_runs(band, seeds):
    """(band, method, input, seed) of every trained model of a band."""
    return [
        (band, model, sar_input, seed)
        for model in STUDY["models"]
        for sar_input in STUDY["inputs"]
        for seed in seeds
    ]


def runs():
    """(band, method, input, seed) of every fused raster of a site and protocol.

    A method without training has no seed; its one raster is seed 0.
    """
    return [
        run
        for band in BANDS
        for run in (
            *((band, method, "none", 0) for method in STUDY["baselines"]),
            *learned_runs(band, SEEDS),
        )
    ]


def fused_files(site, protocol, chosen):
    """The fused rasters of `chosen` runs."""
    return [
        result(f"fused/{site}/{protocol}/{band}/{method}-{sar_input}/seed{seed}.tif")
        for band, method, sar_input, seed in chosen
    ]


def table_files():
    """What `snakemake tables` makes."""
    names = ["metrics.csv", "summary.csv", "summary.md", "summary.tex", "summary.txt"]
    return [result(f"tables/{name}") for name in names]


def figure_files():
    """What `snakemake figures` makes."""
    kinds = [*BANDS, "differences", "density", "training"]
    if set(BANDS) == {"red", "green", "blue"}:
        kinds.append("composites")
    names = [
        *(f"{site}_overview" for site in STUDY["sites"]),
        *(
            f"{site}_{protocol}_{kind}"
            for site in STUDY["sites"]
            for protocol in STUDY["protocols"]
            for kind in kinds
        ),
        *(f"{protocol}_scores" for protocol in STUDY["protocols"]),
    ]
    return [result(f"figures/{name}.{form}") for name in names for form in ("png", "pdf")]


def shown_runs(bands):
    """The trained models of `bands` that a figure shows."""
    return [run for band in bands for run in learned_runs(band, FIRST_SEED)]


def labels(chosen):
    """[method, input, band] of each run, in the order of its files."""
    return [[method, sar_input, band] for band, method, sar_input, _ in chosen]


def records(site, protocol):
    """The records of every trained model of a site and protocol."""
    return [
        result(f"models/{site}/{protocol}/{band}/{model}-{sar_input}/seed{seed}.json")
        for each in BANDS
        for band, model, sar_input, seed in learned_runs(each, SEEDS)
    ]


def explain_failure(snakemake_logs):
    """Print the error lines of the failed jobs' logs: what a person needs, below the rest."""
    said = "".join(Path(path).read_text() for path in snakemake_logs)
    failed = re.findall(r"^\s+log: (\S+) \(check log", said, re.M)
    for path in dict.fromkeys(failed):
        lines = Path(path).read_text().splitlines() if Path(path).exists() else []
        said = [line for line in lines if line.startswith("error: ")] or lines[-1:]
        print(*said, f"  (log: {path})", sep="\n", file=sys.stderr)


wildcard_constraints:
    site=one_of(STUDY["sites"]),
    protocol=one_of(STUDY["protocols"]),
    band=one_of(STUDY["bands"]),
    model=one_of(STUDY["models"]),
    method=one_of(STUDY["baselines"]),
    input=one_of(STUDY["inputs"]),
    seed=r"\d+",
