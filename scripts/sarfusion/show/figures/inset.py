"""Choosing the window that a figure enlarges, by a fixed rule instead of by eye."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from rasterio.windows import Window

from ...core.errors import StudyError
from ...core.raster import strips
from ...ground.split import TEST
from .maps import MapScene

KEPT_INSETS = 4  # the figures of a job enlarge the same ground


def choose_window(
    shape: tuple[int, int],
    ground_and_weight: Callable[[Window], tuple[np.ndarray, np.ndarray]],
    size: int,
) -> Window:
    """Return the square Window entirely on the ground with the largest sum of weights.

    shape: (rows, columns) of the scene, which is read strip by strip and may be of any size.
    ground_and_weight: returns for a Window two arrays of its shape: a boolean mask of the ground,
    and weights that count as 0 where they are not finite. The square has `size` pixels on a side,
    or as many as fit if that is too large. The first of several with the same sum, in reading
    order, is taken. Raises StudyError if there is no ground.
    """
    for side in range(min(size, *shape), 0, -1):
        largest, window = -np.inf, None
        for strip in strips(shape):
            # The squares of a strip start in it and may end below it.
            height = min(strip.height + side - 1, shape[0] - strip.row_off)
            if height < side:
                continue
            ground, weight = ground_and_weight(Window(0, strip.row_off, shape[1], height))
            fits = _window_sums(_integral(ground.astype(np.int64)), side) == side**2
            sums = _window_sums(_integral(np.where(np.isfinite(weight), weight, 0.0)), side)
            sums = np.where(fits, sums, -np.inf)
            row, column = np.unravel_index(np.argmax(sums), sums.shape)
            if sums[row, column] > largest:
                largest = sums[row, column]
                window = Window(int(column), strip.row_off + int(row), side, side)
        if window is not None:
            return window
    raise StudyError("split: no valid test pixel to show; use smaller blocks or another scene")


@lru_cache(maxsize=KEPT_INSETS)
def choose_inset(scene: MapScene, size: int = 64) -> Window:
    """Return the most textured square Window entirely on valid test ground; see choose_window."""
    return choose_window(scene.shape, lambda window: ground_and_texture(scene, window), size)


def ground_and_texture(scene: MapScene, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Return the valid test ground in a Window (boolean), and the texture of its pixels.

    Texture is the gradient magnitude of the measured image averaged over its three bands, in
    reflectance per pixel. It is NaN where the gradient needs a pixel outside the ground.
    """
    around = grown(window, scene.shape)
    measured = scene.rgb.at(around).mean(axis=0)
    ground = (scene.split.at(around) == TEST) & np.isfinite(measured)
    texture = np.hypot(*np.gradient(np.where(ground, measured, np.nan)))
    top, left = window.row_off - around.row_off, window.col_off - around.col_off
    inner = np.s_[top : top + window.height, left : left + window.width]
    return ground[inner], texture[inner]


def grown(window: Window, shape: tuple[int, int]) -> Window:
    """Return a Window with one more pixel on each side, within a scene of `shape`."""
    spans = [
        (max(0, span.start - 1), min(side, span.stop + 1))
        for span, side in zip(window.toslices(), shape, strict=True)
    ]
    return Window.from_slices(*spans)


def _integral(array: np.ndarray) -> np.ndarray:
    """Return the sums over all pixels above and to the left, after a row and column of zeros."""
    return np.pad(array.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _window_sums(integral: np.ndarray, size: int) -> np.ndarray:
    """Return the sums over all squares of `size` pixels a side, by their upper left corner."""
    return (
        integral[size:, size:]
        - integral[:-size, size:]
        - integral[size:, :-size]
        + integral[:-size, :-size]
    )
