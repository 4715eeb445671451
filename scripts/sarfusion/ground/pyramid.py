"""Surfaces made from the surroundings of a gap by a pyramid of averages, and their differences."""

import numpy as np

from ..core.errors import StudyError

MEMBRANE_STEPS = 4  # of relaxation at each level of the pyramid


def push_pull(band: np.ndarray) -> np.ndarray:
    """Return `band` (rows, columns) with every NaN replaced, in time linear in its pixels.

    Pushed up: the mean of the known pixels of each 2 x 2 cell is a pixel of the level above, until
    a level has no unknown pixel. Pulled down: an unknown pixel takes the value above it, and a few
    steps of relaxation to the mean of its four neighbours (a membrane) smooth it. After Gortler et
    al. 1996, The Lumigraph, SIGGRAPH, section 3.4. Raises StudyError if no pixel is known.
    """
    unknown = ~np.isfinite(band)
    if not unknown.any():
        return band
    if unknown.all():
        raise StudyError("no valid pixel is outside the gaps; lower the gap share")
    above = push_pull(_cell_means(band, ~unknown))
    rows, columns = band.shape
    filled = np.where(unknown, above.repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns], band)
    for _ in range(MEMBRANE_STEPS):
        edged = np.pad(filled, 1, mode="edge")
        mean = (edged[:-2, 1:-1] + edged[2:, 1:-1] + edged[1:-1, :-2] + edged[1:-1, 2:]) / 4
        filled[unknown] = mean[unknown]
    return filled


def _cell_means(band: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the mean of the known pixels of each 2 x 2 cell, NaN where there is none."""
    padding = [(0, size % 2) for size in band.shape]
    weight = np.pad(known.astype(band.dtype), padding)
    value = np.pad(np.where(known, band, 0), padding)
    cells = (weight.shape[0] // 2, 2, weight.shape[1] // 2, 2)
    count, total = (part.reshape(cells).sum(axis=(1, 3)) for part in (weight, value))
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def anomaly(band: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Return how a band of SAR or another date differs in gaps from what its surroundings suggest.

    band: (rows, columns); NaN where not valid. gap: bool (rows, columns). The surface is that of
    push_pull, whose averages are least disturbed by speckle. The result is 0 outside gaps, and NaN
    where the band is NaN, and everywhere if no valid pixel is outside the gaps.
    """
    clear = np.where(gap, np.nan, band)
    if np.isnan(clear).all():
        return np.full_like(band, np.nan)
    return np.where(gap, band - push_pull(clear), np.where(np.isnan(band), band, 0))
