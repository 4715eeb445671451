"""The square lattice of 5 m cells on which a city is simulated."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.ndimage import distance_transform_edt

CELL_M = 5.0  # divides the 30 m and 10 m pixels of the sensors, and their offset of 5 m
MARGIN = 35  # cells by which SAR exceeds the optical grid; odd, so that its corners are 10 k m
INNER = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))  # the cells of the optical grid
STRIP = 1 << 16  # cells computed at a time, so that intermediate arrays stay in the cache


def strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield the rows of an array (rows, columns) in strips of about STRIP cells."""
    rows, columns = shape
    step = max(1, STRIP // columns)
    return (slice(row, row + step) for row in range(0, rows, step))


def by_strips(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """Return function(*arrays), computed on strips of rows.

    arrays: (rows, columns). function: computes each cell on its own, and returns (..., rows,
    columns).
    """
    shape = arrays[0].shape
    for strip in strips(shape):
        found = function(*(array[strip] for array in arrays))
        if strip.start == 0:
            result = np.empty((*found.shape[:-2], *shape), found.dtype)
        result[..., strip, :] = found
    return result


def within(mask: np.ndarray, reach_m: float) -> np.ndarray:
    """Return which cells are less than `reach_m` metres from a cell of `mask`, bool."""
    if not mask.any():
        return mask.copy()
    return CELL_M * distance_transform_edt(~mask) < reach_m


def block_mean(array: np.ndarray, factor: int) -> np.ndarray:
    """Return the mean, float32, over blocks of factor x factor in the last two axes.

    array: bool, or float32 whose values differ by less than a factor of a million. Sums of a few
    of these are exact in float64, whatever the order. To add whole rows first takes less time.
    """
    *lead, height, width = array.shape
    rows = array.reshape(*lead, height // factor, factor, width).sum(axis=-2, dtype=np.float64)
    total = sum(rows[..., column::factor] for column in range(factor))
    return (total / factor**2).astype(np.float32)
