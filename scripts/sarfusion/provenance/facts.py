"""What a run was: its sources, how each file came about, its packages, who ran it and when."""

import csv
import getpass
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..core.files import atomic, sha256

ROOT = Path(__file__).parents[3]
SOURCES = [
    *("LICENSE", "reproduce", "Snakefile"),
    "rules/*.smk",
    "scripts/**/*.py",
    "scripts/sarfusion/show/viewer/page.*",
    *("envs/*", "command/terminal/**/*.py"),
    *("config/*schema.yaml", "config/claims.yaml", "config/catalogues.yaml"),
    *("config/captions/*.rst", "profiles/*/config.yaml", "paper/*"),
]
COLUMNS = ["path", "bytes", "sha256", "rule", "script", "made_from"]


def sources():
    """Return the sorted paths of the files that the workflow consists of, whatever the study."""
    found = {path for pattern in SOURCES for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path for path in found if not path.name.startswith("."))


def describe_files(steps):
    """Return {path: row with COLUMNS} of every file that the steps made, and of what was given.

    steps: [{"rule", "script", "inputs", "outputs"}, ...]. A given file has no rule.
    """
    made = {path: step for step in steps for path in step["outputs"]}
    paths = {*made, *(path for step in steps for path in step["inputs"])}
    given = {"rule": "", "script": "", "inputs": []}
    return {path: _row(path, made.get(path, given)) for path in sorted(paths)}


def _row(path, step):
    about = [step["rule"], step["script"], ";".join(step["inputs"])]
    # What somebody has deleted since, to save space, is still listed, without a sum.
    there = [Path(path).stat().st_size, sha256(path)] if Path(path).exists() else ["", ""]
    values = [path, *there, *about]
    return dict(zip(COLUMNS, values, strict=True))


def write_files(path, rows):
    """Write the rows of describe_files as CSV."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())


def time_of(path):
    """Return when a file was last written, in UTC."""
    return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC).isoformat(timespec="seconds")


def packages():
    """Return {name: version} of this Python and of the packages that the workflow asks for."""
    lists = "".join(
        (ROOT / f"envs/{name}").read_text() for name in ("requirements.in", "torch.txt")
    )
    found = {"python": platform.python_version()}
    for name in re.findall(r"^[a-z][\w-]*", lists, re.M):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # not every one is needed everywhere
            continue
    return found


def machine():
    """Return {"system", "processor", "cores", "memory_bytes"} of this machine; memory may be None.

    The processor's name is what Linux tells of it, elsewhere what Python knows.
    """
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        told = ""
    model = re.search(r"^model name\s*: (.+)$", told, re.M)
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # a system that does not tell
        memory = None
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": memory,
    }


def commit():
    """Return the commit that is checked out, or that an image was made from, or None.

    It ends in "-dirty", as git says it, when any file differs from the commit or is new.
    """
    top = _git("rev-parse", "--show-toplevel")
    if not top or not Path(top).samefile(ROOT):
        return os.environ.get("SARFUSION_COMMIT") or None
    head = _git("rev-parse", "HEAD")
    return f"{head}-dirty" if head and _git("status", "--porcelain") else head


def agent():
    """Return the name of who ran it: as git knows it, else the login name, else None."""
    try:
        return (_git("config", "user.name") if commit() else None) or getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return None


def _git(*arguments):
    """Return what git prints in the project's folder, or None when it fails or is not there."""
    command = ["git", "--no-optional-locks", "-C", str(ROOT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
