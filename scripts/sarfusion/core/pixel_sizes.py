"""Comparison of pixel sizes. Imports no other package, since the paper and the viewer use it."""

import math
from collections.abc import Sequence

RATIO = 3  # of pixel sizes in Wald's protocol: coarse to native, and native to fine
ABOUT_EQUAL = 1.1  # ratio of pixel sizes; degrees and other projections change a size by less


def is_larger(sar_m: Sequence[float], pixel_m: Sequence[float]) -> bool:
    """Return whether SAR pixels are larger than those of a grid, so that SAR adds no finer detail.

    sar_m, pixel_m: both sides of their pixels in metres.
    """
    return math.prod(sar_m) > ABOUT_EQUAL**2 * math.prod(pixel_m)
