"""Edges of a tile: Sobel gradients of both images, and how well they are preserved (Q^AF).

A value counts only where its whole 3 x 3 window is in the region that is scored. Loops are compiled
(see `loops`); NumPy computes arc tangents and exponentials, which takes less time than in a loop.
"""

import numpy as np

from .definitions import ORIENTATION, STRENGTH
from .image_pair import Image, Pair, flat
from .loops import compiled
from .places import HALO_PX, inner


def gradients(image: Image) -> np.ndarray:
    """Return the gradients along rows and columns, and their magnitude: (3, pixels).

    Sobel's 3 x 3 operator, per pixel.
    """
    maps = np.empty((3, *inner(image.values).shape))
    _gradients(image.values, HALO_PX, *maps)
    return flat(maps)


def magnitudes(image: Image) -> np.ndarray:
    """Return the gradient magnitudes of the tile's own pixels."""
    return image.once(gradients)[2]


def preserved_edges(pair: Pair) -> np.ndarray:
    """Return the edge preservation Q^AF of the tile's own pixels."""
    reference, fused = (image.once(gradients) for image in pair.images)
    strength, along, angle = np.empty((3, reference.shape[1]))
    _compare(reference, fused, strength, along, angle)
    # The acute angle between them, since orientations have no sign. The arc tangent is accurate.
    np.arctan2(angle, along, out=angle)
    _exponents(strength, angle, STRENGTH, ORIENTATION)
    np.exp(strength, out=strength)
    np.exp(angle, out=angle)
    _quality(strength, angle, STRENGTH[0] * ORIENTATION[0])
    return strength


def squared_steps(image: Image) -> np.ndarray:
    """Return the squared difference of each pixel and the one below, and the one to the right.

    Shape (2, pixels).
    """
    maps = np.empty((2, *inner(image.values).shape))
    _squared_steps(image.values, HALO_PX, *maps)
    return flat(maps)


@compiled
def _gradients(x, margin, along_rows, along_columns, magnitude):
    """Find the gradients of an image without its margin, and their magnitude."""
    rows, columns = magnitude.shape
    span = slice(margin - 1, margin + columns + 1)
    for r in range(rows):
        above, own, below = x[r + margin - 1, span], x[r + margin, span], x[r + margin + 1, span]
        for c in range(columns):
            north_west, south_east = np.float64(above[c]), np.float64(below[c + 2])
            north_east, south_west = np.float64(above[c + 2]), np.float64(below[c])
            ends = (south_west - north_west) + (south_east - north_east)
            down = (ends + 2 * (np.float64(below[c + 1]) - above[c + 1])) / 8
            ends = (north_east - north_west) + (south_east - south_west)
            across = (ends + 2 * (np.float64(own[c + 2]) - own[c])) / 8
            along_rows[r, c] = down
            along_columns[r, c] = across
            magnitude[r, c] = np.sqrt(down * down + across * across)


@compiled
def _squared_steps(x, margin, down, right):
    """Find the squared differences of the pixels of an image without its margin."""
    rows, columns = down.shape
    span = slice(margin, margin + columns + 1)
    for r in range(rows):
        own, below = x[r + margin, span], x[r + margin + 1, span]
        for c in range(columns):
            value = np.float64(own[c])
            down[r, c] = (below[c] - value) ** 2
            right[r, c] = (own[c + 1] - value) ** 2


@compiled
def _compare(one, other, strength, along, across):
    """Find the ratio of two gradients' magnitudes, and their products along and across each other.

    one, other: gradients along rows and columns, and magnitudes (3, pixels).
    """
    for i in range(len(strength)):
        least, most = min(one[2, i], other[2, i]), max(one[2, i], other[2, i])
        strength[i] = least / (most if most > 0 else 1.0)
        along[i] = abs(one[0, i] * other[0, i] + one[1, i] * other[1, i])
        across[i] = abs(one[0, i] * other[1, i] - one[1, i] * other[0, i])


@compiled
def _exponents(strength, angle, of_strength, of_orientation):
    """Replace strengths and angles by the exponents of their sigmoids."""
    for i in range(len(strength)):
        strength[i] = of_strength[1] * (strength[i] - of_strength[2])
        orientation = 1 - angle[i] / (np.pi / 2)
        angle[i] = of_orientation[1] * (orientation - of_orientation[2])


@compiled
def _quality(one, other, height):
    """Replace `one` by the product of two sigmoids, from their exponentials."""
    for i in range(len(one)):
        one[i] = height / ((1 + one[i]) * (1 + other[i]))
