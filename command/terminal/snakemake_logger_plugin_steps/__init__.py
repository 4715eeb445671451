"""A logger plugin of Snakemake: a line for each step that is done, and each error once.

What it leaves out is in Snakemake's own log, which a failed run ends with the path of. All goes
to standard error.
"""

import logging
import os
import re
import sys
import threading
import time
from pathlib import Path

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

SILENCE = 30  # seconds without a line, after which what is at work is told; then twice as many
LAST_LINES = 8  # of the log of a job that failed and does not say why
RED, YELLOW = "\033[31m", "\033[33m"
LOCKED = (
    "error: another Snakemake is at work on this study in this folder, and nothing was touched:"
    " wait for it; if none is (its machine went down), remove its lock with"
    " ./reproduce STUDY --unlock"
)
# What Slurm writes into the log of a job that it ends, and what that means.
SLURM_SAYS = (
    ("DUE TO TIME LIMIT", "Slurm stopped it at its time limit: give the rule more `runtime`"),
    (
        "oom.kill|exceeded .*memory limit|out of memory",
        "Slurm killed it for want of memory: give the rule more `mem_mb`",
    ),
    ("DUE TO NODE FAILURE", "its node failed"),
    ("DUE TO PREEMPTION", "Slurm gave its place to another job"),
    ("[*] CANCELLED AT", "it was cancelled"),
)
# Snakemake's own words for what is told otherwise here.
TOLD = (
    "Exiting because a job execution failed",
    "WorkflowError:\nAt least one job did not complete successfully",
    "RuleException:\nCalledProcessError",
)


class LogHandler(LogHandlerBase):
    """Writes the lines; Snakemake hands it every record of its log, from one thread."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self):
        self.steps = {}  # of each job that was started: (what it does, when it started)
        self.running = {}  # the same of those at work
        self.failed = set()
        self.done, self.total = 0, 0
        self.own_log = None
        self.lock_of_lines = threading.Lock()
        self.silence = None
        colour = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = colour and "NO_COLOR" not in os.environ and not self.common_settings.nocolor

    def emit(self, record):
        """Tell what a person wants to know of a record."""
        event = getattr(record, "event", None)
        tell = {
            LogEvent.RUN_INFO: self.start,
            LogEvent.JOB_INFO: self.job_starts,
            LogEvent.JOB_FINISHED: self.job_ends,
            LogEvent.JOB_ERROR: self.job_fails,
            LogEvent.GROUP_ERROR: self.group_fails,
        }.get(event)
        if tell:
            tell(record)
        elif record.levelno >= logging.WARNING:
            self.complain(record)
        elif event is None and record.levelno == logging.INFO:
            self.inform(record)

    def close(self):
        """Stop telling what is at work."""
        self.say_later(None)
        super().close()

    # The steps

    def start(self, record):
        """Tell how many steps there are."""
        self.total = record.stats["total"]
        self.say(f"{self.total} steps to do")

    def job_starts(self, record):
        """Note what a job does."""
        what = record.rule_msg or record.rule_name
        self.steps[record.jobid] = self.running[record.jobid] = (what, time.monotonic())
        if self.silence is None:
            self.say_later(SILENCE)

    def job_ends(self, record):
        """Tell what was done, and in what time."""
        what, start = self.steps.get(record.job_id, (f"job {record.job_id}", time.monotonic()))
        self.running.pop(record.job_id, None)
        self.failed.discard(record.job_id)
        self.done += 1
        width = len(str(self.total))
        took = f" ({duration(time.monotonic() - start)})"
        self.say(f"{self.done:{width}}/{self.total}  {what}{took}")

    def job_fails(self, record):
        """Tell which job failed and why, unless it is one of a group (see there)."""
        if not getattr(record, "indent", False):
            self.fail(record.jobid, record.log)

    def group_fails(self, record):
        """Tell which jobs of a group failed and why.

        Those with an error; else those that were killed, as they began and made nothing; else the
        first that made nothing.
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

    def fail(self, jobid, logs):
        """Tell that a job failed, why, and where its log is."""
        what, _ = self.steps.get(jobid, (f"job {jobid}", None))
        self.running.pop(jobid, None)
        self.failed.add(jobid)
        lines = [f"FAILED  {what}", *reasons(logs), *(f"log: {log}" for log in logs)]
        self.say("\n        ".join(lines), RED)

    # The rest

    def complain(self, record):
        """Tell of an error or a warning, unless it is told otherwise."""
        text = record.getMessage()
        if text.startswith(TOLD):
            return
        if getattr(record, "exception", None) == "LockException":
            text = LOCKED
        ours = [line for line in text.splitlines() if line.startswith("error: ")]
        self.say("\n".join(ours) or text, RED if record.levelno >= logging.ERROR else YELLOW)

    def inform(self, record):
        """Tell of slow work besides the steps, and of jobs that are tried again."""
        text = record.getMessage()
        making_environments = "deployment" in Path(record.pathname).parts
        if making_environments or text == NOTHING_TO_BE_DONE_MSG:
            self.say(text)
        elif text.startswith("Trying to restart job"):
            self.say("        it is tried again")
        elif text.startswith("Complete log(s): ") and self.failed:
            many = f"{len(self.failed)} of {self.total} steps failed, {self.done} are done"
            self.say(f"{many}. Snakemake's own log: {text.removeprefix('Complete log(s): ')}", RED)

    def say(self, text, colour=None):
        """Print a text, coloured on a terminal; begin to wait for the next."""
        with self.lock_of_lines:
            text = f"{colour}{text}\033[0m" if colour and self.colour else text
            print(text, file=sys.stderr, flush=True)
        self.say_later(SILENCE if self.running else None)

    def say_later(self, seconds):
        """Tell what is at work after so many seconds without a line; never, if None."""
        if self.silence:
            self.silence.cancel()
        self.silence = None
        if seconds:
            self.silence = threading.Timer(seconds, self.still, [seconds])
            self.silence.daemon = True
            self.silence.start()

    def still(self, seconds):
        """Tell what has been at work longest, and how much else is."""
        running = sorted(self.running.values(), key=lambda step: step[1])
        if running:
            (what, start), *others = running
            more = f", and {len(others)} more" if others else ""
            with self.lock_of_lines:
                took = duration(time.monotonic() - start)
                print(f"  at work: {what} ({took}){more}", file=sys.stderr, flush=True)
            self.say_later(2 * seconds)


def duration(seconds):
    """Return a time for people."""
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def read(log):
    """Return the lines of a log, none if it is not there."""
    try:
        return Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def error_lines(logs):
    """Return the lines of logs in which a step says what went wrong."""
    return [line for log in logs for line in read(log) if line.startswith("error: ")]


def reasons(logs):
    """Return the lines of logs that tell why a step failed: its errors, or else its last lines."""
    last = [line for log in logs for line in read(log)[-LAST_LINES:]]
    killed = "its log tells no error: it was killed, maybe for want of memory"
    return error_lines(logs) or slurm_reasons(logs) or [*last, killed]


def slurm_reasons(logs):
    """Return why Slurm ended a job, if that is in one of its logs: the job's own or Slurm's."""
    text = "\n".join(line for log in logs for line in read(log))
    return [meaning for pattern, meaning in SLURM_SAYS if re.search(pattern, text, re.IGNORECASE)][
        :1
    ]
