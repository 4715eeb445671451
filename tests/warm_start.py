"""Snakemake for the tests, started with its imports done.

On a tiny study, much of a run's time goes into imports: those of Snakemake, those of the process
that forks its jobs, and those of jobs that start before that process is ready. Here one process
imports everything once. Each run is a fork of it, with its own arguments, folder, variables and
output. Runs that a test stops, and runs with variables of their own, start as a user starts them
(Project.command).
"""

import atexit
import gc
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import threading
from functools import cache
from itertools import pairwise
from multiprocessing import forkserver, util
from pathlib import Path

ROOT = Path(__file__).parents[1]
SNAKEMAKE = ("snakemake.cli", "snakemake.executors.local", "snakemake_executor_plugin_slurm")
MAX_FILES = 1024  # descriptors that a fork may have to close


@cache
def _imported():
    """Return the context of the process that imports everything; its first run waits for it."""
    sys.path.insert(0, str(ROOT / "command/terminal"))
    from forked_jobs import IMPORTED

    sys.path.pop(0)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*SNAKEMAKE, *IMPORTED])
    return context


def run(arguments, folder):
    """Run a script of Python in `folder`; return its exit code and all that it printed.

    arguments: the script, from `folder` on, and its arguments. Only Linux can fork what has
    imported these libraries; elsewhere, a new Python runs the script.
    """
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8") as output:
        if sys.platform == "linux":
            given = (arguments, folder, output.name, dict(os.environ))
            process = _imported().Process(target=_run, args=given)
            process.start()
            process.join()
            code = process.exitcode
        else:
            command = [sys.executable, *arguments]
            done = subprocess.run(
                command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=False
            )
            code = done.returncode
        output.seek(0)
        return code, output.read()


def _run(arguments, folder, output, variables):
    """Run the script in this process, a fork, as a new Python would."""
    gc.freeze()  # what is imported is not looked at for garbage
    with Path(output).open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    given = filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))
    installed = [path for path in sys.path if path.startswith((sys.prefix, sys.base_prefix))]
    sys.path[:] = [str(Path(arguments[0]).parent.absolute()), *given, *installed]
    sys.argv = list(arguments)
    util.spawnv_passfds = _fork_instead
    forkserver.ensure_running()  # now, while this process has one thread
    _fork_every_job()
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    finally:
        atexit._run_exitfuncs()


def _fork_instead(_, arguments, passed):
    """Run the code of `python -c code` in a fork; multiprocessing starts its servers by this."""
    pid = os.fork()
    if pid:
        return pid
    for kept, next_kept in pairwise(sorted({0, 1, 2, *passed, MAX_FILES})):
        os.closerange(kept + 1, next_kept)
    try:
        exec(arguments[-1], {"__name__": "__main__"})
    finally:
        os._exit(0)


def _fork_every_job():
    """Let Snakemake's jobs be forked from the first on, since there are no imports to wait for.

    The process that is forked began before Snakemake changed its environment variables, so jobs get
    all of them.
    """
    import forked_jobs

    starting, run_forked = threading.Lock(), forked_jobs.Forks.run

    def is_ready(forks):
        with starting:
            if not forks.ready.is_set():
                forks.prepare()
        return forks.ready.is_set()

    def run_with_all(forks, path, variables, record):
        run_forked(forks, path, {**os.environ, **variables}, record)

    forked_jobs.Forks.is_ready, forked_jobs.Forks.run = is_ready, run_with_all
    forked_jobs.run_script = _run_script


def _run_script(path, variables):
    """Run a job with these environment variables and no others."""
    import forked_jobs

    os.environ.clear()
    forked_jobs.run_script(path, variables)
