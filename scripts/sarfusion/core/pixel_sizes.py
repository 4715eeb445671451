"""Pixel sizes beside each other; free of other packages, since the paper and the viewer need it."""

import math
from collections.abc import Sequence

RATIO = 3  # coarse over fine pixel size in Wald's protocol, between native pixels and either
ABOUT_EQUAL = 1.1  # ratio of pixel sizes; degrees and other projections change a size by less


def is_larger(sar_m: Sequence[float], pixel_m: Sequence[float]) -> bool:
    """Tell whether SAR has larger pixels than a grid, which then holds no finer SAR.

    sar_m, pixel_m: both sides of their pixels in metres.
    """
    return math.prod(sar_m) > ABOUT_EQUAL**2 * math.prod(pixel_m)
