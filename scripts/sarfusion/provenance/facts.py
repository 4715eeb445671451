"""Facts about a run: its source files, how each file was made, packages, machine, commit, user."""

import csv
import getpass
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypedDict

from ..core.files import atomic, sha256

ROOT = Path(__file__).parents[3]
SOURCE_PATTERNS = [
    *("CITATION.cff", "LICENSE", "reproduce", "Snakefile"),
    "rules/*.smk",
    "scripts/**/*.py",
    "scripts/sarfusion/show/viewer/page.*",
    *("envs/*", "command/terminal/**/*.py"),
    *("config/*schema.yaml", "config/claims.yaml", "config/catalogues.yaml"),
    *("config/captions/*.rst", "profiles/*/config.yaml", "paper/*"),
]
COLUMNS = ["path", "bytes", "sha256", "rule", "script", "made_from"]

FileRow = dict[str, Any]  # a row of files.csv: keys as COLUMNS


class Step(TypedDict):
    """One job of the workflow: its rule and script, and the paths that it read and wrote."""

    rule: str
    script: str
    inputs: list[str]
    outputs: list[str]


def merged(parts: Iterable[Sequence[Step]]) -> list[Step]:
    """Return the steps of several plans, each once, in the order of their first outputs."""
    found = {step["outputs"][0]: step for steps in parts for step in steps}
    return [found[path] for path in sorted(found)]


def source_files() -> list[Path]:
    """Return the sorted paths of the files that make up the workflow, for any study."""
    paths = {path for pattern in SOURCE_PATTERNS for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path for path in paths if not path.name.startswith("."))


def describe_files(steps: Sequence[Step]) -> dict[str, FileRow]:
    """Return {path: row with COLUMNS} of every file that the steps wrote or read.

    A file that no step wrote has an empty `rule` and `script`.
    """
    made_by = {path: step for step in steps for path in step["outputs"]}
    paths = {*made_by, *(path for step in steps for path in step["inputs"])}
    given: Step = {"rule": "", "script": "", "inputs": [], "outputs": []}
    return {path: _file_row(path, made_by.get(path, given)) for path in sorted(paths)}


def _file_row(path: str, step: Step) -> FileRow:
    # A user may have deleted a file to save space. It stays listed, without size and checksum.
    size, digest = (Path(path).stat().st_size, sha256(path)) if Path(path).exists() else ("", "")
    values = [path, size, digest, step["rule"], step["script"], ";".join(step["inputs"])]
    return dict(zip(COLUMNS, values, strict=True))


def write_files(path: str | Path, rows: Mapping[str, FileRow]) -> None:
    """Write the rows of `describe_files` as CSV, atomically."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())


def modification_time(path: str | Path) -> str:
    """Return when a file was last written: UTC, ISO 8601, to the second."""
    return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC).isoformat(timespec="seconds")


def packages() -> dict[str, str]:
    """Return {name: version} for Python and the packages that the workflow requires."""
    requirements = "".join(
        (ROOT / f"envs/{name}").read_text() for name in ("requirements.in", "torch.txt")
    )
    versions = {"python": platform.python_version()}
    for name in re.findall(r"^[a-z][\w-]*", requirements, re.M):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # some packages are needed on some machines only
            continue
    return versions


def machine() -> dict[str, Any]:
    """Return {"system", "processor", "cores", "memory_bytes"} of this machine.

    The processor is the model name in Linux's /proc/cpuinfo, elsewhere what Python reports.
    `memory_bytes` is None where the system does not report it.
    """
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        cpuinfo = ""
    model = re.search(r"^model name\s*: (.+)$", cpuinfo, re.M)
    memory: int | None
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not reported by this system
        memory = None
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": memory,
    }


def commit() -> str | None:
    """Return the hash of the commit that is checked out, or that a container image was built from.

    "-dirty" is appended, as git does, when a file differs from the commit or is untracked.
    None if neither is known.
    """
    top = git("rev-parse", "--show-toplevel")
    if not top or not Path(top).samefile(ROOT):
        return os.environ.get("SARFUSION_COMMIT") or None
    head = git("rev-parse", "HEAD")
    return f"{head}-dirty" if head and git("status", "--porcelain") else head


def user_name() -> str | None:
    """Return the name of the person who ran the study: git's user.name, else the login name.

    None if neither is set.
    """
    try:
        return (git("config", "user.name") if commit() else None) or getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return None


def git(*arguments: str) -> str | None:
    """Return what a git command prints in the project's folder; None when it fails or is empty."""
    command = ["git", "--no-optional-locks", "-C", str(ROOT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
