"""The one command: what it makes of its arguments, how it sets up, and that it runs alone."""

import ast
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load():
    loader = SourceFileLoader("reproduce", str(ROOT / "reproduce"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("reproduce", loader))
    loader.exec_module(module)
    return module


reproduce = load()
install = sys.modules["install"]
running = sys.modules["running"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the command with two studies, and everything in this process pointed at it."""
    shutil.copy(ROOT / "reproduce", tmp_path)
    shutil.copytree(ROOT / "envs", tmp_path / "envs", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config/demo.yaml").write_text("# first\nstudy: demo  # a demo\n")
    (tmp_path / "config/city.yaml").write_text("study: 'rio'\n")
    (tmp_path / "config/sites.yaml").write_text("sites:\n  study: no\n")
    for module in (reproduce, install, running):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for name in ("LOCK", "DEV_LOCK", "TORCH"):
        monkeypatch.setattr(install, name, tmp_path / getattr(install, name).relative_to(ROOT))
    monkeypatch.setenv("SARFUSION_VENV", str(tmp_path / "venv"))
    monkeypatch.setenv("SARFUSION_TORCH", "cpu")
    monkeypatch.delenv("SARFUSION_TORCH_INDEX", raising=False)
    return tmp_path


# Arguments


@pytest.mark.parametrize(
    ("arguments", "study", "rest"),
    [
        ([], "demo", []),
        (["-n"], "demo", ["-n"]),
        (["--cores", "2"], "demo", ["--cores", "2"]),
        (["city"], "city", []),
        (["own/x.yaml", "figures", "-k"], "own/x.yaml", ["figures", "-k"]),
    ],
)
def test_arguments_choose_the_study(monkeypatch, arguments, study, rest):
    monkeypatch.setattr(reproduce, "run_study", lambda *given: given)
    assert reproduce.main(arguments) == (study, rest)


def test_first_argument_may_be_a_command(monkeypatch):
    monkeypatch.setitem(reproduce.COMMANDS, "test", lambda arguments: ("test", arguments))
    assert reproduce.main(["test", "-k", "metrics"]) == ("test", ["-k", "metrics"])


def test_help_fits_a_screen_and_names_every_command(capsys):
    assert reproduce.main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for command in reproduce.COMMANDS:
        assert any(line.split()[:1] == [command] for line in lines)


def test_old_python_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(install.Problem, match=r"^needs Python 3\.11 .* not Python 3\.9\.2"):
        reproduce.main([])


@pytest.mark.parametrize("name", ["reproduce", "envs/install.py", "envs/running.py"])
def test_old_python_can_parse_it(name):
    ast.parse((ROOT / name).read_text(), feature_version=(3, 7))


def test_studies_are_found_by_name_and_by_path(project, monkeypatch):
    assert reproduce.study_file("city") == project / "config/city.yaml"
    assert reproduce.study_name(project / "config/city.yaml") == "rio"
    assert reproduce.study_name(project / "config/demo.yaml") == "demo"
    (project / "own").mkdir()
    (project / "own/mine.yml").write_text("study: mine\n")
    monkeypatch.chdir(project / "own")
    assert reproduce.study_file("mine.yml") == project / "own/mine.yml"


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ("sites", "no study or command 'sites'; studies in config/: city, demo;"),
        ("none.yaml", "no such study file: none.yaml"),
        ("config/sites.yaml", "config/sites.yaml is not a study"),
    ],
)
def test_unknown_study_is_one_line(project, monkeypatch, study, message):
    monkeypatch.chdir(project)
    with pytest.raises(install.Problem) as problem:
        reproduce.study_file(study)
    assert str(problem.value).startswith(message)
    assert "\n" not in str(problem.value)
    assert problem.value.code == 2


def test_snakemake_gets_the_arguments_untouched(project):
    command = reproduce.snakemake(project / "config/demo.yaml", "figures", "--config", "a=1")
    assert command[1:] == [
        *("-m", "snakemake", "--configfile", "config/demo.yaml"),
        *("--snakefile", str(project / "Snakefile"), "--cores", "all"),
        *("figures", "--config", "a=1"),
    ]
    assert reproduce.snakemake(Path("/else/x.yaml"))[4] == "/else/x.yaml"


@pytest.mark.parametrize("given", ["--cores", "--cores=2", "-c2", "-j", "--jobs", "--profile"])
def test_cores_are_left_to_the_arguments(given):
    assert "all" not in reproduce.snakemake(ROOT / "config/demo.yaml", given)


@pytest.mark.parametrize(
    ("arguments", "looks", "part"),
    [
        ([], False, False),
        (["-n"], True, False),
        (["-np"], True, False),
        (["--cores", "2", "-k"], False, False),
        (["--sdm", "conda"], False, False),
        (["--config", "a=1", "b=2"], False, False),
        (["-Rtrain_model"], False, False),
        (["figures"], False, True),
        (["--cores", "2", "figures"], False, True),
        (["--until=train_model"], False, True),
        (["-f", "x"], False, True),
        (["--lint"], True, False),
        (["--report", "x.html"], False, True),
    ],
)
def test_whole_runs_are_told_from_others(arguments, looks, part):
    errand = reproduce.has_any(arguments, reproduce.ERRANDS)
    assert reproduce.has_any(arguments, reproduce.LOOKS) == looks
    assert (errand or reproduce.names_target(arguments)) == part


def test_snakemake_has_the_options_we_know():
    cli = pytest.importorskip("snakemake.cli")
    known = cli.get_argument_parser()._option_string_actions
    assert set((reproduce.LOOKS + reproduce.ERRANDS).split()) <= set(known)


# Set-up


@pytest.mark.parametrize(
    ("asked", "driver", "build"),
    [("", False, "cpu"), ("", True, "cuda"), ("cpu", True, "cpu"), ("cuda", False, "cuda")],
)
def test_torch_build_follows_the_driver_unless_told(monkeypatch, asked, driver, build):
    monkeypatch.setattr(install, "has_driver", lambda: driver)
    monkeypatch.setenv("SARFUSION_TORCH", asked)
    assert install.torch_build() == build


def test_unknown_torch_build_is_refused(monkeypatch):
    monkeypatch.setenv("SARFUSION_TORCH", "rocm")
    with pytest.raises(install.Problem, match="cpu or cuda"):
        install.torch_build()


def test_cpu_build_never_comes_from_the_plain_index_on_linux():
    roads = install.torch_roads("cpu", None, "Linux")
    assert [road[1:] for road in roads] == [
        ["--no-index"],
        ["--index-url", "https://download.pytorch.org/whl/cpu"],
    ]
    assert all(road[0] == "--no-deps" for road in roads)


def test_other_roads_to_torch():
    assert install.torch_roads("cpu", None, "Darwin") == [["--no-deps"]]
    assert install.torch_roads("cuda", None, "Linux") == [[]]
    assert install.torch_roads("cuda", "https://x/y", "Linux") == [["--index-url", "https://x/y"]]
    assert install.torch_roads("cpu", "https://x/y", "Linux") == [
        ["--no-deps", "--index-url", "https://x/y"]
    ]


class Installer:
    """Stands for pip and venv: notes what it is asked for, and does as `fails` says."""

    def __init__(self, fails=()):
        self.fails = fails  # (word, complaint or exception)
        self.asked = []

    def __call__(self, *command):
        self.asked.append(" ".join(command))
        for word, outcome in self.fails:
            if word in self.asked[-1]:
                if isinstance(outcome, str):
                    return outcome
                raise outcome
        if command[1:3] == ("-m", "venv"):
            python = Path(command[3], "bin/python")
            python.parent.mkdir()
            python.touch()
        return ""

    def count(self, word):
        return sum(word in command for command in self.asked)


@pytest.fixture
def installer(project, monkeypatch):
    installer = Installer()
    monkeypatch.setattr(install, "run_quietly", installer)
    return installer


def test_set_up_once(installer):
    assert not install.is_set_up()
    install.set_up()
    assert install.is_set_up()
    assert not install.is_set_up(dev=True)
    assert installer.count("--require-hashes -r") == 1
    install.set_up(dev=True)
    assert install.is_set_up(dev=True)
    assert installer.count("-m venv") == 1
    assert installer.count("requirements-dev.lock") == 1


@pytest.mark.parametrize("word", ["-m venv", "requirements.lock", "torch=="])
def test_interrupted_set_up_is_repeated(installer, word):
    installer.fails = [(word, KeyboardInterrupt())]
    with pytest.raises(KeyboardInterrupt):
        install.set_up()
    assert not install.is_set_up()
    (install.venv_folder() / "half-installed").mkdir()
    installer.fails, installer.asked = [], []
    install.set_up()
    assert install.is_set_up()
    assert not (install.venv_folder() / "half-installed").exists()
    assert [installer.count(w) for w in ("-m venv", "requirements.lock", "torch==")] == [1, 1, 1]


def test_set_up_is_repeated_when_its_grounds_change(installer, monkeypatch):
    install.set_up(dev=True)
    install.DEV_LOCK.write_text("# new\n")
    assert install.is_set_up()
    assert not install.is_set_up(dev=True)
    install.LOCK.write_text("# new\n")
    assert not install.is_set_up()
    install.set_up()
    assert install.is_set_up()
    monkeypatch.setenv("SARFUSION_TORCH", "cuda")
    assert not install.is_set_up()


def test_set_up_needs_its_python(installer):
    install.set_up()
    install.venv_python().unlink()
    assert not install.is_set_up()


def test_torch_takes_the_second_road_when_the_first_is_closed(installer):
    installer.fails = [("--no-index", "ERROR: none")]
    install.set_up()
    assert installer.count("--index-url https://download.pytorch.org/whl/cpu torch==") == 1


def test_no_torch_is_one_line_that_says_what_was_tried(installer):
    installer.fails = [("torch==", "ERROR: first\nERROR: none")]
    with pytest.raises(install.Problem) as problem:
        install.set_up()
    message = str(problem.value)
    for part in ("--no-index", "download.pytorch.org", "(ERROR: none)", "SARFUSION_TORCH_INDEX="):
        assert part in message
    assert "\n" not in message


def test_folder_of_another_is_left_alone(installer):
    mine = install.venv_folder() / "thesis.txt"
    mine.parent.mkdir()
    mine.touch()
    with pytest.raises(install.Problem, match="not made by"):
        install.set_up()
    assert mine.exists()


def test_python_without_ensurepip_is_one_line(installer, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name)
    )
    with pytest.raises(install.Problem, match="apt install python3-venv"):
        install.set_up()


def test_environment_does_not_leak(project, monkeypatch):
    for name in install.LEAKS:
        monkeypatch.setenv(name, "/elsewhere")
    env = install.environment()
    assert not set(install.LEAKS) & set(env)
    assert env["PATH"].split(os.pathsep)[0] == str(project / "venv/bin")


# The end of a run


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
    with pytest.raises(install.Problem, match="not its report"):
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
    Path("results/demo/tables/summary.txt").write_text("CNN beats CAE\\n")
finally:
    shutil.rmtree(locks)
sys.exit(int(Path("code").read_text()) if Path("code").exists() else 0)
"""


@pytest.fixture
def site(project):
    """A project that is set up, with a stand-in for Snakemake."""
    python = install.venv_python()
    python.parent.mkdir(parents=True)
    python.write_text(SNAKEMAKE.format(python=sys.executable))
    python.chmod(0o755)
    path, text = install.stamps()[0]
    path.write_text(text)
    (project / "calls").touch()
    yield project
    (project / "hold").unlink(missing_ok=True)  # lets what is left of a failed test end


def start(site, *arguments):
    return subprocess.Popen(
        [sys.executable, str(site / "reproduce"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


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
    """Start a run that goes on while the file `hold` exists, and wait until it runs."""
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


def test_second_run_is_refused_while_the_first_lives(site):
    first = start_and_hold(site)
    code, _, errors = reproduce_now(site, "city")
    assert code == 1
    assert errors == [
        f"reproduce: another ./reproduce is at work here (process {record(site)['pid']},"
        f" study demo); wait for it, or stop it: kill {record(site)['pid']}"
    ]
    assert reproduce_now(site, "demo", "-n")[0] == 0  # looking is free
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
    assert errors == ["LockException", "reproduce: the run failed; the reason stands above"]
    assert lock.exists()
    assert "--unlock" not in (site / "calls").read_text()


def test_failed_run_keeps_the_exit_code(site):
    (site / "code").write_text("3")
    code, output, errors = reproduce_now(site)
    assert (code, output) == (3, "")
    assert errors == ["reproduce: the run failed; the reason stands above"]


def test_interrupt_is_passed_on(site):
    first = start_and_hold(site)
    first.send_signal(signal.SIGINT)
    code, _, errors = finish(first)
    assert code == 130
    assert errors[-1] == "reproduce: stopped; the same command goes on from here"
    assert not (site / ".snakemake/locks").exists()
    assert record(site) == {}
