"""Intervals and p-values by Student's t, for tables, verdicts and charts."""

import numpy as np
from numpy.typing import ArrayLike

# Functions of the Gaussian and of Student's t. scipy.stats has better names, but takes a second to
# load.
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from .definitions import CONFIDENCE


def half_width(spread: ArrayLike, count: ArrayLike) -> np.ndarray:
    """Return half the width of the two-sided interval of a mean; NaN for fewer than two values.

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


def combined_freedom(seed_error: float, ground_error: float, seeds: int, blocks: float) -> float:
    """Return the degrees of freedom of a standard error that has two parts.

    seed_error: standard error from the spread over `seeds`, with seeds - 1 degrees of freedom (0
    for one seed); ground_error: that from the `blocks` of ground, with blocks / 2: in simulations
    of `ground_error`, 2 / (relative variance of the variance) was half the number of blocks.

    They are the harmonic mean of the two, weighted by the share w of each in the variance:

        1 / freedom = w / (seeds - 1) + (1 - w) / (blocks / 2),  w = a^2 / (a^2 + b^2).

    Satterthwaite (1946, Biometrics Bulletin 2) has w^2 instead of w. With three seeds, intervals by
    his rule contain the truth in 92 % of trials, since a spread that is small by chance also gets
    many degrees of freedom; by this rule in 94 to 98 % (tests/unit/test_coverage.py).
    """
    variance = seed_error**2 + ground_error**2
    share = seed_error**2 / variance if variance else 0.0
    of_seeds = share / (seeds - 1) if share else 0.0
    return 1 / (of_seeds + 2 * (1 - share) / blocks)


def t_interval(value: float, error: float, freedom: float) -> tuple[float, float]:
    """Return the two ends of the interval of a value with a standard error."""
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * error
    return value - half, value + half


def p_above(value: float, error: float, freedom: float) -> float:
    """Return the one-sided p-value of a value against the hypothesis that the truth is 0 or less.

    It is at most (1 - CONFIDENCE) / 2 exactly if the `t_interval` is above 0.
    """
    if not error:
        return np.nan if np.isnan(value) else float(value <= 0)
    return float(stdtr(freedom, -value / error))


def mean_error(values: np.ndarray) -> tuple[float, float]:
    """Return the standard error of the mean of two values or more, and its degrees of freedom."""
    return float(values.std(ddof=1) / np.sqrt(values.size)), float(values.size - 1)


def level_p_values(
    level: float,
    interval: tuple[float, float],
    claimed: tuple[float, float],
    freedom: float = np.inf,
) -> tuple[float, float]:
    """Return the p-values for a level within a range, and for a level beyond one end of it.

    interval: of the level; its ends are taken to be as many standard errors away as those of an
    interval by Student's t, or of a Gaussian interval without `freedom`. claimed: least and most of
    the range. For the first, the level must be shown to be above the least and below the most (two
    one-sided tests: Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15(6)).
    """
    quantile = (1 + CONFIDENCE) / 2
    width = ndtri(quantile) if np.isinf(freedom) else stdtrit(freedom, quantile)

    def p_value(distance, half):
        if not half:
            return float(distance <= 0)
        ratio = -distance / half * width
        return float(ndtr(ratio) if np.isinf(freedom) else stdtr(freedom, ratio))

    (low, high), (least, most) = interval, claimed
    within = max(p_value(level - least, level - low), p_value(most - level, high - level))
    beyond = min(p_value(least - level, high - level), p_value(level - most, level - low))
    return within, beyond
