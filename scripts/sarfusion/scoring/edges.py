"""Edges of a tile: Sobel gradients of both images, and how well they are preserved (Q^AF).

A value counts only where its whole 3 x 3 window is in the region that is scored.
"""

import numpy as np
from scipy import ndimage

from .definitions import ORIENTATION, STRENGTH
from .image_pair import Image, Pair, inner


def gradients(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of an image along rows and columns, per pixel (Sobel's 3 x 3)."""
    return ndimage.sobel(image, axis=0) / 8, ndimage.sobel(image, axis=1) / 8


def gradient_pixels(image: Image) -> list[np.ndarray]:
    """Return the gradients along rows and columns of the pixels of the ground."""
    return [image.ground.of(inner(map_)) for map_ in gradients(image.centred)]


def magnitudes(image: Image) -> np.ndarray:
    """Return the gradient magnitudes of the pixels of the ground."""
    return np.hypot(*image.once(gradient_pixels))


def preserved_edges(pair: Pair) -> np.ndarray:
    """Return the edge preservation Q^AF of the pixels of the ground."""
    reference, fused = (image.once(magnitudes) for image in pair.images)
    strength = np.divide(
        np.minimum(reference, fused),
        np.maximum(reference, fused),
        out=np.zeros_like(fused),
        where=(reference > 0) & (fused > 0),
    )
    (row, column), (other_row, other_column) = (
        image.once(gradient_pixels) for image in pair.images
    )
    # The acute angle between them, since orientations have no sign. The arc tangent is accurate.
    across = np.abs(row * other_column - column * other_row)
    along = np.abs(row * other_row + column * other_column)
    orientation = 1 - np.arctan2(across, along) / (np.pi / 2)
    return _sigmoid(strength, *STRENGTH) * _sigmoid(orientation, *ORIENTATION)


def _sigmoid(values, height, slope, centre):
    return height / (1 + np.exp(slope * (values - centre)))
