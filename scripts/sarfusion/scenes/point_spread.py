"""Blur by Gaussian point-spread functions, with the same bytes on every processor."""

import math

import numpy as np
from scipy.ndimage import correlate1d

from .elementary import gaussian_weights
from .lattice import CELL_M

REACH = 4  # of a point-spread function, in its standard deviations


def blur(bands: np.ndarray, sigma_m: float) -> np.ndarray:
    """Return lattice bands convolved with a Gaussian of standard deviation sigma_m (metres)."""
    blurred = np.empty_like(bands)
    for number, band in enumerate(bands):
        blurred[number] = smooth(band, sigma_m / CELL_M, "nearest")
    return blurred


def smooth(band: np.ndarray, sigma: float, mode: str) -> np.ndarray:
    """Return a band (rows, columns) convolved with a Gaussian cut at REACH times `sigma` (pixels).

    mode: extension beyond the borders, as in SciPy. scipy.ndimage.gaussian_filter does the same
    with weights from NumPy's exp.
    """
    weights = gaussian_weights(sigma, int(REACH * sigma + 0.5))
    for axis in (0, 1):
        band = correlate1d(band, weights, axis, mode=mode)
    return band


def psf_sigma_m(mtf: float, pixel_m: float) -> float:
    """Return the standard deviation in metres of a Gaussian point-spread function.

    mtf: its modulation transfer at the Nyquist frequency of pixels of `pixel_m` metres.

    A Gaussian of deviation s has MTF(f) = exp(-2 pi^2 s^2 f^2); with f = 1 / (2 p) it follows
    that s = p / pi * sqrt(-2 ln MTF): 13.8 m for an MTF of 0.35 at 30 m.
    """
    return pixel_m / math.pi * math.sqrt(-2 * math.log(mtf))
