"""Choosing the place that a figure shows, by a rule and never by eye."""

import numpy as np

from ..errors import StudyError


def choose_window(weight, ground, size):
    """Return (row, column, size) of the square wholly on `ground` that holds the most `weight`.

    weight: (rows, columns), counted as 0 where not finite; ground: boolean of the same shape.
    Where no square of `size` pixels fits, the largest that does is taken; among equals the
    first in reading order. Raises StudyError when there is no ground at all.
    """
    counts = _integral(ground.astype(np.int64))
    weights = _integral(np.where(np.isfinite(weight), weight, 0.0))
    for side in range(min(size, *ground.shape), 0, -1):
        fits = _window_sums(counts, side) == side**2
        if fits.any():
            best = np.where(fits, _window_sums(weights, side), -np.inf)
            row, column = np.unravel_index(np.argmax(best), best.shape)
            return int(row), int(column), side
    raise StudyError("split: no valid test pixel to show; use smaller blocks or another scene")


def choose_inset(reference, test, size=64):
    """Return (row, column, size) of the most textured square wholly on valid test ground.

    Texture is the mean gradient magnitude of `reference` (rows, columns). See choose_window.
    """
    valid = test & np.isfinite(reference)
    texture = np.hypot(*np.gradient(np.where(valid, reference, np.nan)))
    return choose_window(texture, valid, size)


def _integral(array):
    """Return sums over all pixels above and left, with a first row and column of zeros."""
    return np.pad(array.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _window_sums(integral, size):
    """Return sums over all squares of `size` pixels, by their upper left corner."""
    return (
        integral[size:, size:]
        - integral[:-size, size:]
        - integral[size:, :-size]
        + integral[:-size, :-size]
    )
