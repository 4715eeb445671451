"""Atomic writing: a reader sees the whole file or none, even if the writer is killed."""

import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block succeeds.

    The temporary name keeps the suffix of `path`, from which writers choose a format. The file is
    removed when the block fails. If a writer was killed, the next one removes its file.
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
    finally:
        temporary.unlink(missing_ok=True)


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
