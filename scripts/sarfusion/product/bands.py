"""The bands of the product, and where each of its pixels comes from."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from ..fusion.ensemble import deviation_name
from ..scenes import landsat
from ..scenes.bands import BANDS

SOURCE = "source"
NAMES = (*BANDS, *map(deviation_name, BANDS), SOURCE)


class Source(IntEnum):
    """Where a pixel comes from: the values of the band `source`."""

    NO_DATA = 0  # at least one band has no value
    MEASURED = 1
    FILLED = 2  # hidden from the sensor; estimated by a method
    FROM_DATE = 3  # hidden; estimated by a method that was given the pixel on another date


LABELS = {
    Source.NO_DATA: "no data",
    Source.MEASURED: "measured",
    Source.FILLED: "filled",
    Source.FROM_DATE: "filled from another date",
}
CLASSES = ", ".join(f"{kind:d} {label}" for kind, label in LABELS.items())
MADE = (Source.FILLED, Source.FROM_DATE)  # not measured by a sensor on the date of the scene


def hidden(qa_pixel: np.ndarray, mask: Sequence[str]) -> np.ndarray:
    """Return where the sensor looked, but a flag of the quality band hides the ground.

    qa_pixel: integers (rows, columns); mask: QA_PIXEL flags. Such a pixel needs no number: many
    files have none under their clouds, and its QA_PIXEL is then fill with these flags. Where
    nothing was seen, QA_PIXEL is fill without a flag, and the pixel is not hidden. Neither is a
    saturated pixel: it is visible ground, brighter than the sensor can measure, and its
    surroundings do not show how bright.
    """
    return landsat.any_flagged(qa_pixel, mask)


def compose(
    measured: np.ndarray,
    is_hidden: np.ndarray,
    mean: np.ndarray,
    std: np.ndarray,
    is_dated: np.ndarray | bool = False,
) -> np.ndarray:
    """Return the bands NAMES (7, rows, columns; float32) of a part of the product.

    measured, mean, std: reflectance (3, rows, columns), NaN where unknown. is_hidden, is_dated:
    boolean (rows, columns), where the ground is hidden, and where the method was given the pixel as
    it was on another date. Measured pixels stay unchanged. A hidden pixel is filled if all three
    bands of `mean` are known there. The standard deviation is NaN outside filled pixels: a measured
    pixel has an error too, which is not known here.
    """
    is_filled = is_hidden & np.isfinite(mean).all(axis=0)
    is_measured = ~is_hidden & np.isfinite(measured).all(axis=0)
    source = np.select(
        [is_measured, is_filled & is_dated, is_filled],
        [Source.MEASURED, Source.FROM_DATE, Source.FILLED],
        Source.NO_DATA,
    )
    seen = np.where(is_hidden, np.nan, measured)
    bands = [np.where(is_filled, mean, seen), np.where(is_filled, std, np.nan), source[None]]
    return np.concatenate(bands).astype(np.float32)
