# How Snakemake makes each file, for provenance.smk. No rules.

import shlex
from functools import cache

from snakemake import __version__ as engine
from snakemake.settings.types import DeploymentMethod

from sarfusion.provenance.facts import source_files

# Jobs inherit the command line. It is not a parameter, so that another command does not rerun jobs.
os.environ.setdefault("SARFUSION_COMMAND", shlex.join(["snakemake", *sys.argv[1:]]))


@cache
def jobs_by_output():
    """Return {file: job} of the jobs that this process has planned."""
    return {str(path): job for job in workflow.dag.jobs for path in job.output}


def step_behind(path):
    """Return rule, script, inputs and outputs of the job that makes a file; None without a rule."""
    if path in GIVEN_FILES:
        return None
    job = jobs_by_output().get(path)
    if job:
        maker, inputs, outputs = job.rule, job.input, job.output
    else:  # on a cluster, the process of a job has planned no other job
        maker = next((rule for rule in workflow.rules if rule.is_producer(path)), None)
        if maker is None:
            return None
        wildcards = maker.get_wildcards(path)
        inputs, *_ = maker.expand_input(wildcards)
        outputs, _ = maker.expand_output(wildcards)
    return {
        "rule": maker.name,
        "script": f"scripts/{Path(maker.script).name.format(params=maker.params)}",
        "inputs": sorted(set(map(str, inputs))),
        "outputs": sorted(map(str, outputs)),
    }


@cache
def steps():
    """Return the steps behind all final results, back to the given files."""
    results = [*LAYOUT.tables(), *LAYOUT.figures(), *LAYOUT.viewer(), "<results>/paper.pdf"]
    return steps_behind((*results, *LAYOUT.products(), *LAYOUT.product_tables()))


@cache
def steps_behind(results):
    """Return the steps behind files of the study, back to the given files."""
    made, wanted = {}, list(map(real, results))
    while wanted:
        path = wanted.pop()
        step = step_behind(path) if path.startswith(f"{RESULTS}/") and path not in made else None
        if step:
            made.update(dict.fromkeys(step["outputs"], step))
            wanted += step["inputs"]
    return [made[path] for path in sorted(made) if made[path]["outputs"][0] == path]


def in_conda():
    """Return whether each job runs in the conda environment of its rule."""
    return DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
