"""Start the scripts of a run by forking one process that has imported what most of them need.

A job that starts as a new Python spends one to three seconds of processor time on imports. With
many short jobs, this is a large part of a run (tests/benchmarks/bench_tricks.py and
bench_overhead.py). Each job still imports its script and the library of the project itself.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import types
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

# Snakemake's own modules are those that its preamble of a script imports.
IMPORTED = (
    *("snakemake.iocontainers", "snakemake.logging"),
    *("numba", "pandas", "rasterio.features", "rasterio.merge", "rasterio.shutil", "rasterio.warp"),
    *("scipy.ndimage", "scipy.stats", "skimage.restoration", "matplotlib.backends.backend_agg"),
    *("seaborn", "torch.nn.functional", "safetensors.torch", "jsonschema", "tqdm"),
)
ONE_THREAD = [f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")]
MANY = 12  # jobs of a run; with fewer, the imports take more time than they save


class Forks:
    """Starts jobs by a fork. `planned` is the number of jobs of the run."""

    def __init__(self) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(IMPORTED))
        self.planned = 0
        self.began = threading.Lock()
        self.ready = threading.Event()
        self.one_at_a_time = threading.Lock()

    def is_ready(self) -> bool:
        """Return whether a job can be forked. With many jobs, the first call starts the imports."""
        if self.planned >= MANY and self.began.acquire(blocking=False):
            threading.Thread(target=self.prepare, daemon=True).start()
        return self.ready.is_set()

    def prepare(self) -> None:
        """Wait until the process that is forked has imported everything.

        Numerical libraries look up their number of threads when they are imported. That process
        inherits the blocked signal: Ctrl-C would end its imports with a traceback. The tracker of
        resources is started before, since its start unblocks the signal.
        """
        os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
        first = self.context.Process(target=int)
        resource_tracker.ensure_running()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        first.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        first.join()
        if first.exitcode == 0:
            self.ready.set()

    def run(self, path: str, variables: dict[str, str], record: Any) -> None:
        """Run a script as a job of its own; raise CalledProcessError if it fails.

        variables: environment variables. record: Snakemake's record of a benchmark, or None.

        Starting a process also polls all others, and an exit code can be read only once: if two
        threads read it at the same time, one gets 255. So only one thread at a time may do either.
        """
        from snakemake.benchmark import benchmarked

        process = self.context.Process(target=run_script, args=(path, variables))
        with self.one_at_a_time:
            process.start()
        with benchmarked(process.pid if record is not None else False, record):
            wait([process.sentinel])
        with self.one_at_a_time:
            process.join()
        if process.exitcode:
            raise subprocess.CalledProcessError(process.exitcode, path)


def run_script(path: str, variables: dict[str, str]) -> None:
    """Run a script in this process as a new Python would."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # see Forks.prepare
    os.environ.update(variables)
    sys.argv = [path]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = path
    try:
        exec(compile(Path(path).read_bytes(), path, "exec"), vars(main))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception:
        sys.excepthook(*sys.exc_info())
        sys.exit(1)


def start_by_fork(script_class: Any, scheduler_class: Any) -> None:
    """Change Snakemake's PythonScript to fork jobs that need no environment of their own.

    Snakemake's JobScheduler knows the number of jobs. Until the imports are done, jobs start
    without a fork. This works on Linux only: elsewhere, system libraries do not work in a fork.
    """
    if sys.platform != "linux":
        return
    forks, execute_as_ever = Forks(), script_class.execute_script
    schedule = scheduler_class.schedule

    def schedule_counted(self):
        forks.planned = len(list(self.workflow.dag.needrun_jobs()))
        return schedule(self)

    def execute(self, fname, edit=False):
        has_environment = self.conda_env or self.container_img or self.env_modules
        if has_environment or self.threads > 1 or not forks.is_ready():
            execute_as_ever(self, fname, edit)
        else:
            variables = {"TMPDIR": self.resources["tmpdir"]} if "tmpdir" in self.resources else {}
            forks.run(fname, variables, self.bench_record)

    script_class.execute_script = execute
    scheduler_class.schedule = schedule_counted
