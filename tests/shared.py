"""What several worker processes of pytest use, made once by the first that needs it."""

import fcntl
import os
import shutil


def made_once(tmp_path_factory, name, make):
    """Return a folder that `make(folder)` made; the other workers wait for it and use the same."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # of all workers
    folder, done = base / name, base / f"{name}.done"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            make(folder)
            done.touch()
    return folder
