"""SSIM and UIQI of every window of a tile: the formulas, as compiled loops.

A value counts only where its whole window is in the region that is scored. Both formulas are in one
file, because numba recompiles a loop after an edit of its own file, not of one that it calls.

The loops are compiled once per machine. Numba caches them beside this file or, if that folder is
read-only, in the user's cache folder. They release the interpreter's lock, so that threads can work
on tiles at the same time. Each result comes from one thread, so that their number changes no bit.
"""

import numpy as np
from numba import njit

from .definitions import FLOAT32_ROUNDING, SSIM_SIGMA, STABLE, UIQI_WINDOW
from .image_pair import Pair

compiled = njit(cache=True, nogil=True, fastmath={"contract"})


def ssim_pixels(pair: Pair) -> np.ndarray:
    """Return the structural similarity of 11 x 11 gaussian windows at the pixels of the ground."""
    gaussian = np.exp(-0.5 * (np.arange(-5, 6) / SSIM_SIGMA) ** 2)
    constants = ((share * pair.given.data_range) ** 2 for share in STABLE)
    weights = tuple(gaussian / gaussian.sum())
    x, y = (image.centred for image in pair.images)
    return pair.ground.of(_ssim(x, y, pair.reference.centre, weights, *constants))


def uiqi_pixels(pair: Pair) -> np.ndarray:
    """Return (universal image quality index, variance of the reference) of 8 x 8 windows."""
    # The place of a window of even size is right of its middle: it begins four pixels before.
    # Whole rows are passed in one piece, so that the compiled loop is vectorised.
    x, y = (np.ascontiguousarray(image.centred[1:-2, 1:-2]) for image in pair.images)
    weights = (1 / UIQI_WINDOW,) * UIQI_WINDOW
    centre, level = pair.reference.centre, pair.given.data_range
    return pair.ground.of(np.stack(_uiqi(x, y, centre, weights, FLOAT32_ROUNDING, level)))


@compiled
def _down(x, top, weights, found):
    """Find the weighted sum of each column of x over the rows from `top` on."""
    for c in range(len(found)):
        total = 0.0
        for i in range(len(weights)):
            total += weights[i] * x[top + i, c]
        found[c] = total


@compiled
def _products_down(x, y, top, weights, found):
    """Find the weighted sum of each column of the product of x and y in the same way."""
    for c in range(len(found)):
        total = 0.0
        for i in range(len(weights)):
            total += weights[i] * x[top + i, c] * y[top + i, c]
        found[c] = total


@compiled
def _squares_down(x, y, top, weights, found):
    """Find the weighted sum of each column of xx + yy in the same way."""
    for c in range(len(found)):
        total = 0.0
        for i in range(len(weights)):
            total += weights[i] * (x[top + i, c] * x[top + i, c] + y[top + i, c] * y[top + i, c])
        found[c] = total


@compiled
def _along(x, weights, found):
    """Find the weighted sum of x over every run of len(weights) consecutive numbers."""
    for c in range(len(found)):
        total = 0.0
        for i in range(len(weights)):
            total += weights[i] * x[c + i]
        found[c] = total


@compiled
def _moments(x, y, top, weights, columns, found):
    """Find the weighted sums of x, y, xx + yy and xy in the windows whose first row is `top`.

    weights: for both the rows and the columns of a window. They are a tuple, whose length is known
    at compile time, so that windows are summed in registers, for several columns by one
    instruction. columns: (4, columns of x), scratch; found: (4, windows). Each window is summed
    separately, since a running sum would accumulate rounding.
    """
    _down(x, top, weights, columns[0])
    _down(y, top, weights, columns[1])
    _squares_down(x, y, top, weights, columns[2])
    _products_down(x, y, top, weights, columns[3])
    for k in range(4):
        _along(columns[k], weights, found[k])


@compiled
def _ssim(x, y, centre, weights, luminance, contrast):
    """Return the structural similarity of every window inside two images, row by row.

    x, y: (rows, columns), about `centre`. luminance, contrast: the constants C1 and C2.
    """
    shape = (x.shape[0] - len(weights) + 1, x.shape[1] - len(weights) + 1)
    quality = np.empty(shape)
    columns, found = np.empty((4, x.shape[1])), np.empty((4, shape[1]))
    for row in range(shape[0]):
        _moments(x, y, row, weights, columns, found)
        for c in range(shape[1]):
            dx, dy = found[0, c], found[1, c]
            mx, my = dx + centre, dy + centre
            variances = found[2, c] - (dx * dx + dy * dy)
            covariance = found[3, c] - dx * dy
            quality[row, c] = ((2 * mx * my + luminance) * (2 * covariance + contrast)) / (
                (mx * mx + my * my + luminance) * (variances + contrast)
            )
    return quality


@compiled
def _uiqi(x, y, centre, weights, rounding, level):
    """Return (quality index, variance of x) of every window inside two images, row by row.

    x, y: (rows, columns), about `centre`. A mean or a spread below `rounding` of the level
    counts as zero.
    """
    shape = (x.shape[0] - len(weights) + 1, x.shape[1] - len(weights) + 1)
    quality, texture = np.empty(shape), np.empty(shape)
    columns, found = np.empty((5, x.shape[1])), np.empty((5, shape[1]))
    for row in range(shape[0]):
        _moments(x, y, row, weights, columns[:4], found[:4])
        _products_down(x, x, row, weights, columns[4])
        _along(columns[4], weights, found[4])
        for c in range(shape[1]):
            dx, dy = found[0, c], found[1, c]
            mx, my = dx + centre, dy + centre
            texture[row, c] = found[4, c] - dx * dx
            variances = found[2, c] - (dx * dx + dy * dy)
            squares = mx * mx + my * my
            # A zero divisor is replaced by 1, since a branch would prevent vectorisation.
            dark = squares <= rounding**2 * level**2
            flat = variances <= rounding**2 * (level**2 + squares)
            index = (1.0 if dark else 2 * mx * my) / (1.0 if dark else squares)
            index *= (1.0 if flat else 2 * (found[3, c] - dx * dy)) / (1.0 if flat else variances)
            quality[row, c] = index
    return quality, texture
