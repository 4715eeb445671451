"""What a metric has summed over the places of a tile, and the sums."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .places import PIXEL, Places, Runs, Window


class Sums(NamedTuple):
    """Sums of the terms of a metric by class: values (terms, classes), the classes of some runs."""

    runs: Runs
    values: np.ndarray

    def over(self, lows: Mapping[str, float]) -> np.ndarray:
        """Return the sums over each region (regions, terms). lows: only for Histograms."""
        inside = np.stack([*self.runs.inside.values()])
        kinds = [np.bincount(self.runs.kinds, row, inside.shape[1]) for row in self.values]
        # Chosen, not multiplied by 0: what is not finite elsewhere must not reach a region.
        return np.stack([np.where(inside, kind, 0).sum(axis=1) for kind in kinds], axis=1)

    def in_cells(self, region: str, cells: np.ndarray) -> np.ndarray:
        """Return the sums over the part of each cell in a region (terms, cells).

        cells: the numbers of all cells of the tile with pixels of the region, sorted.
        """
        chosen = self.runs.inside_any([region])
        at = np.searchsorted(cells, self.runs.cells[chosen])
        return np.stack([np.bincount(at, row[chosen], len(cells)) for row in self.values])

    def of_parts(self, first: Sequence[str], second: Sequence[str]) -> "Sums":
        """Return the count, then both sums over the first part, then over the second one.

        self: sums of a count and another term. first, second: the regions that make up each part.
        """
        parts = [self.runs.inside_any(regions) for regions in (first, second)]
        count = np.where(parts[0] | parts[1], self.values[:1], 0)
        both = [np.where(part, self.values, 0) for part in parts]
        return Sums(self.runs, np.concatenate([count, *both]))


class Terms(NamedTuple):
    """The values of a tile to be summed.

    window: of each value. factors: for each value, the one or two arrays (pixels,) whose product it
    is; () is the value 1. At least one value has an array. The first value states how many pixels,
    windows or differences a pixel stands for.
    """

    window: Window
    factors: Sequence[tuple[np.ndarray, ...]]

    def sums(self, places: Places) -> Sums:
        """Return the sums of the values over the classes of the places."""
        from .sums import product_sums  # not above: most users of Terms need no compiler

        arrays = {id(array): array for factors in self.factors for array in factors}
        numbers = {key: number for number, key in enumerate(arrays)}
        products = np.full((len(self.factors), 2), -1)
        for product, factors in zip(products, self.factors, strict=True):
            product[: len(factors)] = [numbers[id(array)] for array in factors]
        values = tuple(np.ascontiguousarray(array, float) for array in arrays.values())
        runs = places.runs(self.window)
        found = product_sums(values, products, *runs[:3], len(runs.cells))
        return Sums(runs, found)


class Levels(NamedTuple):
    """Values whose histograms are to be summed: arrays (pixels,), and the bins that divide a span.

    The span begins where the region says, so that there are no sums by class.
    """

    arrays: Sequence[np.ndarray]
    span: float
    bins: int

    def sums(self, places: Places) -> "Histograms":
        """Return the histograms over the places."""
        return Histograms(self, places.runs(PIXEL))


class Histograms(NamedTuple):
    """Histograms of levels over the regions of some runs."""

    levels: Levels
    runs: Runs

    def over(self, lows: Mapping[str, float]) -> np.ndarray:
        """Return the number of pixels, then the histogram of each array: (regions, numbers).

        lows: {region: where the span of its bins begins}; NaN, if it is unknown, leaves them empty.
        """
        return np.stack([self._over(region, lows[region]) for region in self.runs.inside])

    def _over(self, region, low):
        from .sums import histogram

        arrays, span, bins = self.levels
        starts, stops = self.runs.of(region)
        counts = [
            np.zeros(bins) if np.isnan(low) else histogram(one, starts, stops, low, span, bins)
            for one in arrays
        ]
        return np.concatenate([[(stops - starts).sum()], *counts])
