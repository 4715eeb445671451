"""Python programs for the tests, started with their imports done.

On a tiny study, much of a run's time goes into imports: those of Snakemake, those of the process
that forks its jobs, and those of jobs that start before that process is ready. Here one process
imports everything once. Each program is a fork of it, with its own arguments, folder, variables and
output. The programs of this Python that such a program starts are forks as well: those of
./reproduce. Programs that a test stops start as a user starts them.
"""

import atexit
import contextlib
import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import types
from functools import cache, partial
from itertools import pairwise
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WITH_FORKED_JOBS = "snakemake_with.py"  # the program that forks Snakemake's jobs
MAX_FILES = 1024  # descriptors that a fork may have to close


@cache
def _imported():
    """Return the context of the process that imports everything; its first run waits for it.

    That process finds modules only through its environment variables, and ignores those that it
    does not find.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm_imports"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(ROOT / "tests"), prepend=os.pathsep)
        forkserver.ensure_running()
    return context


def run(arguments, folder, variables=None, apart=False):
    """Run Python with these arguments in `folder`; return a CompletedProcess with its output.

    arguments: a script from `folder` on, `-m` and a module, or `-c` and code; then those of the
    program. variables: of its environment; None for those of the tests. apart: whether its errors
    are in `stderr`, not among the rest in `stdout`. Only Linux can fork what has imported these
    libraries.
    """
    if sys.platform != "linux":
        return run_cold(arguments, folder, variables, apart)
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.NamedTemporaryFile()) for _ in range(1 + apart)]
        names = [file.name for file in files]
        given = (list(map(str, arguments)), folder, names, dict(variables or os.environ))
        process = _imported().Process(target=_run, args=given)
        process.start()
        process.join()
        printed = [Path(name).read_text(encoding="utf-8", errors="replace") for name in names]
        return subprocess.CompletedProcess(arguments, process.exitcode, *printed)


def run_cold(arguments, folder, variables=None, apart=False):
    """Do the same with a new Python, as a user does."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env=variables,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if apart else subprocess.STDOUT,
        check=False,
    )


def _run(arguments, folder, outputs, variables):
    """Run a program in this process, a fork of the one that imported everything."""
    assert "warm_imports" in sys.modules
    gc.freeze()  # what is imported is not looked at for garbage
    for number, output in enumerate(outputs, 1):
        with Path(output).open("ab", buffering=0) as file:
            os.dup2(file.fileno(), number)
    if len(outputs) == 1:
        os.dup2(1, 2)
    if arguments[0] == "-c":  # ./reproduce; Snakemake has threads, so it starts programs as ever
        imported = frozenset(sys.modules)
        subprocess._fork_exec = partial(_fork_exec, subprocess._fork_exec, imported)
    _become(arguments, folder, variables)


def _become(arguments, folder, variables):
    """Do in this process what a new Python with these arguments does, and end it."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    text = {"encoding": "utf-8", "closefd": False}
    sys.stdin = open(0, **text)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, **text)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", **text)  # noqa: SIM115
    is_script = not arguments[0].startswith("-")
    first = Path(arguments[0]).parent.absolute() if is_script else folder
    given = filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))
    installed = [path for path in sys.path if path.startswith((sys.prefix, sys.base_prefix))]
    sys.path[:] = [str(first), *given, *installed]
    if arguments[0].endswith(WITH_FORKED_JOBS):
        _prepare_jobs()
    code = _exit_code(arguments)
    threading._shutdown()  # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code & 0xFF)


def _exit_code(arguments):
    """Execute a program; return its exit code. Ctrl-C ends this process, as it ends a Python."""
    try:
        _execute(*arguments)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _execute(first, *rest):
    """Execute a script, the module after `-m` or the code after `-c`."""
    if first == "-m":
        sys.argv = list(rest)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = [first, *rest[1:]]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(rest[0], vars(main))
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


def _fork_exec(really, imported, args, executables, close_fds, kept, folder, variables, *more):
    """Start a program by a fork of this process, if it is one of this Python; return its number.

    really: the function that this one replaces, by which subprocess.Popen starts any program; its
    arguments follow. imported: the modules that the first fork had.
    """
    command, given = list(map(os.fsdecode, args)), dict(os.environ)
    if variables is not None:
        given = dict(os.fsdecode(variable).split("=", 1) for variable in variables)
    if command[0] == "env":
        del command[0]
        while command and "=" in command[0]:
            given.update([command.pop(0).split("=", 1)])
    is_ours = command[:1] == [sys.executable] and len(command) > 1
    if not is_ours or (command[1].startswith("-") and command[1] not in ("-c", "-m")):
        return really(args, executables, close_fds, kept, folder, variables, *more)
    pid = os.fork()
    if pid:
        return pid
    try:
        subprocess._fork_exec = really
        _leave((more[0], more[3], more[5]), kept, imported)
        _become(command[1:], os.fsdecode(folder or "."), given)
    finally:
        os._exit(1)


def _leave(streams, passed, imported):
    """Keep nothing of the program that this process is a fork of.

    streams: files that become the standard ones, or -1. passed: other files to keep.
    """
    for number, file in enumerate(streams):
        if file >= 0:
            os.dup2(file, number)
    tracker = resource_tracker._resource_tracker._fd
    _close_others([*passed, *([] if tracker is None else [tracker])])
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    for number, handler in usual.items():
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)
    for name in set(sys.modules) - imported:
        del sys.modules[name]


def _close_others(passed):
    """Close all files but the standard ones and those that are passed on."""
    for kept, next_kept in pairwise(sorted({0, 1, 2, *passed, MAX_FILES})):
        os.closerange(kept + 1, next_kept)


def _prepare_jobs():
    """Let what Snakemake starts be forks: the process that forks its jobs, and every job."""
    util.spawnv_passfds = _fork_instead
    forkserver.ensure_running()  # now, while this process has one thread
    _fork_every_job()


def _fork_instead(_, arguments, passed):
    """Run the code of `python -c code` in a fork; multiprocessing starts its servers by this."""
    pid = os.fork()
    if pid:
        return pid
    _close_others(passed)
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
