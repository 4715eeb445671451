"""Which pixels of a raster a page holds: all, or every n-th one and some places in full."""

import math
from dataclasses import astuple, dataclass

import numpy as np
from rasterio.windows import Window

from ...core.raster import strips

TILE = 32  # pixels a side, on the stack's grid, of a place that is held in full


@dataclass(frozen=True)
class Part:
    """Every `step`-th pixel, from the middle of the first step on, of part of a raster.

    row, column: of the corner, in the raster's pixels; rows, columns: how many pixels are kept.
    """

    row: int
    column: int
    rows: int
    columns: int
    step: int = 1

    @property
    def size(self):
        """How many pixels are kept."""
        return self.rows * self.columns

    def as_list(self):
        """As the page has it."""
        return list(astuple(self))


def thinned(shape, step):
    """Return the Part that holds every `step`-th pixel of a raster of `shape`."""
    rows, columns = (len(range(step // 2, side, step)) for side in shape)
    return Part(0, 0, rows, columns, step)


def plan(shape, ratio, places, pixels):
    """Return the Parts of a raster of `shape` that hold at most about `pixels` pixels.

    All of it where that fits. Else half the pixels go to the whole raster, thinned, and half to
    tiles in full, those of `places` ((row, column), the most wanted first). The raster has
    `ratio` pixels along each pixel of the stack, and is thinned by a multiple of it, so that what
    is kept on both grids lies on the same ground.
    """
    if math.prod(shape) <= pixels:
        return [Part(0, 0, *shape)]
    step = ratio
    while thinned(shape, step).size > max(1, pixels / 2):
        step += ratio
    parts, side, left = [thinned(shape, step)], TILE * ratio, pixels / 2
    if step == 1:
        return parts
    corners = dict.fromkeys(
        (int(row) // side * side, int(column) // side * side) for row, column in places
    )
    for row, column in corners:
        tile = Part(row, column, min(side, shape[0] - row), min(side, shape[1] - column))
        left -= tile.size
        if left < 0:
            break
        parts.append(tile)
    return parts


def cut(band, shape, parts):
    """Return the pixels of `parts`, one after the other, as one flat float32 array.

    band: function of a Window that returns the raster there (rows, columns).
    """
    return np.concatenate([_cut(band, shape, part).ravel() for part in parts])


def _cut(band, shape, part):
    if part.step == 1:
        return band(Window(part.column, part.row, part.columns, part.rows))
    first, step = part.step // 2, part.step
    kept = []
    for window in strips(shape):
        top = (first - window.row_off) % step
        kept.append(band(window)[top::step, first::step])
    return np.concatenate(kept)
