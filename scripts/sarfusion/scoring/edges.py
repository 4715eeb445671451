"""Edges of a tile: Sobel gradients of both images, and how well they are preserved (Q^AF).

A value counts only where its whole 3 x 3 window is in the region that is scored.
"""

import numpy as np

from .definitions import ORIENTATION, STRENGTH
from .image_pair import HALO_PX, Image, Pair


def gradients(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of an image along rows and columns, per pixel (Sobel's 3 x 3).

    Shape (rows - 2, columns - 2), since pixels at the border have none.
    """
    rows, columns = image[2:] - image[:-2], image[:, 2:] - image[:, :-2]
    along_rows = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]
    along_columns = columns[:-2] + 2 * columns[1:-1] + columns[2:]
    return along_rows / 8, along_columns / 8


def gradient_pixels(image: Image) -> list[np.ndarray]:
    """Return the gradients along rows and columns of the pixels of the ground."""
    rim = slice(HALO_PX - 1, 1 - HALO_PX)
    return [image.ground.of(map_) for map_ in gradients(image.centred[rim, rim])]


def magnitudes(image: Image) -> np.ndarray:
    """Return the gradient magnitudes of the pixels of the ground."""
    rows, columns = image.once(gradient_pixels)
    return np.sqrt(rows**2 + columns**2)


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
