"""A logger plugin of Snakemake: a line for each step that is done, and each error once.

Everything goes to standard error. Snakemake's own log has the details; a failed run ends with the
path of this log.
"""

import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

SILENCE = 30  # seconds without a line until the running steps are printed; doubles each time
LAST_LINES = 8  # printed from the log of a job that failed without an error
GRACE = 0.5  # seconds to wait for a signal to stop the run, since such a signal also ends jobs
RED, YELLOW = "\033[31m", "\033[33m"
LOCKED = (
    "error: another Snakemake is running this study in this folder, and nothing was changed:"
    " wait for it; if none is running (its machine crashed), remove its lock with"
    " ./reproduce STUDY --unlock"
)
# Texts that Slurm writes into the log of a job that it ends, as patterns, and their meanings.
SLURM_REASONS = (
    ("DUE TO TIME LIMIT", "Slurm stopped it at its time limit: give the rule more `runtime`"),
    (
        "oom.kill|exceeded .*memory limit|out of memory",
        "Slurm killed it for lack of memory: give the rule more `mem_mb`",
    ),
    ("DUE TO NODE FAILURE", "its node failed"),
    ("DUE TO PREEMPTION", "Slurm gave its resources to another job"),
    ("[*] (JOB|STEP) .*CANCELLED AT", "it was cancelled"),
)
# How messages of Snakemake begin about failures that are reported in other words here.
REPORTED_OTHERWISE = (
    "Exiting because a job execution failed",
    "WorkflowError:\nAt least one job did not complete successfully",
    "RuleException:\nCalledProcessError",
)
# Text in such a message if Ctrl-C ended the job.
STOPPED = "SIGINT|exit status 130"
# How such a message, or the log of a Slurm job, names the signal that ended a job.
SIGNAL = re.compile(r"died with <Signals\.(\w+)|exit status (\d+)")
SIGNALS = {str(128 + number): number.name for number in signal.Signals}  # by exit status

run_stopped = threading.Event()  # set once SIGTERM has stopped Snakemake


class Step(NamedTuple):
    """A job that was started: what it does, and when it started (time.monotonic)."""

    what: str
    start: float


class LogHandler(LogHandlerBase):
    """Prints the lines. Snakemake passes it every record of its log, from one thread."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.steps: dict[int, Step] = {}  # started jobs, by number
        self.running: dict[int, Step] = {}  # those of them that are running
        self.failed: set[int] = set()
        self.done, self.total = 0, 0
        self.print_lock = threading.Lock()
        self.silence: threading.Timer | None = None
        self.stopped = False
        self.ended_by = ""  # the signal that ended the job whose failure is reported next
        colour = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = colour and "NO_COLOR" not in os.environ and not self.common_settings.nocolor

    def emit(self, record: Any) -> None:
        """Print what a person wants to know about a record, if anything."""
        event = getattr(record, "event", None)
        handlers: dict[LogEvent | None, Callable[[Any], None]] = {
            LogEvent.RUN_INFO: self.start,
            LogEvent.JOB_INFO: self.job_starts,
            LogEvent.JOB_FINISHED: self.job_ends,
            LogEvent.JOB_ERROR: self.job_fails,
            LogEvent.GROUP_ERROR: self.group_fails,
        }
        if event in handlers:
            handlers[event](record)
        elif record.levelno >= logging.WARNING:
            self.complain(record)
        elif event is None and record.levelno == logging.INFO:
            self.inform(record)

    def close(self) -> None:
        """Stop printing the running steps."""
        self.restart_timer(None)
        super().close()

    # The steps

    def start(self, record: Any) -> None:
        """Print the number of steps."""
        self.total = record.stats["total"]
        self.say(f"{self.total} steps to do")

    def job_starts(self, record: Any) -> None:
        """Note what a job does and when it started."""
        what = record.rule_msg or record.rule_name
        self.steps[record.jobid] = self.running[record.jobid] = Step(what, time.monotonic())
        if self.silence is None:
            self.restart_timer(SILENCE)

    def job_ends(self, record: Any) -> None:
        """Print what a job did, and how long it took."""
        unknown = Step(f"job {record.job_id}", time.monotonic())
        what, start = self.steps.get(record.job_id, unknown)
        self.running.pop(record.job_id, None)
        self.failed.discard(record.job_id)
        self.done += 1
        width = len(str(self.total))
        took = f" ({duration(time.monotonic() - start)})"
        self.say(f"{self.done:{width}}/{self.total}  {what}{took}")

    def job_fails(self, record: Any) -> None:
        """Print which job failed and why. `group_fails` does so for the jobs of a group."""
        if not getattr(record, "indent", False):
            self.fail(record.jobid, record.log)

    def group_fails(self, record: Any) -> None:
        """Print which jobs of a group failed and why.

        These are the jobs with an error in their logs; or else the killed jobs, which started but
        made no output; or else the first job without output.
        """
        jobs = record.job_error_info
        unmade = [job for job in jobs if not all(Path(path).exists() for path in job["output"])]
        guilty = [job for job in jobs if error_lines(job["log"])]
        guilty = guilty or [job for job in unmade if any(map(read, job["log"]))]
        guilty = guilty or unmade[:1] or jobs
        for job in guilty:
            self.fail(job["jobid"], [*job["log"], *record.aux_logs])
        for job in jobs:
            self.running.pop(job["jobid"], None)

    def fail(self, jobid: int, logs: Sequence[str]) -> None:
        """Print which job failed, why, and the paths of its logs, unless the run was stopped.

        SIGTERM often goes to the jobs as well, as from `timeout` or a machine that shuts down.
        """
        what = self.steps[jobid].what if jobid in self.steps else f"job {jobid}"
        self.running.pop(jobid, None)
        if self.stopped or (not has_reason(logs) and run_stopped.wait(GRACE)):
            return
        self.failed.add(jobid)
        why = reasons(logs, self.ended_by)
        lines = [f"FAILED  {what}", *why, *(f"log: {log}" for log in logs)]
        self.say("\n        ".join(lines), RED)

    # The rest

    def complain(self, record: Any) -> None:
        """Print an error or a warning, unless it is reported in other words."""
        text = record.getMessage()
        if text.startswith(REPORTED_OTHERWISE):
            self.stopped |= re.search(STOPPED, text) is not None
            self.ended_by = signal_in(text)
            return
        if getattr(record, "exception", None) == "LockException":
            text = LOCKED
        ours = [line for line in text.splitlines() if line.startswith("error: ")]
        self.say("\n".join(ours) or text, RED if record.levelno >= logging.ERROR else YELLOW)

    def inform(self, record: Any) -> None:
        """Print slow work other than steps, retries of jobs, and the end of a failed run."""
        text = record.getMessage()
        making_environments = "deployment" in Path(record.pathname).parts
        if making_environments or text == NOTHING_TO_BE_DONE_MSG:
            self.say(text)
        elif text.startswith("Trying to restart job"):
            self.say("        it is tried again")
        elif text.startswith("Complete log(s): ") and self.failed:
            many = f"{len(self.failed)} of {self.total} steps failed, {self.done} are done"
            self.say(f"{many}. Snakemake's own log: {text.removeprefix('Complete log(s): ')}", RED)

    def say(self, text: str, colour: str | None = None) -> None:
        """Print a text, coloured on a terminal, and restart the timer of silence."""
        with self.print_lock:
            text = f"{colour}{text}\033[0m" if colour and self.colour else text
            print(text, file=sys.stderr, flush=True)
        self.restart_timer(SILENCE if self.running else None)

    def restart_timer(self, seconds: float | None) -> None:
        """Print the running steps after so many seconds without a line; never, if None."""
        if self.silence:
            self.silence.cancel()
        self.silence = None
        if seconds:
            self.silence = threading.Timer(seconds, self.say_running, [seconds])
            self.silence.daemon = True
            self.silence.start()

    def say_running(self, seconds: float) -> None:
        """Print the step that has been running longest, and the number of other running steps."""
        running = sorted(self.running.values(), key=lambda step: step.start)
        if running:
            (what, start), *others = running
            more = f", and {len(others)} more" if others else ""
            with self.print_lock:
                took = duration(time.monotonic() - start)
                print(f"  running: {what} ({took}){more}", file=sys.stderr, flush=True)
            self.restart_timer(2 * seconds)


def duration(seconds: float) -> str:
    """Return a duration in words, to the second, or to the minute from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def read(log: str) -> list[str]:
    """Return the lines of a log, none if it does not exist."""
    try:
        return Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def error_lines(logs: Sequence[str]) -> list[str]:
    """Return the lines of logs in which a step says what went wrong."""
    return [line for log in logs for line in read(log) if line.startswith("error: ")]


def has_reason(logs: Sequence[str]) -> bool:
    """Return whether the logs of a step, or Slurm's, say why it failed."""
    return bool(error_lines(logs) or slurm_reasons(logs))


def reasons(logs: Sequence[str], ended_by: str = "") -> list[str]:
    """Return lines that say why a step failed: errors in its logs, or else their last lines.

    ended_by: name of the signal that ended the step, "" if none is known.
    """
    text = "\n".join(line for log in logs for line in read(log))
    last = [line for log in logs for line in read(log)[-LAST_LINES:]]
    ending = f"its log has no error message: {ending_in_words(ended_by or signal_in(text))}"
    return error_lines(logs) or slurm_reasons(logs) or [*last, ending]


def signal_in(text: str) -> str:
    """Return the name of the signal that ended a job, from a message about its end, else ""."""
    found = SIGNAL.search(text)
    return (found[1] or SIGNALS.get(found[2], "")) if found else ""


def ending_in_words(ended_by: str) -> str:
    """Return what the signal says about a job's end. The system uses SIGKILL if memory runs out."""
    if ended_by == "SIGKILL":
        return "it was killed, perhaps for lack of memory"
    return f"{ended_by} ended it" if ended_by else "it was ended from outside"


def slurm_reasons(logs: Sequence[str]) -> list[str]:
    """Return why Slurm ended a job, if the job's log or Slurm's log says so."""
    text = "\n".join(line for log in logs for line in read(log))
    return [
        meaning for pattern, meaning in SLURM_REASONS if re.search(pattern, text, re.IGNORECASE)
    ][:1]
