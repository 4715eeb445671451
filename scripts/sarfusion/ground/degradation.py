"""Degrading to a coarser grid, as a coarser sensor would see it, and interpolating back."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ..core.errors import StudyError
from ..core.pixel_sizes import RATIO

KERNEL_REACH = 4  # in sigmas; less than 1e-4 of a Gaussian's weight is beyond
# Margin of coarse pixels that must be read around a strip. The influence of a value on a cubic
# spline falls by a factor of 0.27 per pixel, so 16 pixels suffice for the digits of float32. A
# missing pixel takes the nearest value, which may be further away.
STRIP_MARGIN = 40


def mtf_sigma(gain: float, ratio: int) -> float:
    """Return sigma, in fine pixels, of the Gaussian low-pass with `gain` at the coarse Nyquist.

    gain: amplitude gain, between 0 and 1. ratio: coarse pixel size over fine pixel size.

    A Gaussian of sigma s passes the frequency f with the gain exp(-2 (pi s f)^2). The Nyquist
    frequency of the coarse grid is f = 1 / (2 ratio) cycles per fine pixel, so that

        gain = exp(-(pi s / ratio)^2 / 2),    s = ratio / pi * sqrt(2 ln(1 / gain)).

    Such a filter matches the sensor's modulation transfer function at Nyquist: Aiazzi, Alparone,
    Baronti, Garzelli & Selva 2006, Photogrammetric Engineering & Remote Sensing 72(5).

    Raises StudyError unless the gain is between 0 and 1.
    """
    if not 0 < gain < 1:
        raise StudyError(f"gain at Nyquist is {gain}: it must be between 0 and 1 (0.3 is usual)")
    return ratio / math.pi * math.sqrt(2 * math.log(1 / gain))


def degrade(band: np.ndarray, ratio: int, gain: float) -> np.ndarray:
    """Return a band (rows, columns) as a sensor with pixels `ratio` times as large would see it.

    The band is filtered by the Gaussian of `mtf_sigma(gain, ratio)` and sampled at the centre of
    each ratio x ratio block, between the middle pixels if the ratio is even. Incomplete blocks at
    the bottom and right are cropped: the result is (rows // ratio, columns // ratio).

    A coarse pixel is NaN if any fine pixel of its block is. Missing pixels in other blocks or
    beyond the edge are left out of the weighted mean (normalised convolution).
    """
    band = np.asarray(band)
    sigma = mtf_sigma(gain, ratio)
    known = np.isfinite(band)
    rows, columns = (size // ratio for size in band.shape)
    blocks = known[: rows * ratio, : columns * ratio].reshape(rows, ratio, columns, ratio)
    complete = blocks.all(axis=(1, 3))
    total = _filtered_samples(np.where(known, band, 0).astype(np.float64), ratio, sigma)
    weight = _filtered_samples(known.astype(np.float64), ratio, sigma)
    coarse = np.divide(total, weight, out=np.full(complete.shape, np.nan), where=complete)
    return coarse.astype(band.dtype)


def enlarge(band: np.ndarray, ratio: int, shape: Sequence[int]) -> np.ndarray:
    """Return a band (rows, columns) interpolated to pixels `ratio` times as small.

    Bicubic interpolation: the cubic B-spline that takes the value of a coarse pixel at its centre
    and reproduces linear ramps. The edges of the two grids coincide (`grid_mode`), so that each
    coarse pixel covers the fine pixels from which `degrade` made it.

    A coarse NaN makes its whole block NaN; for the surrounding pixels it is replaced by its
    nearest valid neighbour. The result has `shape` (rows, columns), with NaN beyond the coarse
    pixels. Raises ValueError if `shape` is too small.
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


def coarse_span(start: int, stop: int, size: int) -> tuple[int, int]:
    """Return the range of coarse pixels on which the fine pixels [start, stop) depend.

    size: the number of coarse pixels, which limits the range. Fine pixels are smaller by RATIO;
    the first fine pixel of the range (first, last) is RATIO * first.
    """
    return max(0, start // RATIO - STRIP_MARGIN), min(size, -(-stop // RATIO) + STRIP_MARGIN)


def fill_nearest(band: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return a band (rows, columns) with the nearest known value wherever `known` is false."""
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return band[tuple(nearest)]


def _filtered_samples(image: np.ndarray, ratio: int, sigma: float) -> np.ndarray:
    """Return the Gaussian sums of `image` around the centres of whole ratio x ratio blocks."""
    reach = math.ceil(KERNEL_REACH * sigma)
    # The taps are symmetric around the centre of a block. An even ratio makes their number even;
    # scipy then places the origin at the tap after the middle, which is pixel ratio // 2.
    taps = np.arange(-reach, ratio + reach) - (ratio - 1) / 2
    weights = np.exp(-0.5 * (taps / sigma) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        image = ndimage.correlate1d(image, weights, axis=axis, mode="constant")
        blocks = image.shape[axis] // ratio
        image = image.take(ratio // 2 + ratio * np.arange(blocks), axis=axis)
    return image
