"""Intervals of the difference between two methods, by resampling test ground and seeds.

Errors of neighbouring pixels go together, so that ground is resampled in square blocks: the
moving-block bootstrap (Künsch 1989, Annals of Statistics 17(3); in the plane, Lahiri 2003,
Resampling Methods for Dependent Data). A metric is written as a function of sums over the ground
(its `Statistic`); a resample adds up the sums of the blocks it drew.

Two methods are compared on the same blocks (paired). Seeds are the second level, crossed with
the first: each resample also draws, with replacement, which seeds are averaged, since other seeds
are as likely as other ground. Of few seeds it knows little: with S of them it understates their
variance by (S - 1) / S, and with one it is the interval of that one model.

Intervals are percentile intervals. On errors that are alike over about 5 pixels and with blocks
of 16 to 32, those of 95 % held the truth in 90 to 92 % of trials on ground of nine blocks or
more, and in 86 % on ground of four: take them for slightly narrow.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .comparisons import paired_runs
from .errors import StudyError
from .pairs import ROUNDING, Pair, rms
from .windows import edge_map, gradient_maps, ssim_map, textured_uiqi_map, uiqi_map

CONFIDENCE = 0.95
STEPS = 4  # blocks overlap: they start at every quarter of their side
LEAST_BLOCKS = 4  # ground of fewer blocks has no interval


class Statistic(NamedTuple):
    """A metric as a function of sums over the ground.

    terms: gives the maps to be summed, (terms, rows, columns), zero where nothing counts; the
    first says how many things (pixels, windows, differences) count there.
    value: turns sums (..., terms) into values (...).
    """

    terms: Callable[[Pair], np.ndarray]
    value: Callable[[np.ndarray], np.ndarray]


class Blocks:
    """Test ground cut into overlapping square blocks, and resamples of it.

    Blocks of block_px x block_px pixels start at every quarter of their side, also where they
    reach beyond the ground. Each pixel then lies in equally many blocks, so that the resamples
    spread about the scores themselves; their variance is that of a Bartlett window of width
    block_px. A resample draws as many blocks as hold the ground's number of pixels on average.

    region: bool (rows, columns). The draws follow from `seed` and the region alone: two methods
    on the same ground are resampled alike.
    """

    def __init__(self, region, block_px, draws, seed):
        if block_px % STEPS and block_px > STEPS:
            raise StudyError(f"block_px is {block_px}: make it a multiple of {STEPS}")
        self._cell = max(1, block_px // STEPS)
        self._span = block_px // self._cell
        self._used = self._sums_of_blocks(region[np.newaxis])[:, 0] > 0
        size = max(1, round(self._used.sum() / self._span**2))
        self._drawn = np.random.default_rng(seed).integers(self._used.sum(), size=(draws, size))
        self.enough = region.sum() >= LEAST_BLOCKS * block_px**2

    def sums(self, maps):
        """Return sums (1 + draws, terms) of maps (terms, rows, columns).

        The first row is the whole ground, each other a resample of it.
        """
        blocks = self._sums_of_blocks(maps)[self._used]
        return np.stack(
            [maps.sum(axis=(1, 2)), *(blocks[draw].sum(axis=0) for draw in self._drawn)]
        )

    def _sums_of_blocks(self, maps):
        """Return the sums of the maps over every block, (blocks, terms)."""
        terms, rows, columns = maps.shape
        cell, margin = self._cell, self._span - 1
        fill = [(0, -side % cell) for side in (rows, columns)]
        padded = np.pad(np.asarray(maps, float), [(0, 0), *fill])
        cells = padded.reshape(terms, -(-rows // cell), cell, -(-columns // cell), cell)
        cells = np.pad(cells.sum(axis=(2, 4)), [(0, 0), (margin, margin), (margin, margin)])
        windows = sliding_window_view(cells, (self._span, self._span), axis=(1, 2))
        return windows.sum(axis=(3, 4)).reshape(terms, -1).T


class Difference(NamedTuple):
    """Mean over seeds of left - right, its interval, and the number of seeds it rests on."""

    difference: float
    low: float
    high: float
    seeds: int


def distributions(pair, blocks):
    """Return {metric: (values, n)} of a fused image.

    values: (1 + draws,), the metric on the whole ground, then on each resample; NaN where
    nothing supports it. n: the number of pixels, windows or differences that it rests on.
    """
    found = {}
    for name, statistic in STATISTICS.items():
        sums = blocks.sums(statistic.terms(pair))
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name] = statistic.value(sums), int(sums[0, 0])
    return found


def compare(left, right, seed, enough=True):
    """Return the Difference between two methods in one metric.

    left, right: {seed: values (1 + draws,)} from the same Blocks. seed: draws the seeds.
    enough: whether the ground has an interval at all (`Blocks.enough`); low and high are NaN
    where it has none, or where a resample holds nothing that supports the metric.
    """
    differences = np.array([one - other for one, other in paired_runs(left, right)])
    if differences.size == 0:
        raise StudyError("the two methods have no seed in common; train both with the same seeds")
    seeds, draws = len(differences), differences.shape[1] - 1
    point = float(differences[:, 0].mean())
    if not enough:
        return Difference(point, np.nan, np.nan, seeds)
    chosen = np.random.default_rng(seed).integers(seeds, size=(draws, seeds))
    resampled = differences[chosen, 1 + np.arange(draws)[:, np.newaxis]].mean(axis=1)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Difference(point, float(low), float(high), seeds)


def _mean(sums):
    return sums[..., 1] / sums[..., 0]


def _root_mean(sums):
    return np.sqrt(_mean(sums))


def _ratio(sums):
    return sums[..., 2] / sums[..., 1]


def _root_ratio(sums):
    return np.sqrt(_ratio(sums))


def _correlation(sums):
    """Return Pearson's correlation from the sums of 1, x, y, xx, yy, xy; NaN on constants."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    x_spread, y_spread = xx - x * x / n, yy - y * y / n
    constant = (x_spread <= ROUNDING**2 * xx) | (y_spread <= ROUNDING**2 * yy)
    return np.where(constant, np.nan, (xy - x * y / n) / np.sqrt(np.abs(x_spread * y_spread)))


def _products(x, y, where, levels):
    """Return the maps 1, x, y, xx, yy, xy of two maps, about their means for the digits' sake."""
    x, y = (_centred(*one, where) for one in zip((x, y), levels, strict=True))
    return np.stack([where, x, y, x * x, y * y, x * y])


def _centred(values, level, where):
    """Return a map about its mean; zero, a constant, if its spread is but rounding of `level`."""
    if not where.any():
        return np.zeros(where.shape)
    centred = np.where(where, values - values[where].mean(), 0)
    return centred if rms(centred[where]) > ROUNDING * level else np.zeros(where.shape)


def _levels(pair):
    return [rms(values) for values in pair.values]


def _pixels(pair):
    return _products(pair.reference, pair.fused, pair.region, _levels(pair))


def _gradients(pair):
    return _products(*gradient_maps(pair), _levels(pair))


def _edges(pair):
    quality, weights, where = edge_map(pair)
    return np.stack([where, weights, weights * quality])


def _windows(map_of):
    """Return the terms of a mean over windows."""

    def terms(pair):
        values, where = map_of(pair)
        return np.stack([where, values])

    return terms


def _squared_differences(pair):
    """Return the maps of neighbours' count and squared differences; each stands at the first."""
    maps = np.zeros((3, *pair.region.shape))
    for first, second in [(np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])]:
        both = pair.region[first] & pair.region[second]
        maps[0][first] += both
        for number, image in enumerate((pair.reference, pair.fused), start=1):
            maps[number][first] += np.where(both, (image[second] - image[first]) ** 2, 0)
    return maps


STATISTICS = {
    "rmse": Statistic(
        lambda pair: np.stack([pair.region, (pair.fused - pair.reference) ** 2]), _root_mean
    ),
    "mae": Statistic(
        lambda pair: np.stack([pair.region, np.abs(pair.fused - pair.reference)]), _mean
    ),
    "cc": Statistic(_pixels, _correlation),
    "ssim": Statistic(_windows(ssim_map), _mean),
    "uiqi": Statistic(_windows(uiqi_map), _mean),
    "uiqi_textured": Statistic(_windows(textured_uiqi_map), _mean),
    "gradient_cc": Statistic(_gradients, _correlation),
    "q_af": Statistic(_edges, _ratio),
    "sf_ratio": Statistic(_squared_differences, _root_ratio),
}
