"""GDAL's names for a person's rasters, and the files on disk that are read for one.

A name is the path of a file, of a raster in an archive (/vsizip/scenes.zip/red.tif), or of one of
several rasters in a container (NETCDF:"scene.nc":red).
"""

import os
import re
import time
import warnings
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import rasterio
from rasterio.errors import RasterioError

from ..core.errors import StudyError
from ..core.files import sha256
from ..core.unusable import is_remote, several

ARCHIVES = ("/vsizip/", "/vsitar/", "/vsigzip/")
QUOTED = re.compile(r'(\w{2,}:(?:[^":]*:)*")([^"]+)(".*)')
SCHEME = re.compile(r"[\w+]+://")  # of an address, such as zip://
COPIES = (".ovr", ".rrd")  # the same pixels at less detail, which nothing here reads
REFERRING = ("VRT", "GTI")  # drivers of files that consist of other rasters


class Name(NamedTuple):
    """GDAL's name of a raster: the path of a file on disk, and what stands before and after it."""

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
    """Tell whether a path exists; False also where it may not be looked at, or is no path."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for a name that is too long


def problem(name: str) -> str:
    """Return what keeps a raster from being used, in words; "" if nothing is found.

    Nothing is opened, so that a large study is planned fast.
    """
    if is_remote(name):
        return f"{name}: lies on a network; download it first, and name the file on disk"
    if SCHEME.match(name):
        return (
            f"{name}: not a path; write a raster in an archive as GDAL does:"
            " /vsizip/ARCHIVE.zip/NAME.tif"
        )
    path = parse(name).path
    if not _is_there(path):
        return f"no such file: {path}; mend path or data"
    if not path.is_file():
        return f"{path}: is a folder; name a raster in it"
    if not os.access(path, os.R_OK):
        return f"{path}: you may not read it; mend its permissions (chmod u+r)"
    changed = path.stat().st_mtime
    if changed > time.time():
        date = datetime.fromtimestamp(changed).isoformat(" ", "minutes")
        return (
            f"{path}: is dated in the future ({date}), so that whatever is made from it counts as"
            f" outdated; date it anew: touch '{path}'"
        )
    return ""


@cache
def files_behind(name: str) -> tuple[str, ...]:
    """Return the names of all files that GDAL reads for a raster, its own first.

    These are the parts of a mosaic (VRT), masks, and files beside it with georeferencing or
    metadata, also those that are missing or lie on a network. For a raster that cannot be opened,
    it is the file that is named.
    """
    found: dict[str, None] = {}
    seen: set[str] = set()
    unseen = [name]
    while unseen:
        one = unseen.pop(0)
        if one in seen:
            continue
        seen.add(one)
        found[one if is_remote(one) else str(parse(one).path)] = None
        driver, listed, _ = _look(one)
        named = [each for each in listed if not each.lower().endswith(COPIES)]
        if driver in REFERRING:
            unseen += named
        else:
            found |= {str(parse(each).path): None for each in named}
    return tuple(found)


def _look(name: str) -> tuple[str, list[str], list[str]]:
    """Return a raster's driver, the files that GDAL lists for it, and the names of rasters in it.

    The driver is "" for what cannot be opened, or lies on a network.
    """
    if is_remote(name):
        return "", [], []
    try:
        with warnings.catch_warnings(), rasterio.Env():
            warnings.simplefilter("ignore")  # of a raster that is not georeferenced
            with rasterio.open(name) as dataset:
                return dataset.driver, dataset.files, dataset.subdatasets
    except RasterioError:
        return "", [], []


def watched(name: str) -> list[str]:
    """Return the files on disk whose change changes a raster: those of `files_behind` in order."""
    return [path for path in files_behind(name) if not problem(path)]


def check(name: str, where: str) -> None:
    """Raise StudyError if a raster, or a file behind it, is missing or may not be used.

    where: the site and band, for the message.
    """
    own = parse(name)
    for path in (name, *files_behind(name)[1:]):
        if found := problem(path):
            behind = "" if path == name else f"{own.path} is made from others: "
            raise StudyError(f"{where}: {behind}{found}")
    if own.before and own.before not in ARCHIVES and not _look(name)[0]:
        raise StudyError(f"{where}: GDAL does not open {name}; {_inside(own.path)}")


def _inside(path: Path) -> str:
    """Return what a file holds, in words, for a name of a raster in it that GDAL does not know."""
    driver, _, inner = _look(str(path))
    if inner:
        return several(inner)
    return "it is a raster itself" if driver else "its format may be missing (rio env --formats)"


def described(name: str) -> dict[str, Any]:
    """Return what scene.json says of a raster: GDAL's name of it, and the files behind it."""
    return {
        "path": name,
        "files": [{"path": path, "sha256": _sum(path)} for path in watched(name)],
    }


_sum = cache(sha256)  # several bands may share a file
