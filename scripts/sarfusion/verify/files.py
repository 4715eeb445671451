"""Files of another person, read with care: none that is too large, and nothing but plain files."""

import json
from pathlib import Path
from stat import S_ISREG

from ..core.errors import StudyError

MEGABYTE = 10**6


def plain_file(path, most_mb):
    """Return `path` as a Path; StudyError unless it is a file of at most so many megabytes."""
    path = Path(path)
    try:
        status = path.stat()
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror or error}") from None
    if not S_ISREG(status.st_mode):
        raise StudyError(f"{path}: not a plain file")
    if status.st_size > most_mb * MEGABYTE:
        raise StudyError(
            f"{path}: {status.st_size / MEGABYTE:.0f} MB, too large: it was not opened"
        )
    return path


def read_text(path, most_mb):
    """Return the text (UTF-8) in a file; StudyError where it is none."""
    try:
        return plain_file(path, most_mb).read_text(encoding="utf-8")
    except ValueError as error:
        raise StudyError(f"{path}: not text ({error})") from None


def read_mapping(path, most_mb):
    """Return the mapping in a JSON file; StudyError where it is none."""
    try:
        value = json.loads(read_text(path, most_mb))
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path}: not JSON ({error})") from None
    if not isinstance(value, dict):
        raise StudyError(f"{path}: not a mapping, but {type(value).__name__}")
    return value
