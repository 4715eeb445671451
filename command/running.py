"""One run at a time, and signals passed on, for `reproduce`.

Standard library only, and free of newer syntax (see `reproduce`).
"""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, which `reproduce` refuses
    fcntl = None

from environment import ROOT, Problem, environment, say


class Lock:
    """The project's lock file while it is held: who holds it, and which study is unfinished."""

    def __init__(self, file, task):
        self.file = file
        self.task = task
        self.unfinished = read_record(file).get("unfinished")

    def save(self, pid):
        """Record that this process holds the lock."""
        self._write({"pid": pid, "task": self.task, "unfinished": self.unfinished})

    def release(self):
        """Empty the record, but for a study that is unfinished."""
        self._write({"unfinished": self.unfinished} if self.unfinished else None)

    def _write(self, record):
        self.file.seek(0)
        self.file.write(json.dumps(record) + "\n" if record else "")
        self.file.truncate()
        self.file.flush()


def read_record(file):
    """Return the record in a lock file, {} when there is none."""
    file.seek(0)
    try:
        return json.loads(file.readline())
    except ValueError:
        return {}


@contextlib.contextmanager
def project_lock(task):
    """Hold the project's lock, a Lock, or refuse when another process holds it.

    The lock is a flock, which the system frees however its holder dies. Snakemake inherits it
    (see `run`), so that it stays held when only this process is killed and Snakemake lives on.
    """
    path = ROOT / ".snakemake/reproduce.lock"
    path.parent.mkdir(exist_ok=True)
    with os.fdopen(os.open(str(path), os.O_RDWR | os.O_CREAT, 0o666), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            record = {"pid": "?", "task": "just starting", **read_record(file)}
            raise Problem(
                "another ./reproduce is at work here (process {pid}, {task});"
                " wait for it, or stop it: kill {pid}".format(**record)
            ) from None
        except OSError:  # some cluster file systems have no flock
            say("This file system has no locks: take care that only one ./reproduce runs here.")
        lock = Lock(file, task)
        lock.save(os.getpid())
        try:
            yield lock
        finally:
            lock.release()


def current_run():
    """Return what is at work in this folder, for people; "" if nothing is. Takes no lock."""
    path = ROOT / ".snakemake/reproduce.lock"
    record = {}
    if path.exists():
        with path.open(encoding="utf-8") as file:
            record = read_record(file)
    if "pid" in record and is_alive(record["pid"]):
        return "at work now: {task} (process {pid})".format(**record)
    if list(ROOT.glob(".snakemake/locks/*.lock")):
        return "at work now, or killed here: a Snakemake"
    return ""


def is_alive(pid):
    """Tell whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another person's
        pass
    return True


def has_terminal():
    """Tell whether this process stands in the foreground of a terminal."""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def run(command, lock=None):
    """Run a command from the project root; return its exit code, or 128 + signal when stopped.

    Signals are passed on, and the command is waited for while it cleans up. It inherits `lock`,
    and also what this process was started to ignore: Ctrl-C, as `&` in a shell script makes it.
    """
    keep = [lock.file.fileno()] if lock else []
    child = subprocess.Popen(command, cwd=str(ROOT), env=environment(), pass_fds=keep)
    received = []

    def pass_on(number, _):
        received.append(number)
        # A terminal has sent Ctrl-C to the command too; twice would cut its clean-up short.
        if number != signal.SIGINT or not has_terminal():
            child.send_signal(number)

    heard = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in heard}
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
