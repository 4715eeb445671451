"""Adjacent items of one pass, pasted onto one grid."""

import numpy as np
from rasterio.windows import Window

from ...core.errors import StudyError

OFF_RASTER = 1e-3  # pixels; a rounding error of coordinates, no more


def place_of(part, grid):
    """Return (row, column) in the Grid `grid` of the first pixel of the Grid `part`.

    Raises StudyError unless both have one CRS and one raster of pixels.
    """
    own, other = (
        (each.transform.a, each.transform.b, each.transform.d, each.transform.e)
        for each in (grid, part)
    )
    same_step = np.allclose(own, other, rtol=1e-9, atol=1e-9)
    column, row = ~grid.transform * (part.transform.c, part.transform.f)
    off = max(abs(column - round(column)), abs(row - round(row)))
    if part.crs != grid.crs or not same_step or off > OFF_RASTER:
        raise StudyError("pixels lie on another raster")
    return round(row), round(column)


def window_on(grid, part):
    """Return the window of the Grid `part` that lies on the Grid `grid`, or None."""
    row, column = place_of(part, grid)
    top, left = max(0, -row), max(0, -column)
    bottom, right = min(part.height, grid.height - row), min(part.width, grid.width - column)
    return Window(left, top, right - left, bottom - top) if top < bottom and left < right else None


def mosaic(parts, grid, empty, is_empty):
    """Return bands (bands, rows, columns) on `grid`, pasted from parts; the first one wins.

    parts: (bands, Grid) each, within `grid`. empty: the number of each band where no part has
    data. is_empty: a function from bands (bands, rows, columns) to where they have none.
    """
    pasted = np.empty((len(empty), *grid.shape), np.result_type(*(bands for bands, _ in parts)))
    pasted[:] = np.reshape(empty, (-1, 1, 1))
    for bands, part in parts:
        row, column = place_of(part, grid)
        here = pasted[:, row : row + part.height, column : column + part.width]
        take = is_empty(here) & ~is_empty(bands)
        here[:, take] = bands[:, take]
    return pasted
