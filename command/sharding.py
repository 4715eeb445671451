"""A study in several plans, one after another: `./reproduce STUDY --shards N`.

Standard library only, and without newer syntax (see `reproduce`).
scripts/sarfusion/study/parts.py says which part of the study a plan covers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from environment import ROOT, Problem, say
from running import Lock, run
from studies import (
    ERRANDS,
    KEEP_GOING,
    LOOKS,
    PART,
    has_any,
    names_target,
    run_snakemake,
    run_without_failed_sites,
    snakemake,
)

OPTION = "--shards"
UNTIL = "-U --until"
DRY = "-n --dry-run --dryrun"
STOPS = 128  # exit codes from here on mean a signal; no other plan runs then
NO_STUDY = 2  # exit code of an error that every plan would have


def shards_in(arguments: Sequence[str]) -> tuple[int, list[str]]:
    """Return the number after --shards, 0 without it, and the other arguments.

    Raises Problem if the number is missing, or if --shards cannot be used with the other arguments.
    """
    text, rest = None, []
    left = iter(arguments)
    for argument in left:
        option, equals, value = argument.partition("=")
        if option == OPTION:
            text = value if equals else next(left, "")
        else:
            rest.append(argument)
    if text is None:
        return 0, rest
    if not re.fullmatch("[1-9][0-9]*", text):
        raise Problem(f"{OPTION} takes a number of plans, at least 1, not {text!r}", 2)
    others = {*f"{LOOKS} {ERRANDS}".split()} - {*f"{DRY} {UNTIL}".split()}
    if has_any(rest, " ".join(others)) or (names_target(rest) and not has_any(rest, UNTIL)):
        raise Problem(f"{OPTION} works only with a whole run, -n or --until; leave it out", 2)
    return int(text), rest


def each_part(name: str, shards: int, arguments: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (description, arguments of Snakemake) of each plan, and tell Snakemake its part.

    name: of the study. The last plan is left out with --until, and as long as a shard is not done.
    """
    for number in range(1, shards + 1):
        os.environ[PART] = f"{number}/{shards}"
        yield f"shard {number} of {shards}", ["shard", *arguments]
    steps = Path(ROOT, "results", name, "shards")
    are_done = all((steps / f"{n}-of-{shards}.json").exists() for n in range(1, shards + 1))
    if are_done and not has_any(arguments, UNTIL):
        os.environ[PART] = f"last/{shards}"
        yield "the last plan, which joins the sites", list(arguments)


def look_at_shards(config: Path, name: str, shards: int, arguments: Sequence[str]) -> int:
    """Have Snakemake print each plan; return the worst exit code."""
    worst, what = 0, ""
    for what, words in each_part(name, shards, arguments):
        say(f"{what[0].upper()}{what[1:]}")
        worst = max(worst, run(snakemake(config, *words)))
        if worst >= STOPS or worst == NO_STUDY:
            return worst
    if what.startswith("shard"):
        say("The last plan, which joins the sites, is known once the shards are done.")
    return worst


def run_shards(
    config: Path, name: str, shards: int, arguments: Sequence[str], lock: Lock
) -> tuple[list[str], Problem | None]:
    """Run the plans of a study; return the last command, and the Problem to end with, if any.

    If a shard fails, the other shards still run, but the last plan does not, and Problem is raised.
    """
    missing = Path(ROOT, "results", name, "missing_sites.json")
    if missing.exists():  # of an earlier run
        missing.unlink()
    failed: list[str] = []
    done: tuple[list[str], Problem | None] = ([], None)
    for what, words in each_part(name, shards, arguments):
        if failed and not what.startswith("shard"):
            break
        say(f"{what[0].upper()}{what[1:]}")
        try:
            done = run_part(config, words, name, lock, missing)
        except Problem as problem:
            if problem.code >= STOPS or problem.code == NO_STUDY or not what.startswith("shard"):
                raise
            say(f"reproduce: {what}: {problem}")
            failed.append(what)
    if failed:
        raise Problem(
            f"{', '.join(failed)} failed, and the others are done; the last plan, which joins the"
            " sites, was not run.\nThe same command continues from here; with --keep-going, also"
            " without the sites that fail",
            1,
        )
    return done


def run_part(
    config: Path, arguments: Sequence[str], name: str, lock: Lock, missing: Path
) -> tuple[list[str], Problem | None]:
    """Run one plan; return its command, and a Problem if it continued without failed sites.

    missing: the list of sites that failed so far, in this plan or before.
    """
    goes_on = has_any(arguments, KEEP_GOING)
    over = [missing.relative_to(ROOT)] if goes_on and missing.exists() else []
    if over and arguments[:1] != ["shard"]:
        nothing = Problem("no site is left", 1)
        return run_without_failed_sites(config, arguments, name, lock, nothing)
    command = snakemake(config, *arguments, over=over)
    try:
        run_snakemake(command, name, lock)
    except Problem as problem:
        if problem.code >= STOPS or not goes_on:
            raise
        return run_without_failed_sites(config, arguments, name, lock, problem)
    return command, None
