"""Slurm jobs that a killed run left behind, for `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import getpass
import os
import subprocess
import time

from environment import ROOT, say

PREFIX = "sarfusion_"  # of the names of Slurm jobs, see profiles/slurm
POLL_S = 5  # seconds between two queries of the queue
# Seconds to wait for an answer. Without a running Slurm, its programs retry for minutes.
MAX_ANSWER_S = 20


def await_left_jobs() -> None:
    """Wait until no Slurm job of a killed run is left.

    Waiting jobs are cancelled. Running jobs finish, so that their work is not repeated. A new run
    at the same time would start the same work again, and both would remove each other's files.
    """
    left = left_jobs() or {}
    waiting = [job for job, state in left.items() if state == "PENDING"]
    if waiting:
        say(f"Taking {len(waiting)} waiting Slurm job(s) of the killed run from the queue.")
        ask("scancel", *waiting)
        left = jobs_left_now(left)
    if left:
        say("Slurm jobs of the killed run are still running; waiting for them, so that nothing is")
        say("made twice. To continue without their results: scancel {}".format(" ".join(left)))
    while left:
        time.sleep(POLL_S)
        left = jobs_left_now(left)


def jobs_left_now(left: dict[str, str]) -> dict[str, str]:
    """Query the queue again; return `left` unchanged if Slurm does not answer this time."""
    now = left_jobs()
    return left if now is None else now


def left_jobs() -> dict[str, str] | None:
    """Return {id: state} of the Slurm jobs that were started in this folder.

    None if no Slurm answers: its programs are installed on many machines outside any cluster.
    """
    printed = ask("squeue", "--noheader", "--user", getpass.getuser(), "--format=%i|%T|%j|%Z")
    if printed is None:
        return None
    jobs = [line.split("|", 3) for line in printed.splitlines() if line.count("|") >= 3]
    return {
        job: state
        for job, state, name, folder in jobs
        if name.startswith(PREFIX) and os.path.realpath(folder) == os.path.realpath(str(ROOT))
    }


def ask(*command: str) -> str | None:
    """Return the output of a Slurm program; None if it is not installed or gets no answer."""
    try:
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
            timeout=MAX_ANSWER_S,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
