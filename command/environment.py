"""Set-up of the virtual environment of the workflow, for `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import getpass
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from sarfusion.core.variables import can_write, clean  # noqa: E402

LOCK = ROOT / "envs/requirements.lock"
DEV_LOCK = ROOT / "envs/requirements-dev.lock"
EXPORT_LOCK = ROOT / "envs/requirements-export.lock"
GRD_LOCK = ROOT / "envs/requirements-grd.lock"
CFF_LOCK = ROOT / "envs/requirements-cff.lock"
TORCH = ROOT / "envs/torch.txt"
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
STAMP, DEV_STAMP = "sarfusion.stamp", "sarfusion-dev.stamp"
EXPORT_STAMP, GRD_STAMP = "sarfusion-export.stamp", "sarfusion-grd.stamp"

# Environment variables that would lead Python and pip out of the virtual environment, and Snakemake
# away from profiles/default, in addition to those that `clean` removes.
LEAKS = [
    *("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"),
    "SNAKEMAKE_PROFILE",
]


class Problem(Exception):
    """A problem that the user can solve. The message is one line; `code` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def say(text: str) -> None:
    """Print a line of progress to standard error; standard output is for results."""
    print(text, file=sys.stderr, flush=True)


def venv_folder() -> Path:
    """Return the folder of the virtual environment."""
    return Path(os.environ.get("SARFUSION_VENV") or ROOT / ".venv").expanduser().absolute()


def venv_python() -> Path:
    """Return the Python of the virtual environment."""
    return venv_folder() / "bin/python"


def environment() -> dict[str, str]:
    """Return the environment variables for every process that the command starts."""
    env = {name: value for name, value in os.environ.items() if name not in LEAKS}
    clean(env, ROOT / ".snakemake/cache")
    try:
        getpass.getuser()
    except (ImportError, KeyError, OSError):  # the user has only a number; Snakemake needs a name
        env["USER"] = str(os.getuid())
    env["PATH"] = os.pathsep.join([str(venv_folder() / "bin"), env.get("PATH", os.defpath)])
    return env


def has_driver() -> bool:
    """Return whether this machine has an NVIDIA driver."""
    return Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))


def torch_build() -> str:
    """Return the PyTorch build to install, "cpu" or "cuda"."""
    chosen = os.environ.get("SARFUSION_TORCH") or ("cuda" if has_driver() else "cpu")
    if chosen not in ("cpu", "cuda"):
        raise Problem(f"SARFUSION_TORCH is {chosen!r}; it can be cpu or cuda", 2)
    return chosen


def torch_sources(build: str, index: str | None, system: str) -> list[list[str]]:
    """Return the lists of pip arguments to try in turn for a PyTorch build.

    The CPU build for Linux comes from the wheels that pip's configuration offers (find-links) or
    from PyTorch's own index, since PyPI's wheel needs gigabytes of CUDA libraries. It is installed
    without dependencies, which are in the lock. PyPI's wheel for macOS is the CPU build.
    index: URL of another package index, or None. system: as platform.system() returns it.
    """
    alone = ["--no-deps"] if build == "cpu" else []
    if index:
        return [[*alone, "--index-url", index]]
    if build == "cuda" or system == "Darwin":
        return [alone]
    return [[*alone, "--no-index"], [*alone, "--index-url", TORCH_CPU_INDEX]]


def fingerprint(*parts: str | Path) -> str:
    """Return the SHA-256 of texts and of the contents of files, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def stamps() -> tuple[tuple[Path, str], tuple[Path, str]]:
    """Return (path, text) of the stamp of a complete set-up, and of the stamp of its test tools."""
    version = platform.python_version_tuple()[:2]
    base = fingerprint(*version, platform.system(), platform.machine(), torch_build(), LOCK, TORCH)
    tools = fingerprint(base, DEV_LOCK)
    return (venv_folder() / STAMP, base), (venv_folder() / DEV_STAMP, tools)


def is_set_up(dev: bool = False) -> bool:
    """Return whether the virtual environment is up to date, with the test tools if `dev`."""
    base, tools = stamps()
    return venv_python().exists() and has_text(*base) and (not dev or has_text(*tools))


def has_text(path: Path, text: str) -> bool:
    """Return whether a file exists and contains just this text."""
    return path.is_file() and path.read_text() == text


def run_quietly(*command: str) -> str:
    """Run a command from the project root; return its output when it failed, else ""."""
    done = subprocess.run(
        command,
        cwd=str(ROOT),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return (done.stdout.strip() or f"exit code {done.returncode}") if done.returncode else ""


def pip_install(*arguments: str) -> str:
    """Install into the virtual environment; return pip's output when it failed, else ""."""
    pip = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", "-qq"]
    return run_quietly(*pip, "install", *arguments)


def check_place() -> None:
    """Raise Problem if no virtual environment can or should be made."""
    venv = venv_folder()
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        raise Problem(
            f"{sys.executable} cannot make virtual environments (it has no ensurepip);"
            " on Debian or Ubuntu: apt install python3-venv"
        )
    if not can_write(venv):
        raise Problem(
            f"{venv} cannot be written; name another folder: SARFUSION_VENV=FOLDER ./reproduce"
        )
    if venv.exists() and any(venv.iterdir()) and not (venv / STAMP).exists():
        raise Problem(
            f"{venv} was not made by ./reproduce, which therefore does not change it;"
            " move it away, or name another folder: SARFUSION_VENV=FOLDER ./reproduce"
        )


def check_folder() -> None:
    """Raise Problem if a run cannot write in the project's folder.

    A folder that .snakemake links to is made if it does not exist yet.
    """
    folders = [(ROOT / ".snakemake").resolve(), ROOT / "results"]
    if not all(map(can_write, folders)):
        raise Problem(
            f"{ROOT} cannot be written, but a run writes .snakemake/ and results/ there: clone the"
            " project into a folder of your own; or make results/ a folder that you can write, and"
            " have the owner of the clone link the rest to it: ln -s results/.snakemake .snakemake"
        )
    folders[0].mkdir(parents=True, exist_ok=True)


def create_venv() -> None:
    """Make an empty virtual environment. Its empty stamp marks it as ours and unfinished."""
    venv = venv_folder()
    stamp = venv / STAMP
    venv.mkdir(parents=True, exist_ok=True)
    stamp.write_text("")
    for entry in venv.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != stamp:
            entry.unlink()
    complaint = run_quietly(sys.executable, "-m", "venv", str(venv))
    if complaint:
        say(complaint)
        raise Problem(f"set-up failed: no virtual environment in {venv}; the reason is above")


def install_lock(lock: Path) -> None:
    """Install the packages of a lock file, each checked against its hash."""
    name = lock.relative_to(ROOT)
    say(f"  packages of {name}")
    complaint = pip_install("--require-hashes", "-r", str(lock))
    if complaint:
        say(complaint)
        raise Problem(f"set-up failed: pip could not install {name}; the reason is above")


def cff_tools() -> Path:
    """Return the folder of cffconvert, installed apart since it needs an older jsonschema."""
    folder = venv_folder() / ("cff-" + fingerprint(CFF_LOCK)[:12])
    if not folder.exists():
        say("Adding the checker of CITATION.cff (once)")
        part = folder.with_name("." + folder.name)
        shutil.rmtree(str(part), ignore_errors=True)
        complaint = pip_install("--require-hashes", "-r", str(CFF_LOCK), "--target", str(part))
        if complaint:
            say(complaint)
            raise Problem("pip could not install the checker of CITATION.cff; the reason is above")
        part.replace(folder)
    return folder


def install_torch() -> None:
    """Install PyTorch from the first source that has it."""
    build = torch_build()
    pin = TORCH.read_text().splitlines()[-1]
    say(f"  {pin} ({build})")
    sources = torch_sources(build, os.environ.get("SARFUSION_TORCH_INDEX"), platform.system())
    for source in sources:
        complaint = pip_install(*source, pin)
        if not complaint:
            return
    tried = ", nor ".join("`" + " ".join(["pip install", *source, pin]) + "`" for source in sources)
    raise Problem(
        f"set-up failed: no {build} build of PyTorch by {tried} ({complaint.splitlines()[-1]});"
        " name an index that has one: SARFUSION_TORCH_INDEX=URL ./reproduce"
    )


def set_up(dev: bool = False) -> None:
    """Bring the virtual environment up to date, with the test tools if `dev`.

    Each stamp is written last, so that an interrupted step is repeated.
    """
    start = time.monotonic()
    venv = venv_folder()
    name = venv.relative_to(ROOT) if ROOT in venv.parents else venv
    base, tools = stamps()
    if not is_set_up():
        check_place()
        size = "about 0.5 GB" if torch_build() == "cpu" else "several GB"
        say(f"Setting up {name} (once; {size} to download)")
        create_venv()
        install_lock(LOCK)
        install_torch()
        base[0].write_text(base[1])
    if not is_set_up(dev):
        say(f"Adding the test tools to {name} (once)")
        install_lock(DEV_LOCK)
        tools[0].write_text(tools[1])
    say(f"Set up in {time.monotonic() - start:.0f} s")


def has_export_tools() -> bool:
    """Return whether the virtual environment has the packages that write ONNX files."""
    return has_text(*_added(EXPORT_LOCK, EXPORT_STAMP))


def add_export_tools() -> None:
    """Add the packages that write ONNX files to the existing virtual environment."""
    _add("packages that write ONNX files (once; 45 MB to download)", EXPORT_LOCK, EXPORT_STAMP)


def add_grd_tools() -> None:
    """Add the packages that calibrate raw Sentinel-1 to the existing virtual environment."""
    _add("packages that calibrate raw Sentinel-1 (once; 20 MB to download)", GRD_LOCK, GRD_STAMP)


def _added(lock: Path, name: str) -> tuple[Path, str]:
    """Return the path and the text of the stamp of this name, set once a lock is installed."""
    return venv_folder() / name, fingerprint(stamps()[0][1], lock)


def _add(what: str, lock: Path, name: str) -> None:
    """Install the packages of a lock unless the stamp of this name shows that they are there."""
    stamp, text = _added(lock, name)
    if not has_text(stamp, text):
        say(f"Adding {what}")
        install_lock(lock)
        stamp.write_text(text)
