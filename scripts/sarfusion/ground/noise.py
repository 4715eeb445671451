"""Blurring a band and adding white noise to it, so that copying it is not a solution."""

import math
import zlib

import numpy as np
from scipy import ndimage

from .degradation import KERNEL_REACH


def reach(sigma: float) -> int:
    """Return up to how many pixels away a pixel counts in a blur of `sigma` pixels."""
    return math.ceil(KERNEL_REACH * sigma)


def blur(band: np.ndarray, sigma: float) -> np.ndarray:
    """Return a band (rows, columns) blurred by a Gaussian of `sigma` pixels, as float64.

    The Gaussian is sampled at the pixels. With g_k = exp(-k^2 / (2 sigma^2)), its gain at the
    Nyquist frequency is (1 - 2 g_1 + 2 g_2 - ...) / (1 + 2 g_1 + 2 g_2 + ...), which is 0.34 for
    sigma = 0.6, near that of a sensor (see degradation.mtf_sigma). Missing pixels, NaN, and those
    beyond the edge are left out of the weighted mean (normalised convolution), and stay missing.
    """
    taps = np.arange(-reach(sigma), reach(sigma) + 1)
    weights = np.exp(-0.5 * (taps / sigma) ** 2)
    known = np.isfinite(band)
    total, weight = np.where(known, band, 0).astype(np.float64), known.astype(np.float64)
    for axis in (0, 1):
        total, weight = (
            ndimage.correlate1d(image, weights, axis=axis, mode="constant")
            for image in (total, weight)
        )
    return np.divide(total, weight, out=np.full(band.shape, np.nan), where=known)


def noise_std(std: float, snr_db: float) -> float:
    """Return the standard deviation of noise for a signal-to-noise ratio of `snr_db`.

    std: standard deviation of the band. The ratio is that of variances: snr_db = 10 log10(std^2 /
    noise^2).
    """
    return std * 10 ** (-snr_db / 20)


def generator(seed: int, site: str, band: str) -> np.random.Generator:
    """Return the generator of the noise of a band at a site; others have different noise."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in (site, band))])
