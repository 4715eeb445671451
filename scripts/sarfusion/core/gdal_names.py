"""GDAL's names for rasters.

A name is the path of a file, of a raster in an archive (/vsizip/scenes.zip/red.tif), or of one of
several rasters in a container (NETCDF:"scene.nc":red).
"""

import os
import re
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

ARCHIVES = ("/vsizip/", "/vsitar/", "/vsigzip/")
QUOTED = re.compile(r'(\w{2,}:(?:[^":]*:)*")([^"]+)(".*)')
SCHEME = re.compile(r"[\w+]+://")  # of an address, such as zip://
REMOTE = re.compile(
    r"(https?|ftp|s3|gs|az|adl|oss|swift|hdfs)://"
    r"|/vsi(?!zip/|tar/|gzip/|mem/|subfile/|sparse/)",
    re.IGNORECASE,
)
# What Snakemake replaces in the path of an input: a wildcard, or a variable such as <results>.
PLACEHOLDER = re.compile(r"\{\s*\w+\s*(,.*)?\}|<[a-z][a-z0-9_]*>")


class Name(NamedTuple):
    """GDAL's name of a raster: the path of a file on disk, and the text before and after it."""

    before: str
    path: Path
    after: str

    def __str__(self) -> str:
        return f"{self.before}{self.path}{self.after}"


def parse(name: str, folder: str | Path = "") -> Name:
    """Return the Name of a raster, with a path that starts from `folder` unless it is absolute.

    The path is that of the archive or the container, if there is one. It need not exist.
    """
    path = _under(folder, name)
    if _is_there(path):
        return Name("", path, "")
    for archive in ARCHIVES:
        if name.startswith(archive):
            whole = _under(folder, name.removeprefix(archive))
            file = next((each for each in (whole, *whole.parents) if each.is_file()), whole)
            return Name(archive, file, str(whole)[len(str(file)) :])
    if quoted := QUOTED.fullmatch(name):
        before, inner, after = quoted.groups()
        return Name(before, _under(folder, inner), after)
    driver, *pieces = name.split(":")
    for index, piece in enumerate(pieces):
        if piece and _is_there(_under(folder, piece)):
            before = ":".join([driver, *pieces[:index], ""])
            return Name(
                before, _under(folder, piece), "".join(f":{x}" for x in pieces[index + 1 :])
            )
    return Name("", path, "")


def located(name: str, folder: str | Path) -> str:
    """Return GDAL's name of a raster, with a path that starts from `folder` unless absolute."""
    return name if is_remote(name) or SCHEME.match(name) else str(parse(name, folder))


def _under(folder: str | Path, path: str) -> Path:
    """Return a path that starts from `folder` unless it is absolute or starts with ~."""
    # Path.expanduser raises for a file whose own name starts with ~.
    return Path(*map(os.path.expanduser, (folder, path)))


def _is_there(path: Path) -> bool:
    """Return whether a path exists; False also if access is denied or the path is invalid."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for a name that is too long


def problem(name: str) -> str:
    """Return what keeps a raster from being used, in words; "" if nothing is found.

    Nothing is opened, so that planning a large study is fast.
    """
    if is_remote(name):
        return f"{name}: is on a network; download it first, and name the file on disk"
    if SCHEME.match(name):
        return (
            f"{name}: not a path; write a raster in an archive as GDAL does:"
            " /vsizip/ARCHIVE.zip/NAME.tif"
        )
    path = parse(name).path
    if inner := PLACEHOLDER.search(str(path)):
        return (
            f"{path}: Snakemake would replace {inner[0]} with something else; rename the file or"
            " the folder"
        )
    if not _is_there(path):
        return f"no such file: {path}; correct path or data"
    if path.is_dir():
        return f"{path}: is a folder; name a raster in it"
    if not path.is_file():
        return f"{path}: is not a file but a pipe or a device; name a raster"
    if not os.access(path, os.R_OK):
        return f"{path}: you may not read it; change its permissions (chmod u+r)"
    changed = path.stat().st_mtime
    if changed > time.time():
        date = datetime.fromtimestamp(changed).isoformat(" ", "minutes")
        return (
            f"{path}: its modification time is in the future ({date}), so that everything made"
            f" from it would count as outdated; reset it: touch '{path}'"
        )
    return ""


def is_remote(name: str) -> bool:
    """Return whether GDAL would read a raster of this name over a network."""
    return REMOTE.search(name) is not None
