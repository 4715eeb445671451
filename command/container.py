"""The check of the container image, for `reproduce`: build it, run a study in it, compare.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import itertools
import math
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from environment import ROOT, Problem, say, venv_python
from running import Lock, project_lock, run
from sarfusion.core.version import project_version
from studies import ready

IMAGE = "localhost/sarfusion:test"
MAX_IMAGE_BYTES = 2.5e9  # of an image with the CPU build of PyTorch
ORDINARY_ID = 1000  # user and group of the container when root starts it
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def test_container_command(arguments: list[str]) -> int:
    """build the container image; compare STUDY inside and outside

    SARFUSION_BASE replaces the base image of the Containerfile. SARFUSION_BUILD has further
    arguments for `podman build`, if the network reaches packages in another way:
    "--network host --secret id=pip.conf,src=FILE --volume FOLDER:FOLDER:ro".
    """
    if len(arguments) > 1:
        raise Problem("usage: ./reproduce test-container [STUDY]", 2)
    study = study_path(arguments[0] if arguments else "demo")
    engine = find_engine()
    ready()
    with project_lock("testing the container image") as lock:
        return test_container(study, engine, lock)


def test_container(study: str, engine: str, lock: Lock) -> int:
    """Build the image, run a study in it and outside, and report how the results compare."""
    scratch = ROOT / "results/container-test"  # emptied at the start, kept for inspection
    shutil.rmtree(str(scratch), ignore_errors=True)
    inside, outside = scratch / "inside", scratch / "outside"
    user, group = ordinary_user()
    for folder in (inside, outside):
        folder.mkdir(parents=True)
    os.chown(str(inside), user, group)

    must("building the image", build_command(engine, os.environ), lock)
    size = image_bytes(engine)
    must("running the study outside a container", outside_command(study, outside), lock)
    (expected,) = (outside / "results").iterdir()
    made = inside / expected.name
    start = [*start_command(engine, inside, user, group), study, "--cores", str(cores())]
    must("running the study in a container", start, lock)
    before = state(made)
    must("running the study in a second container", start, lock)
    again = [name for name, made_at in state(made).items() if before.get(name) != made_at]
    differing = differences(made / "tables", expected / "tables")
    same = f"{len(list((made / 'tables').iterdir()))} tables have the same bytes inside and outside"

    return report(
        [
            (
                size < MAX_IMAGE_BYTES,
                f"the image has {size / 1e9:.2f} GB; the limit is 2.5 GB",
            ),
            (True, f"{made.name} ran as user {user}, with a read-only root and no network"),
            (not again, f"a second container had nothing to do{listed(again)}"),
            *([(False, text) for text in differing] or [(True, same)]),
        ]
    )


def report(checks: Sequence[tuple[bool, str]]) -> int:
    """Print each check, (passed, text), and a last line; return the exit code."""
    print()
    for passed, text in checks:
        print(f"{'pass' if passed else 'FAIL'}  {text}")
    failed = sum(not passed for passed, _ in checks)
    print("test-container: " + (f"checks failed: {failed}" if failed else "all checks passed"))
    return 1 if failed else 0


def listed(names: Sequence[str]) -> str:
    """Return the number of files made and the first of them, in parentheses; "" for none."""
    return f" (but it made files: {len(names)}, such as {names[0]})" if names else ""


# Commands for podman or docker


def study_path(study: str) -> str:
    """Return the path of a study's file relative to the project; it is the same in the image."""
    path = Path(study) if study.endswith((".yaml", ".yml")) else ROOT / f"config/{study}.yaml"
    path = path.absolute()
    if not path.is_file() or ROOT not in path.parents:
        raise Problem(f"no study {study!r} in the project that the image contains", 2)
    return str(path.relative_to(ROOT))


def find_engine() -> str:
    """Return the command that builds and runs images, podman or docker."""
    installed = [name for name in ("podman", "docker") if shutil.which(name)]
    if not installed:
        raise Problem("test-container needs podman or docker; on Debian: apt install podman")
    return installed[0]


def ordinary_user() -> tuple[int, int]:
    """Return the user and group of the container: those of this process, or 1000 for root."""
    return (os.getuid(), os.getgid()) if os.getuid() else (ORDINARY_ID, ORDINARY_ID)


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def build_command(engine: str, variables: Mapping[str, str]) -> list[str]:
    """Return the command that builds the image. variables: environment variables."""
    command = [engine, "build", "--file", "envs/Containerfile", "--tag", IMAGE]
    if variables.get("SARFUSION_BASE"):
        command += ["--build-arg", "BASE=" + variables["SARFUSION_BASE"]]
    command += ["--build-arg", f"VERSION={project_version()}"]
    command += ["--build-arg", f"COMMIT={commit()}"]
    return [*command, *shlex.split(variables.get("SARFUSION_BUILD", "")), "."]


def commit() -> str:
    """Return the commit of the project, "" outside a git repository."""
    try:
        described = subprocess.check_output(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=str(ROOT),
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return described.strip()


def start_command(engine: str, results: Path, user: int, group: int) -> list[str]:
    """Return the command that runs ./reproduce in the image, isolated as far as possible."""
    command = [engine, "run", "--rm", "--read-only", "--network", "none", "--tmpfs", "/tmp"]
    command += ["--cap-drop", "all", "--security-opt", "no-new-privileges"]
    command += ["--user", f"{user}:{group}"]
    if engine == "podman" and os.getuid():
        command += ["--userns", "keep-id"]  # else the user's files belong to root inside
    return [*command, "--volume", f"{results}:/sarfusion/results:Z", IMAGE]


def outside_command(study: str, folder: Path) -> list[str]:
    """Return the command that runs a study outside a container and writes only in `folder`."""
    command = [str(venv_python()), "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(ROOT / study), "--directory", str(folder)]
    return [*command, "--cores", str(cores())]


def image_bytes(engine: str) -> int:
    """Return the size of the image in bytes."""
    return int(
        subprocess.check_output([engine, "image", "inspect", "--format", "{{.Size}}", IMAGE])
    )


def must(task: str, command: Sequence[str], lock: Lock) -> None:
    """Print the task and run its command; raise Problem when it fails."""
    say(f"test-container: {task}")
    code = run(command, lock)
    if code:
        raise Problem(f"{task} failed; the reason is above", code)


# Comparison


def state(folder: Path) -> dict[str, int]:
    """Return {path: time of its last change in ns} of the files in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in files}


def differences(inside: Path, outside: Path) -> list[str]:
    """Return a line for each table whose bytes differ between two folders."""
    names = sorted({path.name for folder in (inside, outside) for path in folder.iterdir()})
    texts = {name: difference(inside / name, outside / name) for name in names}
    return [f"{name}: {text}" for name, text in texts.items() if text]


def difference(inside: Path, outside: Path) -> str:
    """Return how a table inside differs from the one outside, "" when it does not."""
    for path, other in ((inside, "outside"), (outside, "inside")):
        if not path.exists():
            return f"made {other} only"
    if inside.read_bytes() == outside.read_bytes():
        return ""
    texts = [path.read_text(encoding="utf-8").splitlines() for path in (inside, outside)]
    lines = enumerate(itertools.zip_longest(*texts, fillvalue=""), start=1)
    differing = [(number, one, other) for number, (one, other) in lines if one != other]
    if not differing:
        return "line ends differ"
    number, one, other = differing[0]
    return (
        f"lines that differ: {len(differing)}, numbers by at most"
        f" {relative_change(differing):.2g} of their size; line {number} is {one!r} inside,"
        f" {other!r} outside"
    )


def relative_change(differing: Sequence[tuple[int, str, str]]) -> float:
    """Return the largest relative difference of numbers in pairs of lines; inf if words differ.

    differing: (line number, line, other line).
    """
    changes = [0.0]
    for _, one, other in differing:
        if NUMBER.sub("", one) != NUMBER.sub("", other):
            return math.inf
        pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=False)
        for a, b in ((float(a), float(b)) for a, b in pairs):
            changes.append(abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0)
    return max(changes)
