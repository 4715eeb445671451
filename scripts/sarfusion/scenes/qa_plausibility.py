"""Checks that a mask can be what a study says: Landsat's QA_PIXEL, or a mask of its flags."""

import numpy as np

from ..core.errors import StudyError
from .landsat import QA_CLEAR_BIT, QA_FILL, QA_PIXEL_BITS, any_flagged, flagged, is_fill
from .plausibility import TRUST, most_frequent

MIN_QA_PIXEL = 256  # of an observed pixel, which has its confidences set
MAX_UNCLEAR = 0.01  # of such pixels, whose bit "clear" contradicts their clouds
MAX_FILL_SEEN = 0.5  # of the fill in a mask of 0 and 1, that has numbers in the optical bands


def check_qa_pixel(qa_pixel: np.ndarray, where: str) -> None:
    """Raise StudyError if `qa_pixel` (integers) cannot be Landsat's QA_PIXEL.

    The classes of Sentinel-2 (SCL) and the bits of HLS (Fmask) are small numbers, of which 255 is
    fill. A user's own mask may have only flags, one per pixel. where: as messages name the input.
    """
    small = np.unique(qa_pixel[qa_pixel < MIN_QA_PIXEL])
    own = [0, 255, *(1 << bit for bit in QA_PIXEL_BITS.values())]
    odd = small[~np.isin(small, own)]
    if odd.size:
        raise StudyError(
            f"{where}: contains {', '.join(map(str, odd[:6]))}, which QA_PIXEL of Landsat"
            " Collection 2 does not; if it is SCL or Fmask, name the sensor (sentinel2_l2a, hls_l30"
            " or hls_s30) and call the band scl or fmask, or write its classes as flags: 0 clear, 8"
            " cloud, 16 shadow, 1 fill"
        )
    full = qa_pixel[(qa_pixel >= MIN_QA_PIXEL) & ~is_fill(qa_pixel)]
    clear = flagged(full, QA_CLEAR_BIT)
    unclear = full[clear == any_flagged(full, ("dilated_cloud", "cloud"))]
    if unclear.size > MAX_UNCLEAR * full.size:
        number, _ = most_frequent(unclear)
        raise StudyError(
            f"{where}: contains {number:g}, which is neither clear nor cloud in QA_PIXEL of Landsat"
            " Collection 2; give a mask as its flags: 0 clear, 8 cloud, 16 shadow, 1 fill (bits of"
            " Sentinel-2's QA60, Landsat's Collection 1 and averaged pixels differ)"
        )


def check_fill(qa_pixel: np.ndarray, has_numbers: np.ndarray, where: str) -> None:
    """Raise StudyError if `qa_pixel` is a mask of 0 and 1, of which 1 does not mean fill.

    qa_pixel: integers (pixels,). has_numbers: where the optical bands have data, which most pixels
    that are fill do not have. where: as messages name the input.
    """
    fill = qa_pixel == QA_FILL
    if fill.any() and (fill | (qa_pixel == 0)).all() and has_numbers[fill].mean() > MAX_FILL_SEEN:
        cloud = 1 << QA_PIXEL_BITS["cloud"]
        raise StudyError(
            f"{where}: contains only 0 and 1, and in QA_PIXEL 1 means fill, but"
            f" {has_numbers[fill].mean():.0%} of its pixels have values; write cloud as {cloud},"
            f" {TRUST}"
        )
