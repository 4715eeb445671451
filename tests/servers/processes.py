"""Servers as processes that end with the test that started them."""

import subprocess
from contextlib import contextmanager

STOP_S = 10  # until a server must have ended


@contextmanager
def process(command, log, stop, **options):
    """Run `command` while the block runs, its output in the file `log`; end it by `stop`."""
    with log.open("wb") as stream:
        child = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, **options)
    try:
        yield child
    except BaseException as error:
        error.add_note(f"{log.name}:\n{log.read_text(errors='replace')[-4000:]}")
        raise
    finally:
        child.send_signal(stop)
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
