"""The recipe of the container image, and its check, as far as they go without building."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import PARTS
from reproduce_command import ROOT, container, environment, running
from sarfusion.core.version import project_version

ENVS = ROOT / "envs"
RECIPE, DEFINITION = ENVS / "Containerfile", ENVS / "apptainer.def"


# What goes into the image


def let_in():
    """What .dockerignore lets into the image."""
    return [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]


def enters(path):
    """Return whether a file of the project goes into the image: the last matching line decides."""
    fate = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = path.split("/")
        whole = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        if not line.startswith("#") and any(
            fnmatch.fnmatchcase(name, pattern) for name in (parts if "**/" in line else whole)
        ):
            fate = line.startswith("!")
    return fate


@pytest.mark.parametrize("part", [*PARTS, "reproduce", "LICENSE", "results/reference"])
def test_image_holds_what_a_run_needs(part):
    assert enters(part)
    assert enters(f"{part}/file")


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".snakemake/locks/x",
        ".env",
        "data/scene.tif",
        "results/demo/tables/metrics.csv",
        "scripts/sarfusion/__pycache__/job.pyc",
        "tests/unit/test_container.py",
    ],
)
def test_image_holds_nothing_else(path):
    assert not enters(path)


def section(name):
    """The lines of a section of apptainer.def."""
    found = re.search(rf"^%{name}\n((?: +.*\n)+)", DEFINITION.read_text(), re.MULTILINE)
    return [line.split() for line in found[1].splitlines()]


def test_both_recipes_copy_the_same_files():
    files = section("files")
    assert [source for source, _ in files] == let_in()
    # Apptainer copies a folder into an existing folder, or else to that name.
    assert all(str(Path("/sarfusion", s).parent) == t.rstrip("/") for s, t in files)


def test_both_recipes_stand_on_the_same_base():
    base = re.search(r"^ARG BASE=(.+)$", RECIPE.read_text(), re.MULTILINE)[1]
    assert [f"BASE={base}"] in section("arguments")
    python = re.fullmatch(r"docker.io/library/python:(3\.\d+)-slim-\w+", base)[1]
    assert python in ("3.11", "3.12", "3.13")  # those that the locks are tested for


def test_set_up_in_the_image_finds_the_files_it_needs(tmp_path):
    """The files copied before the packages are installed are enough for `./reproduce setup`."""
    copies = re.findall(r"^COPY (.+) (\S+)$", RECIPE.read_text(), re.MULTILINE)
    project, venv = tmp_path / "project", tmp_path / "venv"
    for sources, target in copies[:-1]:
        for source in (path for pattern in sources.split() for path in ROOT.glob(pattern)):
            (project / target).mkdir(parents=True, exist_ok=True)
            shutil.copy(source, project / target)
    venv.mkdir()
    (venv / "thesis.txt").touch()
    done = subprocess.run(
        [sys.executable, project / "reproduce", "setup"],
        env={**os.environ, "SARFUSION_VENV": str(venv)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "was not made by ./reproduce" in done.stderr
    assert done.stderr.count("\n") == 1


# What a container starts


@pytest.fixture
def image(tmp_path):
    """The folder /sarfusion of an image, with a ./reproduce that only prints its arguments."""
    folder = tmp_path / "sarfusion"
    for part in ("command", "envs"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=unwanted)
    (folder / "scripts").mkdir()
    (folder / "results/reference").mkdir(parents=True)
    (folder / "results/reference/table.csv").write_text("shipped\n")
    command(folder / "reproduce", 'echo "$*"; ls .snakemake > /dev/null')
    subprocess.run(["sh", folder / "envs/container-build", "project"], check=True)
    return folder


def command(path, text):
    """Write an executable script."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def start(image, *arguments, mounted=True):
    """Start the image as an engine does; `mounted`: whether a folder is mounted on results/."""
    commands = image.parent / "commands"
    command(commands / "mountpoint", "exit 0" if mounted else "exit 1")
    (image / "results").mkdir(exist_ok=True)
    return subprocess.run(
        [image / "envs/container-start", *arguments],
        cwd="/",
        env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_started_image_calls_reproduce_with_its_memory_in_results(image):
    done = start(image, "demo", "--cores", "2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "demo --cores 2\n", "")
    (image / ".snakemake/mark").touch()
    assert (image / "results/.snakemake/mark").exists()
    assert (image / "results/reference/table.csv").read_text() == "shipped\n"


def test_started_image_leaves_a_reference_alone_that_is_there(image):
    (image / "results/reference").mkdir()
    assert start(image).returncode == 0
    assert list((image / "results/reference").iterdir()) == []


def test_image_without_a_mounted_folder_says_so_in_one_line(image):
    done = start(image, "demo", mounted=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "must be mounted as /sarfusion/results" in done.stderr
    assert done.stderr.count("\n") == 1


def test_image_helps_without_a_mounted_folder(image):
    command(image / "reproduce", 'echo "$@"')
    assert start(image, "--help", mounted=False).stdout == "--help\n"


# The check


def test_build_takes_a_base_and_further_arguments():
    variables = {"SARFUSION_BASE": "mine:1", "SARFUSION_BUILD": "--volume '/a b:/a b:ro'"}
    built = container.build_command("podman", variables)
    assert built[:4] == ["podman", "build", "--file", "envs/Containerfile"]
    assert built[built.index("BASE=mine:1") - 1] == "--build-arg"
    assert built[-3:] == ["--volume", "/a b:/a b:ro", "."]
    assert not any(part.startswith("BASE") for part in container.build_command("podman", {}))


def test_the_image_says_its_version_and_its_commit():
    built = container.build_command("podman", {})
    assert built[built.index(f"VERSION={project_version()}") - 1] == "--build-arg"
    for name, label in (("VERSION", "version"), ("COMMIT", "revision")):
        assert any(part.startswith(f"{name}=") for part in built)
        assert re.search(rf"^ARG {name}$", RECIPE.read_text(), re.MULTILINE)
        assert f'image.{label}="${{{name}}}"' in RECIPE.read_text()
        assert [f"{name}="] in section("arguments")
        assert [f"org.opencontainers.image.{label}", "{{", name, "}}"] in section("labels")


def test_container_is_shut_in(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    started = " ".join(container.start_command("podman", Path("/r"), 1234, 5))
    for part in ("--read-only", "--network none", "--user 1234:5", "--userns keep-id", "/r:/sarf"):
        assert part in started
    assert "keep-id" not in container.start_command("docker", Path("/r"), 1234, 5)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert container.ordinary_user() == (1000, 1000)
    assert "keep-id" not in container.start_command("podman", Path("/r"), 1000, 1000)


def test_missing_engine_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(environment.Problem, match=r"^test-container needs podman or docker; .+$"):
        container.find_engine()


@pytest.mark.parametrize("study", ["nowhere", "config/nowhere.yaml", "{elsewhere}/study.yaml"])
def test_study_must_lie_in_the_project(tmp_path, study):
    (tmp_path / "study.yaml").write_text("study: mine\n")
    with pytest.raises(environment.Problem, match="no study"):
        container.study_path(study.format(elsewhere=tmp_path))


def test_study_may_be_a_name_or_a_path(monkeypatch):
    monkeypatch.chdir(ROOT / "tests")
    assert container.study_path("demo") == "config/demo.yaml"
    assert container.study_path("studies/tiny.yaml") == "tests/studies/tiny.yaml"


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (b"band,rmse\nred,0.5\n", ""),
        (b"band,rmse\nred,0.4\n", "differ: 1, numbers by at most 0.2 of their size; line 2"),
        (b"band,rmse\nblue,0.5\n", "numbers by at most inf"),
        (b"band,rmse\nred,0.5\nred,0.5\n", "differ: 1, numbers by at most inf"),
        (b"band,rmse\r\nred,0.5\r\n", "line ends differ"),
    ],
)
def test_differences_of_tables(tmp_path, inside, said):
    (tmp_path / "in.csv").write_bytes(inside)
    (tmp_path / "out.csv").write_bytes(b"band,rmse\nred,0.5\n")
    found = container.difference(tmp_path / "in.csv", tmp_path / "out.csv")
    assert said in found
    assert bool(said) == bool(found)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A stand-in for podman, and for Snakemake outside: both write a table, as `engine` says."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/demo.yaml").write_text("study: demo\n")
    engine = {"size": 1.7e9, "inside": "1\n", "outside": "1\n", "again": False, "failing": None}

    def run(command, lock):
        assert lock.file  # held by the started command
        if engine["failing"] in command:
            return 3
        if "snakemake" in command:
            return write(Path(command[command.index("--directory") + 1], "results"), "outside")
        if "run" in command:
            return write(tmp_path / "results/container-test/inside", "inside")
        return 0

    def write(folder, side):
        table = folder / "demo/tables/metrics.csv"
        if not table.exists() or engine["again"]:
            table.parent.mkdir(parents=True, exist_ok=True)
            table.write_text(engine[side])
            if side == "inside":
                engine["times"] = engine.get("times", 0) + 1
                os.utime(table, (engine["times"], engine["times"]))
        return 0

    monkeypatch.setattr(container, "ROOT", tmp_path)
    monkeypatch.setattr(container, "ready", lambda: None)
    monkeypatch.setattr(running, "ROOT", tmp_path)
    monkeypatch.setattr(container, "find_engine", lambda: "podman")
    monkeypatch.setattr(container, "image_bytes", lambda name: engine["size"])
    monkeypatch.setattr(container, "run", run)
    monkeypatch.setattr(os, "chown", lambda *_: None)
    return engine


def test_check_passes(engine, capsys):
    assert container.test_container_command([]) == 0
    said = capsys.readouterr().out
    assert "1.70 GB" in said
    assert said.endswith("test-container: all checks passed\n")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"size": 2.6e9}, "FAIL  the image has 2.60 GB"),
        ({"again": True}, "nothing to do (but it made files: 1, such as tables/metrics.csv"),
        ({"outside": "2\n"}, "FAIL  metrics.csv: lines that differ: 1"),
    ],
)
def test_check_fails(engine, capsys, fault, said):
    engine.update(fault)
    assert container.test_container_command(["demo"]) == 1
    printed = capsys.readouterr().out
    assert said in printed
    assert "checks failed: " in printed.splitlines()[-1]


@pytest.mark.parametrize(
    ("failing", "said"),
    [("build", "the image"), ("run", "in a container"), ("snakemake", "outside")],
)
def test_failing_step_is_a_problem_with_its_exit_code(engine, failing, said):
    engine["failing"] = failing
    with pytest.raises(environment.Problem, match=said) as problem:
        container.test_container_command([])
    assert problem.value.code == 3
