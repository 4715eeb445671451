"""Returning an optical band, without training a network: method(band) for every method."""

import numpy as np


def copy(band: np.ndarray) -> np.ndarray:
    """Return the optical band itself.

    In `reconstruction` this is the perfect answer (RMSE 0), the reference for every model there.
    """
    return band
