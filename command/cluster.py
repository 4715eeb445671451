"""What a killed run left in Slurm's queue, for `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`).
"""

import getpass
import os
import subprocess
import time

from environment import ROOT, say

PREFIX = "sarfusion_"  # of the names of Slurm jobs: profiles/slurm
LOOK_S = 5  # between two looks at the queue
ANSWER_S = 20  # for Slurm to answer: programs of a Slurm that is not there may try for minutes


def await_left_jobs():
    """Return when no Slurm job of a killed run is left: those that run go on to their end.

    What they finish is not made again. A run beside them would start the same work once more, and
    they would remove each other's files.
    """
    left = left_jobs() or {}
    waiting = [job for job, state in left.items() if state == "PENDING"]
    if waiting:
        say(f"Taking {len(waiting)} waiting Slurm job(s) of the killed run from the queue.")
        ask("scancel", *waiting)
        left = look_again(left)
    if left:
        say("Slurm jobs of the killed run are at work; waiting for their end, so that nothing is")
        say("made twice. To go on without what they do: scancel {}".format(" ".join(left)))
    while left:
        time.sleep(LOOK_S)
        left = look_again(left)


def look_again(left):
    """Return the jobs that are left now; those known of, if Slurm does not answer for once."""
    now = left_jobs()
    return left if now is None else now


def left_jobs():
    """Return {id: state} of the Slurm jobs that were started from here; None if no Slurm answers.

    Slurm's programs are on many machines that belong to no cluster.
    """
    said = ask("squeue", "--noheader", "--user", getpass.getuser(), "--format=%i|%T|%j|%Z")
    if said is None:
        return None
    jobs = [line.split("|", 3) for line in said.splitlines() if line.count("|") >= 3]
    return {
        job: state
        for job, state, name, folder in jobs
        if name.startswith(PREFIX) and os.path.realpath(folder) == os.path.realpath(str(ROOT))
    }


def ask(*command):
    """Return what a program of Slurm says; None if it is not here, or has no Slurm to ask."""
    try:
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
            timeout=ANSWER_S,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
