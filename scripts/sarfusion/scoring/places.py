"""Where the values of a tile count: the regions of scoring and the cells of ground, as runs.

Regions overlap, and a value with a window counts only where its whole window is in a region. So
the pixels of a tile are divided into classes, whose pixels are in the same regions and in the same
cell, and into runs, pixels of one class one after another. Values are summed once, by class; the
sum over a region or a cell is that over its classes. Classes in the same regions are of one kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np

# How far the largest window, the 11 px of SSIM, reaches beyond its pixel.
HALO_PX = 5

RUN_PX = 1024  # a run has at most this many pixels, so that they stay in a fast cache

Box = tuple[tuple[int, int], tuple[int, int]]  # half-open ranges of rows and columns


class Window(NamedTuple):
    """The pixels that a value depends on: how many above, below, left and right of its pixel."""

    above: int
    below: int
    left: int
    right: int


def square(side: int) -> Window:
    """Return the square window about a pixel, which is below and right of its middle if even."""
    before, after = side // 2, side - 1 - side // 2
    return Window(before, after, before, after)


PIXEL = square(1)
AND_BELOW, AND_RIGHT = Window(0, 1, 0, 0), Window(0, 0, 0, 1)


class Runs(NamedTuple):
    """Runs of pixels of a tile, whose own pixels are numbered row by row.

    starts, stops, classes: int (runs,), half-open ranges of pixels and their class. cells, kinds:
    int (classes,), the cell and the kind of each class. regions: their names. inside: bool
    (regions, kinds), whether a kind is in a region.
    """

    starts: np.ndarray
    stops: np.ndarray
    classes: np.ndarray
    cells: np.ndarray
    kinds: np.ndarray
    regions: Sequence[str]
    inside: np.ndarray

    def inside_any(self, regions: Sequence[str]) -> np.ndarray:
        """Return which classes are in any of the regions: bool (classes,)."""
        rows = [self.regions.index(name) for name in regions]
        return union(self.inside[rows])[self.kinds]


class InCells(NamedTuple):
    """Where classes are counted in cells.

    numbers: int (classes,), the place of its cell among so many `cells`; -1 for a class that is not
    counted.
    """

    numbers: np.ndarray
    cells: int


class Places:
    """The regions and the cells of a tile.

    masks: {region: bool (rows + 2 HALO_PX, columns + 2 HALO_PX)}, at least one. cells: int (rows,
    columns), the cell of each of the tile's own pixels; None if all are in cell 0. counted: the
    region whose sums over cells are needed, and the numbers of its cells, sorted; None for none.
    """

    def __init__(
        self,
        masks: Mapping[str, np.ndarray],
        cells: np.ndarray | None = None,
        counted: tuple[str, np.ndarray] | None = None,
    ) -> None:
        self.masks, self._cells, self._counted = masks, cells, counted
        self._runs: dict[Window, Runs] = {}
        self._in_cells: dict[Window, InCells] = {}

    @cached_property
    def ground(self) -> np.ndarray:
        """The pixels in any region, with the margin of the tile; contiguous."""
        return union(plane != 0 for plane in self._bits)

    @cached_property
    def _bits(self):
        """Masks of all regions: bit i of array k, uint8, is region 8 k + i."""
        regions = [np.ascontiguousarray(mask).view(np.uint8) for mask in self.masks.values()]
        return [
            reduce(
                np.bitwise_or, [mask << bit for bit, mask in enumerate(regions[first : first + 8])]
            )
            for first in range(0, len(regions), 8)
        ]

    def runs(self, window: Window) -> Runs:
        """Return the runs of the pixels whose whole window is in a region."""
        if window not in self._runs:
            self._runs[window] = self._find_runs(window)
        return self._runs[window]

    def in_cells(self, window: Window) -> InCells | None:
        """Return where the classes of these runs are counted in cells; None if nowhere."""
        if self._counted and window not in self._in_cells:
            runs, (region, cells) = self.runs(window), self._counted
            numbers = np.where(runs.inside_any([region]), np.searchsorted(cells, runs.cells), -1)
            self._in_cells[window] = InCells(numbers, len(cells))
        return self._in_cells.get(window)

    def _find_runs(self, window):
        bits = [whole_windows(plane, window).ravel() for plane in self._bits]
        cells = [] if self._cells is None else [self._cells.ravel()]
        changes = union(map(_changes, [*bits, *cells]))
        changes[::RUN_PX] = True
        starts = np.flatnonzero(changes)
        stops = np.append(starts[1:], changes.size)
        in_any = union(plane[starts] != 0 for plane in bits)
        starts, stops = starts[in_any], stops[in_any]
        of_runs = np.stack([plane[starts] for plane in bits])
        kinds, first = _kinds(of_runs)
        of_cells = cells[0][starts] if cells else np.zeros_like(starts)
        pairs, classes = np.unique(of_cells * len(first) + kinds, return_inverse=True)
        numbers = np.divmod(pairs, max(len(first), 1))
        inside = np.unpackbits(of_runs[:, first], axis=0, count=len(self.masks), bitorder="little")
        return Runs(starts, stops, classes, *numbers, [*self.masks], inside.astype(bool))


def _kinds(bits):
    """Return a number for each run, the same for runs in the same regions, and a run of each kind.

    bits: of runs, (arrays, runs); see Places. Kinds are numbered from 0.
    """
    kinds = np.zeros(bits.shape[1], int)
    for plane in bits:  # few numbers at a time, whatever the number of regions
        both = 256 * kinds + plane
        kinds = (np.cumsum(np.bincount(both) > 0) - 1)[both]
    return kinds, np.unique(kinds, return_index=True)[1]


def _changes(values):
    """Return where values (pixels,) differ from those before; true at the first."""
    found = np.ones(values.shape, bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def union(masks: Iterable[np.ndarray]) -> np.ndarray:
    """Return where any of the masks, at least one, is true."""
    return reduce(np.logical_or, masks)


def inner(image: np.ndarray) -> np.ndarray:
    """Return a tile (..., rows, columns) without its margin."""
    return image[..., HALO_PX:-HALO_PX, HALO_PX:-HALO_PX]


def whole_windows(region: np.ndarray, window: Window) -> np.ndarray:
    """Return where the whole window of a tile's own pixel is in the region: (rows, columns).

    region: bool, with the margin of the tile. It may also be the bits of several regions (see
    Places); so is the result then.
    """
    above, below, left, right = window
    rows, columns = region.shape
    found = region[
        HALO_PX - above : rows - HALO_PX + below, HALO_PX - left : columns - HALO_PX + right
    ]
    for size in (above + 1 + below, left + 1 + right):
        width = 1
        while width < size:  # a run of pixels is the union of two shorter runs
            step = min(width, size - width)
            found = found[:-step] & found[step:]
            width += step
        found = found.T
    return found
