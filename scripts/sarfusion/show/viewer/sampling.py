"""Which pixels of a raster a page contains: all, or a regular sample and some full tiles."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from rasterio.windows import Window

from ...core.raster import strips

TILE = 32  # pixels a side, on the stack's grid, of a tile at full resolution


@dataclass(frozen=True)
class SampledBlock:
    """A block of a raster of which every `step`-th pixel is kept along rows and columns.

    row, column: of the block's upper left pixel in the raster. rows, columns: numbers of pixels
    kept. The first pixel kept is in the middle of the first step.
    """

    row: int
    column: int
    rows: int
    columns: int
    step: int = 1

    @property
    def size(self) -> int:
        """The number of pixels kept."""
        return self.rows * self.columns

    def as_list(self) -> list[int]:
        """Return [row, column, rows, columns, step], the form in which page.js reads a block."""
        return list(astuple(self))


def thinned(shape: tuple[int, int], step: int) -> SampledBlock:
    """Return the block of every `step`-th pixel of a whole raster of `shape` (rows, columns)."""
    rows, columns = (len(range(step // 2, side, step)) for side in shape)
    return SampledBlock(0, 0, rows, columns, step)


def plan_blocks(
    shape: tuple[int, int], ratio: int, places: Iterable[tuple[int, int]], pixels: float
) -> list[SampledBlock]:
    """Return blocks of a raster of `shape` with at most about `pixels` pixels in all.

    If the whole raster fits, it is the only block. Otherwise half of the pixels go to the whole
    raster, thinned, and half to full tiles around `places`: (row, column), the most important
    first. The raster has `ratio` pixels along a pixel of the stack. The step is a multiple of
    `ratio`, so that the samples of both grids are on the same ground.
    """
    if math.prod(shape) <= pixels:
        return [SampledBlock(0, 0, *shape)]
    step = ratio
    while thinned(shape, step).size > max(1, pixels / 2):
        step += ratio
    blocks, side, left = [thinned(shape, step)], TILE * ratio, pixels / 2
    if step == 1:
        return blocks
    corners = dict.fromkeys(
        (int(row) // side * side, int(column) // side * side) for row, column in places
    )
    for row, column in corners:
        tile = SampledBlock(row, column, min(side, shape[0] - row), min(side, shape[1] - column))
        left -= tile.size
        if left < 0:
            break
        blocks.append(tile)
    return blocks


def read_blocks(
    read: Callable[[Window], np.ndarray], shape: tuple[int, int], blocks: Sequence[SampledBlock]
) -> np.ndarray:
    """Return the pixels (bands, pixels) of `blocks`, one after the other.

    read: returns the bands (bands, rows, columns) of rasters of `shape` in a Window.
    """
    parts = (_read_block(read, shape, block) for block in blocks)
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def _read_block(
    read: Callable[[Window], np.ndarray], shape: tuple[int, int], block: SampledBlock
) -> np.ndarray:
    """Return the bands (bands, rows, columns) of a block.

    A thinned raster is read strip by strip.
    """
    if block.step == 1:
        return read(Window(block.column, block.row, block.columns, block.rows))
    first, step = block.step // 2, block.step
    kept = []
    for window in strips(shape):
        top = (first - window.row_off) % step
        kept.append(read(window)[:, top::step, first::step])
    return np.concatenate(kept, axis=1)
