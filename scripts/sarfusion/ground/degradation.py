"""From a fine grid to a coarse one as a sensor would see it, and back by interpolation."""

import math

import numpy as np
from scipy import ndimage

from ..core.errors import StudyError

RATIO = 3  # of Wald's protocol: 30 m to 90 m and back, then 30 m to 10 m
KERNEL_REACH = 4  # sigmas; beyond it a Gaussian holds less than 1e-4 of its weight
# Coarse pixels around a strip that decide what it holds, to the digits of float32: a spline forgets
# a value by .27 a pixel, so 16 do, and one that is missing there takes the nearest, no further off.
HALO = 40


def mtf_sigma(gain, ratio):
    """Return sigma, in fine pixels, of the Gaussian low-pass with `gain` at the coarse Nyquist.

    gain: of amplitude, between 0 and 1. ratio: coarse pixel size over fine pixel size.

    A Gaussian of sigma s passes the frequency f with the gain exp(-2 (pi s f)^2). The coarse grid's
    Nyquist frequency is f = 1 / (2 ratio) cycles per fine pixel, so that

        gain = exp(-(pi s / ratio)^2 / 2),    s = ratio / pi * sqrt(2 ln(1 / gain)).

    A filter of this kind in place of an ideal one, fitted to the sensor's modulation transfer
    function by its value at Nyquist: Aiazzi, Alparone, Baronti, Garzelli & Selva 2006,
    Photogrammetric Engineering & Remote Sensing 72(5).

    Raises StudyError for a gain that is no such number.
    """
    if not 0 < gain < 1:
        raise StudyError(f"gain at Nyquist is {gain}: it must lie between 0 and 1 (0.3 is usual)")
    return ratio / math.pi * math.sqrt(2 * math.log(1 / gain))


def degrade(band, ratio, gain):
    """Return a band (rows, columns) as a sensor with pixels `ratio` times as large would see it.

    The band passes the Gaussian of `mtf_sigma(gain, ratio)` and is sampled at the centre of each
    ratio x ratio block, between the middle pixels where the ratio is even. Rows and columns that
    fill no block are cropped: (rows // ratio, columns // ratio).

    A coarse pixel is NaN where a fine pixel of its own block is; what is missing further away,
    or lies beyond the edge, is left out of the weighted mean (normalised convolution).
    """
    band = np.asarray(band)
    sigma = mtf_sigma(gain, ratio)
    known = np.isfinite(band)
    rows, columns = (size // ratio for size in band.shape)
    inside = known[: rows * ratio, : columns * ratio]
    whole = inside.reshape(rows, ratio, columns, ratio).all(axis=(1, 3))
    total = _sampled(np.where(known, band, 0).astype(np.float64), ratio, sigma)
    weight = _sampled(known.astype(np.float64), ratio, sigma)
    coarse = np.divide(total, weight, out=np.full(whole.shape, np.nan), where=whole)
    return coarse.astype(band.dtype)


def enlarge(band, ratio, shape):
    """Return a band (rows, columns) interpolated to pixels `ratio` times as small.

    Bicubic: the cubic B-spline through the values, which takes the value of a coarse pixel at its
    centre and keeps linear ramps, here with the blocks of `degrade` on the pixels they came from
    (`grid_mode`: pixels have an extent, and edges, not first centres, coincide).

    A coarse NaN makes its whole block NaN, and counts as its nearest neighbour for the pixels
    around. The result has `shape` (rows, columns), NaN where no coarse pixel lies; ValueError if
    that is too small.
    """
    band = np.asarray(band)
    missing = [size - ratio * coarse for size, coarse in zip(shape, band.shape, strict=True)]
    if min(missing) < 0:
        raise ValueError(f"{band.shape} enlarged by {ratio} does not fit into {shape}")
    known = np.isfinite(band)
    if not known.any():
        return np.full(shape, np.nan, band.dtype)
    complete = (band if known.all() else fill_nearest(band, known)).astype(np.float64)
    fine = ndimage.zoom(complete, ratio, order=3, mode="nearest", grid_mode=True)
    fine[~known.repeat(ratio, axis=0).repeat(ratio, axis=1)] = np.nan
    fine = np.pad(fine, [(0, count) for count in missing], constant_values=np.nan)
    return fine.astype(band.dtype)


def around(start, stop, size):
    """Return (first, last) of coarse pixels, of `size`, on which fine pixels [start, stop) depend.

    The fine pixels are smaller by RATIO; fine pixel 0 of the result is RATIO * first.
    """
    return max(0, start // RATIO - HALO), min(size, -(-stop // RATIO) + HALO)


def fill_nearest(band, known):
    """Return a band (rows, columns) with the nearest known value wherever `known` is false."""
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return band[tuple(nearest)]


def _sampled(image, ratio, sigma):
    """Return the Gaussian sums of `image` around the centres of whole ratio x ratio blocks."""
    reach = math.ceil(KERNEL_REACH * sigma)
    # The taps lie symmetrically around the centre of a block. An even ratio makes their number
    # even, and scipy then anchors them at the pixel after their middle, which is ratio // 2.
    taps = np.arange(-reach, ratio + reach) - (ratio - 1) / 2
    weights = np.exp(-0.5 * (taps / sigma) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        image = ndimage.correlate1d(image, weights, axis=axis, mode="constant")
        blocks = image.shape[axis] // ratio
        image = image.take(ratio // 2 + ratio * np.arange(blocks), axis=axis)
    return image
