"""Sharpening by exposure fusion: band and SAR image as two exposures of one ground."""

import numpy as np
from scipy import ndimage

from .matching import Matching, Sharpener, bandwise

PATCH_PX = 21  # side of a patch
STEP_PX = 2  # between patches
RADIUS = PATCH_PX - 1  # a pixel depends on all patches that contain it
SPAN = 6.0  # standard deviations of the band in the range 0..1, with the mean in the middle
EXPONENT = 4  # of the strength, in the weight of a structure
MEAN_SPREAD = 0.5  # of the weight of a local mean around the middle of the range
FLOOR = 1e-6  # of strengths and sums that are divisors, relative to the range


@bandwise
def exposure(matched: Matching, ratio: int) -> Sharpener:
    """Fuse patches of each band and the matched P by their strength, structure and mean.

    In the manner of the multi-exposure fusion of Ma, Li, Yong, Wang, Meng & Zhang 2017, IEEE Trans.
    Image Processing 26(5). A patch is strength x structure + mean, with a structure of length 1.
    The fused patch has the larger strength; the sum of the structures, weighted by the power
    EXPONENT of their strengths and scaled to length 1; and the mean of the means, weighted by how
    near each is to the middle of the range. A pixel is the mean of all patches that contain it. The
    original also has a weight for the mean of the whole image; it is the same for both here, since
    matching makes the means equal.
    """
    span = SPAN * matched.deviation

    def fuse(band: np.ndarray, pan: np.ndarray) -> np.ndarray:
        if span == 0:
            return band
        stretched = ((image - matched.mean) / span + 0.5 for image in (band, pan))
        return (patchwise(*stretched) - 0.5) * span + matched.mean

    return fuse


def patchwise(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Return the fused image of two of (rows, columns), about in the range 0..1.

    Images are mirrored at their edges. Patches are on a grid that starts at the first pixel. A
    fused patch is a sum of both, each with a factor, and a constant, so that the mean of all
    patches needs only means of factors and constants.
    """
    margin = RADIUS + RADIUS % STEP_PX
    inner = tuple(slice(margin, margin + size) for size in one.shape)
    images = [np.pad(image, margin, mode="symmetric") for image in (one, two)]
    means = [_mean(image) for image in images]
    first, second = (
        np.maximum(_mean((image - 0.5) ** 2) - (mean - 0.5) ** 2, 0)
        for image, mean in zip(images, means, strict=True)
    )
    covariance = _mean((images[0] - 0.5) * (images[1] - 0.5)) - (means[0] - 0.5) * (means[1] - 0.5)
    factors = structure_factors(first, second, covariance)
    nearness = [np.exp(-((mean - 0.5) ** 2) / (2 * MEAN_SPREAD**2)) for mean in means]
    constant = (nearness[0] * means[0] + nearness[1] * means[1]) / (nearness[0] + nearness[1])
    for factor, mean in zip(factors, means, strict=True):
        constant = constant - factor * mean
    grid = np.zeros(images[0].shape)
    grid[::STEP_PX, ::STEP_PX] = 1
    parts = [_mean(grid * each) for each in (*factors, constant)]
    fused = (parts[0] * images[0] + parts[1] * images[1] + parts[2]) / _mean(grid)
    return fused[inner]


def structure_factors(
    first: np.ndarray, second: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors of two patches without their means whose sum is the fused structure.

    first, second: the variances of the patches; covariance: of both. The sum has the larger
    standard deviation. Patches that cancel each other out, or that are flat, count as flat.
    """
    strengths = [np.sqrt(variance) for variance in (first, second)]
    weights = [strength ** (EXPONENT - 1) for strength in strengths]
    length = np.sqrt(
        np.maximum(
            weights[0] ** 2 * first
            + weights[1] ** 2 * second
            + 2 * weights[0] * weights[1] * covariance,
            0,
        )
    )
    largest = np.maximum(*strengths)
    floor = FLOOR * largest**EXPONENT
    is_flat = (largest < FLOOR) | (length <= floor)
    scale = np.where(is_flat, 0, largest / np.where(is_flat, 1, length))
    return weights[0] * scale, weights[1] * scale


def _mean(image: np.ndarray) -> np.ndarray:
    """Return the mean of the patch around each pixel.

    No running sums are used, so that the mean is the same in every tile.
    """
    weights = np.full(PATCH_PX, 1 / PATCH_PX)
    along = ndimage.correlate1d(image, weights, axis=0, mode="nearest")
    return ndimage.correlate1d(along, weights, axis=1, mode="nearest")
