"""Classical pansharpening, with a SAR image instead of the panchromatic band.

A scene is sharpened tile by tile, so that memory does not grow with it. A method is called as
method(scene, ratio) with the SceneMoments of the whole scene. It returns sharpen(bands, pan),
which takes the images of a tile and returns the sharpened bands, of the same shape and type:

    bands  (bands, rows, columns), the coarse optical bands enlarged to the fine grid, reflectance
    pan    (rows, columns), the fine image, in any unit: each method first gives it the mean and the
           standard deviation, over the whole scene, of the component that it replaces
    ratio  coarse pixel size over fine pixel size; pixel-wise methods do not use it

A pixel is NaN in all bands if it is NaN in any of them or in `pan`. Statistics are taken over the
other, valid pixels; filters get the mean of an image where it is not valid. Tiles overlap by
`radius(ratio, methods)` pixels, within which the result is discarded, and start on a row and a
column that `multiple(ratio)` divides.

Matching keeps the sign: where SAR is dark and the ground bright, the published formulas darken the
ground. Their scores are meant to show this.
"""

import math
from collections.abc import Iterable

import numpy as np
import pywt
from scipy import ndimage

from . import contourlet_sharpening, exposure_sharpening
from .contourlet_sharpening import ihs_nsct, nsct, nsct_pcnn
from .exposure_sharpening import exposure
from .matching import (
    Matching,
    SceneMoments,
    Sharpener,
    bandwise,
    intensity,
    pixelwise,
    quotient,
)

__all__ = [
    "bicubic",
    "brovey",
    "exposure",
    "gram_schmidt",
    "hpf",
    "ihs",
    "ihs_nsct",
    "multiple",
    "nsct",
    "nsct_pcnn",
    "pca",
    "radius",
    "sfim",
    "wavelet",
    "wavelet_undecimated",
]

WAVELET = "sym4"  # near-symmetric, so that details are not shifted; four vanishing moments

# Radius in pixels of the methods of other modules, at any ratio.
RADII = {
    "nsct": contourlet_sharpening.RADIUS,
    "ihs_nsct": contourlet_sharpening.RADIUS,
    "nsct_pcnn": contourlet_sharpening.PULSED_RADIUS,
    "exposure": exposure_sharpening.RADIUS,
}


@pixelwise
def bicubic(scene: SceneMoments) -> Sharpener:
    """Return the enlarged bands themselves: the baseline of every method."""
    return lambda bands, pan: bands


@pixelwise
def ihs(scene: SceneMoments) -> Sharpener:
    """Generalised intensity-hue-saturation: band + (P - I), with I the mean of the bands.

    Tu, Su, Shyu & Huang 2001, Information Fusion 2(3).
    """
    matched = Matching(scene, intensity(scene))
    return lambda bands, pan: bands + (matched(pan) - bands.mean(axis=0))


@pixelwise
def brovey(scene: SceneMoments) -> Sharpener:
    """Brovey transform: band * P / I, with I the mean of the bands and the floor of `quotient`.

    Gillespie, Kahle & Walker 1987, Remote Sensing of Environment 22(3).
    """
    matched = Matching(scene, intensity(scene))
    magnitude = matched.magnitude
    return lambda bands, pan: bands * quotient(matched(pan), bands.mean(axis=0), magnitude)


@pixelwise
def pca(scene: SceneMoments) -> Sharpener:
    """Principal component substitution: P replaces the first component of the bands.

    Chavez & Kwarteng 1989, Photogrammetric Engineering & Remote Sensing 55(3). The sign of a
    component is arbitrary; here a brighter component means brighter bands (loadings of positive
    sum).
    """
    loadings = np.linalg.eigh(scene.covariance[:-1, :-1])[1][:, -1]
    loadings = loadings if loadings.sum() >= 0 else -loadings
    matched = Matching(scene, loadings)
    return lambda bands, pan: bands + loadings[:, None] * (matched(pan) - loadings @ bands)


@pixelwise
def gram_schmidt(scene: SceneMoments) -> Sharpener:
    """Gram-Schmidt sharpening: band + g (P - I), g = cov(band, I) / var(I), I the bands' mean.

    Laben & Brower 2000, US patent 6,011,875, with I as the simulated panchromatic band; in the
    form with gains by Aiazzi, Baronti & Selva 2007, IEEE Trans. Geoscience and Remote Sensing
    45(10). If I is constant, g = 0.
    """
    weights = intensity(scene)
    covariances = scene.covariance[:-1, :-1] @ weights
    variance = weights @ covariances
    gains = covariances / variance if variance > 0 else np.zeros(len(weights))
    matched = Matching(scene, weights)
    return lambda bands, pan: bands + gains[:, None] * (matched(pan) - bands.mean(axis=0))


@bandwise
def hpf(matched: Matching, ratio: int) -> Sharpener:
    """High-pass filter addition: band + (P - local mean of P).

    Chavez, Sides & Anderson 1991, Photogrammetric Engineering & Remote Sensing 57(3).
    """
    return lambda band, pan: band + (pan - _local_mean(pan, ratio))


@bandwise
def sfim(matched: Matching, ratio: int) -> Sharpener:
    """Smoothing-filter-based intensity modulation: band * P / local mean of P.

    Liu 2000, International Journal of Remote Sensing 21(18). A SAR ratio in dB may be zero or
    negative. P has the mean of the band, which is positive; `quotient` keeps the remaining pixels
    above its floor.
    """
    magnitude = matched.magnitude_filled
    return lambda band, pan: band * quotient(pan, _local_mean(pan, ratio), magnitude)


def _local_mean(image: np.ndarray, ratio: int) -> np.ndarray:
    """Return the mean of the window of a coarse pixel around each pixel.

    The side of the window is `ratio`, or the next larger odd number if it is even.
    """
    return ndimage.uniform_filter(image, ratio + 1 - ratio % 2)


@bandwise
def wavelet(matched: Matching, ratio: int) -> Sharpener:
    """Wavelet substitution: P replaces the details finer than a coarse pixel.

    Zhou, Civco & Silander 1998, International Journal of Remote Sensing 19(4). Decimated
    transform with as many levels as reach the coarse pixel, ceil(log2 ratio): two for a ratio of 3.
    As the transform is linear, the details of P and the rest of the band are P plus the rest of
    band - P.
    """
    levels = _levels(ratio)

    def fuse(band: np.ndarray, pan: np.ndarray) -> np.ndarray:
        inner, padded = _padded(band - pan, ratio)
        coarse, *_ = pywt.wavedec2(padded, WAVELET, mode="periodization", level=levels)
        rest = pywt.waverec2([coarse, *[(None,) * 3] * levels], WAVELET, mode="periodization")
        return pan + rest[inner]

    return fuse


@bandwise
def wavelet_undecimated(matched: Matching, ratio: int) -> Sharpener:
    """Like `wavelet`, with the undecimated (a trous) transform, which is invariant to shifts.

    Undecimated wavelets for sharpening: Nunez et al. 1999, IEEE Trans. Geoscience and Remote
    Sensing 37(3). Here, the rest without details is a convolution of rows and columns.
    """
    kernel = _smoothing(ratio)

    def fuse(band: np.ndarray, pan: np.ndarray) -> np.ndarray:
        rest = band - pan
        for axis in (0, 1):
            rest = ndimage.correlate1d(rest, kernel, axis)  # mirrored at the edges
        return pan + rest

    return fuse


def _smoothing(ratio: int) -> np.ndarray:
    """Return the kernel that equals the undecimated transform and its inverse without details.

    At each level, an image is convolved with the low-pass filter of the wavelet, whose taps are
    2^level pixels apart, and then with the same filter reversed. The sum of the kernel is 1.
    """
    taps = np.array(pywt.Wavelet(WAVELET).dec_lo) / math.sqrt(2)
    kernel = np.ones(1)
    for level in range(_levels(ratio)):
        spread = np.zeros((len(taps) - 1) * 2**level + 1)
        spread[:: 2**level] = taps
        kernel = np.convolve(kernel, np.convolve(spread, spread[::-1]))
    return kernel


def multiple(ratio: int) -> int:
    """Return the number of pixels that divides the first row and column of a tile.

    It is the step of the last wavelet level, and so a multiple of the step between patches.
    """
    return 2 ** _levels(ratio)


def radius(ratio: int, methods: Iterable[str]) -> int:
    """Return the distance in pixels beyond which no result of `methods` depends on the input.

    The forward and the inverse wavelet transform each reach as far as the filters of all levels,
    and farther than a local mean.
    """
    wavelet_radius = 2 * _wavelet_radius(ratio)
    return max(RADII.get(name, wavelet_radius) for name in methods)


def _levels(ratio: int) -> int:
    return max(1, math.ceil(math.log2(ratio)))


def _wavelet_radius(ratio: int) -> int:
    return (pywt.Wavelet(WAVELET).dec_len - 1) * (2 ** _levels(ratio) - 1)


def _padded(image: np.ndarray, ratio: int) -> tuple[tuple[slice, ...], np.ndarray]:
    """Return (the place of the image in the padded one, the padded image).

    The decimated transform is periodic. The image is therefore mirrored at the edges, as far as a
    wavelet of the last level reaches, and padded to a multiple of 2^levels.
    """
    margin = _wavelet_radius(ratio)
    padding = [(margin, margin + -(size + 2 * margin) % multiple(ratio)) for size in image.shape]
    inner = tuple(slice(margin, margin + size) for size in image.shape)
    return inner, np.pad(image, padding, mode="symmetric")
