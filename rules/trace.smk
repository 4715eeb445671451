# Helpers of provenance.smk: how each file comes about, as Snakemake knows it. No rules.

import shlex
from functools import cache

from snakemake import __version__ as engine
from snakemake.settings.types import DeploymentMethod

from sarfusion.provenance.facts import source_files

# For the jobs, which inherit it. Not a parameter: another command with the same end reruns nothing.
os.environ.setdefault("SARFUSION_COMMAND", shlex.join(["snakemake", *sys.argv[1:]]))


@cache
def jobs_by_output():
    """The jobs that this Snakemake has planned, by the files they make."""
    return {str(path): job for job in workflow.dag.jobs for path in job.output}


def step_behind(path):
    """How a file is made: rule, script, inputs, outputs; None if no rule makes it."""
    job = jobs_by_output().get(path)
    if job:
        maker, inputs, outputs = job.rule, job.input, job.output
    else:  # as in the job itself on a cluster, whose Snakemake knows no other job
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
    """How all tables, figures, the viewer and the paper come about, back to what was given."""
    products = [*LAYOUT.tables(), *LAYOUT.figures(), *LAYOUT.viewer(), "<results>/paper.pdf"]
    made, wanted = {}, list(map(real, products))
    while wanted:
        path = wanted.pop()
        step = step_behind(path) if path.startswith(f"{RESULTS}/") and path not in made else None
        if step:
            made.update(dict.fromkeys(step["outputs"], step))
            wanted += step["inputs"]
    return [made[path] for path in sorted(made) if made[path]["outputs"][0] == path]


def in_conda():
    """Whether each job runs in the conda environment of its rule."""
    return DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
