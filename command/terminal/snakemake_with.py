"""Check the files of a study, then run Snakemake with a logger, for `reproduce`.

    python command/terminal/snakemake_with.py LOGGER ARGUMENTS OF SNAKEMAKE

LOGGER is one of the loggers in this folder, or `plain` for that of Snakemake. The folder of this
file is on Python's path, so Snakemake finds the loggers as plugins. LOGGER is removed from the
arguments of the process: Snakemake records these, and they must work without it.

Snakemake's parser takes the last of two equal keys in the files of a study, and ends with a
traceback if a file is not in UTF-8. So these files are read here first.

A run that SIGTERM stops ends with the exit code for that; see `note_stop`.
Snakemake's scheduler no longer looks for jobs every second; see `look_when_needed`. Slurm jobs that
somebody cancels are noticed; see `notice_cancelled_jobs`. Ctrl-C cancels all; see `cancel_all` and
`wake_for_signals`.
Scripts start faster than with Snakemake alone; see forked_jobs.py.
"""

import argparse
import logging
import signal
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from forked_jobs import start_by_fork

EXIT_OF_STOPPED = 128 + signal.SIGTERM
WAKE_S = 1.0  # the longest time without a look for signals
SCRIPTS = str(Path(__file__).resolve().parents[2] / "scripts")


def config_files(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the files after --configfile in Snakemake's arguments."""
    option = ""
    for argument in arguments:
        value = argument
        if argument.startswith("-"):
            option, _, value = argument.partition("=")
        if option in ("--configfile", "--configfiles") and value:
            yield value


def check_files(arguments: Sequence[str]) -> None:
    """End this process with one line if a file of the study cannot be read, or is ambiguous."""
    sys.path.insert(0, SCRIPTS)
    from sarfusion.core.errors import StudyError
    from sarfusion.core.yaml_file import read_yaml

    sys.path.remove(SCRIPTS)  # as rules/common.smk has it
    try:
        for path in config_files(arguments):
            read_yaml(path)
    except StudyError as error:
        sys.exit(f"error: {error}")


def look_when_needed(scheduler: Any) -> None:
    """Change Snakemake's JobScheduler to look for jobs when one has ended, not at fixed intervals.

    Snakemake looks again one second after each look, in case its limit on job starts per second
    held some jobs back. Each job that ends adds such a look: in a long run, several per second.
    Here it looks again only if the limit is reached.
    """
    look_later = scheduler._schedule_reevalutation

    def look_later_if_needed(self, delay):
        limiter = self.job_rate_limiter
        is_for_limit = limiter is not None and delay == limiter.timespan
        if not (is_for_limit and limiter.get_free_jobs()):
            look_later(self, delay)

    scheduler._schedule_reevalutation = look_later_if_needed


def wake_for_signals(scheduler: Any) -> None:
    """Change Snakemake's JobScheduler to act on Ctrl-C whichever thread the system gives it to.

    Python acts on a signal in the main thread, as soon as that runs. There, Snakemake waits for the
    end of a job, without a limit. A signal ends this wait only if the system gives it to the main
    thread. Otherwise, the run would go on until a job ends.
    """
    schedule = scheduler.schedule

    def schedule_awake(self):
        acquire = self._open_jobs.acquire

        def acquire_in_steps():
            while not acquire(timeout=WAKE_S):
                pass

        self._open_jobs.acquire = acquire_in_steps
        return schedule(self)

    scheduler.schedule = schedule_awake


def notice_cancelled_jobs(plugin: Any) -> None:
    """Change Snakemake's plugin for Slurm to read sacct's `CANCELLED by 1000` as `CANCELLED`.

    Version 2.8.0 compares whole states, treats such a job as still running, and never ends.
    """
    query = plugin.query_job_status

    async def query_words(*arguments):
        states, seconds = await query(*arguments)
        return states and {job: state.split(" ")[0] for job, state in states.items()}, seconds

    plugin.query_job_status = query_words


def cancel_all(executor: Any) -> None:
    """Change the Executor of Snakemake's plugin so that Ctrl-C also cancels jobs being asked about.

    While it asks for the states of jobs, Snakemake (interface of executors, version 9) takes all of
    them off its list. A run that was stopped meanwhile cancelled none.
    """
    check, cancel = executor.check_active_jobs, executor.cancel_jobs
    executor.asked_about = []

    async def check_and_note(self, active_jobs):
        self.asked_about, still_active = [*active_jobs], []
        async for job in check(self, active_jobs):
            still_active.append(job)
            yield job
        self.asked_about = still_active

    def cancel_both(self, active_jobs):
        others = [job for job in self.asked_about if job not in active_jobs]
        cancel(self, [*active_jobs, *others])

    executor.check_active_jobs, executor.cancel_jobs = check_and_note, cancel_both


def note_stop(scheduler: Any, stopped: threading.Event) -> None:
    """Change Snakemake's JobScheduler to set `stopped` when SIGTERM stops the run.

    The scheduler then finishes the running jobs. Until there is a scheduler, SIGTERM ends the
    process in such a way that Snakemake removes its lock.
    """
    exit_gracefully = scheduler.exit_gracefully

    def note_and_exit(self, *arguments):
        stopped.set()
        exit_gracefully(self, *arguments)

    scheduler.exit_gracefully = note_and_exit
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_OF_STOPPED))


def is_news(record: logging.LogRecord) -> bool:
    """Return whether a record says more than that a job ended because the run was stopped.

    When Ctrl-C stops a run, Snakemake closes its loggers before its jobs have ended.
    """
    return not record.getMessage().startswith(("RuleException:", "Error in rule "))


def show_error(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    """Print an error that nothing caught, but not that Ctrl-C stopped Snakemake's start.

    This replaces sys.excepthook. `reproduce` says that the run was stopped.
    """
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


def end_with_one_line(self: argparse.ArgumentParser, message: str) -> NoReturn:
    """End this process with one line about a wrong argument, not 140 lines of Snakemake's usage.

    This replaces the parser's method `error`.
    """
    self.exit(2, f"error: {message}; options: ./reproduce --help, ./reproduce STUDY --help\n")


if __name__ == "__main__":
    logger = sys.argv.pop(1)
    sys.excepthook = show_error
    check_files(sys.argv[1:])

    import snakemake_executor_plugin_slurm
    from snakemake.cli import main
    from snakemake.scheduling.job_scheduler import JobScheduler
    from snakemake.script import PythonScript
    from snakemake_logger_plugin_steps import run_stopped

    assert logging.lastResort is not None
    logging.lastResort.addFilter(is_news)
    argparse.ArgumentParser.error = end_with_one_line  # type: ignore[method-assign]
    look_when_needed(JobScheduler)
    wake_for_signals(JobScheduler)
    notice_cancelled_jobs(snakemake_executor_plugin_slurm)
    cancel_all(snakemake_executor_plugin_slurm.Executor)
    note_stop(JobScheduler, run_stopped)
    start_by_fork(PythonScript, JobScheduler)
    try:
        main([*(["--logger", logger] if logger != "plain" else []), *sys.argv[1:]])
    except SystemExit as ended:
        sys.exit(EXIT_OF_STOPPED if ended.code and run_stopped.is_set() else ended.code)
