"""What a killed run left in Slurm's queue, for `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`).
"""

import getpass
import os
import shutil
import subprocess
import time

from install import ROOT, say

PREFIX = "sarfusion_"  # of the names of Slurm jobs: profiles/slurm
LOOK_S = 5  # between two looks at the queue


def await_left_jobs():
    """Return when no Slurm job of a killed run is left: those that run go on to their end.

    What they finish is not made again. A run beside them would start the same work once more, and
    they would remove each other's files.
    """
    left = left_jobs()
    waiting = [job for job, state in left.items() if state == "PENDING"]
    if waiting:
        say(f"Taking {len(waiting)} waiting Slurm job(s) of the killed run from the queue.")
        subprocess.run(["scancel", *waiting], check=False)
        left = left_jobs()
    if left:
        say("Slurm jobs of the killed run are at work; waiting for their end, so that nothing is")
        say("made twice. To go on without what they do: scancel {}".format(" ".join(left)))
    while left:
        time.sleep(LOOK_S)
        left = left_jobs()


def left_jobs():
    """Return {id: state} of the Slurm jobs that were started from here."""
    if not shutil.which("squeue"):
        return {}
    asked = ["squeue", "--noheader", "--user", getpass.getuser(), "--format=%i|%T|%j|%Z"]
    said = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False).stdout
    jobs = [line.split("|", 3) for line in said.splitlines() if line.count("|") >= 3]
    return {
        job: state
        for job, state, name, folder in jobs
        if name.startswith(PREFIX) and os.path.realpath(folder) == os.path.realpath(str(ROOT))
    }
