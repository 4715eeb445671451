# Settings and functions that the rules share. No rules.

import functools
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod

# The root of the project, also if another workflow uses this one as a module. Jobs import the
# library from there, so that a web address does not work.
PROJECT = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
if not Path(PROJECT, "scripts/sarfusion").is_dir():
    raise WorkflowError("error: clone the project, and name the path of its Snakefile in `module`")

sys.path.insert(0, str(PROJECT / "scripts"))

from sarfusion.core.variables import clean

# Before GDAL is loaded, and for all jobs. In a module, each job does this for itself (core/job.py),
# since the other workflow may need these variables.
if workflow.modifier.is_main_snakefile():
    clean(os.environ, Path(".snakemake/cache").absolute())

from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.provenance.code_version import LIBRARY, module_digests
from sarfusion.scenes.own_sources import watched
from sarfusion.scenes.sensors import DEFAULT as DEFAULT_SENSOR
from sarfusion.scenes.sources import SOURCES, with_calibrated
from sarfusion.scenes.stac.lock import locked_site, scenes_of, search_of, without_sums
from sarfusion.study.config import resolve_files
from sarfusion.study.disk import site_pixels
from sarfusion.study.figures import FIGURES
from sarfusion.study.inputs import CONTROLS
from sarfusion.study.layout import FORMS, REPORT_TABLES, Layout
from sarfusion.study.methods import METHODS
from sarfusion.study.model_files import model_name
from sarfusion.study.optical import sensor_words
from sarfusion.study.parts import sites_of, this_part
from sarfusion.study.origin import check_origin, note_origin
from sarfusion.study.protocols import PROTOCOLS
from sarfusion.study.resolved import (
    absent_files,
    catalogue_site,
    infrared_of,
    own_files,
    passes_of,
    setting,
    transfers_left_out,
)
from sarfusion.study.runs import is_long

# A job finds the library beside its script, without sys.path. In containers, Snakemake mounts each
# folder of sys.path under another name, from where the library would not find config/.
sys.path.remove(str(PROJECT / "scripts"))


def refuse(problem, code=1):
    """End Snakemake with one line. With an exception, it would add the place in this file."""
    logger.error(f"error: {problem}")
    sys.exit(code)


# A workflow that uses this one as a module may have other settings in the same file.
STUDY_FILES = workflow.configfiles
try:
    STUDY = resolve_files(config, STUDY_FILES, strict=workflow.modifier.is_main_snakefile())
    RESULTS = f"results/{STUDY['study']}"
    check_origin(STUDY["study"], RESULTS, STUDY_FILES)
except StudyError as error:
    refuse(error)
try:
    PART = this_part(STUDY)
except StudyError as error:
    refuse(error, 2)


MODELS = STUDY.get("weights", f"{RESULTS}/models")
GIVEN = STUDY.get("scores_from", RESULTS)


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",
    models=MODELS,
    given=GIVEN,


# The lock of the study's scenes: in the project, or in the user's folder if this is a module.
LOCK = os.path.relpath(
    Path(
        PROJECT if workflow.modifier.is_main_snakefile() else "",
        f"config/{STUDY['study']}.lock.json",
    )
)
# The sites whose jobs this plan has. In the last plan of several, files of other sites have no
# rule, since the shards have made them.
PLANNED = sites_of(STUDY, PART)
SHARD = PART is not None and not PART.is_last
LAYOUT = Layout(STUDY, "<results>", models="<models>", lock=LOCK, sites=PLANNED if SHARD else None)
# Source of the scores for tables and charts: this run, or the results that `scores_from` names.
SCORED = (
    Layout(STUDY, "<results>", models="<given>/models", scores="<given>/metrics", is_whole=True)
    if "scores_from" in STUDY
    else LAYOUT
)
GIVEN_MODELS = STUDY.get("fill_with", {})
MISSING = STUDY["missing_sites"]
SITES = LAYOUT.sites
SEEDS, BANDS = STUDY["seeds"], STUDY["bands"]
# Problems with a site's own files. Raised when the site's job runs, so that --keep-going continues
# with the others.
ABSENT = absent_files(STUDY | {"sites": {site: STUDY["sites"][site] for site in PLANNED}})
for site, problem in ABSENT.items():
    if (not PART and len(ABSENT) == len(SITES)) or STUDY["require_all_sites"]:
        refuse(problem)
    elif workflow.is_main_process:
        print(f"warning: {problem}", file=sys.stderr)
# Train bands in separate jobs when there are few sites, so that every core has work. With many
# sites the sites themselves fill the cores, and a third of the jobs is planned faster. Bytes are
# the same either way.
LONG_TRAINING = is_long(STUDY["training"])
TRAINED_APART = len(STUDY["sites"]) <= 8 and LONG_TRAINING
# Models from a folder of weights, which may lack some, fuse in one job if the scenes are so small
# that starting PyTorch takes longer than fusing. With larger scenes, each model has its own job.
SMALL_PX = 1_000_000
FUSED_TOGETHER = "weights" in STUDY and all(site_pixels(STUDY, site) <= SMALL_PX for site in SITES)


def image():
    """Return the image for --sdm apptainer; refuse the study if it is asked for and missing."""
    name = STUDY["container"]
    wanted = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
    if wanted and "://" not in name and not Path(name).is_file():
        refuse(f"config: container: no such image: {name}; envs/apptainer.def says how to make it")
    return name


def real(path):
    """Return a path as it is on disk. Snakemake resolves <results> only in the files of a rule."""
    for name, folder in (("<results>", RESULTS), ("<models>", MODELS), ("<given>", GIVEN)):
        path = path.replace(name, folder)
    return path


def code(script, *modules):
    """Return a parameter of a rule, {module: digest} of the library modules that a script imports.

    With it, an edit of a module reruns all jobs that depend on the module. As inputs, the modules
    would be most files of a plan, and Snakemake checks each input of each job. The parameter is a
    function, so that a process that runs one job on a cluster does not read the modules of all
    rules.
    modules: paths, below the library, of modules that the script imports by a name in a variable.
    """
    return lambda wildcards: digests(script, modules)


@functools.cache
def digests(script, modules):
    """Return the parameter that `code` describes."""
    found = module_digests(PROJECT / "scripts" / f"{script}.py")
    for module in modules:
        found = found | module_digests(LIBRARY / f"{module}.py")
    return found


def network_code(wildcards):
    """Return the same for the network of a model, which scripts import by its name."""
    network = STUDY["models"][wildcards.model]["network"]
    return module_digests(LIBRARY / "fusion/networks" / f"{network}.py")


def growing(amount):
    """Return a resource that grows with each attempt, so that a killed job gets more the next time.

    amount: for the first attempt; a number, or a function of the wildcards.
    """
    if callable(amount):
        return lambda wildcards, attempt: amount(wildcards) * attempt
    return lambda wildcards, attempt: amount * attempt


@functools.cache
def pixels_of(site):
    """Return the number of optical pixels of a site."""
    return site_pixels(STUDY, site)


def whole_arrays(bytes_a_pixel):
    """Return the memory of a job that reads whole scenes. bytes_a_pixel: per optical pixel."""
    pixels = lambda wildcards: sum(map(pixels_of, ground_of(wildcards.site)))
    return growing(lambda wildcards: 2000 + round(bytes_a_pixel * pixels(wildcards) / 1e6))


def of_all_sites(megabytes):
    """Return the memory of a job that reads tables of all sites."""
    return growing(megabytes + 5 * len(SITES))


def project_file(path):
    """Return a project file's path from the working folder; it stays valid if the clone moves."""
    return os.path.relpath(PROJECT / path)


def locked(site, date=None):
    """Return the entry of a site in the lock, without the checksums that the first download adds.

    With `date`, it is the part of that other date; without, all but the other dates. So neither
    part makes jobs of the other rerun. As this is a parameter of a rule, a new lock reruns the
    download, but new checksums do not. Snakemake evaluates it again before the job runs, when the
    lock exists. The path does not come from the inputs of the job, since Snakemake would then not
    rerun the job for a new lock.
    """
    if not Path(LOCK).exists():
        return None
    settings = STUDY["sites"][site] | passes_of(STUDY, site)
    search = search_of(settings, setting(STUDY, site, "optical")["mask"])
    try:
        entry = without_sums(locked_site(LOCK, site, search))
        if date:
            return scenes_of(entry)[date]
        entry.pop("dates", None)
        entry["search"].pop("other_dates", None)
        return entry
    except StudyError as error:
        raise WorkflowError(f"error: {error}") from None


def sites_from(*sources, among=SITES):
    """Return the sites of the study whose scenes come from one of `sources`."""
    return [name for name in among if STUDY["sites"][name]["source"] in sources]


def sources_by(kind):
    """Return {script: the sources that have it} for a kind of script: "script", "date_script"."""
    found = {}
    for source, record in SOURCES.items():
        if script := getattr(record, kind):
            found.setdefault(script, []).append(source)
    return found


def sites_with_own(name):
    """Return the sites of this plan with a user's file of this name (resolved.own_files)."""
    return [site for site in PLANNED if name in own_files(STUDY, site)]


def setting_of(section):
    """Return the settings of a section for the site of a job, as a function of the wildcards."""
    return lambda wildcards: setting(STUDY, wildcards.site, section)


def ground_of(place):
    """Return the sites that the models of a place (a site or a transfer) are trained on."""
    return LAYOUT.transfers[place]["train"] if place in LAYOUT.transfers else [place]


def at_ground(place, path):
    """Return `path` at each of these sites."""
    return expand(path, site=ground_of(place))


def each_run(path, apart):
    """Return `path` for each run of one job: all seeds, for one band if `apart`, else for all."""
    bands = {} if apart else {"band": BANDS}
    return expand(path, **bands, seed=SEEDS, allow_missing=True)


def of_job(path, apart):
    """Return the path of the log of such a job, without the band if the job makes all bands."""
    return path if apart else path.replace("{band}/", "")


def runs_together(protocols):
    """Return (protocol, band, model, input, seed) of all runs that one job fuses; [] otherwise."""
    if not FUSED_TOGETHER:
        return []
    return [(name, *run) for name in protocols for run in LAYOUT.learned_runs(name)]


def each_fused(path, together):
    """Return `path` for each run of a fusing job: `together`, all bands and seeds, or one run."""
    if together:
        names = ("protocol", "band", "model", "input", "seed")
        values = dict(zip(names, zip(*together)))
        return expand(path, zip, **values, allow_missing=True)
    return [path] if "weights" in STUDY else each_run(path, apart=False)


def of_fusing(path, together):
    """Return the path of the log of such a job, without the names that its runs do not share."""
    parents, suffix = Path(path).parents, Path(path).suffix
    if together:
        return f"{parents[3]}{suffix}"  # without protocol, band, model and input
    return path if "weights" in STUDY else f"{parents[0]}{suffix}".replace("{band}/", "")


def rasters_of_fusing(path, together):
    """Return the rasters that such a job reads, one per run, as a function of the wildcards.

    path: function of the protocol and the input that returns the path of a raster.
    """
    alone = len(each_fused("{band}{seed}", together))
    return lambda wildcards: (
        [path(protocol, sar_input) for protocol, *_, sar_input, _ in together]
        or [path(wildcards.protocol, wildcards.input)] * alone
    )


def network_codes(together, script="fuse_scene"):
    """Return `code` of a script and of the networks of such a job."""

    def codes(wildcards):
        models = {model for _, _, model, *_ in together} or {wildcards.model}
        networks = sorted({STUDY["models"][model]["network"] for model in models})
        return digests(script, tuple(f"fusion/networks/{network}" for network in networks))

    return codes


def gap_mask(site):
    """Return GDAL's name of the real mask that shapes the gaps of a site, None if there is none."""
    if STUDY["sites"][site].get("gap_shapes") == "cloudy_date":
        return f"{RESULTS}/scenes/{site}/clouds.tif"
    return own_files(STUDY, site).get("gap_mask")


def gap_mask_files(site):
    """Return the existing files that are read for this mask."""
    if STUDY["sites"][site].get("gap_shapes") == "cloudy_date":
        return ["<results>/scenes/{site}/clouds.tif"]
    mask = gap_mask(site)
    return watched(mask) if mask else []


def gap_flags(site):
    """Return the QA_PIXEL flags that are gaps in the mask of a site, if it is a QA_PIXEL band."""
    if STUDY["sites"][site].get("gap_shapes") == "cloudy_date":
        return setting(STUDY, site, "optical")["mask"]
    return STUDY["sites"][site].get("gap_mask", {}).get("flags")


def gap_sensor(site):
    """Return the sensor of that mask's quality band; a mask from a catalogue is a QA_PIXEL."""
    is_own = "gap_mask" in STUDY["sites"][site]
    return sensor_words(STUDY["sites"][site]) if is_own else DEFAULT_SENSOR


def real_gaps(site):
    """Return the real gaps that shape the training gaps, as a named input, if they are used."""
    is_real = setting(STUDY, site, "gaps")["training_masks"] == "real"
    return {"gaps": f"<results>/gaps/{site}.tif"} if is_real else {}


def training_files(protocol, place, sar_input):
    """Return, as named inputs, the files of the sites that a model is trained on.

    Patches are cut by an index or, if the band is withheld, by training gaps and the split.
    """
    files = {
        "optical": LAYOUT.optical(protocol),
        "sar": LAYOUT.sar(sar_input),
        "stacks": "<results>/stack/{site}.tif",
        "metadata": "<results>/scenes/{site}/scene.json",
    }
    if PROTOCOLS[protocol].withholds:
        if LAYOUT.inputs[sar_input].is_dated:
            files |= LAYOUT.matched()
        files["views"] = "<results>/gaps/{site}.training.npz"
        files["splits"] = "<results>/stack/{site}.split.tif"
    else:
        files["patches"] = "<results>/patches/{site}.parquet"
    return {name: at_ground(place, path) for name, path in files.items()}


def preparation(protocol, place):
    """Return the settings of a model's inputs at its training sites.

    {setting: its values at these sites, without repeats}.
    """
    parts = {"noise_floor_db": "sar"} | ({"start": "gaps"} if PROTOCOLS[protocol].withholds else {})
    return {
        name: sorted({setting(STUDY, site, section)[name] for site in ground_of(place)})
        for name, section in parts.items()
    }


MOST_DATES = max((len(LAYOUT.other_dates(site)) for site in PLANNED), default=0)


wildcard_constraints:
    site=one_of(PLANNED),
    protocol=one_of(STUDY["protocols"]),
    band=one_of(STUDY["bands"]),
    model=one_of(STUDY["models"]),
    method=one_of(METHODS),
    input=r"\w+",
    seed=r"\d+",
    scale=r"(\.full)?",
    control=one_of(CONTROLS),
    date=r"\d{4}-\d{2}-\d{2}",
