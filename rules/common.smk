# Helpers of the rules, and no rules.

import functools
import gc
import os
import re
import sys
from itertools import groupby
from pathlib import Path

import smart_open
from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

sys.path.insert(0, str(Path(workflow.basedir, "scripts")))

from sarfusion.study.methods import METHODS
from sarfusion.study.comparisons import study_pairs
from sarfusion.study.disk import site_pixels
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.provenance.code_version import LIBRARY, module_digests
from sarfusion.scenes.stac.lock import locked_site, search_of, without_sums
from sarfusion.study.config import (
    absent_files,
    catalogue_site,
    check_networks,
    own_files,
    resolve,
    setting,
    shown_sites,
    transfers,
    transfers_left_out,
)

# A job finds the library beside its script. Snakemake mounts what stands on the path in containers
# under another name, from where the library does not find config/.
sys.path.remove(str(Path(workflow.basedir, "scripts")))

try:
    STUDY = resolve(config, folder=Path(*workflow.overwrite_configfiles[:1]).parent)
    check_networks(STUDY)
except StudyError as error:
    raise WorkflowError(f"error: {error}") from None


MISSING = STUDY["missing_sites"]
SITES = [site for site in STUDY["sites"] if site not in MISSING]
# What is wrong with the files of a site. It fails when its turn comes, so that --keep-going goes on
# with the others.
ABSENT = absent_files(STUDY)
for site, problem in ABSENT.items():
    if len(ABSENT) == len(SITES) or STUDY["require_all_sites"]:
        raise WorkflowError(f"error: {problem}")
    elif workflow.is_main_process:
        print(f"warning: {problem}", file=sys.stderr)
SEEDS, BANDS = STUDY["seeds"], STUDY["bands"]
# Whether each band of a model has a job of its own; files and their bytes are the same. In training,
# where it takes long and sites are few, so that all cores have work: of many sites, these give it,
# and a third of the jobs is planned faster. In fusing, where models come from a folder of weights,
# which may lack a band. Else PyTorch would often take as long to start as a band takes.
TRAINED_APART = len(STUDY["sites"]) <= 8 and STUDY["training"]["updates"] >= 1000
FUSED_APART = "weights" in STUDY
# Models trained on several sites at once, beside those of each site.
TRANSFERS = transfers(STUDY)
LOCK = os.path.relpath(Path(workflow.basedir, f"config/{STUDY['study']}.lock.json"))
FIRST_SEED = SEEDS[:1]  # the one that figures show; tables hold all of them


# The plan of many sites is millions of objects, all of which stay: looking through them for garbage
# takes long. The Snakefile has it begin before the first job.
gc.disable()
# Snakemake has the path of each script taken apart three times a job, and smart_open makes a class
# for each answer: a fifth of the memory of many sites.
smart_open.parse_uri = functools.cache(smart_open.parse_uri)


def image():
    """The image that rules run in with --sdm apptainer, which then must be there."""
    name = STUDY["container"]
    wanted = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
    if wanted and "://" not in name and not Path(name).is_file():
        raise WorkflowError(
            f"error: config: container: no such image: {name}; envs/apptainer.def tells how to make it"
        )
    return name


def result(path):
    """A path under this study's results folder."""
    return f"results/{STUDY['study']}/{path}"


def code(script):
    """The library modules behind a script, as a parameter: editing one reruns what depends on it.

    Not as inputs: these would be most files of a plan, and Snakemake looks at each for each job.
    """
    return module_digests(Path(workflow.basedir, "scripts", f"{script}.py"))


def network_code(wildcards):
    """The same of the network that a model name stands for, which is imported by its name."""
    return module_digests(
        LIBRARY / "fusion/networks" / f"{STUDY['models'][wildcards.model]['network']}.py"
    )


def growing(amount):
    """A resource that grows with each attempt: what killed a job, it gets more of in the next.

    amount: a number, or a function of the wildcards.
    """
    if callable(amount):
        return lambda wildcards, attempt: amount(wildcards) * attempt
    return lambda wildcards, attempt: amount * attempt


@functools.cache
def pixels_of(site):
    """The number of 30 m pixels of a site."""
    return site_pixels(STUDY, site)


def whole_arrays(bytes_a_pixel):
    """The memory of a job that holds scenes whole: so much for each 30 m pixel of its sites."""
    pixels = lambda wildcards: sum(map(pixels_of, ground_of(wildcards.site)))
    return growing(lambda wildcards: 2000 + round(bytes_a_pixel * pixels(wildcards) / 1e6))


def project_file(path):
    """A file of the project as seen from the working folder, so that a moved clone does not rerun."""
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


def each_run(path, apart):
    """`path` for each run of a model that one job makes: its seeds, of one band or of each."""
    bands = {} if apart else {"band": BANDS}
    return expand(path, **bands, seed=SEEDS, allow_missing=True)


def of_job(path, apart):
    """The path of such a job's log: without the band, if it makes all of them."""
    return path if apart else path.replace("{band}/", "")


def is_at_hand(protocol, band, model, sar_input, sites):
    """Whether a model can be had: a folder of `weights` must hold it for every site and seed."""
    path = f"{protocol}/{band}/{model}-{sar_input}/seed{{seed}}.safetensors"
    return "weights" not in STUDY or all(
        Path(weights).exists() for site in sites for weights in each_seed(trained(f"{site}/{path}"))
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
    """{"optical.red": path, ...} of the rasters that a site with files of its own is made of.

    None where the site lacks one, which Snakemake would stop the whole study for.
    """
    files = {} if site in ABSENT else own_files(STUDY, site)
    return {name: str(path) for name, path in files.items() if name != "gap_mask"}


def real_gap_mask(site):
    """The real mask that shapes a site's gaps, as a named input, if it has one."""
    if STUDY["sites"][site].get("gap_shapes") == "cloudy_date":
        return {"mask_file": result("scenes/{site}/clouds.tif")}
    path = own_files(STUDY, site).get("gap_mask")
    return {"mask_file": path} if path and site not in ABSENT else {}


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


def shown_runs(protocol, bands):
    """The trained models of `bands` that a figure shows."""
    return learned_runs(protocol, bands, FIRST_SEED)


def compared_runs(protocol):
    """What a figure with every kind of method shows: the first seed, classical methods last."""
    return shown_runs(protocol, BANDS) + classical_runs(protocol, BANDS)


def labels(chosen):
    """[method, input, band] of each run, in the order of its files."""
    return [[method, sar_input, band] for band, method, sar_input, _ in chosen]


def records(site, protocol):
    """The records of every trained model of a site and protocol."""
    return [
        trained(f"{site}/{protocol}/{band}/{model}-{sar_input}/seed{seed}.json")
        for band, model, sar_input, seed in learned_runs(protocol, BANDS, SEEDS)
    ]


wildcard_constraints:
    site=one_of(STUDY["sites"]),
    protocol=one_of(STUDY["protocols"]),
    band=one_of(STUDY["bands"]),
    model=one_of(STUDY["models"]),
    method=one_of(METHODS),
    input=r"\w+",
    seed=r"\d+",
    scale=r"(\.full)?",
