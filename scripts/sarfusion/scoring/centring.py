"""The pixels of a tile about a value near them, as compiled loops (see `loops`)."""

import numpy as np

from .loops import compiled
from .places import HALO_PX, inner


def centred_pixels(values: np.ndarray, ground: np.ndarray, centre: float) -> tuple[np.ndarray, int]:
    """Return the tile's own pixels about the centre, and how many are not finite.

    values: float32 or float64 (rows + 2 HALO_PX, columns + 2 HALO_PX), or (bands, ...), contiguous.
    ground: bool, of the same rows and columns. The pixels are float64 (pixels,), or (bands,
    pixels), and zero off the ground; only those on the ground are counted.
    """
    maps = values.reshape(-1, *ground.shape)
    found = np.empty((len(maps), *inner(ground).shape))
    bad = sum(_centre(*pair, ground, HALO_PX, centre) for pair in zip(maps, found, strict=True))
    return found.reshape(*values.shape[:-2], -1), bad


@compiled
def _centre(x, found, ground, margin, centre):
    """Find the pixels without the margin about the centre; return how many are not finite."""
    rows, columns = found.shape
    span = slice(margin, margin + columns)
    bad = 0
    for r in range(rows):
        own, counts = x[r + margin, span], ground[r + margin, span]
        for c in range(columns):
            value = np.float64(own[c]) - centre if counts[c] else 0.0
            found[r, c] = value
            bad += not np.isfinite(value)
    return bad
