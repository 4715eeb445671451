"""Features of chosen pixels of whole scenes, read strip by strip, with filled or empty gaps."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from ..core.raster import open_bands, strips
from .classifier import features

Places = Sequence[tuple[Path | str, str]]  # (raster, name of its band)


def thinned(chosen: np.ndarray, count: int) -> np.ndarray:
    """Return at most `count` of the pixels `chosen`, bool (rows, columns), every n-th of them."""
    places = np.flatnonzero(chosen)
    kept = np.zeros(chosen.size, bool)
    kept[places[:: max(1, -(-len(places) // count))]] = True
    return kept.reshape(chosen.shape)


def read_features(
    measured: Places,
    chosen: np.ndarray,
    gaps: Path | str | None = None,
    filled: Places | None = None,
) -> np.ndarray:
    """Return the features (pixels, 3 bands) of the pixels `chosen`, bool (rows, columns).

    measured: the bands. gaps: the gap mask; inside gaps the bands `filled` replace the measured
    ones, or, if `filled` is None, there is no data. Without a mask, all pixels are as measured.
    """
    places = [*measured, *(filled or []), *([(gaps, "gap")] if gaps else [])]
    found = [np.empty((0, 3 * len(measured)))]
    with ExitStack() as opened:
        bands = opened.enter_context(open_bands(places))
        for window in strips(chosen.shape):
            rows, columns = np.nonzero(chosen[window.toslices()])
            if rows.size:
                with_rim = _with_rim(window, chosen.shape[0])
                image, others = np.split(bands.read(with_rim), [len(measured)])
                if gaps:
                    image = np.where(others[-1] == 1, others[:-1] if filled else np.nan, image)
                found.append(features(image, rows + window.row_off - with_rim.row_off, columns))
    return np.concatenate(found)


def _with_rim(window: Window, height: int) -> Window:
    """Return a strip with one more row above and below, unless it is at the scene's edge."""
    top = max(0, window.row_off - 1)
    bottom = min(height, window.row_off + window.height + 1)
    return Window(0, top, window.width, bottom - top)
