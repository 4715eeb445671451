"""The grids of a site's layers: the bands on each, and what their pixels take in a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...core.raster import open_bands
from .packing import pack
from .sampling import SampledBlock, pixel_count, read_blocks

MIN_BYTES_PER_VALUE = 0.25  # the lowest estimate; it bounds the memory for values, 4 bytes each

Band = tuple[str | Path, str]  # path of a raster and name of a band in it
Values = dict[Band, np.ndarray]  # pixels of bands, (pixels,)
Blocks = dict[int, list[SampledBlock]]  # {ratio of a grid: the blocks that a page has of it}


@dataclass(frozen=True)
class LayerGrid:
    """A grid with `ratio` pixels along each pixel of the stack, its shape, and bands on it.

    bands: (band, smallest step between its values in the page); a band may be in several layers.
    """

    ratio: int
    shape: tuple[int, int]
    bands: Sequence[tuple[Band, float]]

    def read(self, blocks: Sequence[SampledBlock]) -> Values:
        """Return the pixels of the bands in `blocks`."""
        values: Values = {}
        for places in by_file(band for band, _ in self.bands):
            with open_bands(places) as bands:
                values.update(zip(places, read_blocks(bands.read, blocks), strict=True))
        return values

    def packed_bytes(self, values: Values) -> int:
        """Return the bytes in a page of the bands with these values."""
        return sum(len(pack(values[band], step)["data"]) for band, step in self.bands)

    def bytes_per_pixel(self, blocks: Sequence[SampledBlock]) -> float:
        """Return the bytes in a page, of all bands together, per pixel of `blocks`."""
        size = self.packed_bytes(self.read(blocks)) / pixel_count(blocks)
        return max(size, MIN_BYTES_PER_VALUE * len(self.bands))


def by_file(places: Iterable[Band]) -> list[list[Band]]:
    """Return the bands of each file. Read together, they unpack each block of it once."""
    files: dict[str | Path, dict[Band, None]] = {}
    for band in places:
        files.setdefault(band[0], {})[band] = None
    return [[*of_file] for of_file in files.values()]
