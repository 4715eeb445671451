"""The values of metrics, from the sums of their terms over the ground.

Each function takes sums (..., terms) and returns values (...), NaN where a metric is undefined.
"""

import numpy as np

from .definitions import FLOAT32_ROUNDING
from .image_pair import Given


def mean(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return the mean from the sums of 1 and values, or of weights and weighted values."""
    return sums[..., 1] / sums[..., 0]


def root_mean(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return the square root of this mean."""
    return np.sqrt(mean(sums, given))


def decibels(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return 20 log10(L / root mean), in dB."""
    return 20 * np.log10(given.data_range / root_mean(sums, given))


def correlation(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return Pearson's correlation from the sums of 1, x, y, xx, yy, xy; NaN for constants.

    A spread below FLOAT32_ROUNDING of the data range counts as constant.
    """
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    x_spread, y_spread = xx - x * x / n, yy - y * y / n
    constant = np.minimum(x_spread, y_spread) <= (FLOAT32_ROUNDING * given.data_range) ** 2 * n
    product = np.sqrt(np.abs(x_spread)) * np.sqrt(np.abs(y_spread))
    return np.where(constant, np.nan, np.clip((xy - x * y / n) / product, -1, 1))


def weighted_mean(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return the mean from the sums of 1, weights, squared weights, weights times values."""
    n, weights, squares, total = np.moveaxis(sums, -1, 0)
    flat = squares <= (FLOAT32_ROUNDING * given.data_range) ** 2 * n
    return np.where(flat, np.nan, total / weights)


def root_ratio(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return the root of the ratio of two sums of squares; NaN if the first is only rounding."""
    n, x, y = np.moveaxis(sums, -1, 0)
    return np.where(x <= (FLOAT32_ROUNDING * given.data_range) ** 2 * n, np.nan, np.sqrt(y / x))


def contrast(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return the RMSE of one part minus that of the other, from the sums of both."""
    _, first, first_errors, second, second_errors = np.moveaxis(sums, -1, 0)
    return np.sqrt(first_errors / first) - np.sqrt(second_errors / second)


def entropy_change(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return the entropy of the second half of the counts minus that of the first, in bits."""
    reference, fused = np.split(sums[..., 1:], 2, axis=-1)
    return _entropy(fused) - _entropy(reference)


def _entropy(counts: np.ndarray) -> np.ndarray:
    shares = counts / counts.sum(axis=-1, keepdims=True)
    return -np.sum(shares * np.log2(np.where(shares > 0, shares, 1)), axis=-1)


def relative_error(sums: np.ndarray, given: Given) -> np.ndarray:
    """Return ERGAS, in %, from the sums of 1, then of each band's x, xx and squared error."""
    n, means, squares, errors = sums[..., :1], *np.split(sums[..., 1:] / sums[..., :1], 3, axis=-1)
    undefined = (n == 0) | (np.abs(means) <= FLOAT32_ROUNDING * np.sqrt(squares))
    relative = np.where(undefined, np.nan, errors / means**2)
    return 100 * given.h_over_l * np.sqrt(np.mean(relative, axis=-1))
