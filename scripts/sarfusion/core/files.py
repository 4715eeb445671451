"""Reading of files that people write, and atomic writing.

A reader of a file written here sees all of it or nothing, even if the writer is killed.
"""

import codecs
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from .errors import StudyError

if TYPE_CHECKING:
    import pandas as pd


MAX_MB = 10  # of a text file that a person wrote
# Control characters except tab and line breaks, and code points that Unicode calls noncharacters.
NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
FULL = {code: os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT)}  # of a disk


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block succeeds.

    The temporary name keeps the suffix of `path`, from which writers choose a format. The file is
    removed when the block fails. If a writer was killed, the next one removes its file. Raises
    OSError with the path if the disk is full, which libraries report in their own ways.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".part-{path.name}-"
    for leftover in path.parent.glob(f"{glob.escape(prefix)}*"):
        leftover.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; give the result the mode of any other new file.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    except Exception as error:
        number = getattr(error, "errno", None)
        full = [reason for code, reason in FULL.items() if number == code or reason in str(error)]
        if not full or (isinstance(error, OSError) and number is None):  # or its message has all
            raise
        raise OSError(
            f"{path}: could not be written ({full[0]}); once there is space, the same command"
            " continues"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def read_text(path: str | Path) -> str:
    """Return the text in a file that a person wrote, without a byte order mark.

    Raises StudyError, with the line, for anything but text in UTF-8.
    """
    path = Path(path)
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            raise StudyError(f"{shown(path)}: a folder or a device, not a file")
        if status.st_size > MAX_MB * 10**6:
            raise StudyError(f"{shown(path)}: larger than {MAX_MB} MB, so it was not read")
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise StudyError(f"{shown(path)}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise StudyError(f"{shown(path)}: in UTF-16; save it as UTF-8") from None
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise StudyError(
            f"{shown(path)}, line {line}: not UTF-8 (byte {byte:#x}); save the file as UTF-8"
        ) from None
    found = NOT_TEXT.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise StudyError(
            f"{shown(path)}, line {line}: the control character {found[0]!r}; remove it, or save"
            " the file as plain text in UTF-8"
        )
    return text


def is_file(path: str | Path) -> bool:
    """Return whether there is a file at a path; False also if no file can have this path."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def shown(path: str | Path) -> str:
    """Return a path as messages show it: relative to the working folder, if it is in there."""
    path, here = Path(path).absolute(), Path.cwd()
    return str(path.relative_to(here) if here in path.parents else path)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) to `path` atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` to `path` as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Return the value in the JSON file `path`."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_csv(path: str | Path, table: "pd.DataFrame") -> None:
    """Write `table` to `path` as CSV with a header, atomically."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def copy_as_new(source: str | Path, target: str | Path) -> None:
    """Copy a file, with a new modification time so that Snakemake takes it as up to date."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def describe_file(path: str | Path) -> dict[str, str | int]:
    """Return {"sha256", "bytes"} of the file `path`."""
    return {"sha256": sha256(path), "bytes": Path(path).stat().st_size}


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of the file `path` in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
