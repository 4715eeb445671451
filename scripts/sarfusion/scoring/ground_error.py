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

from typing import NamedTuple

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

from .definitions import LENGTHS_IN_BLOCK, MAX_WINDOW

MAX_LAG = 128  # cells: correlations are not computed beyond this lag


class GroundVariance(NamedTuple):
    """Variances (maps,), the number of blocks behind them, and the side of a block in pixels."""

    variances: np.ndarray
    blocks: float
    block_px: float


def correlation_length(influence: np.ndarray, counts: np.ndarray, cell: int) -> float:
    """Return the correlation length of a map of influences, in pixels.

    influence: (rows, columns) of cells; counts: the number of pixels that score in each; cell: side
    of a cell in pixels.

    It is the root of the integral of the autocorrelation over the plane (the integral range of
    Lantuéjoul 1991, Journal of Microscopy 161(3)): independent squares of this side would give a
    mean the same variance. It is 2.51 s for a Gaussian autocorrelation exp(-h^2 / 2 s^2). The
    integral ends at the first distance at which the autocorrelation, averaged over directions, is
    not positive; beyond, it is noise. For a map without any correlation it is the side of a cell.
    """
    reach = max(1, min(MAX_LAG, min(influence.shape) // 2))
    number, products, pairs, distance = _lags(influence, counts, reach)
    rings = np.rint(distance).astype(int).ravel()
    keep = rings < reach
    size, products, pairs = (
        np.bincount(rings[keep], map_.ravel()[keep]) for map_ in (number, products, pairs)
    )
    if not products[0] > 0:
        return float(cell)
    ends = np.flatnonzero(~((products > 0) & (pairs > 0.5)))
    near = slice(ends[0] if len(ends) else None)
    correlation = products[near] / pairs[near] / (products[0] / pairs[0])
    return float(cell * np.sqrt(size[near] @ correlation))


def _lags(influence, counts, reach):
    """Return (number, sums of products, pairs of pixels, distance in cells) for each lag of cells.

    Each is (2 reach + 1, reach + 1): lags in rows from -reach, in columns from 0. Opposite lags are
    equal, so that lags with columns above 0 count twice.
    """
    shape = [next_fast_len(size + reach, real=True) for size in influence.shape]

    def products(map_):
        found = irfft2(np.abs(rfft2(map_, shape)) ** 2, shape)[:, : reach + 1]
        return np.concatenate([found[-reach:], found[: reach + 1]])

    rows, columns = np.mgrid[-reach : reach + 1, : reach + 1]
    twice = np.where(columns > 0, 2, 1)
    distance = np.hypot(rows, columns)
    return twice, twice * products(influence), twice * products(counts), distance


def block_side(length: float, least_px: int) -> float:
    """Return the side of blocks, in pixels, for maps with a correlation length (pixels).

    It is LENGTHS_IN_BLOCK correlation lengths, but at least `least_px` and the largest window of
    any metric, within which scores are correlated by construction.
    """
    return max(LENGTHS_IN_BLOCK * length, least_px, MAX_WINDOW)


def ground_variance(
    maps: np.ndarray, counts: np.ndarray, cell: int, block_px: float
) -> GroundVariance:
    """Return the GroundVariance of scores, from maps of influences (maps, rows, columns).

    counts: scored pixels in each cell (rows, columns). The side of a block is an even number of
    cells; variances are interpolated between the two nearest sizes, so that they change
    continuously with block_px.
    """
    wanted = block_px / cell
    lower = max(2, 2 * int(wanted // 2))
    share = min(max((wanted - lower) / 2, 0), 1)
    sides = (lower // 2, lower, lower // 2 + 1, lower + 2)
    squares = _block_squares(np.concatenate([counts[None], maps]), sides)
    (small, few), (large, many) = (
        _extrapolated(squares[half], squares[whole], counts.sum())
        for half, whole in (sides[:2], sides[2:])
    )
    blocks = (1 - share) * few + share * many
    return GroundVariance((1 - share) * small + share * large, blocks, cell * (lower + 2 * share))


def _extrapolated(half, whole, count):
    """Return (variances (maps,), number of blocks), extrapolated as above.

    half, whole: the `_block_squares` of the counts and of each map, for blocks of half the side and
    of the whole side. count: the sum of the counts.
    """
    (variances, blocks), (of_half, _) = (_variances(squares, count) for squares in (whole, half))
    return np.maximum(2 * variances - of_half, variances), float(blocks)


def _variances(squares, count):
    """Return (variances (maps,), number of blocks) for blocks of one side; see _extrapolated."""
    of_counts, of_maps = squares[0], squares[1:]
    blocks = count**2 / of_counts
    with np.errstate(divide="ignore", invalid="ignore"):
        return blocks / (blocks - 1) * of_maps, blocks


def _block_squares(maps, sides):
    """Return {side: squares (maps,)} of maps (maps, rows, columns) of cells.

    squares: the sum of the squared sums of all blocks of side x side cells, divided by side^2. Sums
    of blocks are differences of one table of cumulative sums, which serves all sides.
    """
    margin = max(sides)
    rows, columns = (size + 2 * margin - 1 for size in maps.shape[1:])
    table = np.zeros((len(maps), rows, columns))
    table[:, margin : rows - margin + 1, margin : columns - margin + 1] = maps
    np.cumsum(table, axis=1, out=table)
    np.cumsum(table, axis=2, out=table)
    found = {}
    for side in sides:
        beyond = margin - side  # blocks of this side reach at most `side` cells beyond the map
        sums = table[:, beyond : rows - beyond, beyond : columns - beyond]
        sums = sums[:, side:] - sums[:, :-side]
        sums = sums[:, :, side:] - sums[:, :, :-side]
        found[side] = np.array([np.sum(of_map**2) for of_map in sums]) / side**2
    return found
