"""Ctrl-C while Snakemake waits for a job, given to another thread than the main one."""

import os
import signal
import subprocess
import sys

import pytest
from reproduce_command import ROOT
from servers.slurm import await_

TERMINAL = ROOT / "command/terminal"
SNAKEFILE = """
rule work:
    output: "done"
    shell: "touch started; while [ ! -e go ]; do sleep 0.1; done; touch done"
"""
# Runs Snakemake. A thread of it gets the signal, once the job runs and the main thread waits.
INTERRUPTED = """
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

def interrupt():
    while not Path("started").exists():
        time.sleep(0.1)
    time.sleep(1)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=interrupt, daemon=True).start()
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def interrupted(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    program = [INTERRUPTED, str(TERMINAL / "snakemake_with.py"), "plain", "--cores", "1"]
    with (
        (tmp_path / "printed").open("w") as printed,
        subprocess.Popen(
            [sys.executable, "-c", *program],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(TERMINAL)},
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        yield process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def test_ctrl_c_stops_a_run_whichever_thread_gets_it(interrupted, tmp_path):
    printed = tmp_path / "printed"
    await_(lambda: "Terminating processes" in printed.read_text(), "the run to stop", 60)
    assert not (tmp_path / "done").exists()
    (tmp_path / "go").touch()
    assert interrupted.wait(60) != 0
