"""Which steps of a study are done, stale, missing or failed: the command status of `reproduce`.

Standard library only, and without newer syntax (see `reproduce`). A dry run of Snakemake reports
what would run and why; file times are not compared here.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environment import ROOT, Problem, environment
from filling import chosen_models, is_filled
from running import current_run
from sharding import each_part, shards_in
from studies import ready, snakemake, study_file, study_name

STATES = ("done", "stale", "missing", "failed")
INCOMPLETE, FAILED = 3, 4  # exit codes
MAX_SITES = 20  # in the table
MAX_FAILURES = 10  # in the list
# Snakemake's reasons to rerun after an edit: of an input file, or of a module of the library, whose
# checksums are in a parameter of each rule.
UPDATED = "Updated input files: "
MODULE = re.compile(r"'(scripts/sarfusion/[\w/]+\.py)': '(\w+)'")
# Its other reasons, and their wording here. The first one that occurs in a text applies.
REASONS = (
    ("Set of input files has changed", "other inputs than before"),
    ("Params have changed", "other settings (params) than before"),
    ("Code has changed", "its script or rule was edited"),
    ("Software environment", "another software environment"),
    ("Incomplete output files", "its output is incomplete"),
    ("Input files updated by another job", "follows from the reasons above"),
)
if TYPE_CHECKING:
    Job = dict[
        str, Any
    ]  # what the logger `jobs` in command/terminal prints, and what `jobs_of` adds


def status_command(arguments: list[str]) -> int:
    """list the steps of STUDY that are done, stale, missing, failed

    Runs nothing, and does not disturb a run in progress. For scenes that `fill` fills, the steps
    are those of `fill`. Exit codes: 0 all steps are done, 3 some are not, 4 steps failed in their
    last run, 2 no such study, 1 any other problem.
    """
    study, *rest = arguments or ["demo"]
    shards, rest = shards_in(rest)
    config = study_file(study)
    name = study_name(config)
    ready()
    over, target = ([chosen_models(name)], ["fill"]) if is_filled(name) else ([], [])
    parts = each_part(name, shards, rest) if shards else [("", [*target, *rest])]
    found = (job for _, words in parts for job in jobs_of(config, words, over))
    jobs = list({tuple(job["output"]): job for job in found}.values())
    title = f"{study}, whose scenes ./reproduce fill fills" if over else study
    for line in report(title, jobs, current_run()):
        print(line)
    states = Counter(job["state"] for job in jobs)
    if states["failed"]:
        return FAILED
    return INCOMPLETE if states["done"] < len(jobs) else 0


def jobs_of(config: Path, arguments: Sequence[str], over: Sequence[Path] = ()) -> list[Job]:
    """Return the jobs of a study, each with its stage, its site ("" for all) and its state.

    Two dry runs, side by side, list all jobs of the study and the jobs that would run. over: see
    `snakemake`.
    """
    runs = [start_dry_run(config, [*arguments, *more], over) for more in (["--forceall"], [])]
    texts = [run.communicate() for run in runs]
    everything, wanted = (printed_jobs(run, *text) for run, text in zip(runs, texts, strict=False))
    reasons = {tuple(job["output"]): job["reason"] for job in wanted}
    stages = stages_of_rules()
    jobs = [job for job in everything if job["output"]]  # without the targets
    for job in jobs:
        job["stage"] = stages.get(job["rule"], "other")
        job["site"] = job["wildcards"].get("site", "")
        job["reason"] = reasons.get(tuple(job["output"]))
        job["state"] = state(job)
    return jobs


def start_dry_run(
    config: Path, arguments: Iterable[str], over: Iterable[Path]
) -> subprocess.Popen[str]:
    """Start a dry run that prints its jobs as JSON. over: see `snakemake`."""
    command = snakemake(config, "--dry-run", *arguments, over=over, logger="jobs")
    return subprocess.Popen(
        command,
        cwd=str(ROOT),
        env=environment(),
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def printed_jobs(run: subprocess.Popen[str], output: str, errors: str) -> list[Job]:
    """Return the jobs that a dry run printed; raise Problem with its errors if it failed."""
    if run.returncode:
        lines = [line.strip() for line in errors.splitlines() if line.strip()]
        ours = [line for line in lines if line.startswith("error: ")] or lines
        raise Problem("\n".join(["the state of this study is not known:", *ours]), 1)
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def stages_of_rules() -> dict[str, str]:
    """Return {rule: stage}, where a stage is a file of rules, in the order of the Snakefile."""
    text = (ROOT / "Snakefile").read_text(encoding="utf-8")
    stages = {}
    for stage in re.findall(r'^include: "rules/(\w+)\.smk"', text, re.M):
        rules = (ROOT / "rules" / (stage + ".smk")).read_text(encoding="utf-8")
        for name in re.findall(r"^ *(?:use rule \w+ as|rule) (\w+)(?: with)?:", rules, re.M):
            stages[name] = stage
    return stages


def state(job: Job) -> str:
    """Return the state of a job, from Snakemake's reason to run it and from its log."""
    if job["reason"] is None:
        return "done"
    if errors(job):
        return "failed"
    return "missing" if job["reason"].startswith("Missing output files") else "stale"


def errors(job: Job) -> list[str]:
    """Return the lines of a job's log that say why its last run failed."""
    lines: list[str] = []
    for log in job["log"]:
        if Path(ROOT, log).exists():
            lines += Path(ROOT, log).read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.startswith("error: ")]


# The report


def report(study: str, jobs: Sequence[Job], at_work: str) -> list[str]:
    """Return the lines of the report. at_work: a sentence about a run in progress, or ""."""
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
    for heading, part in (("stale", stale_lines(jobs)), ("failed", failure_lines(jobs))):
        if part:
            lines += ["", heading, *part]
    done = sum(job["state"] == "done" for job in jobs)
    return [*lines, "", f"{done} of {len(jobs)} steps are done"]


def counts(jobs: Iterable[Job]) -> list[int]:
    """Return the number of jobs in each of the STATES."""
    numbers = Counter(job["state"] for job in jobs)
    return [numbers[name] for name in STATES]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table: first column left, numbers right, empty cells for zeros."""
    cells = [[str(cell) if cell != 0 else "" for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=False)]
    return [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in cells
    ]


def table_of_sites(sites: Sequence[str], jobs: Iterable[Job]) -> list[str]:
    """Return the lines of a table of the unfinished sites, most failures and fewest steps first."""
    by_site: dict[str, list[Job]] = {site: [] for site in sites}
    for job in jobs:
        if job["site"]:
            by_site[job["site"]].append(job)
    numbers = {site: counts(some) for site, some in by_site.items()}
    unfinished = [site for site in sites if sum(numbers[site][1:])]
    unfinished.sort(key=lambda site: (-numbers[site][3], numbers[site][0]))
    rows = [(site, *numbers[site]) for site in unfinished[:MAX_SITES]]
    lines = table(("site", *STATES), rows) if rows else []
    if len(unfinished) > MAX_SITES:
        lines.append(f"... and {len(unfinished) - MAX_SITES} more sites that are not done")
    return [*lines, f"{len(sites) - len(unfinished)} of {len(sites)} sites are done"]


def stale_lines(jobs: Iterable[Job]) -> list[str]:
    """Return a line for each stage and reason to run its steps again."""
    stale = [job for job in jobs if job["state"] == "stale"]
    numbers = Counter((job["stage"], short_reason(job["reason"])) for job in stale)
    return [f"  {stage:10}  {n:6}  {why}" for (stage, why), n in numbers.items()]


def short_reason(reason: str) -> str:
    """Return a reason of Snakemake in few words."""
    files = changed_files(reason)
    if files:
        return f"{files[0]} changed" + (f", and {len(files) - 1} more" if files[1:] else "")
    return next((why for words, why in REASONS if words in reason), reason)


def changed_files(reason: str) -> list[str]:
    """Return the changed input files in a reason of Snakemake, or else the library's modules."""
    if UPDATED in reason:
        return reason.split(UPDATED)[1].split("; ")[0].split(", ")
    before, _, now = reason.partition(" now: ")
    return sorted({name for name, _ in set(MODULE.findall(before)) ^ set(MODULE.findall(now))})


def failure_lines(jobs: Iterable[Job]) -> list[str]:
    """Return the lines about the failed jobs: what they do, why they failed, and their logs."""
    failed = [job for job in jobs if job["state"] == "failed"]
    lines = []
    for job in failed[:MAX_FAILURES]:
        logs = [f"    log: {log}" for log in job["log"]]
        lines += [f"  {job['what'] or job['rule']}", *(f"    {e}" for e in errors(job)), *logs]
    if len(failed) > MAX_FAILURES:
        lines.append(f"  ... and {len(failed) - MAX_FAILURES} more")
    return lines
