"""How it scales: many sites and many jobs; run by hand.

    python tests/benchmarks/bench_scale.py [--sites 1 50 1000] [--shards 1000x4 10000x10]

DAG: a dry run of tests/studies/tiny.yaml with its simulated site so many times over, in one plan,
and in SITESxSHARDS: the first shard, and the last plan, which is given empty files of the sites.
All plans take as long as so many shards and a last plan. Own floor: a dry run of plain rules. They
have the inputs, outputs, logs and benchmarks of the study's jobs as literal text and nothing else,
so this is the time in which Snakemake itself plans so many jobs and files. Overhead: a Snakefile of
jobs that do nothing, with the project's profile, less what one job takes.
"""

import argparse
import contextlib
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
sys.path[:0] = [str(TESTS / "benchmarks"), str(ROOT / "scripts")]

from children import answer, measured, table  # noqa: E402

JOBS = 200  # that do nothing
PLAIN_START = (sys.executable, "-m", "snakemake")
SNAKEFILE = """
rule all:
    input:
        expand("{number}.done", number=range(int(config["jobs"]))),

rule nothing:
    output:
        touch("{number}.done"),
    log:
        "{number}.log",
    shell:
        "true"
"""

FLOOR = """\
Own floor: Snakemake plans the same jobs and files as plain rules of literal text, without
functions, parameters or resources."""
# The head of a Snakefile of plain rules.
PLAIN = """
SITES = [f"site{number}" for number in range(int(config["sites"]))]


wildcard_constraints:
    site="[a-z0-9]+",


def at_sites(path):
    return expand(path, site=SITES)

"""


def run_dag(folder, sites, part="", target="all"):
    """Dry-run a study of so many sites, or a part of it; return its seconds and number of jobs."""
    import os

    os.environ["SARFUSION_PART"] = part
    write_study(folder, int(sites))
    return dry_run(folder, ROOT / "Snakefile", "--configfile", folder / "study.yaml", "--", target)


def run_plain(folder):
    """Write a Snakefile of plain rules: the jobs of a study, and of a site without figures."""
    from snakemake.api import ConfigSettings, OutputSettings, ResourceSettings, SnakemakeApi
    from snakemake.settings.enums import Quietness

    write_study(folder, 2, figures={"sites": ["site1"]})
    settings = ConfigSettings(configfiles=[folder / "study.yaml"])
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            ResourceSettings(), settings, snakefile=ROOT / "Snakefile", workdir=folder
        )
        workflow.dag().execute_workflow(executor="dryrun")
        jobs = sorted(workflow._workflow.dag.jobs, key=lambda job: job.rule.name != "all")
    rules = [
        plain_rule(number, job)
        for number, job in enumerate(jobs)
        if not any("site1" in path for path in job.output)
    ]
    (folder / "Snakefile").write_text(PLAIN + "".join(rules), encoding="utf-8")
    return {}


def run_floor(folder, sites):
    """Dry-run the plain rules for so many sites; return its seconds and number of jobs."""
    return dry_run(folder, folder / "Snakefile", "--config", f"sites={sites}")


def write_study(folder, sites, **settings):
    """Write tiny.yaml with its site so many times over, and more settings, as study.yaml."""
    import yaml

    study = yaml.safe_load((TESTS / "studies/tiny.yaml").read_text(encoding="utf-8"))
    (site,) = study["sites"].values()
    study["sites"] = {f"site{number}": site for number in range(sites)}
    (folder / "study.yaml").write_text(yaml.safe_dump(study | settings), encoding="utf-8")


def plain_rule(number, job):
    """Return the text of a rule with the literal files of a job: of site0 for any site, or of all.

    The first rule of a Snakefile is its target.
    """
    of_site = any("site0" in path for path in job.output)

    def line(path):
        name = repr(path.replace("site0", "{site}"))
        everywhere = "site0" in path and not of_site
        return f"        {f'at_sites({name})' if everywhere else name},\n"

    parts = {"input": job.input, "output": job.output, "log": job.log}
    parts["benchmark"] = [job.benchmark] if job.benchmark else []
    text = f"\nrule step_{number}:\n"
    for part, paths in parts.items():
        kept = [line(path) for path in paths if "site1" not in path]
        text += f"    {part}:\n{''.join(kept)}" if kept else ""
    return text + ('    shell:\n        "true"\n' if job.output else "")


def dry_run(folder, snakefile, *arguments):
    """Dry-run a Snakefile in `folder`; return the seconds and the number of jobs."""
    from snakemake.cli import main

    command = ["--snakefile", snakefile, "--directory", folder, "--dry-run", "--quiet", "rules"]
    command += ["--workflow-profile", ROOT / "profiles/default", *arguments]
    printed = io.StringIO()
    start = time.perf_counter()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main(list(map(str, command)))
    seconds = time.perf_counter() - start
    (total,) = {line for line in printed.getvalue().splitlines() if line.startswith("total ")}
    return {"seconds": seconds, "jobs": int(total.split()[1])}


def run_given(folder, sites, shards):
    """Write empty files of all that shards make of so many sites; return nothing measured."""
    from sarfusion.study.config import read_study
    from sarfusion.study.layout import Layout

    layout = Layout(read_study(folder / "study.yaml"), str(folder / "results/tiny"))
    steps = [layout.steps_file(number + 1, int(shards)) for number in range(int(shards))]
    for path in map(Path, [*layout.joined(), *steps]):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return {}


def run_jobs(folder, jobs, start=PLAIN_START, work="true"):
    """Run so many jobs of a shell command that does nothing; return the seconds.

    start: the command that starts Snakemake. work: another command of the jobs.
    """
    (folder / "Snakefile").write_text(SNAKEFILE.replace('"true"', f'"{work}"'), encoding="utf-8")
    place = folder / jobs
    command = [*start, "--snakefile", folder / "Snakefile"]
    command += ["--directory", place, "--workflow-profile", ROOT / "profiles/default"]
    command += ["--cores", "2", "--config", f"jobs={jobs}"]
    start = time.perf_counter()
    subprocess.run(list(map(str, command)), stderr=subprocess.DEVNULL, check=True)
    return {"seconds": time.perf_counter() - start}


def dag_table(folder, sites):
    """Return the rows of the dry runs."""
    rows = [
        ("sites", "jobs", "DAG building", "memory", "own floor: jobs", "DAG building", "memory")
    ]
    measured(__file__, folder, 1, "plain")
    for number in sites:
        (folder / str(number)).mkdir()
        ours = measured(__file__, folder / str(number), 1, "dag", number)
        rows.append(
            (number, *plan_cells(ours), *plan_cells(measured(__file__, folder, 1, "floor", number)))
        )
    return rows


def plan_cells(plan):
    """Return the cells of a dry run: jobs, time and memory."""
    seconds, jobs = plan.figures["seconds"], plan.figures["jobs"]
    return int(jobs), f"{seconds:.1f} s", f"{plan.memory / 1e9:.2f} GB"


def shard_table(folder, wanted):
    """Return the rows of the dry runs in shards. wanted: ["SITESxSHARDS", ...]."""
    rows = [("sites", "plans", "jobs of a shard", "DAG building", "memory")]
    rows[0] += ("jobs of the last plan", "DAG building", "memory", "all plans, about")
    for name in wanted:
        sites, shards = map(int, name.split("x"))
        place = folder / name
        place.mkdir()
        shard = measured(__file__, place, 1, "dag", sites, f"1/{shards}", "shard")
        measured(__file__, place, 1, "given", sites, shards)
        last = measured(__file__, place, 1, "dag", sites, f"last/{shards}")
        total = shards * shard.figures["seconds"] + last.figures["seconds"]
        cells = (*plan_cells(shard), *plan_cells(last))
        rows.append((sites, f"{shards} and 1", *cells, f"{total:.0f} s"))
    return rows


def overhead(folder):
    """Return the seconds that Snakemake takes for a job, of many that do nothing."""
    one, many = (measured(__file__, folder, 1, "jobs", number) for number in (1, JOBS + 1))
    return (many.figures["seconds"] - one.figures["seconds"]) / JOBS


def main(sites, shards):
    """Print the tables."""
    with tempfile.TemporaryDirectory() as name:
        print(table(dag_table(Path(name), sites)), flush=True)
        print(f"\n{FLOOR}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        print(f"\n{table(shard_table(Path(name), shards))}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        spent = overhead(Path(name))
        print(f"\nScheduler overhead: {1000 * spent:.0f} ms a job, of {JOBS}.", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, nargs="+", default=[1, 50, 1000])
    parser.add_argument("--shards", nargs="+", default=["1000x4", "10000x10"])
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        answer(globals(), options.run)
    else:
        main(options.sites, options.shards)
