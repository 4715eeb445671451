"""A release of the project: the command release of `reproduce`.

Standard library only, and without newer syntax (see `reproduce`). It changes nothing elsewhere:
a person pushes the tag and uploads the archive; the last line of its output says how.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import ROOT, Problem, say
from running import project_lock, run
from sarfusion.core.version import project_version
from studies import ready
from verifying import run_script

DIST = "dist"
FORM = ".crate.zip"  # what WorkflowHub expects of a crate with its description at the root
ADDED = ("ro-crate-metadata.json", ".zenodo.json")  # by scripts/describe_release.py
HEAD = re.compile(r"^## (\S+), (.+)$", re.M)
CHECKS = (("lint",), ("test", "--all"), ("verify",))


def release_command(arguments: list[str]) -> int:
    """check, tag and pack this version: release VERSION"""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        raise Problem("usage: ./reproduce release VERSION", 2)
    (version,) = arguments
    tag, name = "v" + version, "sarfusion-" + version
    date = check_release(version, tag)
    commit = git("rev-parse", "HEAD")
    ready()
    for check in CHECKS:
        say("Checking: ./reproduce " + " ".join(check))
        if run([sys.executable, str(ROOT / "reproduce"), *check]):
            raise Problem("no release: a check failed; the reason is above")
    check_clean()  # still
    with tempfile.TemporaryDirectory(prefix="sarfusion-release-") as temporary:
        archive = pack(Path(temporary), name, date, commit)
        git("tag", "--annotate", tag, "--message", "sarfusion " + version, commit)
        target = ROOT / DIST / archive.name
        target.parent.mkdir(exist_ok=True)
        content = archive.read_bytes()
        target.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    target.with_name(target.name + ".sha256").write_text(f"{digest}  {target.name}\n")
    print("tag      " + tag)
    print(f"archive  {DIST}/{target.name}  (with its RO-Crate; sha256 beside it)")
    print(f"Nothing was pushed. To publish: git push origin {tag}, then upload the archive.")
    return 0


def check_release(version: str, tag: str) -> str:
    """Return the date of a release; raise Problem unless the project states it everywhere."""
    if version != project_version():
        raise Problem(f"CITATION.cff states version {project_version()}, not {version}")
    heads = HEAD.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not heads or heads[0][0] != version:
        raise Problem(f"CHANGELOG.md does not begin with a heading `## {version}, DATE`")
    date = heads[0][1]
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise Problem(f"CHANGELOG.md: replace {date!r} with the day of the release")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    if f"\ndate-released: {date}\n" not in citation:
        raise Problem(f"CITATION.cff needs a line `date-released: {date}`, as in CHANGELOG.md")
    if git("tag", "--list", tag):
        raise Problem(f"there is already a tag {tag}")
    check_clean()
    return date


def check_clean() -> None:
    """Raise Problem if a file differs from the commit, or is untracked."""
    changed = git("status", "--porcelain")
    if changed:
        raise Problem(f"commit first: {changed.split()[1]} differs from the commit")


def pack(folder: Path, name: str, date: str, commit: str) -> Path:
    """Return the archive of a commit with its descriptions; the same bytes each time.

    folder: an empty folder. name: the name of the archive, without FORM.
    """
    plain, files = folder / "plain.tar", folder / "files"
    git("archive", "--format=tar", "--output", str(plain), commit)
    files.mkdir()
    if subprocess.call(["tar", "-xf", str(plain), "-C", str(files)]):
        raise Problem("no release: tar could not unpack the files of the commit")
    with project_lock("release") as lock:
        run_script(lock, "describe_release", files, date, commit)
    archive = folder / (name + FORM)
    added = [f"--add-file={files / path}" for path in ADDED]
    git("archive", "--format=zip", "--output", str(archive), *added, commit)
    return archive


def git(*arguments: str) -> str:
    """Return what a git command prints in the project's folder; raise Problem when it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "TZ": "UTC"},  # a ZIP states local times
        )
    except OSError as error:
        raise Problem(f"git: {error.strerror}") from None
    if done.returncode:
        raise Problem("git {}: {}".format(arguments[0], done.stderr.strip() or "it failed"))
    return done.stdout.strip()
