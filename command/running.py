"""The project's lock, and commands to which signals are passed on, for `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

with contextlib.suppress(ImportError):  # Windows has none; `reproduce` refuses to run there
    import fcntl

from environment import ROOT, Problem, environment, say


class Lock:
    """The project's lock file while we hold the lock: our process, its task, the unfinished study.

    unfinished: name of a study whose last run was killed, or None.
    """

    def __init__(self, file: IO[str], task: str) -> None:
        self.file = file
        self.task = task
        self.unfinished: str | None = read_record(file).get("unfinished")

    def save(self, pid: int) -> None:
        """Record that this process holds the lock."""
        self._write({"pid": pid, "task": self.task, "unfinished": self.unfinished})

    def release(self) -> None:
        """Empty the record, except for the unfinished study."""
        self._write({"unfinished": self.unfinished} if self.unfinished else None)

    def _write(self, record: Mapping[str, Any] | None) -> None:
        self.file.seek(0)
        self.file.write(json.dumps(record) + "\n" if record else "")
        self.file.truncate()
        self.file.flush()


def read_record(file: IO[str]) -> dict[str, Any]:
    """Return the record in a lock file, {} when there is none."""
    file.seek(0)
    try:
        return json.loads(file.readline())
    except ValueError:
        return {}


@contextlib.contextmanager
def project_lock(task: str) -> Iterator[Lock]:
    """Hold the project's lock; raise Problem if another process holds it.

    The lock is a flock, which the system releases however its holder dies. Snakemake inherits it
    (see `run`), so that it stays locked if only this process is killed and Snakemake keeps running.
    """
    path = ROOT / ".snakemake/reproduce.lock"
    path.parent.mkdir(exist_ok=True)
    with os.fdopen(os.open(str(path), os.O_RDWR | os.O_CREAT, 0o666), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            record = {"pid": "?", "task": "just starting", **read_record(file)}
            raise Problem(
                "another ./reproduce is running here (process {pid}, {task});"
                " wait for it, or stop it: kill {pid}".format(**record)
            ) from None
        except OSError:  # some cluster file systems have no flock
            say("This file system has no locks: make sure that only one ./reproduce runs here.")
        lock = Lock(file, task)
        lock.save(os.getpid())
        try:
            yield lock
        finally:
            lock.release()


def current_run() -> str:
    """Return a sentence about the current run in this folder, "" if there is none.

    It does not take the lock.
    """
    path = ROOT / ".snakemake/reproduce.lock"
    record: dict[str, Any] = {}
    if path.exists():
        with path.open(encoding="utf-8") as file:
            record = read_record(file)
    if "pid" in record and is_alive(record["pid"]):
        return "running now: {task} (process {pid})".format(**record)
    if list(ROOT.glob(".snakemake/locks/*.lock")):
        return "a Snakemake is running now, or was killed here"
    return ""


def is_alive(pid: int) -> bool:
    """Return whether a process with this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process of another user
        pass
    return True


def has_terminal() -> bool:
    """Return whether this process is in the foreground of a terminal."""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def run(command: Sequence[str], lock: Lock | None = None) -> int:
    """Run a command from the project root; return its exit code, or 128 + signal when stopped.

    Signals are passed on to the command, which has time to clean up. The command inherits `lock`,
    and ignores the same signals as this process: Ctrl-C, if a shell script started it with `&`.
    """
    keep = [lock.file.fileno()] if lock else []
    child = subprocess.Popen(command, cwd=str(ROOT), env=environment(), pass_fds=keep)
    received: list[int] = []

    def pass_on(number: int, _: object) -> None:
        received.append(number)
        # A terminal sends Ctrl-C to the command itself; a second one would stop its clean-up.
        if number != signal.SIGINT or not has_terminal():
            child.send_signal(number)

    handled = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in handled}
    try:
        if lock:
            lock.save(child.pid)
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        return 128 + received[0]
    return code if code >= 0 else 128 - code
