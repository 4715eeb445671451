"""The difference between two methods: its interval over seeds and over ground.

A study is one draw of seeds and of test ground. A difference of a metric, averaged over S seeds,
would change with other seeds, and on other ground. Its standard error has two parts:

    seeds    s^2 / S, with s the standard deviation of the S differences on this ground; it includes
             all that is specific to a single seed, on any ground and on this ground
    ground   the variance of the mean over seeds by blocks of ground (see `ground_error`), minus the
             share of it that the first part already includes: that of single seeds, which is the
             variance by blocks of the deviations of seeds from their mean

and the interval is Student's t, with degrees of freedom by `intervals.combined_freedom`.

Both methods are scored on the same ground and with the same seeds (paired), so that whatever is
hard for both cancels. A metric is a function of sums over cells of ground (see `metrics`, `cells`),
and the influence of a cell is what the metric loses when the cell is left out.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import StudyError
from ..study.comparisons import paired_runs
from .definitions import MIN_BLOCKS
from .ground_error import CellMap, block_side, correlation_length, ground_variance
from .image_pair import Given
from .intervals import combined_freedom, t_interval
from .metrics import COMPARED_METRICS


class Ground(NamedTuple):
    """Cells of ground: where they are in a grid (rows, columns), and their side in pixels.

    least_px: the smallest side of a block.
    """

    cells: np.ndarray
    cell_px: int
    least_px: int

    def map(self, values: np.ndarray) -> CellMap:
        """Return the map of values (cells,), 0 outside the ground."""
        map_ = np.zeros(self.cells.shape)
        map_[self.cells] = values
        return CellMap(map_)


class Score(NamedTuple):
    """A metric on the whole ground, and the influence on it of each cell of ground (cells,)."""

    value: float
    influence: np.ndarray


class Difference(NamedTuple):
    """The mean over seeds of left - right, and its uncertainty.

    low, high: ends of its interval; seed_error, ground_error: the parts of its standard error;
    blocks: the number of blocks of side block_px that the ground amounts to; seeds: number of
    seeds. Values that need more ground (fewer than MIN_BLOCKS blocks) are NaN.
    """

    difference: float
    low: float
    high: float
    seed_error: float
    ground_error: float
    blocks: float
    block_px: float
    seeds: int


def score(metric: str, sums: np.ndarray, given: Given) -> Score:
    """Return the Score of a metric from the sums of its terms over cells of ground (terms, cells).

    The value is NaN if no cell supports it; the influences are NaN also if only one cell does.
    """
    total = sums.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(COMPARED_METRICS[metric].value(total, given))
        left_out = COMPARED_METRICS[metric].value(total - sums.T, given)
    return Score(value, np.where(sums[0] > 0, value - left_out, 0))


def compare(
    left: Mapping[int, Score],
    right: Mapping[int, Score],
    counts: CellMap,
    ground: Ground,
) -> Difference:
    """Return the Difference between two methods in one metric.

    left, right: {seed: Score}; a method without training has one score, which is compared with
    every seed of the other. counts: number of pixels, windows or differences behind the metric in
    each cell.
    """
    pairs = paired_runs(left, right)
    if not pairs:
        raise StudyError("the two methods have no seed in common; train both with the same seeds")
    values = np.array([one.value - other.value for one, other in pairs])
    influences = np.array([one.influence - other.influence for one, other in pairs])
    seeds, value, mean = len(pairs), float(values.mean()), influences.mean(axis=0)
    seed_error = float(values.std(ddof=1) / np.sqrt(seeds)) if seeds > 1 else 0.0
    found = Difference(value, np.nan, np.nan, seed_error, np.nan, np.nan, np.nan, seeds)
    if not (np.isfinite(influences).all() and counts.values.any()):
        return found
    map_of_mean = ground.map(mean)
    length = correlation_length(map_of_mean, counts, ground.cell_px)
    maps_of_seeds = (ground.map(one - mean) for one in influences) if seeds > 1 else ()
    (of_mean, *of_seeds), blocks, block_px = ground_variance(
        chain([map_of_mean], maps_of_seeds),  # made one after the other, since they are large
        counts,
        ground.cell_px,
        block_side(length, ground.least_px),
    )
    found = found._replace(blocks=blocks, block_px=block_px)
    if blocks < MIN_BLOCKS:
        return found
    shared = sum(of_seeds) / (seeds - 1) / seeds if seeds > 1 else 0.0
    found = found._replace(ground_error=float(np.sqrt(max(of_mean - shared, 0))))
    low, high = interval_of(found._asdict())
    return found._replace(low=low, high=high)


def interval_of(row: Mapping[str, Any]) -> tuple[float, float]:
    """Return the two ends of the interval of a Difference, from its other fields."""
    return t_interval(row["difference"], *error_of(row))


def error_of(row: Mapping[str, Any]) -> tuple[float, float]:
    """Return the standard error of a Difference, from its fields, and its degrees of freedom."""
    parts = row["seed_error"], row["ground_error"]
    return float(np.hypot(*parts)), combined_freedom(*parts, row["seeds"], row["blocks"])
