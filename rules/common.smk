# Helpers of the rules, and no rules.

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir, "scripts")))

from sarfusion.errors import StudyError
from sarfusion.imports import LIBRARY, modules_of
from sarfusion.study import resolve

try:
    STUDY = resolve(config)
except StudyError as error:
    raise WorkflowError(f"error: {error}") from None


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


def own_files(site):
    """{"optical.red": path, ...} of a site with files of its own."""
    return {
        f"{sensor}.{band}": str(Path(STUDY["data"], entry["path"]))
        for sensor in ("optical", "sar")
        for band, entry in STUDY["sites"][site][sensor].items()
        if isinstance(entry, dict)
    }


def learned_runs(band, seeds):
    """(band, method, input, seed) of every trained model of a band."""
    return [
        (band, model, sar_input, seed)
        for model in STUDY["models"]
        for sar_input in STUDY["inputs"]
        for seed in seeds
    ]


def runs(bands, seeds):
    """(band, method, input, seed) of every fused raster of a site and protocol.

    A method without training has no seed; its one raster is seed 0.
    """
    return [
        run
        for band in bands
        for run in (
            *((band, method, "none", 0) for method in STUDY["baselines"]),
            *learned_runs(band, seeds),
        )
    ]


def fused_files(site, protocol, chosen):
    """The fused rasters of `chosen` runs."""
    return [
        result(f"fused/{site}/{protocol}/{band}/{method}-{sar_input}/seed{seed}.tif")
        for band, method, sar_input, seed in chosen
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
