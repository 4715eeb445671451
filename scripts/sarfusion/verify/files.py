"""Read another person's files with care: only plain files, and none that is too large."""

import json
import math
import os
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeGuard

from ..core.errors import StudyError

MEGABYTE = 10**6


def check_no_links(folder: str | Path) -> None:
    """Raise StudyError if a folder contains a link, which could lead to the reader's own files.

    The folder itself may be a link, since the reader has named it.
    """
    for parent, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            path = Path(parent, name)
            if path.is_symlink():
                raise StudyError(f"{path}: a link; nothing was read; ask for the files themselves")


def plain_file(path: str | Path, max_mb: float) -> Path:
    """Return `path`; StudyError unless it is a plain file of at most `max_mb` megabytes."""
    path = Path(path)
    try:
        status = path.lstat()
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror or error}") from None
    if not S_ISREG(status.st_mode):
        raise StudyError(f"{path}: not a plain file")
    if status.st_size > max_mb * MEGABYTE:
        raise StudyError(
            f"{path}: {status.st_size / MEGABYTE:.0f} MB, too large: it was not opened"
        )
    return path


def read_text(path: str | Path, max_mb: float) -> str:
    """Return the text of a file; StudyError unless it is UTF-8 and a `plain_file`."""
    try:
        return plain_file(path, max_mb).read_text(encoding="utf-8")
    except ValueError as error:
        raise StudyError(f"{path}: not text ({error})") from None


def read_mapping(path: str | Path, max_mb: float) -> dict[str, Any]:
    """Return the mapping in a JSON file; StudyError if it contains anything else."""
    try:
        value = json.loads(read_text(path, max_mb))
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path}: not JSON ({error})") from None
    if not isinstance(value, dict):
        raise StudyError(f"{path}: not a mapping, but {type(value).__name__}")
    return value


def is_finite(value: Any) -> TypeGuard[float]:
    """Return whether a value from a JSON file is a number that fits a float."""
    try:
        return isinstance(value, (int, float)) and math.isfinite(value)
    except OverflowError:  # JSON may contain an integer of any size
        return False
