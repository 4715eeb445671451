"""Filling the gaps of an optical band, without training a network.

Every method is called as method(band, gap, sar, train) and returns the band (rows, columns),
changed inside the gaps only:

    band   (rows, columns), reflectance; NaN where not valid
    gap    bool (rows, columns), the pixels to fill; what the band holds there is not looked at
    sar    (channels, rows, columns), backscatter in dB, NaN where not valid
    train  bool (rows, columns), the ground that statistics may be fitted on

It raises StudyError when nothing is left to fill from.
"""

from functools import wraps

import numpy as np
from scipy import ndimage
from skimage.restoration import inpaint_biharmonic

from .errors import StudyError
from .resolution import fill_nearest

INVENTED_REACH_PX = 16


def inside_gaps(method):
    """Let `method` see the clear pixels only, and take from its result the gaps only."""

    @wraps(method)
    def fill(band, gap, sar, train):
        clear = np.where(gap, np.nan, band)
        if not np.isfinite(clear).any():
            raise StudyError("no valid pixel lies outside the gaps; lower the gap share")
        return np.where(gap, method(clear, gap, sar, train), band).astype(band.dtype)

    return fill


@inside_gaps
def mean(band, gap, sar, train):
    """Fill with the mean of the clear training pixels."""
    values = band[train & np.isfinite(band)]
    if not values.size:
        raise StudyError("no clear training pixel to take the mean of; lower the gap share")
    return values.mean(dtype=np.float64)


@inside_gaps
def nearest(band, gap, sar, train):
    """Fill with the nearest clear pixel."""
    return fill_nearest(band, np.isfinite(band))


@inside_gaps
def biharmonic(band, gap, sar, train):
    """Fill with the smooth surface whose biharmonic operator is zero inside, by scikit-image.

    Damelin & Hoang 2018, Int. J. Mathematics and Mathematical Sciences, 3950312. Each connected
    region is a sparse linear system of its own, exactly as if all were solved at once, which
    bounds the memory by the largest region.

    The method knows no pixels without a value. Beside a gap such pixels are unknowns too; beyond
    INVENTED_REACH_PX from it, where they cannot matter much, they get the nearest clear value,
    so that the empty border of a scene does not become one enormous system.
    """
    clear = np.isfinite(band)
    near = ndimage.distance_transform_edt(~gap) <= INVENTED_REACH_PX
    known = fill_nearest(band, clear).astype(np.float64)
    return inpaint_biharmonic(known, near & ~clear, split_into_regions=True)


@inside_gaps
def regression(band, gap, sar, train):
    """Fill with the band predicted from the SAR channels: ordinary least squares with intercept.

    Fitted on the clear training pixels. NaN where a SAR channel is.
    """
    fitted = train & np.isfinite(band) & np.isfinite(sar).all(axis=0)
    if fitted.sum() <= len(sar):
        raise StudyError(
            f"only {fitted.sum()} clear training pixels with SAR for a regression on {len(sar)}"
            " channels; lower the gap share"
        )
    design = np.column_stack([np.ones(fitted.sum()), *sar[:, fitted]]).astype(np.float64)
    (intercept, *slopes), *_ = np.linalg.lstsq(design, band[fitted].astype(np.float64))
    return intercept + np.tensordot(slopes, sar, axes=1)
