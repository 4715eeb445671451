"""./reproduce at work: the end of a run, and real processes with a stand-in for Snakemake."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reproduce_command import environment, reproduce


def make_results(project):
    tables = project / "results/demo/tables"
    tables.mkdir(parents=True)
    (tables / "summary.txt").write_text("CNN beats CAE\n")
    return tables


def test_report_is_made_once_and_again_when_tables_change(project, monkeypatch, capsys):
    tables = make_results(project)
    made = []

    def make(*command):
        made.append(command)
        Path(command[-1]).write_text("<html>")
        return ""

    monkeypatch.setattr(reproduce, "run_quietly", make)
    for _ in range(2):
        reproduce.conclude(tables.parent, ["snakemake"])
    assert len(made) == 1
    assert capsys.readouterr().out.count("CNN beats CAE") == 2
    later = (tables.parent / "report.html").stat().st_mtime + 5
    os.utime(tables / "summary.txt", (later, later))
    reproduce.conclude(tables.parent, ["snakemake"])
    assert len(made) == 2


def test_failed_report_is_said_and_leaves_none(project, monkeypatch):
    tables = make_results(project)
    monkeypatch.setattr(reproduce, "run_quietly", lambda *command: "no pygments")
    with pytest.raises(environment.Problem, match="not its report"):
        reproduce.conclude(tables.parent, ["snakemake"])
    assert not (tables.parent / "report.html").exists()


# Real processes, with a stand-in for the Python that runs Snakemake

SNAKEMAKE = """\
#!{python}
import shutil, sys, time
from pathlib import Path

with open("calls", "a") as calls:
    print(*sys.argv[1:], file=calls)
locks = Path(".snakemake/locks")
if "--report" in sys.argv:
    sys.exit(Path(sys.argv[-1]).write_text("<html>") < 0)
if "-n" in sys.argv:
    sys.exit()
if "--unlock" in sys.argv:
    sys.exit(shutil.rmtree(locks))
if list(locks.glob("*")):
    sys.exit("LockException")
locks.mkdir(parents=True, exist_ok=True)
(locks / "0.output.lock").write_text("results/demo/x\\n")
try:
    while Path("hold").exists():
        time.sleep(0.01)
    Path("results/demo/tables").mkdir(parents=True, exist_ok=True)
    Path("results/demo/tables/summary.txt").write_text("CNN beats CAE ± 0\\n")
finally:
    shutil.rmtree(locks)
sys.exit(int(Path("code").read_text()) if Path("code").exists() else 0)
"""

STARTED = []  # processes of the current test


@pytest.fixture
def site(project):
    """A project that is set up, with a stand-in for Snakemake. Leaves nothing running."""
    python = environment.venv_python()
    python.parent.mkdir(parents=True)
    python.write_text(SNAKEMAKE.format(python=sys.executable))
    python.chmod(0o755)
    path, text = environment.stamps()[0]
    path.write_text(text)
    (project / "calls").touch()
    # As in a terminal. Tests that run in the background may ignore SIGINT, and the processes that
    # they start would inherit this.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield project
    signal.signal(signal.SIGINT, before)
    (project / "hold").unlink(missing_ok=True)  # so that the rest of a failed test ends
    while STARTED:
        with STARTED.pop() as process:  # closes its pipes
            process.kill()


def start(site, *arguments):
    process = subprocess.Popen(
        [sys.executable, str(site / "reproduce"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    STARTED.append(process)
    return process


def finish(process):
    """Wait for a process; return its exit code, output and lines on standard error."""
    output, errors = process.communicate(timeout=30)
    return process.returncode, output, errors.splitlines()


def reproduce_now(site, *arguments):
    return finish(start(site, *arguments))


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def record(site):
    path = site / ".snakemake/reproduce.lock"
    return json.loads(path.read_text() or "{}") if path.exists() else {}


def start_and_hold(site):
    """Start a run that continues while the file `hold` exists, and wait until it runs."""
    (site / "hold").touch()
    process = start(site)
    lock = site / ".snakemake/locks/0.output.lock"
    until(lambda: lock.exists() and lock.read_text())
    until(lambda: record(site).get("pid") not in (None, process.pid))
    return process


def test_run_prints_the_summary_and_where_things_lie(site):
    code, output, _ = reproduce_now(site)
    assert code == 0
    assert "CNN beats CAE" in output
    assert (site / "results/demo/report.html").read_text() == "<html>"
    assert output.splitlines()[-1].split()[0] == "report"
    assert record(site) == {}


def test_a_terminal_without_a_letter_of_the_summary_gets_the_others(site, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    code, output, errors = reproduce_now(site)
    assert (code, errors) == (0, [])
    assert "CNN beats CAE ? 0" in output


def test_second_run_is_refused_while_the_first_lives(site):
    first = start_and_hold(site)
    code, _, errors = reproduce_now(site, "city")
    assert code == 1
    assert errors == [
        f"reproduce: another ./reproduce is running here (process {record(site)['pid']},"
        f" study demo); wait for it, or stop it: kill {record(site)['pid']}"
    ]
    assert reproduce_now(site, "demo", "-n")[0] == 0  # a dry run is allowed
    (site / "hold").unlink()
    assert finish(first)[0] == 0
    assert reproduce_now(site)[0] == 0
    assert "--unlock" not in (site / "calls").read_text()


def test_killed_run_is_unlocked(site):
    first = start_and_hold(site)
    first.kill()
    os.kill(record(site)["pid"], signal.SIGKILL)
    finish(first)
    (site / "hold").unlink()
    code, _, errors = reproduce_now(site)
    assert code == 0
    assert errors == ["The last run of study demo was killed; removing the lock it left."]
    assert "--unlock" in (site / "calls").read_text()
    assert record(site) == {}


def test_killed_snakemake_is_said_and_unlocked(site):
    first = start_and_hold(site)
    os.kill(record(site)["pid"], signal.SIGKILL)
    code, _, errors = finish(first)
    assert code == 128 + signal.SIGKILL
    assert errors[-1].startswith("reproduce: Snakemake was killed")
    (site / "hold").unlink()
    assert reproduce_now(site)[0] == 0
    assert "--unlock" in (site / "calls").read_text()


def test_orphaned_snakemake_keeps_the_lock(site):
    first = start_and_hold(site)
    first.kill()
    first.wait()
    assert reproduce_now(site)[0] == 1
    (site / "hold").unlink()
    finish(first)  # its pipes close when the orphan ends
    assert reproduce_now(site)[0] == 0
    assert "--unlock" not in (site / "calls").read_text()


@pytest.mark.parametrize(
    ("unfinished", "locked"), [(None, "results/demo/x"), ("demo", "results/rio/x")]
)
def test_lock_of_another_snakemake_is_left_alone(site, unfinished, locked):
    lock = site / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(locked + "\n")
    if unfinished:
        (site / ".snakemake/reproduce.lock").write_text(json.dumps({"unfinished": unfinished}))
    code, _, errors = reproduce_now(site)
    assert code == 1
    assert errors == ["LockException", "reproduce: the run failed; the reason is above"]
    assert lock.exists()
    assert "--unlock" not in (site / "calls").read_text()


def test_failed_run_keeps_the_exit_code(site):
    (site / "code").write_text("3")
    code, output, errors = reproduce_now(site)
    assert (code, output) == (3, "")
    assert errors == ["reproduce: the run failed; the reason is above"]


def test_interrupt_is_passed_on(site):
    first = start_and_hold(site)
    first.send_signal(signal.SIGINT)
    code, _, errors = finish(first)
    assert code == 130
    assert errors[-1] == "reproduce: stopped; the same command continues from here"
    assert not (site / ".snakemake/locks").exists()
    assert record(site) == {}


def test_an_interrupt_that_is_to_be_ignored_stops_nothing(site):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `./reproduce &` in a shell script
    first = start_and_hold(site)
    for pid in (first.pid, record(site)["pid"]):  # Ctrl-C on the terminal of that script
        os.kill(pid, signal.SIGINT)
    (site / "hold").unlink()
    code, output, _ = finish(first)
    assert code == 0
    assert "CNN beats CAE" in output


FAILING = """\
import json
missing = Path("results/demo/missing_sites.json")
over = "results/demo/missing_sites.json" in sys.argv
told = json.loads(missing.read_text())["missing_sites"] if missing.exists() else {{}}
failing = Path("failing").read_text().split()
new = [site for site in failing if site not in told][:1]
if new and "--report" not in sys.argv:
    missing.parent.mkdir(parents=True, exist_ok=True)
    about = {{"rule": "import_scene", "log": "x.log", "reason": "truncated"}}
    missing.write_text(json.dumps({{"missing_sites": {{**told, new[0]: about}}}}))
    with open("calls", "a") as calls:
        print(*sys.argv[1:], file=calls)
    sys.exit(1)
"""


@pytest.fixture
def failing(site):
    """The same, with a stand-in for Snakemake in which the sites listed in a file fail."""
    text = SNAKEMAKE.replace('\nwith open("calls"', f'\n{FAILING}\nwith open("calls"', 1)
    environment.venv_python().write_text(text.format(python=sys.executable))
    return site


def test_sites_that_fail_are_left_out_one_after_the_other_and_named(failing):
    (failing / "failing").write_text("cairo quito")
    code, output, errors = finish(start(failing, "demo", "--keep-going"))
    assert code == 1
    assert "CNN beats CAE" in output
    assert errors[-4:] == [
        "reproduce: the study is done without cairo (import_scene), quito (import_scene),"
        " as its tables say:",
        "  cairo: truncated (log: x.log)",
        "  quito: truncated (log: x.log)",
        "once this is fixed, the same command completes it",
    ]
    runs = [call for call in (failing / "calls").read_text().splitlines() if "--report" not in call]
    assert ["results/demo/missing_sites.json" in run for run in runs] == [False, True, True]


def test_without_keep_going_a_failed_site_ends_the_run(failing):
    (failing / "failing").write_text("cairo")
    code, _, errors = finish(start(failing, "demo"))
    assert (code, errors[-1]) == (1, "reproduce: the run failed; the reason is above")
    assert len((failing / "calls").read_text().splitlines()) == 1


def test_keep_going_with_no_failed_site_is_any_run(failing):
    (failing / "failing").write_text("")
    code, _, errors = finish(start(failing, "demo", "-k"))
    assert (code, errors) == (0, [])
