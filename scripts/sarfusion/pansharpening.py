"""Classical pansharpening, with a SAR image in the place of the panchromatic band.

Every method is called as method(bands, pan, ratio) and returns bands of the same shape and type:

    bands  (bands, rows, columns), the coarse optical bands enlarged to the fine grid, reflectance
    pan    (rows, columns), the fine image, in any unit: each method first gives it the mean and the
           standard deviation of what it replaces
    ratio  coarse pixel size over fine pixel size; methods that work pixel by pixel do without it

A pixel is NaN in all bands where it is NaN in one of them or in `pan`. Statistics are of the other,
valid pixels; filters see the mean of an image where it is not valid.

Matching keeps the sign: where SAR is dark and the ground bright, the published formulas darken the
ground. That is what their scores are to show.
"""

import math
from functools import wraps

import numpy as np
import pywt
from scipy import ndimage

from .pairs import ROUNDING, rms

DENOMINATOR_FLOOR = 0.1  # of the mean magnitude of the image that is divided
WAVELET = "sym4"  # near-symmetric, so that details stay where they are; four vanishing moments


def matched(pan, component):
    """Return `pan` with the mean and standard deviation of `component`; arrays of any one shape.

    A constant `pan` has no contrast to scale and becomes the mean.
    """
    contrast = pan - pan.mean()
    spread = rms(contrast)
    if spread <= ROUNDING * rms(pan):
        return np.full_like(component, component.mean())
    return component.mean() + contrast / spread * component.std()


def quotient(image, divisor):
    """Return image / divisor with both raised to a floor, DENOMINATOR_FLOOR of the mean |image|.

    Reflectance has negative and near-zero pixels, and SAR matched to it more of them; a plain
    quotient would explode or change sign there. With the floor it is positive, finite, and 1
    where the two are equal.
    """
    floor = max(DENOMINATOR_FLOOR * np.abs(image).mean(), np.finfo(np.float64).tiny)
    return np.maximum(image, floor) / np.maximum(divisor, floor)


def pixelwise(method):
    """Let `method` see float64 (bands, valid pixels) and (valid pixels,), in place of images."""

    @wraps(method)
    def sharpen(bands, pan, ratio):
        valid = _valid(bands, pan)
        fused = np.full(bands.shape, np.nan)
        if valid.any():
            fused[:, valid] = method(
                bands[:, valid].astype(np.float64), pan[valid].astype(np.float64)
            )
        return fused.astype(bands.dtype)

    return sharpen


def bandwise(method):
    """Let `method` see one float64 band at a time, and `pan` matched to it, both without NaN."""

    @wraps(method)
    def sharpen(bands, pan, ratio):
        valid = _valid(bands, pan)
        fused = np.full(bands.shape, np.nan)
        if valid.any():
            detail = pan[valid].astype(np.float64)
            for band, result in zip(bands, fused, strict=True):
                values = band[valid].astype(np.float64)
                images = np.full((2, *valid.shape), values.mean())
                images[:, valid] = values, matched(detail, values)
                result[valid] = method(*images, ratio)[valid]
        return fused.astype(bands.dtype)

    return sharpen


def _valid(bands, pan):
    """Return where all bands and `pan` are finite."""
    if pan.shape != bands.shape[1:]:
        raise ValueError(f"bands {bands.shape} and pan {pan.shape} are not on one grid")
    return np.isfinite(bands).all(axis=0) & np.isfinite(pan)


@pixelwise
def bicubic(bands, pan):
    """Return the enlarged bands themselves: what every method must be held against."""
    return bands


@pixelwise
def ihs(bands, pan):
    """Generalised intensity-hue-saturation: band + (P - I), with I the mean of the bands.

    Tu, Su, Shyu & Huang 2001, Information Fusion 2(3).
    """
    intensity = bands.mean(axis=0)
    return bands + (matched(pan, intensity) - intensity)


@pixelwise
def brovey(bands, pan):
    """Brovey transform: band * P / I, with I the mean of the bands, and the floor of `quotient`.

    Gillespie, Kahle & Walker 1987, Remote Sensing of Environment 22(3).
    """
    intensity = bands.mean(axis=0)
    return bands * quotient(matched(pan, intensity), intensity)


@pixelwise
def pca(bands, pan):
    """Principal component substitution: the first component of the bands is replaced.

    Chavez & Kwarteng 1989, Photogrammetric Engineering & Remote Sensing 55(3). The sign of a
    component is free; here a brighter component means brighter bands (loadings of positive sum).
    """
    centred = bands - bands.mean(axis=1, keepdims=True)
    loadings = np.linalg.eigh(centred @ centred.T)[1][:, -1]
    loadings = loadings if loadings.sum() >= 0 else -loadings
    first = loadings @ centred
    return bands + loadings[:, None] * (matched(pan, first) - first)


@pixelwise
def gram_schmidt(bands, pan):
    """Gram-Schmidt sharpening: band + g (P - I), g = cov(band, I) / var(I), I the bands' mean.

    Laben & Brower 2000, US patent 6,011,875, with I as the simulated panchromatic band; in the
    form with gains of Aiazzi, Baronti & Selva 2007, IEEE Trans. Geoscience and Remote Sensing
    45(10). A constant I has nothing to replace: g = 0.
    """
    intensity = bands.mean(axis=0)
    centred = intensity - intensity.mean()
    variance = centred @ centred
    gains = (bands @ centred) / variance if variance > 0 else np.zeros(len(bands))
    return bands + gains[:, None] * (matched(pan, intensity) - intensity)


@bandwise
def hpf(band, pan, ratio):
    """High-pass filter addition: band + (P - local mean of P).

    Chavez, Sides & Anderson 1991, Photogrammetric Engineering & Remote Sensing 57(3).
    """
    return band + (pan - _local_mean(pan, ratio))


@bandwise
def sfim(band, pan, ratio):
    """Smoothing-filter-based intensity modulation: band * P / local mean of P.

    Liu 2000, International Journal of Remote Sensing 21(18). A ratio in dB may be zero or
    negative: P has the mean of the band, which is not, and the rest is the floor of `quotient`.
    """
    return band * quotient(pan, _local_mean(pan, ratio))


def _local_mean(image, ratio):
    """Return the means over a coarse pixel, by the next larger odd size where it is even."""
    return ndimage.uniform_filter(image, ratio + 1 - ratio % 2)


@bandwise
def wavelet(band, pan, ratio):
    """Wavelet substitution: details finer than a coarse pixel are those of P.

    Zhou, Civco & Silander 1998, International Journal of Remote Sensing 19(4). As many decimated
    levels as it takes to reach the coarse pixel, ceil(log2 ratio): two for a ratio of 3.
    """
    levels, inner, images = _prepared(band, pan, ratio)
    coarse, fine = (
        pywt.wavedec2(image, WAVELET, mode="periodization", level=levels) for image in images
    )
    return pywt.waverec2([coarse[0], *fine[1:]], WAVELET, mode="periodization")[inner]


@bandwise
def wavelet_undecimated(band, pan, ratio):
    """As `wavelet`, by the undecimated (a trous) transform, which no shift of the grid changes.

    Undecimated wavelets for sharpening: Nunez et al. 1999, IEEE Trans. Geoscience and Remote
    Sensing 37(3).
    """
    levels, inner, images = _prepared(band, pan, ratio)
    coarse, fine = (
        pywt.swt2(image, WAVELET, level=levels, trim_approx=True, norm=True) for image in images
    )
    return pywt.iswt2([coarse[0], *fine[1:]], WAVELET, norm=True)[inner]


def _prepared(band, pan, ratio):
    """Return (levels, where the images lie in the padded ones, the padded images).

    Mirrored at the edges as far as a wavelet of the last level reaches, since both transforms
    are periodic, and to a multiple of 2^levels.
    """
    levels = max(1, math.ceil(math.log2(ratio)))
    reach = (pywt.Wavelet(WAVELET).dec_len - 1) * (2**levels - 1)
    padding = [(reach, reach + -(size + 2 * reach) % 2**levels) for size in band.shape]
    inner = tuple(slice(reach, reach + size) for size in band.shape)
    return levels, inner, [np.pad(image, padding, mode="symmetric") for image in (band, pan)]
