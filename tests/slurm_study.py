"""Studies in copies of the project that run through a Slurm, by the project's own profile."""

import os
import re
import shutil
import signal
import subprocess
import sys

from project import REPRODUCE, ROOT, Project

TWO_SITES = "tests/studies/two_sites.yaml"
# Where the tests differ from profiles/slurm: a small machine, no accounting, no patience. What jobs
# request, and how they are grouped and retried, stays as it is there.
OVERRIDES = (
    *("--profile", "profiles/slurm", "--cores", "2", "--latency-wait", "10"),
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1"),
)

# Replaces the Python that runs Snakemake (-m snakemake, or a program that runs it) and checks the
# jobs twice a second. The plugin waits longer after each check that finds nothing new; no option
# changes that.
HASTY_PYTHON = """\
#!{python}
import asyncio
import runpy
import sys
from pathlib import Path

from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.sleep = lambda self: asyncio.sleep(0.5)
if sys.argv[1] == "-m":
    del sys.argv[:2]
    runpy.run_module("snakemake", run_name="__main__")
else:
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


class SlurmProject(Project):
    """A copy of the project whose runs go through `cluster`."""

    started = None  # the command that was started last

    def __init__(self, folder, cluster):
        super().__init__(folder)
        self.cluster = cluster
        self.python = write_hasty_python(folder / "hasty-python")
        self.environment = {**cluster.environment, "PYTHON": str(self.python)}

    def command(self, *arguments, study=TWO_SITES):
        asked = ["-m", "snakemake", *arguments, "--configfile", study, *OVERRIDES]
        return [str(self.python), *asked]

    def reproduce(self, *arguments, study=TWO_SITES):
        """Start `./reproduce STUDY ARGUMENTS`."""
        shutil.copy(ROOT / "reproduce", self.folder)
        return self.start(sys.executable, "-c", REPRODUCE, study, *arguments, *OVERRIDES)

    def start(self, *command):
        """Start a command here, in a process group of its own; what it prints is kept."""
        with (self.folder / "printed").open("w") as stream:
            self.started = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.started

    def kill(self):
        """Kill the command that was started last, and its children, as a power cut does."""
        if self.started and self.started.poll() is None:
            os.killpg(self.started.pid, signal.SIGKILL)
            self.started.wait()

    def jobs(self, states="all"):
        """{id: (state, node, comment)} of its Slurm jobs."""
        return self.cluster.jobs(states, self.folder)

    def leave(self):
        """Leave nothing running."""
        self.kill()
        self.cluster.cancel(self.folder)

    @property
    def printed(self):
        """What the last started command printed so far."""
        return (self.folder / "printed").read_text()

    def edit(self, path, old, new):
        """Change a file of this copy; `old` must be there."""
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new))

    def slow_down(self, script, line):
        """Make a script run `line` first, after its log has started."""
        end = "    run(main, snakemake)\n"
        start = "    from sarfusion.core.job import job\n\n    with job(snakemake.log[0]):\n"
        self.edit(f"scripts/{script}.py", end, f"{start}        {line}\n{end}")

    def said_by_snakemake(self):
        """The last run's own log, of which `./reproduce` prints only a part."""
        return max((self.folder / ".snakemake/log").glob("*.log")).read_text()


def write_hasty_python(path):
    """Write the program that replaces the Python of Snakemake, and return its path."""
    path.write_text(HASTY_PYTHON.format(python=sys.executable))
    path.chmod(0o755)
    return path


def submitted(printed):
    """The ids of the Slurm jobs that Snakemake says it submitted."""
    return re.findall(r"has been submitted with SLURM jobid (\d+)", printed)
