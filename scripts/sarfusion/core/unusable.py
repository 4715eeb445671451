"""Reasons why a raster cannot be used, in words for the user."""

import math
from collections.abc import Sequence
from pathlib import Path

from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import Affine

from .errors import StudyError
from .grid import Grid, crs_name
from .netcdf import placing_command

# What GDAL returns for a file without a geotransform.
NO_TRANSFORM = (Affine.identity(), Affine.scale(1, -1))
ARCHIVES = {".zip": "vsizip", ".tar": "vsitar", ".tgz": "vsitar", ".gz": "vsigzip"}
LISTED = 12  # subdatasets that a message names


NETWORK_DRIVERS = ("HTTP", "WMS", "WMTS", "WCS", "EEDAI", "PLMOSAIC", "STACIT", "STACTA")


def check_placed(dataset: DatasetReader) -> None:
    """Raise StudyError unless an open raster has bands, and a grid that is on the Earth."""
    problem = (
        _no_pixels_here(dataset)
        or _no_band(dataset)
        or (_no_crs(dataset) if dataset.crs is None else _no_place(dataset.crs))
        or _no_grid(dataset)
    )
    if problem:
        raise StudyError(f"{dataset.name}: {problem}")


def _no_pixels_here(dataset: DatasetReader) -> str:
    """Return what is wrong with a raster whose pixels are on a network, "" if nothing."""
    if dataset.driver not in NETWORK_DRIVERS:
        return ""
    return f"is read over a network ({dataset.driver}); save it as a GeoTIFF first (gdal_translate)"


def _no_band(dataset: DatasetReader) -> str:
    """Return what is wrong with a container that has no band of its own, "" if nothing."""
    if dataset.count:
        return ""
    return several(dataset.subdatasets)


def several(inner: Sequence[str]) -> str:
    """Return what a container of rasters contains, and what to do. inner: GDAL's names of them."""
    if not inner:
        return "it contains no raster; name another file"
    more = f", and {len(inner) - LISTED} more" if len(inner) > LISTED else ""
    return f"it contains several rasters; write one as `path`: {', '.join(inner[:LISTED])}{more}"


def _no_crs(dataset: DatasetReader) -> str:
    """Return what is wrong with a raster that has no CRS."""
    if dataset.gcps[0]:
        return (
            f"is not on a map grid yet: it has only {len(dataset.gcps[0])} ground control points,"
            " like raw Sentinel-1 GRD; terrain-correct it first (SNAP: Terrain Correction), or"
            " warp it if it needs no correction (gdalwarp -t_srs)"
        )
    if dataset.rpcs:
        return "is not on a map grid yet: it has only RPCs; orthorectify it (gdalwarp -rpc)"
    if dataset.tags(ns="GEOLOCATION"):
        return "is a swath with a position per pixel; warp it to a map grid (gdalwarp -geoloc)"
    return (
        "no coordinate reference system; assign the correct one (gdal_edit.py -a_srs, or"
        " gdal_translate -a_srs)"
    )


def _no_place(crs: CRS) -> str:
    """Return what is wrong with a CRS without a place on the Earth's surface, "" if nothing."""
    if crs.is_geographic or crs.is_projected:
        return ""
    kind = "geocentric" if crs.to_dict(projjson=True)["type"] == "GeodeticCRS" else "local"
    return (
        f"its coordinate reference system ({crs_name(crs)}) is {kind} and has no place on a map;"
        " assign the correct one (gdal_edit.py -a_srs)"
    )


def _no_grid(dataset: DatasetReader) -> str:
    """Return what is wrong with the geotransform of a raster, "" if nothing."""
    transform = dataset.transform
    if transform in NO_TRANSFORM:
        command = placing_command(dataset)
        if command:
            return (
                "GDAL does not find the location of this NetCDF variable, and reads it upside"
                f" down; convert it to a GeoTIFF with the same bands: {command}"
            )
        return (
            "has no geotransform: nothing says where its pixels are or how large they are;"
            " export it again with one (gdal_edit.py -a_ullr)"
        )
    if not math.isfinite(transform.determinant) or transform.determinant == 0:
        return f"its geotransform, {transform.to_gdal()}, gives its pixels no area; correct it"
    if not Grid.of(dataset).is_on_earth:
        left, bottom, right, top = (f"{side:.8g}" for side in Grid.of(dataset).bounds)
        return (
            f"its coordinates, x {left} to {right}, y {bottom} to {top}, are nowhere on the Earth"
            f" in its coordinate reference system ({crs_name(dataset.crs)}); assign the correct"
            " one (gdal_edit.py -a_srs)"
        )
    return ""


def why_unreadable(path: str | Path, error: RasterioError) -> str:
    """Return why GDAL cannot open or read a raster, and what to do."""
    path = Path(path)
    reason = str(error.__cause__ or error).splitlines()[0]
    reason = reason.removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
    if "missing codec" in reason:
        return (
            f"its compression is not built into this GDAL ({reason}); convert it with a GDAL that"
            " supports it (gdal_translate -co COMPRESS=DEFLATE)"
        )
    if path.is_dir():
        return "is a folder; name a raster in it"
    if path.is_file() and path.stat().st_size == 0:
        return "the file is empty; fetch it again"
    if path.is_file() and path.suffix.lower() in ARCHIVES:
        folder = ARCHIVES[path.suffix.lower()]
        inner = "" if folder == "vsigzip" else "/NAME.tif"
        return f"is an archive; name the raster in it: /{folder}/{path}{inner}, or unpack it"
    if "No such file" in reason or "does not exist" in reason:
        return f"this file, or one that it refers to, is missing ({reason}); restore it"
    if "not recognized" in reason:
        return (
            f"not a readable raster ({reason}): if its download failed, fetch it again; if this"
            " GDAL lacks its format (rio env --formats), convert it to GeoTIFF"
        )
    if "GDAL_VRT_ENABLE_PYTHON" in reason:
        return (
            "is computed by code that it contains, which is not run here; if you trust it, save it"
            " as a GeoTIFF (gdal_translate)"
        )
    if "Recursion detected" in reason or "dataset pool" in reason:
        return "is made from rasters that refer back to it; correct its sources"
    return f"not a readable raster ({reason}); the file may be cut short; fetch it again"
