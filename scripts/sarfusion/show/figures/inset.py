"""Choosing the place that a figure shows, by a rule and never by eye."""

import numpy as np
from rasterio.windows import Window

from ...core.errors import StudyError
from ...core.raster import strips
from ...ground.split import TEST


def choose_window(shape, look, size):
    """Return the square Window wholly on the ground that holds the most weight.

    shape: (rows, columns) of the scene, of any size: it is looked at strip by strip. look: a
    function of a Window that gives (ground, weight) of its pixels: boolean, and numbers that
    count as 0 where not finite. Where no square of `size` pixels fits, the largest that does is
    taken; among equals the first in reading order. Raises StudyError when there is no ground.
    """
    for side in range(min(size, *shape), 0, -1):
        best, found = -np.inf, None
        for strip in strips(shape):
            # Squares start in the strip, and end below it.
            height = min(strip.height + side - 1, shape[0] - strip.row_off)
            if height < side:
                continue
            ground, weight = look(Window(0, strip.row_off, shape[1], height))
            fits = _window_sums(_integral(ground.astype(np.int64)), side) == side**2
            sums = _window_sums(_integral(np.where(np.isfinite(weight), weight, 0.0)), side)
            sums = np.where(fits, sums, -np.inf)
            row, column = np.unravel_index(np.argmax(sums), sums.shape)
            if sums[row, column] > best:
                best = sums[row, column]
                found = Window(int(column), strip.row_off + int(row), side, side)
        if found is not None:
            return found
    raise StudyError("split: no valid test pixel to show; use smaller blocks or another scene")


def choose_inset(scene, size=64):
    """Return the most textured square Window wholly on valid test ground; see choose_window."""
    return choose_window(scene.shape, lambda window: ground_and_texture(scene, window), size)


def ground_and_texture(scene, window):
    """Return the valid test ground in a Window (boolean), and the texture of its pixels.

    Texture is the gradient magnitude of the measured image, the mean of its three bands; NaN where
    it would rest on other ground.
    """
    around = grown(window, scene.shape)
    measured = scene.rgb.at(around).mean(axis=0)
    ground = (scene.split.at(around) == TEST) & np.isfinite(measured)
    texture = np.hypot(*np.gradient(np.where(ground, measured, np.nan)))
    top, left = window.row_off - around.row_off, window.col_off - around.col_off
    inner = np.s_[top : top + window.height, left : left + window.width]
    return ground[inner], texture[inner]


def grown(window, shape):
    """Return a Window with the pixels around it, as far as the scene of `shape` has them."""
    spans = [
        (max(0, span.start - 1), min(side, span.stop + 1))
        for span, side in zip(window.toslices(), shape, strict=True)
    ]
    return Window.from_slices(*spans)


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
