"""Footprint and grid of an item as its catalogue states them, both checked."""

import math
import re
from collections.abc import Mapping
from typing import Any

from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.warp import transform_bounds

from ...core.errors import StudyError
from ...core.raster import Grid
from .text import printable

EPSG_CODE = re.compile(r"EPSG:[0-9]{4,6}")
PIXEL_RANGE_M = (1, 1000)  # pixels of Landsat and Sentinel-1 are well within it
MAX_SIDE_PX = 1_000_000


def footprint(geometry: Any) -> dict[str, Any]:
    """Return the GeoJSON Polygon or MultiPolygon `geometry` with plain 2-D positions.

    Raises StudyError unless its rings are closed, in longitude and latitude, and on one side of
    the antimeridian.
    """
    try:
        kind, coordinates = geometry["type"], geometry["coordinates"]
        polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}[kind]
        polygons = [
            [[(_number(x), _number(y)) for x, y, *_ in ring] for ring in rings]
            for rings in polygons
        ]
    except (TypeError, KeyError, ValueError):
        raise StudyError("its footprint is not a polygon") from None
    if not polygons or not all(polygons):
        raise StudyError("its footprint is empty")
    if any(len(ring) < 4 or ring[0] != ring[-1] for rings in polygons for ring in rings):
        raise StudyError("its footprint has a ring that is not closed")
    checked = {"type": kind, "coordinates": polygons[0] if kind == "Polygon" else polygons}
    west, south, east, north = bounds_of(checked)
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise StudyError("its footprint is not in longitude and latitude")
    if east - west > 180:
        raise StudyError("its footprint crosses the antimeridian in one piece")
    return checked


def bounds_of(geometry: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) of a checked footprint."""
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    xs, ys = zip(*(place for rings in polygons for ring in rings for place in ring), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def crs_of(item_fields: Mapping[str, Any], asset_fields: Mapping[str, Any]) -> CRS | None:
    """Return the CRS that grid_of would use, None if none is stated or it is not known."""
    code = _crs_code(asset_fields) or _crs_code(item_fields)
    try:
        return code and _crs(code)
    except StudyError:
        return None


def grid_of(item_fields: Mapping[str, Any], asset_fields: Mapping[str, Any]) -> Grid | None:
    """Return the Grid in the fields of the projection extension (any version), None without.

    item_fields, asset_fields: properties of the item and of one of its assets; those of the asset
    take precedence. Raises StudyError unless the grid is north up and in a known CRS.
    """
    code = _crs_code(asset_fields) or _crs_code(item_fields)
    transform, shape = (
        asset_fields.get(name) or item_fields.get(name) for name in ("proj:transform", "proj:shape")
    )
    if code is None or transform is None or shape is None:
        return None
    crs = _crs(code)
    try:
        values = [_number(value) for value in transform]
        rows, columns = shape
    except (TypeError, ValueError):
        raise StudyError("its grid is not stated in numbers") from None
    if len(values) not in (6, 9) or values[6:] not in ([], [0, 0, 1]):
        raise StudyError("its proj:transform is not 6 numbers, nor 9 that end in 0, 0, 1")
    if any(type(size) is not int or not 0 < size <= MAX_SIDE_PX for size in (rows, columns)):
        raise StudyError(f"its proj:shape, {printable(shape, 40)}, is not a size in pixels")
    grid = Grid(crs, Affine(*values[:6]), rows, columns)
    check_pixels(grid)
    return grid


def check_pixels(grid: Grid) -> None:
    """Raise StudyError unless a grid is north up, with pixels of a plausible size."""
    across, shear, _, turn, down, _ = grid.transform[:6]
    if shear or turn or across <= 0 or down >= 0:
        raise StudyError("its grid is not north up")
    smallest, largest = PIXEL_RANGE_M
    if not all(smallest <= size <= largest for size in grid.pixel_m):
        across, down = grid.pixel_m
        raise StudyError(f"its pixels are {across:.3g} m by {down:.3g} m")


def check_same_place(grid: Grid, geometry: Mapping[str, Any]) -> None:
    """Raise StudyError if a grid and a footprint do not overlap."""
    west, south, east, north = bounds_of(geometry)
    try:
        left, bottom, right, top = transform_bounds(grid.crs, CRS.from_epsg(4326), *grid.bounds)
    except Exception:  # for a CRS that cannot be transformed, GDAL raises non-public classes
        left = bottom = right = top = math.nan
    # NaN bounds make every comparison false and thus count as another place.
    if not (left < east and right > west and bottom < north and top > south):
        raise StudyError("its grid and its footprint are in different places")


def _number(value: Any) -> float:
    """Return `value` as a float. Raises ValueError unless it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("not a number")
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def _crs_code(fields: Mapping[str, Any]) -> str | None:
    """Return the code in proj:code or proj:epsg, such as "EPSG:32648", None without."""
    if fields.get("proj:code") is not None:
        return str(fields["proj:code"])
    return None if fields.get("proj:epsg") is None else f"EPSG:{fields['proj:epsg']}"


def _crs(code: str) -> CRS:
    """Return the CRS of an EPSG code; other text from a server is not passed to PROJ."""
    try:
        if not EPSG_CODE.fullmatch(code):
            raise ValueError("not an EPSG code")
        crs = CRS.from_epsg(int(code.removeprefix("EPSG:")))
    except (RasterioError, ValueError):
        raise StudyError(f"its CRS, {printable(code, 40)}, is not known") from None
    if not (crs.is_projected or crs.is_geographic):
        raise StudyError(f"its CRS, {code}, is not for maps")
    return crs
