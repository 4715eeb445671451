"""The pixels in gaps on validation and on test ground, read strip by strip from whole scenes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rasterio.windows import Window

from ..core.raster import BandReader, band_names, open_bands, strips
from ..ground import split as split_map
from ..scenes.bands import optical_of

HELD_OUT = (split_map.VALIDATION, split_map.TEST)


class GapPixels(NamedTuple):
    """Gap pixels of held-out ground, in the order of rows, then columns.

    use: of each pixel, one of HELD_OUT (pixels,). strips: (window, bool (rows, columns) that marks
    these pixels in it) over the whole scene.
    """

    use: np.ndarray
    strips: Sequence[tuple[Window, np.ndarray]]

    def read(self, bands: BandReader) -> np.ndarray:
        """Return the values (bands, pixels) of a BandReader, float32."""
        return np.concatenate(
            [bands.read(window)[:, chosen] for window, chosen in self.strips], axis=1
        )

    @property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The row and the column of each pixel in the scene."""
        found = [(window, *np.nonzero(chosen)) for window, chosen in self.strips]
        rows = [window.row_off + rows for window, rows, _ in found]
        columns = [window.col_off + columns for window, _, columns in found]
        return np.concatenate(rows), np.concatenate(columns)


def read_gap_pixels(split: Path | str, optical: Path | str, gaps: Path | str) -> GapPixels:
    """Return the GapPixels of a site.

    split, optical, gaps: rasters of the split, of the optical bands that methods are scored
    against (pixels where one is not valid do not count), and of the gap mask.
    """
    measured = [(optical, band) for band in optical_of(band_names(optical))]
    places = [(split, "use"), (gaps, "gap"), *measured]
    uses, chosen = [], []
    with open_bands(places) as bands:
        for window in strips(bands.grid.shape):
            use, gap, *optical_bands = bands.read(window)
            valid = np.isfinite(np.sum(optical_bands, axis=0))
            mask = np.isin(use, HELD_OUT) & (gap == 1) & valid
            chosen.append((window, mask))
            uses.append(use[mask].astype(np.uint8))
    return GapPixels(np.concatenate(uses), chosen)
