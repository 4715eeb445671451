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
    int (classes,), the cell and the kind of each class, sorted by cell. regions: their names.
    inside: bool (regions, kinds), whether a kind is in a region.
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


class Places:
    """The regions and the cells of a tile.

    masks: {region: bool (rows + 2 HALO_PX, columns + 2 HALO_PX)}, at least one. cells: int (rows,
    columns), the cell of each of the tile's own pixels; None if all are in cell 0.
    """

    def __init__(self, masks: Mapping[str, np.ndarray], cells: np.ndarray | None = None) -> None:
        self.masks, self._cells = masks, cells
        self._runs: dict[Window, Runs] = {}

    @cached_property
    def ground(self) -> np.ndarray:
        """The pixels in any region, with the margin of the tile; contiguous."""
        return np.ascontiguousarray(union(self.masks.values()))

    def runs(self, window: Window) -> Runs:
        """Return the runs of the pixels whose whole window is in a region."""
        if window not in self._runs:
            self._runs[window] = self._find_runs(window)
        return self._runs[window]

    def _find_runs(self, window):
        inside = [whole_windows(mask, window).ravel() for mask in self.masks.values()]
        cells = [] if self._cells is None else [self._cells.ravel()]
        changes = union(map(_changes, [*inside, *cells]))
        changes[::RUN_PX] = True
        starts = np.flatnonzero(changes)
        stops = np.append(starts[1:], changes.size)
        in_any = union(one[starts] for one in inside)
        starts, stops = starts[in_any], stops[in_any]
        inside = [one[starts] for one in inside]
        kinds = _kinds(inside)
        _, first = np.unique(kinds, return_index=True)
        of_cells = cells[0][starts] if cells else np.zeros_like(starts)
        pairs, classes = np.unique(of_cells * len(first) + kinds, return_inverse=True)
        numbers = np.divmod(pairs, max(len(first), 1))
        return Runs(starts, stops, classes, *numbers, [*self.masks], np.stack(inside)[:, first])


def _kinds(inside):
    """Return a number for each run, the same for runs in the same regions: 0, 1, 2, ...

    inside: for each region, whether runs are in it: bool (runs,).
    """
    kinds = np.zeros(inside[0].shape, int)
    for one in inside:  # few numbers at a time, whatever the number of regions
        doubled = 2 * kinds + one
        kinds = (np.cumsum(np.bincount(doubled) > 0) - 1)[doubled]
    return kinds


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
    """Return where the whole window of a tile's own pixel is in the region: bool (rows, columns).

    region: with the margin of the tile.
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
