"""The standard error of a score due to the choice of ground: the moving-block jackknife.

A score is a mean over ground, or nearly so: each cell of ground moves it by its influence (see
`differences`). If cells were independent, the variance of the score would be the sum of their
squared influences. Errors of neighbouring cells are correlated, so that sums over square blocks
replace single cells: the moving-block jackknife (Künsch 1989, Annals of Statistics 17(3), section
3; in the plane, Lahiri 2003, Resampling Methods for Dependent Data, chapter 12). With overlapping
blocks B of l x l cells

    v(l) = 1 / l^2 * sum over B of (sum of the influences in B)^2,

which weights the covariance of two cells by a triangle that falls from 1 to 0 at a distance of l,
in rows and in columns. This is too small by a fraction of about 1 / l. Extrapolated from v(l) and
v(l / 2) to infinite l, it is

    2 v(l) - v(l / 2),

the flat-top window of Politis & Romano (1995, Journal of Time Series Analysis 16(1)). The larger of
this and v(l) is taken, each times N / (N - 1), since influences sum to 0, with N the number of
blocks that ground of this shape amounts to: (sum of pixels)^2 / (sum over B of pixels^2 / l^2).

The size of blocks follows from the map of influences: see `correlation_length` and `block_side`.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.fft import ifft, irfft, next_fast_len, rfft2

from .definitions import LENGTHS_IN_BLOCK, MAX_WINDOW

MAX_LAG = 128  # cells: correlations are not computed beyond this lag


class CellMap:
    """A map of the values of cells (rows, columns), and sums over it.

    What takes long to compute is kept, since one map of counts serves many pairs of methods.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.reach = max(1, min(MAX_LAG, min(values.shape) // 2))  # the largest lag in cells

    @cached_property
    def products(self) -> np.ndarray:
        """The sum of the products of all pairs of cells, for each lag between two cells.

        (2 reach + 1, reach + 1): lags in rows from -reach, in columns from 0.
        """
        shape = [next_fast_len(size + self.reach, real=True) for size in self.values.shape]
        power = np.abs(rfft2(self.values, shape)) ** 2 + 0j
        lags = np.arange(-self.reach, self.reach + 1)  # only these rows are transformed further
        rows = ifft(power, axis=0, norm="forward", overwrite_x=True)[lags]
        sums = irfft(rows, shape[1], norm="forward")[:, : self.reach + 1]
        return sums * (1 / np.prod(shape))

    @cached_property
    def _table(self) -> np.ndarray:
        """Cumulative sums (rows + 1, columns + 1), from 0."""
        table = np.zeros([size + 1 for size in self.values.shape])
        table[1:, 1:] = self.values
        np.cumsum(table, axis=0, out=table)
        return np.cumsum(table, axis=1, out=table)

    def squares(self, side: int) -> float:
        """Return the sum of the squared sums of all blocks of side x side cells, over side^2.

        The blocks are those with at least one cell in the map; it is 0 beyond its edges.
        """
        sums = np.pad(self._table, side - 1, mode="edge")
        sums = sums[side:] - sums[:-side]
        sums = sums[:, side:] - sums[:, :-side]
        return float(np.sum(sums**2) / side**2)


class GroundVariance(NamedTuple):
    """Variances (maps,), the number of blocks behind them, and the side of a block in pixels."""

    variances: np.ndarray
    blocks: float
    block_px: float


def correlation_length(influence: CellMap, counts: CellMap, cell: int) -> float:
    """Return the correlation length of a map of influences, in pixels.

    counts: the number of pixels that score in each cell; cell: side of a cell in pixels.

    It is the root of the integral of the autocorrelation over the plane (the integral range of
    Lantuéjoul 1991, Journal of Microscopy 161(3)): independent squares of this side would give a
    mean the same variance. It is 2.51 s for a Gaussian autocorrelation exp(-h^2 / 2 s^2). The
    integral ends at the first distance at which the autocorrelation, averaged over directions, is
    not positive; beyond, it is noise. For a map without any correlation it is the side of a cell.
    """
    reach = influence.reach
    rows, columns = np.mgrid[-reach : reach + 1, : reach + 1]
    rings = np.rint(np.hypot(rows, columns)).astype(int)
    keep = rings < reach
    twice = np.where(columns > 0, 2, 1)  # opposite lags are equal
    size, products, pairs = (
        np.bincount(rings[keep], (twice * sums)[keep])
        for sums in (1, influence.products, counts.products)
    )
    if not products[0] > 0:
        return float(cell)
    ends = np.flatnonzero(~((products > 0) & (pairs > 0.5)))
    near = slice(ends[0] if len(ends) else None)
    correlation = products[near] / pairs[near] / (products[0] / pairs[0])
    return float(cell * np.sqrt(size[near] @ correlation))


def block_side(length: float, least_px: int) -> float:
    """Return the side of blocks, in pixels, for maps with a correlation length (pixels).

    It is LENGTHS_IN_BLOCK correlation lengths, but at least `least_px` and the largest window of
    any metric, within which scores are correlated by construction.
    """
    return max(LENGTHS_IN_BLOCK * length, least_px, MAX_WINDOW)


def ground_variance(
    maps: Iterable[CellMap], counts: CellMap, cell: int, block_px: float
) -> GroundVariance:
    """Return the GroundVariance of scores, from maps of influences.

    counts: scored pixels in each cell. The side of a block is an even number of cells; variances
    are interpolated between the two nearest sizes, so that they change continuously with block_px.
    """
    wanted = block_px / cell
    lower = max(2, 2 * int(wanted // 2))
    share = min(max((wanted - lower) / 2, 0), 1)
    sides = (lower // 2, lower // 2 + 1, lower, lower + 2)
    blocks = counts.values.sum() ** 2 / np.array([counts.squares(side) for side in sides])
    squares = np.array([[map_.squares(side) for side in sides] for map_ in maps])
    with np.errstate(divide="ignore", invalid="ignore"):
        half, whole = np.split(blocks / (blocks - 1) * squares, 2, axis=1)
    small, large = np.maximum(2 * whole - half, whole).T  # extrapolated, as above
    few, many = blocks[2:]
    return GroundVariance(
        (1 - share) * small + share * large,
        float((1 - share) * few + share * many),
        cell * (lower + 2 * share),
    )
