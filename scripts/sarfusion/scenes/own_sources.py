"""The files on disk that are read for a user's raster."""

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioError

from ..core.errors import StudyError
from ..core.files import sha256
from ..core.gdal_names import ARCHIVES, is_remote, parse, problem
from ..core.unusable import several

COPIES = (".ovr", ".rrd")  # the same pixels at less detail, which nothing here reads
REFERRING = ("VRT", "GTI")  # drivers of files that consist of other rasters


@cache
def files_behind(name: str) -> tuple[str, ...]:
    """Return the names of all files that GDAL reads for a raster, its own first.

    These are the parts of a mosaic (VRT), masks, and files beside it with georeferencing or
    metadata, also those that are missing or on a network. For a raster that cannot be opened, only
    the named file is returned.
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

    The driver is "" if the raster cannot be opened, or is on a network.
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
        raise StudyError(f"{where}: GDAL cannot open {name}; {_inside(own.path)}")


def _inside(path: Path) -> str:
    """Return in words what a file contains, if GDAL does not know a raster that is named in it."""
    driver, _, inner = _look(str(path))
    if inner:
        return several(inner)
    return "it is a raster itself" if driver else "its format may be missing (rio env --formats)"


def described(name: str) -> dict[str, Any]:
    """Return what scene.json says about a raster: GDAL's name of it, and the files behind it."""
    return {
        "path": name,
        "files": [{"path": path, "sha256": _sum(path)} for path in watched(name)],
    }


_sum = cache(sha256)  # several bands may share a file
