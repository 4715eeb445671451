"""The surface from which a network starts in gaps: it learns the difference to it.

A start surface is made for a whole scene, so that a scene fused in tiles is the same as in one
pass, however far a pixel is from the rim of its gap.
"""

import numpy as np

from ..ground.pyramid import push_pull
from .classical import gap_filling


def start_surface(band: np.ndarray, gap: np.ndarray, method: str) -> np.ndarray:
    """Return a band (rows, columns; reflectance) with a start surface where it is hidden.

    band: NaN where not valid. gap: bool (rows, columns), pixels whose values are ignored. Both
    kinds of pixels are hidden. method: `biharmonic` solves the biharmonic equation in gaps and
    fills the other hidden pixels as `pyramid` does; `pyramid` is push_pull; `zero` leaves hidden
    pixels NaN, which a network gets as 0, the training mean.

    Raises StudyError if every pixel is hidden.
    """
    clear = np.where(gap, np.nan, band)
    if method == "zero":
        return clear
    if method == "biharmonic" and gap.any():
        nothing = np.zeros_like(gap)
        clear = gap_filling.biharmonic(clear, gap, nothing, nothing)
    return push_pull(clear)
