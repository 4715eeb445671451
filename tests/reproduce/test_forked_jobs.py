"""Jobs that Snakemake starts by a fork run as in a new Python."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import connection, forkserver
from pathlib import Path
from types import SimpleNamespace

import pytest
from reproduce_command import ROOT
from snakemake.benchmark import BenchmarkRecord

sys.path.insert(0, str(ROOT / "command/terminal"))

import forked_jobs

JOB = """\
import json, os, sys
from pathlib import Path

said = {"argv": sys.argv, "file": __file__, "folder": os.getcwd()}
said |= {"imported": "wave" in sys.modules, "temporary": os.environ.get("TMPDIR")}
said |= {"threads": os.environ.get("OMP_NUM_THREADS")}
said["is_main"] = sys.modules["__main__"].said is said and __name__ == "__main__"
Path("said.json").write_text(json.dumps(said))
"""


@pytest.fixture
def server(monkeypatch):
    """A server of forks of its own, as this process may have another (warm_start.py)."""
    own = forkserver.ForkServer()
    monkeypatch.setattr(forkserver, "_forkserver", own)
    for name in forkserver.__all__:
        monkeypatch.setattr(forkserver, name, getattr(own, name))
    yield own
    own._stop()


@pytest.fixture
def script_class(server, monkeypatch):
    """A stand-in for Snakemake's PythonScript, patched; `as_ever` lists what it ran without a fork.

    Its `plan` makes a stand-in for the scheduler schedule so many jobs.
    """
    as_ever = []

    class PythonScript:
        def __init__(self, **given):
            given = {"conda_env": None, "container_img": None, "env_modules": None} | given
            vars(self).update({"threads": 1, "resources": {}, "bench_record": None} | given)

        def execute_script(self, path, edit=False):
            as_ever.append(path)

    class JobScheduler:
        def __init__(self, jobs):
            dag = SimpleNamespace(needrun_jobs=lambda: iter(range(jobs)))
            self.workflow = SimpleNamespace(dag=dag)

        def schedule(self):
            return "success"

    def plan(jobs):
        assert JobScheduler(jobs).schedule() == "success"

    monkeypatch.setattr(forked_jobs, "IMPORTED", ("wave",))
    for name in forked_jobs.ONE_THREAD:
        monkeypatch.setenv(name, "7")
    at_once = SimpleNamespace(Thread=AtOnce, Event=threading.Event, Lock=threading.Lock)
    monkeypatch.setattr(forked_jobs, "threading", at_once)
    forked_jobs.start_by_fork(PythonScript, JobScheduler)
    PythonScript.as_ever, PythonScript.plan = as_ever, plan
    return PythonScript


class AtOnce:
    """A thread that does its work at once when it is started."""

    def __init__(self, target, daemon):
        self.start = target


@pytest.fixture
def forking(script_class):
    """The class in a run of many jobs."""
    script_class.plan(forked_jobs.MANY)
    return script_class


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Writes a script into the working folder; returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "job.py").write_text(text)
        return "job.py"

    return write


def test_the_jobs_of_a_small_run_start_as_ever(script_class):
    script_class.plan(forked_jobs.MANY - 1)
    for _ in range(3):
        script_class().execute_script("a.py")
    assert script_class.as_ever == ["a.py"] * 3


def test_jobs_start_as_ever_until_the_imports_are_done(forking, monkeypatch):
    later = SimpleNamespace(start=lambda: None)
    monkeypatch.setattr(forked_jobs.threading, "Thread", lambda **given: later)
    forking().execute_script("a.py")
    assert forking.as_ever == ["a.py"]


def test_a_job_finds_what_a_new_python_would_give_it(forking, job, tmp_path):
    forking(resources={"tmpdir": "/var/tmp"}).execute_script(job(JOB))
    assert json.loads((tmp_path / "said.json").read_text()) == {
        "argv": ["job.py"],
        "file": "job.py",
        "folder": str(tmp_path),
        "imported": True,
        "temporary": "/var/tmp",
        "threads": "1",
        "is_main": True,
    }
    assert forking.as_ever == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('a reason')", 1),
        ("1 / 0", 1),
        ("x = (", 1),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", 130),
    ],
)
def test_a_job_that_fails_raises_what_snakemake_expects(forking, job, text, code):
    with pytest.raises(subprocess.CalledProcessError) as raised:
        forking().execute_script(job(text))
    assert raised.value.returncode == code


def test_ctrl_c_comes_to_jobs_but_not_to_the_imports(forking, server, job, tmp_path):
    text = "open('mask', 'w').write(str(signal.pthread_sigmask(0, [])))"
    text = f"import signal\n{text}"
    forking().execute_script(job(text))
    assert (tmp_path / "mask").read_text() == "set()"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
    status = Path(f"/proc/{server._forkserver_pid}/status").read_text()
    blocked = int(re.search(r"SigBlk:\s*(\w+)", status)[1], 16)
    assert blocked == 1 << signal.SIGINT - 1


def test_jobs_that_end_together_all_succeed(forking, job, monkeypatch):
    """An exit code that two threads read at the same time is 255 for one of them."""
    path, failed = job("pass"), []
    wait = connection.wait

    def wait_longer(sources, timeout=None):
        """Leave time for another thread to read the exit code of a process that ended."""
        ended = wait(sources, timeout)
        time.sleep(0.05 if timeout is None else 0)
        return ended

    def execute_jobs():
        for _ in range(10):
            try:
                forking().execute_script(path)
            except subprocess.CalledProcessError as error:
                failed.append(error.returncode)

    execute_jobs()
    monkeypatch.setattr(connection, "wait", wait_longer)
    threads = [threading.Thread(target=execute_jobs) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert forking.as_ever == []


def test_an_error_goes_through_the_hook_that_the_script_sets(forking, job, tmp_path):
    hook = "def hook(kind, error, trace): Path('said').write_text(kind.__name__)\n"
    text = f"import sys\nfrom pathlib import Path\n{hook}sys.excepthook = hook\n1 / 0\n"
    with pytest.raises(subprocess.CalledProcessError):
        forking().execute_script(job(text))
    assert (tmp_path / "said").read_text() == "ZeroDivisionError"


def test_time_and_memory_are_those_of_the_job(forking, job):
    record = BenchmarkRecord()
    text = "import time\nblock = b'1' * 300_000_000\ntime.sleep(1)\n"
    forking(bench_record=record).execute_script(job(text))
    assert record.running_time > 1
    assert 300e6 / 2**20 < record.max_rss < 1000


@pytest.mark.parametrize(
    "given",
    [{"conda_env": "env"}, {"container_img": "image"}, {"env_modules": "modules"}, {"threads": 2}],
)
def test_a_job_with_an_environment_or_threads_starts_as_ever(forking, job, given):
    forking(**given).execute_script(job("1 / 0"))
    assert forking.as_ever == ["job.py"]


def test_other_systems_start_jobs_as_ever(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    unchanged = SimpleNamespace(execute_script=print, schedule=print)
    forked_jobs.start_by_fork(unchanged, unchanged)
    assert unchanged.execute_script is unchanged.schedule is print
