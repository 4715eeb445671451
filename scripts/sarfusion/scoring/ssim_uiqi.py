"""SSIM and UIQI of every window of a tile: the formulas, as compiled loops (see `loops`).

A value counts only where its whole window is in the region that is scored. Both formulas are in one
file with the loops that they share. Inner loops run along rows, so that one instruction works on
several columns.
"""

import numpy as np

from .definitions import FLOAT32_ROUNDING, SSIM_SIGMA, SSIM_WINDOW, STABLE, UIQI_WINDOW
from .image_pair import Image, Pair, flat
from .loops import compiled, inlined
from .places import HALO_PX, inner

UIQI_WEIGHTS = (1 / UIQI_WINDOW,) * UIQI_WINDOW
# The place of a window of even size is right of its middle: it begins four pixels before.
UIQI_FIRST = HALO_PX - UIQI_WINDOW // 2


def ssim_pixels(pair: Pair) -> np.ndarray:
    """Return the structural similarity of 11 x 11 gaussian windows at the tile's own pixels."""
    gaussian = np.exp(-0.5 * (np.arange(-5, 6) / SSIM_SIGMA) ** 2)
    weights = tuple(gaussian / gaussian.sum())
    constants = ((share * pair.given.data_range) ** 2 for share in STABLE)
    x, y = (image.values for image in pair.images)
    quality = np.empty(inner(x).shape)
    first = HALO_PX - SSIM_WINDOW // 2
    _ssim(x, y, first, pair.reference.centre, weights, *constants, quality)
    return flat(quality)


def uiqi_pixels(pair: Pair) -> np.ndarray:
    """Return the universal image quality index of 8 x 8 windows."""
    x, y = (image.values for image in pair.images)
    quality = np.empty(inner(x).shape)
    centre, level = pair.reference.centre, pair.given.data_range
    _uiqi(x, y, UIQI_FIRST, centre, UIQI_WEIGHTS, FLOAT32_ROUNDING, level, quality)
    return flat(quality)


def uiqi_variances(image: Image) -> np.ndarray:
    """Return the variance of the same windows of one image."""
    variance = np.empty(inner(image.values).shape)
    _variances(image.values, UIQI_FIRST, image.centre, UIQI_WEIGHTS, variance)
    return flat(variance)


@inlined
def _terms(x, y, centre, terms):
    """Find x, y, xx + yy and xy, with x and y about `centre`."""
    for c in range(len(x)):
        dx, dy = np.float64(x[c]) - centre, np.float64(y[c]) - centre
        terms[0, c] = dx
        terms[1, c] = dy
        terms[2, c] = dx * dx + dy * dy
        terms[3, c] = dx * dy


@inlined
def _along(x, weights, found):
    """Find the weighted sum of x over every run of len(weights) consecutive numbers."""
    for c in range(len(found)):
        total = 0.0
        for i in range(len(weights)):
            total += weights[i] * x[c + i]
        found[c] = total


@inlined
def _down(rows, top, weights, first, second):
    """Find the weighted sums of each column over the rows from `top`, and from the next row.

    rows: a ring, see `_moments`. Two sums at a time need half as many reads.
    """
    size = len(weights)
    for c in range(len(first)):
        one = weights[0] * rows[top % (size + 1), c]
        two = 0.0
        for i in range(1, size):
            value = rows[(top + i) % (size + 1), c]
            one += weights[i] * value
            two += weights[i - 1] * value
        first[c] = one
        second[c] = two + weights[size - 1] * rows[(top + size) % (size + 1), c]


@inlined
def _moments(x, y, first, top, centre, weights, terms, rows, found):
    """Find the weighted sums of the terms in the windows of two rows, `top` and the next.

    Each window is summed separately, since a running sum would accumulate rounding. first: the row
    and the column of x and y where the first window begins. weights: for both the rows and the
    columns of a window. They are a tuple, whose length is known at compile time, so that windows
    are summed in registers. terms, rows, found: of `_scratch`. `rows` has the sums along rows of x
    and y: row r is at r modulo their number, and kept for the next call, whose `top` must be larger
    by 2. The second half of `found` is meaningless if x has no further row.
    """
    size, stop = len(weights), first + terms.shape[1]
    for row in range(top + size - 1 if top else 0, min(top + size + 1, len(x) - first)):
        _terms(x[first + row, first:stop], y[first + row, first:stop], centre, terms)
        for k in range(len(terms)):
            _along(terms[k], weights, rows[k, row % (size + 1)])
    for k in range(len(terms)):
        _down(rows[k], top, weights, found[0, k], found[1, k])


@inlined
def _scratch(size, width):
    """Return the arrays `terms`, `rows` and `found` of `_moments`."""
    return np.empty((4, width + size - 1)), np.zeros((4, size + 1, width)), np.empty((2, 4, width))


@compiled
def _ssim(x, y, first, centre, weights, luminance, contrast, quality):
    """Find the structural similarity of windows: `quality` (rows, columns).

    x, y: images. first: the row and the column where the first window begins. centre: a value
    near those of the images, about which moments are taken. luminance, contrast: the constants C1
    and C2.
    """
    terms, rows, found = _scratch(len(weights), quality.shape[1])
    for top in range(0, len(quality), 2):
        _moments(x, y, first, top, centre, weights, terms, rows, found)
        for row in range(top, min(top + 2, len(quality))):
            _ssim_row(found[row - top], centre, luminance, contrast, quality[row])


@inlined
def _ssim_row(moments, centre, luminance, contrast, quality):
    for c in range(len(quality)):
        dx, dy = moments[0, c], moments[1, c]
        mx, my = dx + centre, dy + centre
        variances = moments[2, c] - (dx * dx + dy * dy)
        covariance = moments[3, c] - dx * dy
        quality[c] = ((2 * mx * my + luminance) * (2 * covariance + contrast)) / (
            (mx * mx + my * my + luminance) * (variances + contrast)
        )


@compiled
def _uiqi(x, y, first, centre, weights, rounding, level, quality):
    """Find the quality index of windows: `quality` (rows, columns).

    x, y, first, centre: as for `_ssim`. A mean or a spread below `rounding` of the level counts as
    zero.
    """
    terms, rows, found = _scratch(len(weights), quality.shape[1])
    for top in range(0, len(quality), 2):
        _moments(x, y, first, top, centre, weights, terms, rows, found)
        for row in range(top, min(top + 2, len(quality))):
            _uiqi_row(found[row - top], centre, rounding, level, quality[row])


@inlined
def _uiqi_row(moments, centre, rounding, level, quality):
    for c in range(len(quality)):
        dx, dy = moments[0, c], moments[1, c]
        mx, my = dx + centre, dy + centre
        variances = moments[2, c] - (dx * dx + dy * dy)
        covariance = moments[3, c] - dx * dy
        squares = mx * mx + my * my
        # A zero divisor is replaced by 1, since a branch would prevent vectorisation.
        dark = squares <= rounding**2 * level**2
        flat = variances <= rounding**2 * (level**2 + squares)
        numerator = (1.0 if dark else 2 * mx * my) * (1.0 if flat else 2 * covariance)
        quality[c] = numerator / ((1.0 if dark else squares) * (1.0 if flat else variances))


@compiled
def _variances(x, first, centre, weights, variance):
    """Find the variance of windows of x: `variance` (rows, columns). The rest is as for `_ssim`."""
    terms, rows, found = _scratch(len(weights), variance.shape[1])
    for top in range(0, len(variance), 2):
        _moments(x, x, first, top, centre, weights, terms, rows, found)
        for row in range(top, min(top + 2, len(variance))):
            moments = found[row - top]
            for c in range(variance.shape[1]):
                variance[row, c] = moments[3, c] - moments[0, c] * moments[1, c]
