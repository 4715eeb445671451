"""Edges of a tile: Sobel gradients of both images, and how well they are preserved (Q^AF).

A value counts only where its whole 3 x 3 window lies in the region that is scored.
"""

import numpy as np
from scipy import ndimage

from .definitions import ORIENTATION, STRENGTH
from .image_pair import Pair, inner


def gradients(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of an image along rows and columns, per pixel (Sobel's 3 x 3)."""
    return ndimage.sobel(image, axis=0) / 8, ndimage.sobel(image, axis=1) / 8


def gradient_maps(pair: Pair) -> list[list[np.ndarray]]:
    """Return the gradients (reference's, fused) of a pair, each along rows and columns."""
    return [[inner(map_) for map_ in gradients(image)] for image in pair.centred]


def magnitude_maps(pair: Pair) -> list[np.ndarray]:
    """Return the gradient magnitudes (reference's, fused)."""
    return [np.hypot(*maps) for maps in pair.once(gradient_maps)]


def edge_map(pair: Pair) -> np.ndarray:
    """Return the edge preservation Q^AF of every pixel."""
    reference, fused = pair.once(magnitude_maps)
    strength = np.divide(
        np.minimum(reference, fused),
        np.maximum(reference, fused),
        out=np.zeros_like(fused),
        where=(reference > 0) & (fused > 0),
    )
    (row, column), (other_row, other_column) = pair.once(gradient_maps)
    # The acute angle between them: orientations have no sign. The arc tangent keeps its digits.
    across = np.abs(row * other_column - column * other_row)
    along = np.abs(row * other_row + column * other_column)
    orientation = 1 - np.arctan2(across, along) / (np.pi / 2)
    return _sigmoid(strength, *STRENGTH) * _sigmoid(orientation, *ORIENTATION)


def _sigmoid(values, height, slope, centre):
    return height / (1 + np.exp(slope * (values - centre)))
