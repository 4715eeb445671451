"""Maps of built-up ground: the classes of a simulated city, or a user's own mask.

A map has one band on the optical grid: NOT_BUILT, BUILT or UNKNOWN. Built-up ground is defined as
in ESA WorldCover (class 50): ground under buildings, roads and other structures, but not the green
between them (Zanaga et al. 2022, ESA WorldCover 10 m 2021 v200).
"""

from collections.abc import Sequence

import numpy as np
from rasterio.windows import Window

from ..core.errors import StudyError
from ..core.grid import Grid
from ..core.raster import open_raster
from ..core.resampling import nearest
from .landcover import ROOFS, Cover, LandCover
from .lattice import INNER, block_mean
from .own_rasters import own_band

BAND = "built_up"
NOT_BUILT, BUILT, UNKNOWN = 0, 1, 255
COVERS = (*ROOFS, Cover.ROAD, Cover.PAVED)  # of a simulated city
CELLS = 6  # of the simulated land along an optical pixel


def simulated_map(land: LandCover) -> np.ndarray:
    """Return the map whose pixels are BUILT if at least half is of COVERS, uint8 (rows, columns).

    land: of city_land.city_land.
    """
    share = block_mean(land.is_any(COVERS)[INNER], CELLS)
    return np.where(share >= 0.5, BUILT, NOT_BUILT).astype(np.uint8)


def own_map(path: str, number: int, classes: Sequence[int] | None, grid: Grid) -> np.ndarray:
    """Return the map in a raster, uint8 (rows, columns) of `grid`, by nearest neighbour.

    number: of its band, from 1. classes: the values that are built up; None: all but 0. Nodata of
    the raster and ground beyond it are UNKNOWN; without classes, 0 is data. Raises StudyError if
    the raster has no data on the grid, or if no pixel or every pixel is built up.
    """
    with open_raster(path) as dataset:
        band = own_band(dataset, number, path).under(grid)
        if classes is None:
            band = band.with_zero()
        values, known = band.read(Window(0, 0, band.grid.width, band.grid.height))
        built = values != 0 if classes is None else np.isin(values, classes)
        state = np.where(known, np.where(built, BUILT, NOT_BUILT), UNKNOWN).astype(np.uint8)
        found = nearest(state, band.grid, grid, UNKNOWN)
    if (found == UNKNOWN).all():
        raise StudyError(f"{path}: has no data in the optical scene; give a mask of that place")
    for kind, words in ((BUILT, "no pixel is"), (NOT_BUILT, "every pixel is")):
        if not (found == kind).any():
            meaning = "not 0" if classes is None else f"one of {', '.join(map(str, classes))}"
            raise StudyError(f"{path}: {words} built up ({meaning}); check built_up.classes")
    return found
