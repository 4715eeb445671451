"""Adjacent items of one pass, pasted onto one grid."""

from collections.abc import Callable, Sequence

import numpy as np
from rasterio.windows import Window

from ...core.errors import StudyError
from ...core.raster import Grid

RASTER_TOLERANCE_PX = 0.05  # frames of one orbit differ by 1 cm in some archives


def place_of(part: Grid, grid: Grid) -> tuple[int, int]:
    """Return (row, column) in `grid` of the first pixel of `part`.

    Raises StudyError unless both have the same CRS and aligned pixels.
    """
    own, other = (
        (each.transform.a, each.transform.b, each.transform.d, each.transform.e)
        for each in (grid, part)
    )
    same_step = np.allclose(own, other, rtol=1e-9, atol=1e-9)
    column, row = ~grid.transform * (part.transform.c, part.transform.f)
    off = max(abs(column - round(column)), abs(row - round(row)))
    if part.crs != grid.crs or not same_step or off > RASTER_TOLERANCE_PX:
        raise StudyError("pixels are on another raster")
    return round(row), round(column)


def window_on(grid: Grid, part: Grid) -> Window | None:
    """Return the window of `part` inside `grid`, None if they do not overlap."""
    row, column = place_of(part, grid)
    top, left = max(0, -row), max(0, -column)
    bottom, right = min(part.height, grid.height - row), min(part.width, grid.width - column)
    return Window(left, top, right - left, bottom - top) if top < bottom and left < right else None


def mosaic(
    images: Sequence[tuple[np.ndarray, Grid]],
    grid: Grid,
    empty: Sequence[float],
    is_empty: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return bands (bands, rows, columns) on `grid`, pasted from images; the first has priority.

    images: bands (bands, rows, columns) and their Grid, within `grid`. empty: the number of each
    band where no image has data. is_empty: bands -> bool (rows, columns), where they have none.
    """
    pasted = np.empty((len(empty), *grid.shape), np.result_type(*(bands for bands, _ in images)))
    pasted[:] = np.reshape(empty, (-1, 1, 1))
    for bands, part in images:
        row, column = place_of(part, grid)
        here = pasted[:, row : row + part.height, column : column + part.width]
        take = is_empty(here) & ~is_empty(bands)
        here[:, take] = bands[:, take]
    return pasted
