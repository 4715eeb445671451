"""The checksums that a results folder states of its own files."""

import csv
import re
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from ..core.errors import StudyError
from ..core.files import sha256
from .files import plain_file, read_text

SUMS = "SHA256SUMS"  # of a reference: lists every file in its folder
RUN_SUMS = "provenance/files.csv"  # of a run: lists the files that it wrote and read
PUBLISHED = ("tables/", "figures/", "metrics/")  # folders of a run that must be complete
# Not listed: files that a run writes after its list, and files that no result depends on.
UNLISTED = (
    *("config.yaml", "missing_sites.json", "report.html"),
    *("logs/", "benchmarks/", "provenance/", "report/", "search/", "downloads/"),
)
MAX_LIST_MB = 20  # of a list of checksums
MAX_FILE_MB = 2000  # of a listed file


def check_sums(folder: str | Path, study: str) -> str:
    """Return a note if the checksums that a folder states for its files are right.

    study: its name. A reference lists all of its files. A run lists the files that it made; some
    may be missing here, except those of PUBLISHED. Raises StudyError otherwise.
    """
    folder = Path(folder)
    if (folder / SUMS).exists():
        return _check_reference_sums(folder)
    if (folder / RUN_SUMS).exists():
        return _check_run_sums(folder, f"results/{study}/")
    raise StudyError(f"{folder}: has neither {SUMS} nor {RUN_SUMS}, which every run writes")


def _check_reference_sums(folder: Path) -> str:
    """Return a note if SUMS lists all files of a folder and each has its checksum."""
    rows = []
    for line in read_text(folder / SUMS, MAX_LIST_MB).splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if not match:
            raise StudyError(f"{folder / SUMS}: not a line of checksums: {line!r}")
        rows.append((match[2], match[1]))
    digests = _once(rows, folder / SUMS)
    for name, digest in digests.items():
        check_sum(folder, name, digest)
    _check_listed(folder, {*digests, SUMS}, SUMS)
    return f"{len(digests)} files"


def _check_run_sums(folder: Path, prefix: str) -> str:
    """Return a note if the files of a run have the checksums in RUN_SUMS.

    prefix: of the paths of the run's own files.
    """
    try:
        table = list(csv.DictReader(read_text(folder / RUN_SUMS, MAX_LIST_MB).splitlines()))
        rows = [
            (row["path"].removeprefix(prefix), row["sha256"])
            for row in table
            if row["path"].startswith(prefix)
        ]
    except (csv.Error, KeyError, AttributeError) as error:
        raise StudyError(f"{folder / RUN_SUMS}: not a table of files ({error!r})") from None
    digests = _once(rows, folder / RUN_SUMS)
    checked = 0
    for name, digest in digests.items():
        if name.startswith(PUBLISHED) or Path(folder, name).exists():
            check_sum(folder, name, digest)
            checked += 1
    _check_listed(folder, digests, RUN_SUMS)
    left_out = len(digests) - checked
    return f"{checked} files" + (f"; {left_out} more are listed, but not here" if left_out else "")


def _once(rows: Sequence[tuple[str, str]], source: Path) -> dict[str, str]:
    """Return {name: digest} of the rows of a list; StudyError if a file is listed twice."""
    digests: dict[str, str] = {}
    for name, digest in rows:
        if PurePosixPath(name).as_posix() != name:
            raise StudyError(f"{source}: {name!r} is not a plain path")
        if name in digests:
            raise StudyError(f"{source}: {name} is listed twice")
        digests[name] = digest
    if not digests:
        raise StudyError(f"{source}: lists no file of these results")
    return digests


def _check_listed(folder: Path, listed: Collection[str], source: str) -> None:
    """Raise StudyError for a file in `folder` that is neither listed nor UNLISTED."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not (path.is_dir() or name in listed or (source == RUN_SUMS and is_unlisted(name))):
            raise StudyError(f"{path}: {source} does not list this file")


def is_unlisted(name: str) -> bool:
    """Return whether a file of a run, given by its path in the results, is not in RUN_SUMS."""
    return name.startswith(UNLISTED)


def check_sum(folder: str | Path, name: str, stated: str) -> None:
    """Raise StudyError unless a file within `folder` has the `stated` SHA-256.

    name: its path relative to the folder, which must not lead out of it.
    """
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise StudyError(f"{folder}: lists {name}, which is outside this folder")
    path = plain_file(Path(folder, name), MAX_FILE_MB)
    digest = sha256(path)
    if digest != stated:
        raise StudyError(f"{path}: sha256 is {digest[:12]}..., but {stated[:12]}... is stated")
