"""Surfaces made from the surroundings of a gap by a pyramid of averages, and their differences."""

import numpy as np

from ..core.errors import StudyError

MEMBRANE_STEPS = 4  # of relaxation at each level of the pyramid
PIECE_PX = 2**13  # pixels that are relaxed at a time
PIECE_ROWS = 32  # rows whose cells are averaged at a time; even


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
    above = push_pull(_cell_means(band))
    filled = band.copy()
    # Only unknown pixels are read and written, since in most scenes they are few; in pieces that
    # stay in a fast cache.
    places, (_, width), flat = np.flatnonzero(unknown), band.shape, filled.reshape(-1)
    pieces = [places[first : first + PIECE_PX] for first in range(0, len(places), PIECE_PX)]
    for piece in pieces:
        flat[piece] = above[piece // width // 2, piece % width // 2]
    for _ in range(MEMBRANE_STEPS):
        means = [_neighbour_mean(flat, piece, width) for piece in pieces]
        for piece, mean in zip(pieces, means, strict=True):
            flat[piece] = mean
    return filled


def _neighbour_mean(flat, places, width):
    """Return the mean of the four neighbours of pixels, whose places are those in the flat image.

    At an edge of the image, a pixel is its own neighbour.
    """
    columns = places % width
    neighbours = (
        np.where(places >= width, places - width, places),
        np.where(places < len(flat) - width, places + width, places),
        places - (columns > 0),
        places + (columns < width - 1),
    )
    return sum(map(flat.take, neighbours)) / 4


def _cell_means(band):
    """Return the mean of the known pixels of each 2 x 2 cell, NaN where there is none."""
    pieces = (band[first : first + PIECE_ROWS] for first in range(0, len(band), PIECE_ROWS))
    return np.concatenate([_means_of_piece(piece) for piece in pieces])


def _means_of_piece(band):
    padded = np.pad(band, [(0, size % 2) for size in band.shape], constant_values=np.nan)
    known = np.isfinite(padded)
    count = _cell_sums(known.astype(band.dtype))
    total = _cell_sums(np.where(known, padded, 0))
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
