"""How ./reproduce sets up its environment."""

import importlib.util
import os
from pathlib import Path

import pytest
from reproduce_command import environment


@pytest.mark.parametrize(
    ("asked", "driver", "build"),
    [("", False, "cpu"), ("", True, "cuda"), ("cpu", True, "cpu"), ("cuda", False, "cuda")],
)
def test_torch_build_follows_the_driver_unless_told(monkeypatch, asked, driver, build):
    monkeypatch.setattr(environment, "has_driver", lambda: driver)
    monkeypatch.setenv("SARFUSION_TORCH", asked)
    assert environment.torch_build() == build


def test_unknown_torch_build_is_refused(monkeypatch):
    monkeypatch.setenv("SARFUSION_TORCH", "rocm")
    with pytest.raises(environment.Problem, match="cpu or cuda"):
        environment.torch_build()


def test_cpu_build_never_comes_from_the_plain_index_on_linux():
    roads = environment.torch_sources("cpu", None, "Linux")
    assert [road[1:] for road in roads] == [
        ["--no-index"],
        ["--index-url", "https://download.pytorch.org/whl/cpu"],
    ]
    assert all(road[0] == "--no-deps" for road in roads)


def test_other_roads_to_torch():
    assert environment.torch_sources("cpu", None, "Darwin") == [["--no-deps"]]
    assert environment.torch_sources("cuda", None, "Linux") == [[]]
    assert environment.torch_sources("cuda", "https://x/y", "Linux") == [
        ["--index-url", "https://x/y"]
    ]
    assert environment.torch_sources("cpu", "https://x/y", "Linux") == [
        ["--no-deps", "--index-url", "https://x/y"]
    ]


class Installer:
    """A stand-in for pip and venv that records its commands, and fails as `fails` says."""

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
    monkeypatch.setattr(environment, "run_quietly", installer)
    return installer


def test_set_up_once(installer):
    assert not environment.is_set_up()
    environment.set_up()
    assert environment.is_set_up()
    assert not environment.is_set_up(dev=True)
    assert installer.count("--require-hashes -r") == 1
    environment.set_up(dev=True)
    assert environment.is_set_up(dev=True)
    assert installer.count("-m venv") == 1
    assert installer.count("requirements-dev.lock") == 1


@pytest.mark.parametrize("word", ["-m venv", "requirements.lock", "torch=="])
def test_interrupted_set_up_is_repeated(installer, word):
    installer.fails = [(word, KeyboardInterrupt())]
    with pytest.raises(KeyboardInterrupt):
        environment.set_up()
    assert not environment.is_set_up()
    (environment.venv_folder() / "half-installed").mkdir()
    installer.fails, installer.asked = [], []
    environment.set_up()
    assert environment.is_set_up()
    assert not (environment.venv_folder() / "half-installed").exists()
    assert [installer.count(w) for w in ("-m venv", "requirements.lock", "torch==")] == [1, 1, 1]


def test_set_up_is_repeated_when_its_grounds_change(installer, monkeypatch):
    environment.set_up(dev=True)
    environment.DEV_LOCK.write_text("# new\n")
    assert environment.is_set_up()
    assert not environment.is_set_up(dev=True)
    environment.LOCK.write_text("# new\n")
    assert not environment.is_set_up()
    environment.set_up()
    assert environment.is_set_up()
    monkeypatch.setenv("SARFUSION_TORCH", "cuda")
    assert not environment.is_set_up()


def test_set_up_needs_its_python(installer):
    environment.set_up()
    environment.venv_python().unlink()
    assert not environment.is_set_up()


def test_torch_takes_the_second_road_when_the_first_is_closed(installer):
    installer.fails = [("--no-index", "ERROR: none")]
    environment.set_up()
    assert installer.count("--index-url https://download.pytorch.org/whl/cpu torch==") == 1


def test_no_torch_is_one_line_that_says_what_was_tried(installer):
    installer.fails = [("torch==", "ERROR: first\nERROR: none")]
    with pytest.raises(environment.Problem) as problem:
        environment.set_up()
    message = str(problem.value)
    for part in ("--no-index", "download.pytorch.org", "(ERROR: none)", "SARFUSION_TORCH_INDEX="):
        assert part in message
    assert "\n" not in message


def test_folder_of_another_is_left_alone(installer):
    mine = environment.venv_folder() / "thesis.txt"
    mine.parent.mkdir()
    mine.touch()
    with pytest.raises(environment.Problem, match="not made by"):
        environment.set_up()
    assert mine.exists()


def test_python_without_ensurepip_is_one_line(installer, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name)
    )
    with pytest.raises(environment.Problem, match="apt install python3-venv"):
        environment.set_up()


def test_environment_does_not_leak(project, monkeypatch):
    leaks = {*environment.LEAKS, "PROJ_DATA", "GDAL_DATA", "MPLBACKEND", "PYTHONOPTIMIZE"}
    assert {"PYTHONPATH", "SNAKEMAKE_PROFILE"} <= leaks
    for name in leaks:
        monkeypatch.setenv(name, "/elsewhere")
    env = environment.environment()
    assert not leaks & set(env)
    assert env["MPLCONFIGDIR"] == str(project / ".snakemake/cache/matplotlib")
    assert env["PATH"].split(os.pathsep)[0] == str(project / "venv/bin")


def test_user_without_a_name_gets_a_number(project, monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(environment.getpass, "getuser", nameless)
    assert environment.environment()["USER"] == str(os.getuid())
    monkeypatch.setattr(environment.getpass, "getuser", lambda: "ada")
    monkeypatch.delenv("USER", raising=False)
    assert "USER" not in environment.environment()


def test_a_clone_that_cannot_be_written_says_so_in_one_line(project, monkeypatch):
    environment.check_folder()
    assert (project / ".snakemake").is_dir()
    monkeypatch.setattr(environment, "can_write", lambda folder: folder != project / "results")
    with pytest.raises(environment.Problem, match="cannot be written.* clone the project") as found:
        environment.check_folder()
    assert "\n" not in str(found.value)


def test_records_lie_where_their_folder_links_to(project):
    (project / ".snakemake").symlink_to("results/.snakemake")
    environment.check_folder()
    assert (project / "results/.snakemake").is_dir()
    (project / "results/.snakemake").rmdir()
    (project / "results").rmdir()
    (project / "results").touch()
    with pytest.raises(environment.Problem, match="cannot be written"):
        environment.check_folder()


def test_an_environment_that_cannot_be_made_is_one_line(installer, monkeypatch):
    environment.venv_folder().parent.joinpath("file").touch()
    monkeypatch.setenv("SARFUSION_VENV", str(environment.venv_folder().parent / "file/venv"))
    with pytest.raises(environment.Problem, match="name another folder: SARFUSION_VENV=FOLDER"):
        environment.set_up()
