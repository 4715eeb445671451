"""What metrics have summed over the places of a tile, and the sums."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .places import PIXEL, InCells, Places, Runs, Window


class Terms(NamedTuple):
    """Values of a tile whose sums a metric needs.

    window: of each value. factors: for each value, the one or two arrays (pixels,) whose product it
    is; () is the value 1. At least one value has an array. The first value states how many pixels,
    windows or differences a pixel stands for.
    """

    window: Window
    factors: Sequence[tuple[np.ndarray, ...]]


class Levels(NamedTuple):
    """Values whose histograms a metric needs: arrays (pixels,), and the bins that divide a span."""

    arrays: Sequence[np.ndarray]
    span: float
    bins: int

    def over(self, places: Places, lows: Mapping[str, float]) -> np.ndarray:
        """Return the number of pixels, then the histogram of each array: (regions, numbers).

        lows: {region: where the span of its bins begins}; NaN, if it is unknown, leaves them empty.
        """
        from .sums import histograms  # not above: most users need no compiler

        runs = places.runs(PIXEL)
        inside = runs.inside[:, runs.kinds[runs.classes]]
        begins = np.array([lows[region] for region in runs.regions])
        where = runs.starts, runs.stops, inside, begins, self.span, self.bins
        counts = [histograms(one, *where) for one in self.arrays]
        pixels = np.where(inside, runs.stops - runs.starts, 0).sum(axis=1, keepdims=True)
        return np.concatenate([pixels, *counts], axis=1)


Summed = Sequence[Terms | Levels]  # sums of several are added
Value = np.ndarray | tuple[np.ndarray, np.ndarray]  # of pixels, or two arrays whose product it is


def unweighted(window: Window, *values: Value) -> Summed:
    """Return the Terms of values of the tile's own pixels, each of which counts as one."""
    return [Terms(window, [(), *map(_factors, values)])]


def weighted(window: Window, weights: np.ndarray, *values: Value) -> Summed:
    """Return the same for pixels that count as much as their weight."""
    return [Terms(window, [*map(_factors, (weights, *values))])]


def moments(window: Window, x: np.ndarray, y: np.ndarray) -> Summed:
    """Return the Terms of x, y, their squares and their product, as a correlation needs."""
    return unweighted(window, x, y, (x, x), (y, y), (x, y))


def _factors(value):
    return value if isinstance(value, tuple) else (value,)


class ClassSums:
    """Sums by class: values (sums, classes), the classes of some runs."""

    def __init__(self, runs: Runs, values: np.ndarray, cells: InCells | None) -> None:
        self.runs, self.values, self.cells = runs, values, cells

    @cached_property
    def over(self) -> np.ndarray:
        """The sums over each region (regions, sums)."""
        from .sums import numbered_sums

        inside = self.runs.inside[:, np.newaxis]
        kinds = numbered_sums(self.values, self.runs.kinds, inside.shape[-1])
        # Chosen, not multiplied by 0: what is not finite elsewhere must not reach a region.
        return np.where(inside, kinds, 0).sum(axis=-1)

    @cached_property
    def in_cells(self) -> np.ndarray:
        """The sums over the counted part of each cell (sums, cells)."""
        from .sums import numbered_sums

        assert self.cells
        return numbered_sums(self.values, *self.cells)


class Sums(NamedTuple):
    """The sums of the Terms of a metric: some rows of sums by class."""

    by_class: ClassSums
    rows: Sequence[int]

    def over(self) -> np.ndarray:
        """Return the sums over each region (regions, terms)."""
        return self.by_class.over[:, self.rows]

    def in_cells(self) -> np.ndarray:
        """Return the sums over the counted part of each cell (terms, cells); see Places."""
        return self.by_class.in_cells[self.rows]

    def of_parts(self, first: Sequence[str], second: Sequence[str]) -> "Sums":
        """Return the count, then both sums over the first part, then over the second one.

        self: sums of a count and another term. first, second: the regions that make up each part.
        """
        runs, values = self.by_class.runs, self.by_class.values[self.rows]
        parts = [runs.inside_any(regions) for regions in (first, second)]
        count = np.where(parts[0] | parts[1], values[:1], 0)
        both = [np.where(part, values, 0) for part in parts]
        found = np.concatenate([count, *both])
        return Sums(ClassSums(runs, found, self.by_class.cells), range(len(found)))


class TermSums:
    """The sums of several Terms over places. A product that several of them have is summed once."""

    def __init__(self, terms: Iterable[Terms], places: Places) -> None:
        products: dict[Window, dict[tuple[int, ...], tuple[np.ndarray, ...]]] = {}
        for window, factors in terms:
            of_window = products.setdefault(window, {})
            for product in factors:
                of_window.setdefault(_identity(product), product)
        self._rows = {
            window: {key: row for row, key in enumerate(found)}
            for window, found in products.items()
        }
        self._sums = {
            window: _sum([*found.values()], places.runs(window), places.in_cells(window))
            for window, found in products.items()
        }

    def of(self, terms: Terms) -> Sums:
        """Return the sums of one of the Terms."""
        rows = self._rows[terms.window]
        return Sums(self._sums[terms.window], [rows[_identity(one)] for one in terms.factors])


def _identity(product):
    """Return what identifies the arrays of a product."""
    return tuple(map(id, product))


def _sum(products, runs, cells):
    """Return the ClassSums of products of arrays."""
    from .sums import product_sums  # not above: most users of Terms need no compiler

    arrays = {id(array): array for product in products for array in product}
    numbers = {key: number for number, key in enumerate(arrays)}
    factors = np.full((len(products), 2), -1)
    for row, product in zip(factors, products, strict=True):
        row[: len(product)] = [numbers[id(array)] for array in product]
    values = tuple(np.ascontiguousarray(array, float) for array in arrays.values())
    found = product_sums(values, factors, *runs[:3], len(runs.cells))
    return ClassSums(runs, found, cells)
