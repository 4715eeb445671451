"""What metrics average: a value for every window or pixel, and where such values stand.

Every map has the shape of the pair's images and is zero where `where`, its mask, is false.
"""

import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

from .pairs import ROUNDING, rms

SSIM_WINDOW = 11  # pixels; what a gaussian of sigma 1.5 spans in Wang 2004 and in scikit-image
UIQI_WINDOW = 8
SOBEL_WINDOW = 3
TEXTURE_FLOOR = 0.01  # of L: the standard deviation from which on a window has texture

# Xydeas & Petrovic 2000: heights, slopes and centres of the two sigmoids of Q^AB/F.
STRENGTH = (0.9994, -15, 0.5)
ORIENTATION = (0.9879, -22, 0.8)


def whole_windows(region, size):
    """Return where size x size windows lie wholly in the region: bool (rows, columns).

    A window stands at its centre; at the pixel below and right of it where the size is even.
    """
    return ndimage.minimum_filter(region, size, mode="constant", cval=False)


def window_means(image, size):
    """Return the means of size x size windows, placed as in `whole_windows`.

    Each window is summed by itself: a running sum would carry rounding from one to the next.
    """
    weights = np.full(size, 1 / size)
    rows = ndimage.correlate1d(image, weights, axis=0, mode="constant")
    return ndimage.correlate1d(rows, weights, axis=1, mode="constant")


def ssim_map(pair):
    """Return (map, where) of the structural similarity of 11 x 11 gaussian windows."""
    where = whole_windows(pair.region, SSIM_WINDOW)
    if not where.any():
        return np.zeros(where.shape), where
    _, similarity = structural_similarity(
        pair.reference,
        pair.fused,
        data_range=pair.data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return np.where(where, similarity, 0), where


def uiqi_map(pair):
    """Return (map, where) of the universal image quality index of 8 x 8 windows."""
    where = whole_windows(pair.region, UIQI_WINDOW)
    quality = np.zeros(where.shape)
    if not where.any():
        return quality, where

    def means(image):
        return window_means(image, UIQI_WINDOW)[where]

    mx, my = means(pair.reference), means(pair.fused)
    # Second moments about the images' means: about zero, they would drown small variances.
    cx, cy = (values.mean() for values in pair.values)
    x, y = pair.reference - cx, pair.fused - cy
    dx, dy = mx - cx, my - cy
    covariance = means(x * y) - dx * dy
    variances = (means(x * x) - dx * dx) + (means(y * y) - dy * dy)

    mean_squares = mx * mx + my * my
    power = sum(rms(values) ** 2 for values in pair.values)
    dark = mean_squares <= ROUNDING**2 * power
    flat = variances <= ROUNDING**2 * (power + mean_squares)
    luminance = np.divide(2 * mx * my, mean_squares, out=np.ones_like(mx), where=~dark)
    structure = np.divide(2 * covariance, variances, out=np.ones_like(mx), where=~flat)
    quality[where] = luminance * structure
    return quality, where


def textured_uiqi_map(pair):
    """Return (map, where) of `uiqi_map` in windows whose reference has texture."""
    quality, where = uiqi_map(pair)
    x = pair.reference - pair.values[0].mean()
    variance = window_means(x * x, UIQI_WINDOW) - window_means(x, UIQI_WINDOW) ** 2
    where = where & (variance > (TEXTURE_FLOOR * pair.data_range) ** 2)
    return np.where(where, quality, 0), where


def gradients(image):
    """Return the gradients of an image along rows and columns, per pixel (Sobel's 3 x 3)."""
    return ndimage.sobel(image, axis=0) / 8, ndimage.sobel(image, axis=1) / 8


def gradient_maps(pair):
    """Return (reference's map, fused map, where) of the gradient magnitudes."""
    where = whole_windows(pair.region, SOBEL_WINDOW)
    x, y = (
        np.where(where, np.hypot(*gradients(image)), 0) for image in (pair.reference, pair.fused)
    )
    return x, y, where


def edge_map(pair):
    """Return (map, weights, where) of the edge preservation Q^AF; weights are the gradients."""
    reference, fused, where = gradient_maps(pair)
    strength = np.divide(
        np.minimum(reference, fused),
        np.maximum(reference, fused),
        out=np.zeros_like(fused),
        where=(reference > 0) & (fused > 0),
    )
    (row, column), (other_row, other_column) = map(gradients, (pair.reference, pair.fused))
    # The acute angle between them: orientations have no sign. The arc tangent keeps its digits.
    across = np.abs(row * other_column - column * other_row)
    along = np.abs(row * other_row + column * other_column)
    orientation = 1 - np.arctan2(across, along) / (np.pi / 2)
    quality = _sigmoid(strength, *STRENGTH) * _sigmoid(orientation, *ORIENTATION)
    return np.where(where, quality, 0), reference, where


def _sigmoid(values, height, slope, centre):
    return height / (1 + np.exp(slope * (values - centre)))
