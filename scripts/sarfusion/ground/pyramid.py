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
    filled = band.copy()
    rows, columns = np.nonzero(unknown)
    filled[rows, columns] = above[rows // 2, columns // 2]
    # Only unknown pixels are read and written, since in most scenes they are few. A neighbour is at
    # a distance in the flat image; at an edge of the image, a pixel is its own neighbour.
    (height, width), flat = band.shape, filled.reshape(-1)
    unknowns = rows * width + columns
    neighbours = [
        (-width, rows > 0),
        (width, rows < height - 1),
        (-1, columns > 0),
        (1, columns < width - 1),
    ]
    del rows, columns  # of a large gap, they take as much memory as the band
    for _ in range(MEMBRANE_STEPS):
        total = sum(flat.take(unknowns + step * is_inside) for step, is_inside in neighbours)
        flat[unknowns] = total / 4
    return filled


def _cell_means(band: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the mean of the known pixels of each 2 x 2 cell, NaN where there is none."""
    padding = [(0, size % 2) for size in band.shape]
    count = _cell_sums(np.pad(known.astype(band.dtype), padding))
    total = _cell_sums(np.pad(np.where(known, band, 0), padding))
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _cell_sums(image: np.ndarray) -> np.ndarray:
    """Return the sum of each 2 x 2 cell of an image of even size."""
    top, bottom = image[::2], image[1::2]
    return (top[:, ::2] + top[:, 1::2]) + (bottom[:, ::2] + bottom[:, 1::2])


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
