"""Regular samples of the pixels of a raster."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from rasterio.windows import Window

from ...core.raster import BLOCK

PROBES = 4  # along each side of a raster, see `probe`
PROBE_PX = 64  # most pixels kept along a side of a probe


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


def pixel_count(blocks: Sequence[SampledBlock]) -> int:
    """Return the number of pixels that `blocks` keep."""
    return sum(block.size for block in blocks)


def thinned(shape: tuple[int, int], step: int) -> SampledBlock:
    """Return the block of every `step`-th pixel of a whole raster of `shape` (rows, columns)."""
    rows, columns = (len(range(step // 2, side, step)) for side in shape)
    return SampledBlock(0, 0, rows, columns, step)


def probe(shape: tuple[int, int], step: int) -> list[SampledBlock]:
    """Return small blocks of every `step`-th pixel, spread evenly over a raster of `shape`.

    Each is within one block of the raster's file. A step that is longer than this is cut to it.
    """
    step = min(step, BLOCK, *shape)
    side = min(BLOCK, PROBE_PX * step)
    blocks = []
    for row in _spread(shape[0]):
        for column in _spread(shape[1]):
            part = thinned((min(side, shape[0] - row), min(side, shape[1] - column)), step)
            if part.size:
                blocks.append(SampledBlock(row, column, part.rows, part.columns, step))
    return blocks


def _spread(side: int) -> list[int]:
    """Return where at most PROBES of a file's blocks begin, spread evenly along a side."""
    count = -(-side // BLOCK)
    probes = min(PROBES, count)
    return [(2 * number + 1) * count // (2 * probes) * BLOCK for number in range(probes)]


def read_blocks(read: Callable[[Window], np.ndarray], blocks: Sequence[SampledBlock]) -> np.ndarray:
    """Return the pixels (bands, pixels) of `blocks`, one after the other.

    read: returns the bands (bands, rows, columns) of a raster in a Window; it reads whole blocks.
    """
    parts = []
    for block in blocks:
        first, step = block.step // 2, block.step
        rows, columns = ((kept - 1) * step + 1 for kept in (block.rows, block.columns))
        window = Window(block.column + first, block.row + first, columns, rows)
        parts.append(read(window)[:, ::step, ::step])
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def copy_sample(values: np.ndarray, window: Window, sample: np.ndarray, step: int) -> None:
    """Copy the pixels of a window that `thinned` keeps to their places in the sample.

    values: (bands, rows, columns) of the window; sample: (bands, rows, columns) of the thinned
    raster.
    """
    rows, rows_kept = _kept(window.row_off, window.height, step)
    columns, columns_kept = _kept(window.col_off, window.width, step)
    sample[:, rows_kept, columns_kept] = values[:, rows, columns]


def _kept(start: int, length: int, step: int) -> tuple[slice, slice]:
    """Return the pixels kept of a line's `length` pixels from `start` on, as slices.

    They are slices of these pixels, and of all the pixels kept of the line.
    """
    before, after = (len(range(step // 2, stop, step)) for stop in (start, start + length))
    return slice(step // 2 + before * step - start, length, step), slice(before, after)
