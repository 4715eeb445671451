# Helpers of the rules, and no rules.

import functools
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

# The root of the project, also where another workflow uses this one as a module. Jobs import the
# library from there, so an address on the web does not do.
PROJECT = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
if not Path(PROJECT, "scripts/sarfusion").is_dir():
    raise WorkflowError("error: clone the project, and name the path of its Snakefile in `module`")

sys.path.insert(0, str(PROJECT / "scripts"))

from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.provenance.code_version import LIBRARY, module_digests
from sarfusion.scenes.sources import SOURCES
from sarfusion.scenes.stac.lock import locked_site, search_of, without_sums
from sarfusion.study.config import (
    absent_files,
    catalogue_site,
    check_networks,
    own_files,
    resolve,
    setting,
    transfers_left_out,
)
from sarfusion.study.disk import site_pixels
from sarfusion.study.figures import FIGURES
from sarfusion.study.layout import REPORT_TABLES, Layout, model_name
from sarfusion.study.methods import METHODS
from sarfusion.study.protocols import PROTOCOLS

# A job finds the library beside its script. Snakemake mounts what stands on the path in containers
# under another name, from where the library does not find config/.
sys.path.remove(str(PROJECT / "scripts"))

try:
    STUDY = resolve(config, folder=Path(*workflow.configfiles[:1]).parent)
    check_networks(STUDY)
except StudyError as error:
    raise WorkflowError(f"error: {error}") from None


RESULTS = f"results/{STUDY['study']}"


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",
    models=STUDY.get("weights", f"{RESULTS}/models"),
    given=STUDY.get("scores_from", RESULTS),


LAYOUT = Layout(STUDY, "<results>", models="<models>")
# What tables and charts are made from: the scores of this run, or those in another's results.
SCORED = (
    Layout(STUDY, "<results>", models="<given>/models", scores="<given>/metrics", is_whole=True)
    if "scores_from" in STUDY
    else LAYOUT
)
MISSING = STUDY["missing_sites"]
SITES = LAYOUT.sites
SEEDS, BANDS = STUDY["seeds"], STUDY["bands"]
# Problems with a site's own files. Raised when the site's job runs, so that --keep-going continues
# with the others.
ABSENT = absent_files(STUDY)
for site, problem in ABSENT.items():
    if len(ABSENT) == len(SITES) or STUDY["require_all_sites"]:
        raise WorkflowError(f"error: {problem}")
    elif workflow.is_main_process:
        print(f"warning: {problem}", file=sys.stderr)
# Train bands in separate jobs when there are few sites, so that every core has work. With many
# sites the sites themselves fill the cores, and a third of the jobs is planned faster. Bytes are
# the same either way.
TRAINED_APART = len(STUDY["sites"]) <= 8 and STUDY["training"]["updates"] >= 1000
# Fuse bands in separate jobs when models come from a folder of weights, which may lack a band. Else
# starting PyTorch would often take as long as fusing a band.
FUSED_APART = "weights" in STUDY
# The locked scenes of the study: in the project, or in the folder of who uses it as a module.
LOCK = os.path.relpath(
    Path("" if workflow.modifier.is_module else PROJECT, f"config/{STUDY['study']}.lock.json")
)


def image():
    """The image that rules run in with --sdm apptainer, which then must be there."""
    name = STUDY["container"]
    wanted = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
    if wanted and "://" not in name and not Path(name).is_file():
        raise WorkflowError(
            f"error: config: container: no such image: {name}; envs/apptainer.def tells how to make it"
        )
    return name


def real(path):
    """A path as it is on disk, for Python code: Snakemake resolves <results> in rules alone."""
    return path.replace("<results>", RESULTS)


def code(script, *modules):
    """The library modules behind a script, as a parameter: editing one reruns what depends on it.

    modules: those that it imports by name, as paths below the library. Not as inputs: these would
    be most files of a plan, and Snakemake looks at each for each job.
    """
    found = module_digests(PROJECT / "scripts" / f"{script}.py")
    for module in modules:
        found = found | module_digests(LIBRARY / f"{module}.py")
    return found


def network_code(wildcards):
    """The same of the network that a model name stands for, which is imported by its name."""
    network = STUDY["models"][wildcards.model]["network"]
    return module_digests(LIBRARY / "fusion/networks" / f"{network}.py")


def growing(amount):
    """A resource that grows with each attempt: a killed job gets more in the next.

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


def of_all_sites(megabytes):
    """The memory of a job that reads tables of all sites."""
    return growing(megabytes + 5 * len(SITES))


def project_file(path):
    """A file of the project as seen from the working folder, so that a moved clone does not rerun."""
    return os.path.relpath(PROJECT / path)


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


def sites_from(source):
    """The sites of the study whose scenes come from `source`."""
    return [name for name in SITES if STUDY["sites"][name]["source"] == source]


def setting_of(section):
    """The settings of a section, as they are for the site of a job."""
    return lambda wildcards: setting(STUDY, wildcards.site, section)


def ground_of(place):
    """The sites that the models of a place, a site or a transfer, are trained on."""
    return LAYOUT.transfers[place]["train"] if place in LAYOUT.transfers else [place]


def at_ground(place, path):
    """`path` at each of those sites."""
    return expand(path, site=ground_of(place))


def each_run(path, apart):
    """`path` for each run of a model that one job makes: its seeds, of one band or of each."""
    bands = {} if apart else {"band": BANDS}
    return expand(path, **bands, seed=SEEDS, allow_missing=True)


def of_job(path, apart):
    """The path of such a job's log: without the band, if it makes all of them."""
    return path if apart else path.replace("{band}/", "")


def real_gap_mask(site):
    """The real mask that shapes a site's gaps, as a named input, if it has one."""
    if STUDY["sites"][site].get("gap_shapes") == "cloudy_date":
        return {"mask_file": "<results>/scenes/{site}/clouds.tif"}
    path = own_files(STUDY, site).get("gap_mask")
    return {"mask_file": path} if path and site not in ABSENT else {}


def gap_flags(site):
    """The QA_PIXEL flags that are gaps in the site's real mask, if it is a QA_PIXEL band."""
    if STUDY["sites"][site].get("gap_shapes") == "cloudy_date":
        return setting(STUDY, site, "optical")["mask"]
    return STUDY["sites"][site].get("gap_mask", {}).get("flags")


def gap_settings(protocol, place):
    """The settings of what a protocol withholds, or None; of a transfer, those of the study."""
    if not PROTOCOLS[protocol].withholds:
        return None
    return STUDY["gaps"] if place in LAYOUT.transfers else setting(STUDY, place, "gaps")


wildcard_constraints:
    site=one_of(STUDY["sites"]),
    protocol=one_of(STUDY["protocols"]),
    band=one_of(STUDY["bands"]),
    model=one_of(STUDY["models"]),
    method=one_of(METHODS),
    input=r"\w+",
    seed=r"\d+",
    scale=r"(\.full)?",
