"""The height of the ground above the ellipsoid, from models of elevation and of the geoid."""

import math
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.merge import merge
from rasterio.transform import Affine
from rasterio.warp import reproject, transform_bounds

from ...core.errors import StudyError
from ...core.grid import Grid, crs_name
from ...core.raster import open_raster, reading

PIXEL_M = 10.0  # the spacing of the pixels of IW GRDH
AROUND_PX = 10  # around the optical scene, so that averages at its edge are complete
MARGIN_PX = 4  # of a model's own pixels, around the ground; more than cubic interpolation reaches
RANGE_M = (-600.0, 9000.0)  # of land, and of the geoid below it


def radar_grid(optical: Grid) -> Grid:
    """Return the 10 m grid of the SAR scene that contains an optical grid.

    It has the CRS of the optical grid if that is in metres and true to scale, otherwise the UTM
    zone of its centre; its corners are multiples of the pixel size.
    """
    crs = optical.crs
    side = math.hypot(optical.transform.a, optical.transform.d)
    if crs.is_geographic or crs.linear_units_factor[1] != 1 or optical.pixel_m[0] != side:
        (longitude,), (latitude,) = optical.centre
        zone = int((longitude + 180) // 6) % 60 + 1
        crs = CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)
    left, bottom, right, top = transform_bounds(optical.crs, crs, *optical.bounds, densify_pts=21)
    west, south = (math.floor(edge / PIXEL_M) - AROUND_PX for edge in (left, bottom))
    east, north = (math.ceil(edge / PIXEL_M) + AROUND_PX for edge in (right, top))
    corner = Affine(PIXEL_M, 0, west * PIXEL_M, 0, -PIXEL_M, north * PIXEL_M)
    return Grid(crs, corner, north - south, east - west)


def widened(grid: Grid, pixels: int) -> Grid:
    """Return a grid with `pixels` more pixels on each side."""
    corner = grid.transform @ Affine.translation(-pixels, -pixels)
    return Grid(grid.crs, corner, grid.height + 2 * pixels, grid.width + 2 * pixels)


def ellipsoidal(elevation: Sequence[str], geoid: str | None, grid: Grid) -> np.ndarray:
    """Return metres above the ellipsoid (rows, columns; float64) on a grid.

    elevation: names of rasters in one CRS, such as those of Copernicus GLO-30; where they overlap,
    the first one counts. geoid: name of a raster of the geoid's height, which is added; None if
    `elevation` is above the ellipsoid. Raises StudyError if either does not cover the ground.
    """
    heights = _on_grid(elevation, grid, Resampling.cubic, "the elevation model")
    if geoid is not None:
        heights += _on_grid([geoid], grid, Resampling.bilinear, "the geoid")
    return heights


def _on_grid(names: Sequence[str], grid: Grid, resampling: Resampling, what: str) -> np.ndarray:
    """Return the first bands of rasters on a grid."""
    with ExitStack() as opened:
        datasets = [opened.enter_context(open_raster(name)) for name in names]
        first = datasets[0]
        for dataset in datasets:
            if dataset.crs != first.crs:
                raise StudyError(
                    f"{dataset.name}: is in {crs_name(dataset.crs)}, but {first.name} in"
                    f" {crs_name(first.crs)}; give tiles in one CRS"
                )
        heights = _resampled(datasets, grid, resampling)
    _check(heights, grid, names, what)
    return heights


def _resampled(datasets: list[DatasetReader], grid: Grid, resampling: Resampling) -> np.ndarray:
    """Return rasters of one CRS on a grid (rows, columns; float64), NaN without data."""
    first = datasets[0]
    spans = Grid.of(first).under(grid)
    heights = np.full(grid.shape, np.nan)
    if not np.isfinite(spans).all():
        return heights
    # Bounds at whole pixels of the first raster: `merge` would otherwise move pixels by fractions.
    (left, right), (top, bottom) = (
        (math.floor(least) - MARGIN_PX, math.ceil(most) + MARGIN_PX) for least, most in spans
    )
    west, north = first.transform @ (left, top)
    east, south = first.transform @ (right, bottom)
    with reading(first):
        joined, transform = merge(
            datasets, (west, south, east, north), nodata=np.nan, dtype="float64", indexes=[1]
        )
    reproject(
        joined[0],
        heights,
        src_transform=transform,
        src_crs=first.crs,
        src_nodata=np.nan,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        dst_nodata=np.nan,
        resampling=resampling,
    )
    return heights


def _check(heights: np.ndarray, grid: Grid, names: Sequence[str], what: str) -> None:
    """Raise StudyError unless there are heights everywhere, in the range of those on Earth."""
    known = np.isfinite(heights)
    named = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    if not known.all():
        raise StudyError(
            f"{named}: {what} lacks {1 - known.mean():.1%} of the ground, which with its margin is"
            f" {grid.place()}; add the tiles that are missing (over sea: tiles of 0)"
        )
    least, most = heights.min(), heights.max()
    if least < RANGE_M[0] or most > RANGE_M[1]:
        raise StudyError(
            f"{named}: {what} reaches from {least:g} to {most:g} m; declare its nodata"
            " (gdal_edit.py -a_nodata), or correct its unit"
        )
