"""Sums over the items of a tile, as compiled loops without arrays in between (see `ssim_uiqi`)."""

import numpy as np
from numba import njit

BLOCK = 1024  # items whose sum is added to the total, so that rounding stays small

# "reassoc" lets one instruction add several items. Processors may thus differ in the last digits,
# but on one of them, a sum is always the same.
compiled = njit(cache=True, nogil=True, fastmath={"contract", "reassoc"}, error_model="numpy")


@compiled
def dot(x: np.ndarray, y: np.ndarray) -> float:
    """Return the sum of the products of two arrays (items,).

    Unlike NumPy's, it does not depend on the number of threads of a linear algebra library.
    """
    total = 0.0
    for start in range(0, len(x), BLOCK):
        part = 0.0
        for i in range(start, min(start + BLOCK, len(x))):
            part += x[i] * y[i]
        total += part
    return total
