"""The interval of a mean: Student's t, in tables and charts alike."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit  # Student's t; scipy.stats, which names it so, loads for a second

from .definitions import CONFIDENCE


def half_width(spread: ArrayLike, count: ArrayLike) -> np.ndarray:
    """Return half the width of the two-sided interval of a mean; NaN of fewer than two values.

    t((1 + CONFIDENCE) / 2, count - 1) * spread / sqrt(count), with t the quantile of Student's
    distribution and `spread` the sample standard deviation. Both are numbers, or of one shape.
    """
    count = np.asarray(count, float)
    freedom = np.where(count > 1, count - 1, np.nan)
    return stdtrit(freedom, (1 + CONFIDENCE) / 2) * spread / np.sqrt(count)


def mean_interval(values: ArrayLike) -> tuple[float, float]:
    """Return the two ends of the interval of the mean of `values`; NaN twice for fewer than two."""
    values = np.asarray(values, float)
    if values.size < 2:
        return np.nan, np.nan
    half = half_width(values.std(ddof=1), values.size)
    return values.mean() - half, values.mean() + half
