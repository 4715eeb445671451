"""What of a study is done, stale, missing or failed: the command status of `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`). Snakemake says what would be
run and why, in a dry run; nothing is guessed from the times of files.
"""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

from environment import ROOT, Problem, environment
from running import current_run
from studies import ready, snakemake, study_file

STATES = ("done", "stale", "missing", "failed")
INCOMPLETE, FAILED = 3, 4  # exit codes
MOST_SITES = 20  # that a table lists
MOST_FAILURES = 10
# What Snakemake gives as a reason where files were edited: inputs, or modules of the library, which
# are in a parameter of each rule.
UPDATED = "Updated input files: "
MODULE = re.compile(r"'(scripts/sarfusion/[\w/]+\.py)': '(\w+)'")
# What it gives else, and how it is told here; of the first that holds.
REASONS = (
    ("Set of input files has changed", "other inputs than before"),
    ("Params have changed", "other settings (params) than before"),
    ("Code has changed", "its script or rule was edited"),
    ("Software environment", "another software environment"),
    ("Incomplete output files", "its output is incomplete"),
    ("Input files updated by another job", "follows from what stands above"),
)


def status_command(arguments):
    """say what of STUDY is done, stale, missing, failed

    Runs nothing, and disturbs no run at work. Exit code: 0 all is done, 3 not all, 4 steps failed
    when they were last tried, 2 no such study, 1 anything else.
    """
    study, *rest = arguments or ["demo"]
    config = study_file(study)
    ready()
    jobs = jobs_of(config, rest)
    for line in report(study, jobs, current_run()):
        print(line)
    states = Counter(job["state"] for job in jobs)
    if states["failed"]:
        return FAILED
    return INCOMPLETE if states["done"] < len(jobs) else 0


def jobs_of(config, arguments):
    """Return the jobs of a study, each with its stage, its site ("" for all) and its state.

    Two dry runs, side by side: of all that a study consists of, and of what would be run.
    """
    runs = [dry_run(config, [*arguments, *more]) for more in (["--forceall"], [])]
    said = [run.communicate() for run in runs]
    everything, wanted = (listed(run, *texts) for run, texts in zip(runs, said, strict=False))
    reasons = {tuple(job["output"]): job["reason"] for job in wanted}
    stages = stages_of_rules()
    jobs = [job for job in everything if job["output"]]  # without the targets
    for job in jobs:
        job["stage"] = stages.get(job["rule"], "other")
        job["site"] = job["wildcards"].get("site", "")
        job["reason"] = reasons.get(tuple(job["output"]))
        job["state"] = state(job)
    return jobs


def dry_run(config, arguments):
    """Start a dry run that prints its jobs as JSON."""
    command = snakemake(config, "--dry-run", *arguments, logger="jobs")
    return subprocess.Popen(
        command,
        cwd=str(ROOT),
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def listed(run, printed, said):
    """Return the jobs that a dry run printed; raise Problem with what it said if it failed."""
    if run.returncode:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        ours = [line for line in lines if line.startswith("error: ")] or lines
        raise Problem("\n".join(["nothing is known of this study:", *ours]), 1)
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def stages_of_rules():
    """Return {rule: stage}, where a stage is a file of rules, in the order of the Snakefile."""
    text = (ROOT / "Snakefile").read_text(encoding="utf-8")
    found = {}
    for stage in re.findall(r'^include: "rules/(\w+)\.smk"', text, re.M):
        rules = (ROOT / "rules" / (stage + ".smk")).read_text(encoding="utf-8")
        for name in re.findall(r"^ *(?:use rule \w+ as|rule) (\w+)(?: with)?:", rules, re.M):
            found[name] = stage
    return found


def state(job):
    """Return the state of a job, by what Snakemake would do with it and by its log."""
    if job["reason"] is None:
        return "done"
    if errors(job):
        return "failed"
    return "missing" if job["reason"].startswith("Missing output files") else "stale"


def errors(job):
    """Return the lines of the job's log that tell why it failed when it was last tried."""
    lines = []
    for log in job["log"]:
        if Path(ROOT, log).exists():
            lines += Path(ROOT, log).read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.startswith("error: ")]


# What is printed


def report(study, jobs, at_work):
    """Return the lines that tell a person how a study stands."""
    lines = [f"study {study}"]
    if at_work:
        lines.append(f"{at_work}: its steps count as missing until they are done")
    stages = list(dict.fromkeys([*stages_of_rules().values(), "other"]))
    by_stage = [(s, [job for job in jobs if job["stage"] == s]) for s in stages]
    rows = [(stage, *counts(some)) for stage, some in by_stage if some]
    lines += ["", *table(("stage", *STATES), [*rows, ("total", *counts(jobs))])]
    sites = list(dict.fromkeys(job["site"] for job in jobs if job["site"]))
    if len(sites) > 1:
        lines += ["", *table_of_sites(sites, jobs)]
    for heading, told in (("stale", told_stale(jobs)), ("failed", told_failed(jobs))):
        if told:
            lines += ["", heading, *told]
    done = sum(job["state"] == "done" for job in jobs)
    return [*lines, "", f"{done} of {len(jobs)} steps are done"]


def counts(jobs):
    """Return how many jobs are in each state."""
    found = Counter(job["state"] for job in jobs)
    return [found[name] for name in STATES]


def table(head, rows):
    """Return the lines of a table: the first column to the left, numbers to the right, no 0."""
    cells = [[str(cell) if cell != 0 else "" for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=False)]
    return [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in cells
    ]


def table_of_sites(sites, jobs):
    """Return the lines of a table of the sites that are not done, the worst first."""
    by_site = {site: [] for site in sites}
    for job in jobs:
        if job["site"]:
            by_site[job["site"]].append(job)
    rows = [(site, *counts(some)) for site, some in by_site.items()]
    open_rows = [row for row in rows if sum(row[2:])]
    open_rows.sort(key=lambda row: (-row[4], row[1]))
    whole = len(rows) - len(open_rows)
    lines = table(("site", *STATES), open_rows[:MOST_SITES]) if open_rows else []
    if len(open_rows) > MOST_SITES:
        lines.append(f"... and {len(open_rows) - MOST_SITES} more sites that are not done")
    return [*lines, f"{whole} of {len(rows)} sites are done"]


def told_stale(jobs):
    """Return a line for each reason for which steps of a stage would be run again."""
    found = Counter()
    for job in jobs:
        if job["state"] == "stale":
            found[job["stage"], told(job["reason"])] += 1
    return [f"  {stage:10}  {n:6}  {why}" for (stage, why), n in found.items()]


def told(reason):
    """Return a reason of Snakemake in few words."""
    files = changed_files(reason)
    if files:
        return f"{files[0]} changed" + (f", and {len(files) - 1} more" if files[1:] else "")
    return next((why for said, why in REASONS if said in reason), reason)


def changed_files(reason):
    """Return the inputs that changed by a reason of Snakemake, or else the library's modules."""
    if UPDATED in reason:
        return reason.split(UPDATED)[1].split("; ")[0].split(", ")
    before, _, now = reason.partition(" now: ")
    return sorted({name for name, _ in set(MODULE.findall(before)) ^ set(MODULE.findall(now))})


def told_failed(jobs):
    """Return the lines that tell what failed, why, and where its log is."""
    failed = [job for job in jobs if job["state"] == "failed"]
    lines = []
    for job in failed[:MOST_FAILURES]:
        logs = [f"    log: {log}" for log in job["log"]]
        lines += [f"  {job['what'] or job['rule']}", *(f"    {e}" for e in errors(job)), *logs]
    if len(failed) > MOST_FAILURES:
        lines.append(f"  ... and {len(failed) - MOST_FAILURES} more")
    return lines
