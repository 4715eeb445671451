"""Check the settings and the commit that results were made with, and the project's tolerances."""

import re
import reprlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import StudyError
from ..provenance.facts import ROOT, git
from .files import plain_file, read_mapping
from .software import check_software


def check_config(study: Mapping[str, Any], folder: str | Path) -> None:
    """Raise StudyError unless config.yaml in a results folder equals the resolved `study`."""
    path = plain_file(Path(folder, "config.yaml"), 1)
    try:
        theirs = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StudyError(f"{path}: not YAML ({error})") from None
    for where, our_value, their_value in _differences(study, theirs, ()):
        # Aliases in YAML can nest a value a million times; plain repr would write all of it.
        raise StudyError(
            f"{path}: {where} is {reprlib.repr(their_value)} there, {reprlib.repr(our_value)} here"
        )


def _differences(ours: Any, theirs: Any, where: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    """Yield (dotted name, our value, their value) of the settings that differ."""
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        if ours != theirs:
            yield ".".join(where) or "the whole file", ours, theirs
        return
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        if key in ours and key in theirs:
            yield from _differences(ours[key], theirs[key], (*where, str(key)))
        else:
            yield ".".join((*where, str(key))), ours.get(key), theirs.get(key)


def check_about(study: Mapping[str, Any], folder: Path) -> str:
    """Return a note on the commit and the packages with which a reference says it was made.

    Raises StudyError if it is about another study, if the project's history has no such commit, or
    if that commit or the records of the models state other packages.
    """
    about = read_mapping(folder / "about.json", 1)
    packages = about.get("packages")
    if about.get("study") != study["study"] or not isinstance(packages, dict):
        raise StudyError(f"{folder / 'about.json'}: not about the study {study['study']}")
    commit = str(about.get("commit")).removesuffix("-dirty")
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise StudyError(f"{folder / 'about.json'}: {commit!r} is not a commit")
    known = check_commit(folder, commit)
    return f"{known}; {check_software(study, folder, packages, commit)}"


def check_commit(folder: Path, commit: str) -> str:
    """Return a note on a commit that the project has; StudyError if its history lacks it."""
    if git("rev-parse", "HEAD") is None:
        return "the project is not under git here, so the commit was not looked up"
    if git("cat-file", "-t", commit) != "commit":
        shallow = git("rev-parse", "--is-shallow-repository") == "true"
        if shallow:
            return f"made from {commit[:12]}, which this shallow clone does not have"
        raise StudyError(f"{folder / 'about.json'}: the project has no commit {commit[:12]}")
    return f"made from {commit[:12]}"


def check_own(folder: Path) -> str:
    """Return a note if files of the project are as committed; StudyError if not."""
    place = folder.relative_to(ROOT)
    head = git("rev-parse", "HEAD")
    if head is None or git("ls-files", str(place)) is None:
        return f"{place}, not under git here"
    changed = git("status", "--porcelain", "--untracked-files=all", "--", str(place))
    if changed:
        raise StudyError(f"{changed.split()[-1]} differs from the project's commit; restore it")
    return f"{place} as in commit {head[:12]}"
