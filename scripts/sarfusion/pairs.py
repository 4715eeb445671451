"""What every metric is given and gives back, and the two statistics that several share."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from .errors import StudyError

# A spread or a mean below this part of the image's level is rounding (float32 carries 6e-8),
# not signal; one digital number of Landsat in one pixel of a window is still above it.
ROUNDING = 1e-6


class Score(NamedTuple):
    """A metric's value, and the number of pixels, windows or differences it rests on."""

    value: float
    n: int


NOTHING = Score(math.nan, 0)


@dataclass(frozen=True)
class Pair:
    """An image and its reference, both cropped to the region and zero outside it.

    reference, fused: float64 (rows, columns), or (bands, rows, columns); reflectance.
    region: bool (rows, columns), true in one pixel at least.
    data_range: L of SSIM and PSNR, reflectance; h_over_l: resolution ratio of ERGAS.
    """

    reference: np.ndarray
    fused: np.ndarray
    region: np.ndarray
    data_range: float = math.nan
    h_over_l: float = 1.0

    @property
    def values(self):
        """(reference, fused) in the pixels of the region: (pixels,) or (bands, pixels) each."""
        return self.reference[..., self.region], self.fused[..., self.region]

    @property
    def error(self):
        """fused - reference in the pixels of the region."""
        reference, fused = self.values
        return fused - reference


def pair_in(reference, fused, region, **settings):
    """Return the Pair of two images in a region, or None where the region is empty.

    reference, fused: (rows, columns) or (bands, rows, columns), anything outside the region.
    region: bool (rows, columns). settings: further fields of the Pair.

    Raises StudyError when a value in the region is not finite.
    """
    reference, fused, region = np.asarray(reference), np.asarray(fused), np.asarray(region)
    if region.ndim != 2 or region.dtype != bool:
        raise ValueError(f"the region is {region.dtype} {region.shape}, not a 2-D boolean array")
    if reference.shape != fused.shape or reference.shape[-2:] != region.shape:
        raise ValueError(
            f"reference {reference.shape}, fused {fused.shape} and region {region.shape} differ"
        )
    _check_finite("reference", reference[..., region])
    _check_finite("fused", fused[..., region])
    if not region.any():
        return None
    box = ndimage.find_objects(region.astype(np.uint8))[0]
    region = region[box]
    images = (
        np.where(region, image[(..., *box)], 0).astype(np.float64) for image in (reference, fused)
    )
    return Pair(*images, region, **settings)


def _check_finite(name, values):
    # Leaving such pixels out would reward a method for failing where it is hard.
    if bad := np.count_nonzero(~np.isfinite(values)):
        raise StudyError(
            f"{bad} of {values.size} values to be scored in the {name} image are not finite; "
            "score valid pixels only, and look for a model that diverged"
        )


def rms(values):
    """Return the root mean square of an array that is not empty."""
    return float(np.sqrt(np.mean(np.square(values))))


def pearson(x, y, x_level, y_level):
    """Return Pearson's correlation of two samples; NaN when one of them is constant.

    The levels are the magnitudes that the samples come from: a spread below ROUNDING of them
    counts as constant.
    """
    dx, dy = x - x.mean(), y - y.mean()
    x_spread, y_spread = rms(dx), rms(dy)
    if x_spread <= ROUNDING * x_level or y_spread <= ROUNDING * y_level:
        return math.nan
    return float(np.clip(np.mean((dx / x_spread) * (dy / y_spread)), -1, 1))
