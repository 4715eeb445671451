"""What metrics average: a value for every window or pixel of a tile (rows, columns).

A value is meant only where the whole window lies in the region that is scored.
"""

import numpy as np
from scipy import ndimage

from .definitions import ORIENTATION, SSIM_SIGMA, STABLE, STRENGTH, UIQI_WINDOW
from .image_pair import ROUNDING, inner


def ssim_map(pair):
    """Return the structural similarity of 11 x 11 gaussian windows."""
    from . import kernels  # here: whoever asks for the names of metrics alone needs no compiler

    weights = np.exp(-0.5 * (np.arange(-5, 6) / SSIM_SIGMA) ** 2)
    constants = ((share * pair.given.data_range) ** 2 for share in STABLE)
    weights = tuple(weights / weights.sum())
    return kernels.ssim(*pair.centred, *pair.given.centre, weights, *constants)


def uiqi_maps(pair):
    """Return (universal image quality index, variance of the reference) of 8 x 8 windows."""
    from . import kernels

    # A window of even size stands right of its middle: it begins four pixels before.
    # Whole rows in one piece, which the compiled loop takes in vectors.
    x, y = (np.ascontiguousarray(image[1:-2, 1:-2]) for image in pair.centred)
    weights = (1 / UIQI_WINDOW,) * UIQI_WINDOW
    return kernels.uiqi(x, y, *pair.given.centre, weights, ROUNDING, pair.given.data_range)


def gradients(image):
    """Return the gradients of an image along rows and columns, per pixel (Sobel's 3 x 3)."""
    return ndimage.sobel(image, axis=0) / 8, ndimage.sobel(image, axis=1) / 8


def gradient_maps(pair):
    """Return the gradients (reference's, fused) of a pair, each along rows and columns."""
    return [[inner(map_) for map_ in gradients(image)] for image in pair.centred]


def magnitude_maps(pair):
    """Return the gradient magnitudes (reference's, fused)."""
    return [np.hypot(*maps) for maps in pair.once(gradient_maps)]


def edge_map(pair):
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
