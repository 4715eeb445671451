"""Filling the gaps of a scene from other dates of the same place, without training a network.

Every method is called as method(optical, gap, dates, train):

    optical  (bands, rows, columns), reflectance; NaN where not valid
    gap      bool (rows, columns), the pixels to fill; values of `optical` there are ignored
    dates    Dates, the same place on other days
    train    bool (rows, columns), the ground on which statistics may be fitted

    It returns (bands, pixels), the values of the gap's pixels in the order of `optical[:, gap]`,
    NaN for pixels that no date can fill. All bands of a pixel are NaN, or none. `fill` puts a
    surface there.

    A pixel is clear on a date if every band has a value.
"""

from collections.abc import Callable

import numpy as np

from .dates import Dates
from .harmonic import harmonic
from .similar_pixels import nspi

__all__ = [
    "Dates",
    "TemporalFiller",
    "fill",
    "harmonic",
    "linear_in_time",
    "match",
    "nspi",
    "previous",
    "previous_matched",
    "window_median",
]

TemporalFiller = Callable[[np.ndarray, np.ndarray, Dates, np.ndarray], np.ndarray]
MIN_COMMON_PX = 2  # clear on both dates, to fit a gain and an offset


def fill(band: np.ndarray, gap: np.ndarray, values: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Return a band (rows, columns) with its gap filled from dates, the rest of it by a surface.

    values: of the gap's pixels in order, NaN where no date has one. surface: (rows, columns), used
    there. The type is that of `band`.
    """
    filled = band.copy()
    filled[gap] = np.where(np.isfinite(values), values, surface[gap])
    return filled


def previous(optical: np.ndarray, gap: np.ndarray, dates: Dates, train: np.ndarray) -> np.ndarray:
    """Fill each pixel with its value on the nearest date on which it is clear."""
    return dates.nearest(dates.bands[..., gap])


def previous_matched(
    optical: np.ndarray, gap: np.ndarray, dates: Dates, train: np.ndarray
) -> np.ndarray:
    """Fill as `previous` does, after matching each date to the scene; see `match`."""
    return dates.nearest(match(optical, dates, train & ~gap, gap))


def match(optical: np.ndarray, dates: Dates, train: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the values of all dates (dates, bands, pixels), matched to the scene; else NaN.

    The reflectance of a band on the date of the scene is gain * reflectance on the other date +
    offset. Both are fitted by ordinary least squares to the training pixels that are clear on both
    dates. A date that has fewer than MIN_COMMON_PX of these, or no variation in them, is left out.

    train: bool (rows, columns), the ground to fit on. wanted: bool (rows, columns), the pixels
    whose values are returned.
    """
    known = train & np.isfinite(optical).all(axis=0)
    matched = np.full((len(dates.days), len(optical), wanted.sum()), np.nan)
    for number, image in enumerate(dates.bands):
        common = known & dates.clear[number]
        if common.sum() < MIN_COMMON_PX:
            continue
        x, y = image[:, common].astype(np.float64), optical[:, common].astype(np.float64)
        centre, level = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
        spread = ((x - centre) ** 2).sum(axis=1, keepdims=True)
        if (spread == 0).any():
            continue
        gain = ((x - centre) * (y - level)).sum(axis=1, keepdims=True) / spread
        matched[number] = level + gain * (image[:, wanted] - centre)
    return matched


def window_median(
    optical: np.ndarray, gap: np.ndarray, dates: Dates, train: np.ndarray
) -> np.ndarray:
    """Fill each pixel with the median of its values on all dates on which it is clear."""
    values = dates.bands[..., gap]
    found = np.full(values.shape[1:], np.nan)
    seen = dates.clear[:, gap].any(axis=0)
    found[:, seen] = np.nanmedian(values[..., seen], axis=0)
    return found


def linear_in_time(
    optical: np.ndarray, gap: np.ndarray, dates: Dates, train: np.ndarray
) -> np.ndarray:
    """Fill each pixel on the line between its nearest clear dates, one before and one after.

    If all clear dates are on one side, the nearest of them is taken.
    """
    values, days = dates.bands[..., gap], dates.days
    before, after = (
        dates.nearest(values, days <= 0, with_day=True),
        dates.nearest(values, days >= 0, with_day=True),
    )
    (early, first), (late, last) = before, after
    length = last - first
    share = np.divide(-first, length, out=np.zeros_like(length), where=length > 0)
    line = early + share * (late - early)
    return np.where(np.isnan(early), late, np.where(np.isnan(late), early, line))
