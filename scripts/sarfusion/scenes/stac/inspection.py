"""What the files of an item show, whatever its catalogue says: place and empty parts."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasterio.enums import Resampling
from rasterio.transform import Affine, from_bounds
from rasterio.warp import reproject
from rasterio.windows import Window

from ...core.errors import StudyError
from ...core.grid import Grid
from ..sar import is_empty
from ..sensors import Sensor
from .cog import grid_of_window, tile_bytes, window_of
from .geometry import check_pixels
from .items import Item
from .mosaic import place_of
from .network import Broken
from .passes import FOOTPRINT_CELLS, Pass
from .remote import Remote
from .servers import radar_files

COARSE_PX = 200  # read along each side of the area, if overviews allow: 0.1 to 0.5 MB per file
MAX_HOLE = 0.01  # share of the area that a band may lack where QA_PIXEL has data


@dataclass(frozen=True)
class View:
    """What a file shows of an area, from its overviews.

    grid: of the whole file. numbers: (rows, columns) of band 1, on the coarser Grid `coarse`, NaN
    where they are its nodata.
    """

    grid: Grid
    numbers: np.ndarray
    coarse: Grid

    def cells(self, area: Sequence[float], has_data: np.ndarray) -> np.ndarray:
        """Return which cells of the area (see passes.in_footprint) have data.

        has_data: bool (rows, columns), of `numbers`.
        """
        cells = np.zeros((FOOTPRINT_CELLS, FOOTPRINT_CELLS), np.uint8)
        reproject(
            has_data.astype(np.uint8),
            cells,
            src_transform=self.coarse.transform,
            src_crs=self.coarse.crs,
            dst_transform=from_bounds(*area, *cells.shape),
            dst_crs="EPSG:4326",
            resampling=Resampling.nearest,
        )
        return cells.astype(bool)


def view(remote: Remote, href: str, area: Sequence[float]) -> View | None:
    """Return the View of a file, None if it has no pixel in the area.

    area: [west, south, east, north] in degrees. Raises Broken unless the file is north up and
    contains real numbers.
    """
    with remote.open(href) as source:
        grid = check_header(source, href)
        window = window_of(grid, area)
        if window is None:
            return None
        numbers = _read_coarse(source, window)
        if source.nodata is not None:
            numbers[numbers == source.nodata] = np.nan
        rows, columns = numbers.shape
        scale = Affine.scale(window.width / columns, window.height / rows)
        transform = grid_of_window(source, window).transform * scale
        return View(grid, numbers, Grid(grid.crs, transform, rows, columns))


def check_header(dataset: Any, href: str) -> Grid:
    """Return the Grid of an open file. Raises Broken if it or the number type cannot be used."""
    grid = Grid.of(dataset)
    try:
        check_pixels(grid)
    except StudyError as error:
        raise Broken(f"{href}: {error}; choose another item") from None
    if dataset.dtypes[0].startswith("complex"):
        raise Broken(f"{href}: the file contains complex numbers; choose another item")
    return grid


def _read_coarse(source: Any, window: Window) -> np.ndarray:
    """Return band 1 in a window as float64, at about COARSE_PX a side, but not upsampled."""
    coarsest = max(1, min(window.height, window.width) // COARSE_PX)
    factors = [factor for factor in source.overviews(1) if factor <= coarsest]
    tile_bytes(source, window, len(factors) - 1 if factors else None)  # checks the header
    shape = math.ceil(window.height / coarsest), math.ceil(window.width / coarsest)
    return source.read(1, window=window, out_shape=shape).astype(np.float64)


def radar_view(
    remote: Remote, area: Sequence[float], settings: Mapping[str, Any], item: Item
) -> tuple[Grid, np.ndarray] | None:
    """Return the Grid of the files of a SAR item and the cells of the area that they show.

    settings: of the catalogue's SAR; with a mask, pixels that it does not mark as valid are not
    shown. None if the files have no pixel in the area. See passes.in_footprint for cells. Raises
    Broken for files that cannot be used.
    """
    bands = radar_files(settings)
    hrefs = [item.assets[band].href for band in bands]
    with ThreadPoolExecutor(len(hrefs)) as pool:
        views = list(pool.map(lambda href: view(remote, href, area), hrefs))
    seen = [each for each in views if each is not None]
    if len(seen) < len(views):
        return None
    if any(each.grid != seen[0].grid for each in seen):
        raise Broken("its files are on different grids; choose another item")
    shown = [
        each.cells(
            area,
            each.numbers == settings["mask_valid"] if band == "mask" else ~is_empty(each.numbers),
        )
        for band, each in zip(bands, seen, strict=True)
    ]
    return seen[0].grid, np.logical_and.reduce(shown)


def optical_fault(
    remote: Remote, area: Sequence[float], bands: Sequence[str], sensor: Sensor, chosen: Pass
) -> str | None:
    """Return what is wrong with the files of an optical pass, None if nothing is.

    bands: those that are read of each item. Every file is opened. It must have the pixels of the
    pass, or coarser ones if the sensor has these in the band, and have data where its quality band
    has.
    """
    try:
        for band in bands:
            if band == sensor.quality[0]:  # it has been read before
                continue
            shown = np.zeros((FOOTPRINT_CELLS, FOOTPRINT_CELLS), bool)
            for item in chosen.items:
                seen = view(remote, item.assets[band].href, area)
                if seen is None:
                    return f"{band} of {item.id} has no pixel in the area"
                place_of(seen.grid.finer(sensor.coarser.get(band, 1)), chosen.grid)
                has_data = ~np.isnan(seen.numbers) & (seen.numbers != sensor.nodata)
                shown |= seen.cells(area, has_data)
            hole = chosen.coverage - float(shown.mean())
            if not band.startswith("qa_") and hole > MAX_HOLE:
                return f"{band} of {chosen.name} has no data in {hole:.1%} of the area"
    except Broken as error:
        return str(error)
    except StudyError as error:
        return f"{band} of {item.id}: {error}"
    return None
