# Helpers of the rules, and no rules.

import gc
import os
import re
import sys
from itertools import groupby
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir, "scripts")))

from sarfusion.classical import METHODS
from sarfusion.comparisons import study_pairs
from sarfusion.errors import StudyError
from sarfusion.files import write_json
from sarfusion.imports import LIBRARY, modules_of
from sarfusion.stac.lock import locked_site, search_of, without_sums
from sarfusion.study import (
    catalogue_site,
    check_files,
    own_files,
    resolve,
    setting,
    transfers,
)

try:
    STUDY = resolve(config, folder=Path(*workflow.overwrite_configfiles[:1]).parent)
    check_files(STUDY)
except StudyError as error:
    raise WorkflowError(f"error: {error}") from None


MISSING = STUDY["missing_sites"]
SITES = [site for site in STUDY["sites"] if site not in MISSING]
SEEDS, BANDS = STUDY["seeds"], STUDY["bands"]
# Of few sites, each band of a model is trained and fused in a job of its own, so that all cores
# have work. Of many, the sites give them work, and a third of the jobs is planned faster. A folder
# of weights may lack a band. Files and their bytes are the same.
ONE_BAND_A_JOB = len(STUDY["sites"]) <= 8 or "weights" in STUDY
# Models trained on several sites at once, beside those of each site.
TRANSFERS = transfers(STUDY)
LOCK = os.path.relpath(Path(workflow.basedir, f"config/{STUDY['study']}.lock.json"))
FIRST_SEED = SEEDS[:1]  # the one that figures show; tables hold all of them


# The plan of many sites is millions of objects, all of which stay: looking through them for garbage
# again and again took longer than making them.
gc.set_threshold(1_000_000, 50, 1000)


def result(path):
    """A path under this study's results folder."""
    return f"results/{STUDY['study']}/{path}"


def code(script):
    """The library modules behind a script, as inputs: editing one reruns what depends on it."""
    return relative(modules_of(Path(workflow.basedir, "scripts", f"{script}.py")))


def network_code(wildcards):
    """The network that a model name stands for, which is imported by name, and what it imports."""
    network = LIBRARY / "models" / f"{STUDY['models'][wildcards.model]['network']}.py"
    return relative([network, *modules_of(network)])


def growing(amount):
    """A resource that grows with each attempt: what killed a job, it gets more of in the next.

    amount: a number, or a function of the wildcards.
    """
    if callable(amount):
        return lambda wildcards, attempt: amount(wildcards) * attempt
    return lambda wildcards, attempt: amount * attempt


def relative(paths):
    """Paths as seen from the working folder, so that a moved clone does not rerun."""
    return [os.path.relpath(path) for path in paths]


def project_file(path):
    """A file of the project that is no code, as an input."""
    return os.path.relpath(Path(workflow.basedir, path))


def locked(site):
    """What the lock says of a site, without the sums that the first download adds to it.

    A parameter, so that a new lock brings new scenes, and new sums bring nothing. Snakemake asks
    again before the job runs, when the lock is there. (Were the path taken from the job's inputs,
    Snakemake would not rerun for a new lock.)
    """
    if not Path(LOCK).exists():
        return None
    search = search_of(STUDY["sites"][site], setting(STUDY, site, "optical")["mask"])
    try:
        return without_sums(locked_site(LOCK, site, search))
    except StudyError as error:
        raise WorkflowError(f"error: {error}") from None


def one_of(names):
    """A wildcard constraint: one of `names`, or nothing at all."""
    return tree_of(sorted(set(names))) if names else r"(?!)"


def tree_of(names):
    """The pattern of one of some sorted names, letter by letter.

    Each file is matched against it many times, and of a plain list every name would be tried.
    """
    branches = [
        re.escape(letter) + tree_of([name[1:] for name in group]) if letter else ""
        for letter, group in groupby(names, key=lambda name: name[:1])
    ]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(reversed(branches))})"


def sites_from(source):
    """The sites of the study whose scenes come from `source`."""
    return [name for name in SITES if STUDY["sites"][name]["source"] == source]


def shown_sites():
    """The sites that figures show one by one."""
    shown = STUDY["figures"]["sites"]
    if isinstance(shown, int):
        return SITES[:shown]
    return [site for site in shown if site in SITES] or SITES[:1]


def setting_of(section):
    """The settings of a section, as they are for the site of a job."""
    return lambda wildcards: setting(STUDY, wildcards.site, section)


def ground_of(name):
    """The sites that the models under the name of a site, or of a transfer, are trained on."""
    return TRANSFERS[name]["train"] if name in TRANSFERS else [name]


def at_ground(name, path):
    """`path` at each of those sites."""
    return expand(path, site=ground_of(name))


def trained(path):
    """A file of a trained model: of this study's training, or in the folder `weights`."""
    return f"{STUDY['weights']}/{path}" if "weights" in STUDY else result(f"models/{path}")


def each_seed(path):
    """`path` for each seed of the study; other wildcards stay."""
    return expand(path, seed=SEEDS, allow_missing=True)


def each_run(path):
    """`path` for each run of a model that one job makes: its seeds, of one band or of each."""
    bands = {} if ONE_BAND_A_JOB else {"band": BANDS}
    return expand(path, **bands, seed=SEEDS, allow_missing=True)


def of_job(path):
    """The path of such a job's log: without the band, if it makes all of them."""
    return path if ONE_BAND_A_JOB else path.replace("{band}/", "")


def is_at_hand(protocol, band, model, sar_input, sites):
    """Whether a model can be had: with a folder of `weights`, if that holds it for every seed."""
    path = f"{protocol}/{band}/{model}-{sar_input}/seed{{seed}}.safetensors"
    return "weights" not in STUDY or all(
        Path(weights).exists() for site in SITES for weights in each_seed(trained(f"{site}/{path}"))
    )


def learned_runs(protocol, bands, seeds, sites=SITES):
    """(band, method, input, seed) of the trained models of a protocol, at hand for all `sites`."""
    cut = STUDY["protocols"][protocol]
    return [
        (band, model, sar_input, seed)
        for band in bands
        for model in cut["models"]
        for sar_input in cut["inputs"]
        for seed in seeds
        if is_at_hand(protocol, band, model, sar_input, sites)
    ]


def classical_runs(protocol, bands):
    """(band, method, input, seed) of the methods without training; they have no seed but 0."""
    return [
        (band, method, METHODS[method].input, 0)
        for band in bands
        for method in STUDY["baselines"]
        if METHODS[method].protocol == protocol
    ]


def classical_jobs(protocols, scale=""):
    """What one job fuses at a site without training: its files, and protocol, band and method."""
    chosen = [(protocol, run) for protocol in protocols for run in classical_runs(protocol, BANDS)]
    files = [
        path for protocol, run in chosen for path in fused_files("{site}", protocol, [run], scale)
    ]
    return files, [(protocol, band, method) for protocol, (band, method, *_) in chosen]


def runs(protocol):
    """(band, method, input, seed) of every fused raster of a site and protocol."""
    return classical_runs(protocol, BANDS) + learned_runs(protocol, BANDS, SEEDS)


def optical_raster(protocol):
    """The raster whose optical bands go into the methods of a protocol."""
    return result("stack/{site}.reduced.tif" if protocol == "sharpening" else "stack/{site}.tif")


def sar_raster(sar_input, scale=""):
    """The raster whose SAR bands go into a model; at full scale where `scale` says so."""
    return result(f"stack/{{site}}{scale}{'.shuffled' if sar_input == 'shuffled' else ''}.tif")


def gap_mask(protocol):
    """The mask of what a protocol withholds, as a named input, if it withholds anything."""
    return {"gaps": result("gaps/{site}.tif")} if protocol == "cloud_gap" else {}


def classical_inputs():
    """What methods without training take beside the stack, as the study's protocols ask."""
    reduced = (
        {"reduced": optical_raster("sharpening")} if "sharpening" in STUDY["protocols"] else {}
    )
    return reduced | (gap_mask("cloud_gap") if "cloud_gap" in STUDY["protocols"] else {})


def scene_files(site):
    """{"optical.red": path, ...} of the rasters that a site with files of its own is made of."""
    files = own_files(STUDY, site)
    return {name: str(path) for name, path in files.items() if name != "gap_mask"}


def real_gap_mask(site):
    """The real mask that shapes a site's gaps, as a named input, if it has one."""
    if STUDY["sites"][site].get("gap_shapes") == "cloudy_date":
        return {"mask_file": result("scenes/{site}/clouds.tif")}
    path = own_files(STUDY, site).get("gap_mask")
    return {"mask_file": path} if path else {}


def gap_flags(site):
    """The QA_PIXEL flags that are gaps in the site's real mask, if it is a QA_PIXEL band."""
    if STUDY["sites"][site].get("gap_shapes") == "cloudy_date":
        return setting(STUDY, site, "optical")["mask"]
    return STUDY["sites"][site].get("gap_mask", {}).get("flags")


def gap_settings(protocol, site):
    """The settings of what a protocol withholds, or None; of a transfer, those of the study."""
    if protocol != "cloud_gap":
        return None
    return STUDY["gaps"] if site in TRANSFERS else setting(STUDY, site, "gaps")


def fused_files(site, protocol, chosen, scale=""):
    """The fused rasters of `chosen` runs; at full scale where `scale` says so."""
    return [
        result(f"fused/{site}/{protocol}/{band}/{method}-{sar_input}/seed{seed}{scale}.tif")
        for band, method, sar_input, seed in chosen
    ]


def pairs(protocol):
    """[left method, left input, right method, right input] of every comparison that is made."""
    cut = STUDY["protocols"][protocol]
    return study_pairs(cut["models"], cut["inputs"])


def difference_files():
    """The tables of differences of every site and protocol."""
    return [
        result(f"metrics/{site}/{protocol}.differences.csv")
        for site in SITES
        for protocol in STUDY["protocols"]
    ]


def is_comparable(protocol):
    """Whether no model is missing that the table of differences would compare."""
    cut = STUDY["protocols"][protocol]
    runs = learned_runs(protocol, BANDS, SEEDS)
    bands = {band for band, *_ in runs}
    return 0 < len(runs) == len(bands) * len(cut["models"]) * len(cut["inputs"]) * len(SEEDS)


def truth(site):
    """The true 10 m reflectance, as a named input, of a site where it is known."""
    known = STUDY["sites"][site]["source"] == "simulated"
    return {"truth": result("scenes/{site}/truth.tif")} if known else {}


def score_files():
    """The score tables of every site and protocol."""
    return [path for site in SITES for path in site_scores(site)]


def site_scores(site):
    """The score tables of every protocol of a site."""
    names = [*STUDY["protocols"]]
    if "sharpening" in names:
        names.append("sharpening.full")
    return [result(f"metrics/{site}/{name}.csv") for name in names]


def transfer_runs(folder, protocol):
    """(band, method, input, seed) of the models of a transfer that can be had."""
    return learned_runs(protocol, BANDS, SEEDS, [folder])


def transfer_scores():
    """{score table: (name of the transfer, sites trained on)} of models tested on unseen sites."""
    return {
        result(f"metrics/{site}/{folder}/{protocol}.csv"): (about["name"], about["train"])
        for folder, about in TRANSFERS.items()
        for site in about["test"]
        for protocol in STUDY["protocols"]
        if transfer_runs(folder, protocol)
    }


def transfers_left_out():
    """The names of transfers that train on a site that is missing, or test on none that is there."""
    made = {about["name"] for about in TRANSFERS.values() if about["test"]}
    asked = STUDY["transfer"]
    return [name for name in ([asked] if isinstance(asked, str) else asked) if name not in made]


def across_files():
    """Tables and names of figures across sites, of a study that has several."""
    tables, figures = [], []
    if len(STUDY["sites"]) > 1:
        tables += [f"across_sites{rest}" for rest in (".csv", "_differences.csv", ".md")]
        figures += [f"across_sites_{protocol}_scores" for protocol in STUDY["protocols"]]
        figures.append("across_sites_differences")
    if transfer_scores():
        tables += ["transfer_metrics.csv", "transfer.csv", "transfer.md"]
        figures.append("transfer")
    return tables, figures


def table_files():
    """What `snakemake tables` makes."""
    summary = [f"summary.{form}" for form in ("csv", "md", "tex", "txt")]
    names = ["metrics.csv", *summary, "claims.csv", "claims.md", "models.csv", "models.md"]
    return [result(f"tables/{name}") for name in [*names, *across_files()[0]]]


def figure_files():
    """What `snakemake figures` makes; colour needs all three bands."""
    protocols = list(STUDY["protocols"])
    kinds = {protocol: [*BANDS, "differences", "density", "training"] for protocol in protocols}
    if set(BANDS) == {"red", "green", "blue"}:
        own = {"cloud_gap": ["examples"], "sharpening": ["products"]}
        kinds = {name: [*kinds[name], "composites", *own.get(name, [])] for name in protocols}
    names = [
        *(f"{site}_overview" for site in shown_sites()),
        *(
            f"{site}_{protocol}_{kind}"
            for site in shown_sites()
            for protocol in protocols
            for kind in kinds[protocol]
        ),
        *(f"{protocol}_scores" for protocol in protocols),
        *(["cloud_gap_distance"] if "cloud_gap" in protocols else []),
        "paired_differences",
        "claims",
        *across_files()[1],
    ]
    return [result(f"figures/{name}.{form}") for name in names for form in ("png", "pdf")]


# Of the sites with figures, those that the paper shows.
PAPER_SITES = shown_sites()[:2]


def paper_files():
    """What a whole run typesets."""
    return [result("paper.pdf")]


def paper_figures():
    """The figures that the paper shows, of those that the study makes."""
    kinds = ["overview", "reconstruction_composites", "cloud_gap_examples", "sharpening_products"]
    names = ["cloud_gap_distance", "paired_differences", "claims"]
    names += [f"{site}_{kind}" for site in PAPER_SITES for kind in kinds]
    made = figure_files()
    return [path for name in names if (path := result(f"figures/{name}.pdf")) in made]


def shown_runs(protocol, bands):
    """The trained models of `bands` that a figure shows."""
    return learned_runs(protocol, bands, FIRST_SEED)


def compared_runs(protocol):
    """What a figure with every kind of method shows: the first seed, classical methods last."""
    return shown_runs(protocol, BANDS) + classical_runs(protocol, BANDS)


def viewer_pages():
    """{site: file name} of the pages of the viewer; that of the first site shown is the index."""
    return {
        site: f"site-{site}.html" if i else "index.html" for i, site in enumerate(shown_sites())
    }


def viewer_files():
    """What `snakemake viewer` makes."""
    return [result(f"viewer/{page}") for page in viewer_pages().values()]


def viewer_site(wildcards):
    """The site of a page of the viewer."""
    return next(site for site, page in viewer_pages().items() if page == f"{wildcards.page}.html")


def viewer_runs():
    """[protocol, band, method, input, seed] of all that a page shows; 10 m products as "full"."""
    chosen = [
        [protocol, *run] for protocol in STUDY["protocols"] for run in compared_runs(protocol)
    ]
    return chosen + [["full", *run] for protocol, *run in chosen if protocol == "sharpening"]


def viewer_fused(site):
    """The fused rasters of `viewer_runs`, in their order."""
    return [
        path
        for protocol, *run in viewer_runs()
        for path in (
            fused_files(site, "sharpening", [run], ".full")
            if protocol == "full"
            else fused_files(site, protocol, [run])
        )
    ]


def viewer_ground(site):
    """What a page shows besides, where the study has it, as named inputs."""
    named = truth(site)
    for protocol in STUDY["protocols"]:
        named |= gap_mask(protocol)
    return {name: path.format(site=site) for name, path in named.items()}


def labels(chosen):
    """[method, input, band] of each run, in the order of its files."""
    return [[method, sar_input, band] for band, method, sar_input, _ in chosen]


def records(site, protocol):
    """The records of every trained model of a site and protocol."""
    return [
        trained(f"{site}/{protocol}/{band}/{model}-{sar_input}/seed{seed}.json")
        for band, model, sar_input, seed in learned_runs(protocol, BANDS, SEEDS)
    ]


MISSING_SITES = result("missing_sites.json")


def forget_missing_sites():
    """Delete the list of sites that the last run lacked, where this one asks for all."""
    if workflow.is_main_process and not MISSING:
        Path(MISSING_SITES).unlink(missing_ok=True)


def failed_jobs(snakemake_logs):
    """{log: why it failed, in lines} of the failed jobs, from the logs of Snakemake."""
    said = "".join(Path(path).read_text() for path in snakemake_logs)
    failed = {}
    for path in dict.fromkeys(re.findall(r"^\s+log: ([^\s,]+).* \(check log", said, re.M)):
        lines = Path(path).read_text().splitlines() if Path(path).exists() else []
        failed[path] = [line for line in lines if line.startswith("error: ")] or lines[-1:]
    return failed


def note_missing_sites(snakemake_logs):
    """Write which sites cannot be had, from the failed jobs, and say how the others can."""
    failed = failed_jobs(snakemake_logs)
    missing = MISSING | failed_sites(failed)
    if workflow.is_main_process and missing and len(missing) < len(STUDY["sites"]):
        write_json(MISSING_SITES, {"missing_sites": missing})
        print(
            f"The tables and figures of the other sites: add {MISSING_SITES} to --configfile",
            file=sys.stderr,
        )


def has_error(lines):
    """Tell whether one of the lines of a log is an error's."""
    return any(line.startswith("error: ") for line in lines)


def failed_sites(failed):
    """{site: rule, log and reason} of the sites whose results cannot be had, from failed_jobs."""
    sites = {}
    # Where a Slurm job failed, Snakemake names all that were to run in it: first, who says why.
    for path, said in sorted(failed.items(), key=lambda job: not has_error(job[1])):
        step, _, job = path.removeprefix(result("logs/")).partition("/")
        site = re.split("[/.]", job)[0]
        # A figure that failed takes nothing from the tables; a transfer is not one site's fault.
        if site in SITES and not step.startswith("plot_") and job.split("/")[0] not in TRANSFERS:
            reason = said[0].removeprefix("error: ") if said else "no reason in its log"
            sites.setdefault(site, {"rule": step, "log": path, "reason": reason})
    return sites


wildcard_constraints:
    site=one_of(STUDY["sites"]),
    protocol=one_of(STUDY["protocols"]),
    band=one_of(STUDY["bands"]),
    model=one_of(STUDY["models"]),
    method=one_of(METHODS),
    input=r"\w+",
    seed=r"\d+",
    scale=r"(\.full)?",
