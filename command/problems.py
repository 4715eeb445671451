"""The facts that help to solve a problem: the command report-problem of `reproduce`.

Standard library only, and without newer syntax (see `reproduce`). It sets nothing up and runs no
part of the study, so that it works even if set-up and runs fail.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from environment import (
    ROOT,
    TORCH,
    Problem,
    has_driver,
    is_set_up,
    torch_build,
    venv_folder,
)
from privacy import names_here, redact
from running import current_run
from sarfusion.core.version import project_version
from studies import find_study_name

MAX_STUDY_LINES = 200
MAX_RUN_LINES = 40  # of the last run of Snakemake
MAX_JOB_LINES = 20  # of the log of one job
MAX_JOBS = 3
REQUIREMENTS, SCHEMA = "envs/requirements.in", "config/schema.yaml"
VARIABLES = ("SARFUSION_", "SNAKEMAKE_", "GDAL_", "PROJ_", "CUDA_", "OMP_", "PYTHON")


def report_problem_command(arguments: list[str]) -> int:
    """print what an issue about STUDY needs, without personal data"""
    if len(arguments) > 1 or (arguments[:1] and arguments[0].startswith("-")):
        raise Problem("usage: ./reproduce report-problem [STUDY]", 2)
    study = find_study(arguments[0] if arguments else "demo")
    text = "\n".join(report(study))
    home = os.path.expanduser("~")  # noqa: PTH111 (Path's raises an error for a user without one)
    folders = {str(venv_folder()): "[venv]"}
    for folder, instead in ((Path(home), "~"), (ROOT, "")):
        folders[str(folder)] = folders[str(folder.resolve())] = instead
    settings = re.findall(r"^ *(\w+):", read(ROOT / SCHEMA), re.M)
    names = [name for name in names_here() if name.lower() not in settings]  # they identify nobody
    print(redact(text, folders, names, os.environ))
    return 0


def find_study(study: str) -> Path:
    """Return the path of a study's file, which may be invalid; raise Problem if there is none."""
    named = study.endswith((".yaml", ".yml"))
    path = Path(study).absolute() if named else ROOT / "config" / (study + ".yaml")
    if not path.is_file():
        raise Problem(f"no such study file: {study}", 2)
    return path


def report(study: Path) -> list[str]:
    """Return the lines of the report, in Markdown, before personal parts are removed."""
    text = read(study)
    results = ROOT / "results" / (find_study_name(text) or study.stem)
    lines = ["### Versions", "", *(f"- {line}" for line in [*versions(), *machine()])]
    lines += ["", "### Study", "", *block(text.splitlines()[:MAX_STUDY_LINES])]
    run = last_run(results.name)
    lines += ["", "### Last run", "", *([current_run(), ""] if current_run() else [])]
    lines += block(read(run).splitlines()[-MAX_RUN_LINES:]) if run else ["none"]
    for path in job_logs(results):
        lines += ["", f"`{path.relative_to(results)}`", ""]
        lines += block(read(path).splitlines()[-MAX_JOB_LINES:])
    return lines


def versions() -> list[str]:
    """Return lines on the versions of the project, of Python, and of the installed packages."""
    lines = [f"sarfusion {project_version()}, {described_commit()}"]
    lines.append(f"Python {platform.python_version()} ({platform.python_implementation()})")
    state = "set up" if is_set_up() else "not set up, or not for this version"
    lines.append(f"environment: {state}, PyTorch for {torch_build()}")
    wanted = read(ROOT / REQUIREMENTS) + read(TORCH)
    names = {plain_name(name) for name in re.findall(r"^[a-z][\w-]*", wanted, re.M)}
    there = []
    for folder in sorted(venv_folder().glob("lib/python3*/site-packages/*.dist-info")):
        name, _, version = folder.name[: -len(".dist-info")].partition("-")
        if plain_name(name) in names:
            there.append(f"{name} {version}")
    return [*lines, "packages: " + (", ".join(there) or "none")]


def machine() -> list[str]:
    """Return lines on the system, and the names, without values, of relevant variables."""
    driver = "an NVIDIA driver" if has_driver() else "no NVIDIA driver"
    set_here = sorted(name for name in os.environ if name.startswith(VARIABLES))
    return [
        f"{platform.platform()}, {os.cpu_count()} cores, {driver}",
        "variables set: " + (", ".join(set_here) or "none"),
    ]


def described_commit() -> str:
    """Return the commit that is checked out, and whether files differ from it."""
    git = ["git", "-C", str(ROOT), "--no-optional-locks"]
    try:
        head = subprocess.check_output([*git, "rev-parse", "HEAD"], stderr=subprocess.DEVNULL)
        changed = subprocess.check_output([*git, "status", "--porcelain"])
    except (OSError, subprocess.CalledProcessError):
        return "commit " + (os.environ.get("SARFUSION_COMMIT") or "not known")
    return "commit " + head.decode().strip() + (", with changes" if changed else "")


def last_run(study: str) -> Path | None:
    """Return Snakemake's newest log that names files of the study, or no files of any study.

    Other studies run in the same folder, and the log of a plan that fails names no file.
    """
    for path in newest(ROOT / ".snakemake/log", "*.log"):
        named = set(re.findall(r"\bresults/([^/\s]+)/", read(path)))
        if study in named or not named:
            return path
    return None


def job_logs(results: Path) -> list[Path]:
    """Return the newest logs of jobs that failed, else the newest log of all."""
    logs = newest(results / "logs", "**/*.log")
    return [path for path in logs if "error: " in read(path)][:MAX_JOBS] or logs[:1]


def newest(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a folder, the last written first."""
    paths = [path for path in folder.glob(pattern) if path.is_file()]
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


def plain_name(package: str) -> str:
    """Return the normalised name of a package (PEP 503)."""
    return re.sub(r"[-_.]+", "-", package).lower()


def read(path: Path) -> str:
    """Return the text of a file, whatever its encoding."""
    return path.read_text(encoding="utf-8", errors="replace")


def block(lines: Sequence[str]) -> list[str]:
    """Return lines as a block of Markdown that no line of them can end."""
    return ["```text", *(line.replace("```", "'''") for line in lines), "```"]
