"""The ground of a site that is scored, and its regions, tile by tile."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.windows import Window

from ..core.raster import BandReader, Grid, open_bands
from ..core.tiling import Tile
from ..ground import gaps
from ..ground import split as split_map
from ..scenes import landsat

Regions = Callable[[Tile], dict[str, np.ndarray]]


@contextmanager
def open_ground(
    split: Path | str,
    optical: Path | str,
    gap_file: Path | str | None,
    settings: Mapping[str, Any],
) -> Iterator[tuple[Grid, Regions]]:
    """Yield (grid, function of a Tile that gives its regions, {name: mask} with the tile's halo).

    split, optical: rasters of the split and of the optical bands that the methods were given; where
    these are not valid, nothing is scored. gap_file: the mask of what was withheld, or None. With
    it, `settings` of the gaps cut the ground in regions (see gaps.regions); else it is `test`.
    """
    places = [(split, "use"), *((optical, band) for band in landsat.BANDS)]
    with open_bands([*places, *([(gap_file, "gap")] if gap_file else [])]) as bands:
        grid = bands.grid
        beyond = _reach(settings, grid.pixel_m) if gap_file else 0

        def masks(rows, columns):
            use, red, green, blue, *gap = reading(bands)(rows, columns)
            test = (use == split_map.TEST) & np.isfinite(red + green + blue)
            if not gap:
                return {"test": test}
            return gaps.regions(
                gap[0] == 1,
                test,
                grid.pixel_m,
                settings["distance_edges_m"],
                settings["share_edges"],
                settings["window_px"],
                use != split_map.NOT_VALID,
            )

        def regions(tile):
            names = []

            def stacked(rows, columns):
                found = masks(rows, columns)
                names.extend(found)
                return np.stack(list(found.values()))

            stack = tile.padded(stacked, beyond)
            size = slice(beyond, -beyond or None)
            return dict(zip(names, stack[:, size, size], strict=True))

        yield grid, regions


def reading(bands: BandReader) -> Callable[[slice, slice], np.ndarray]:
    """Return the function of slices (rows, columns) that reads a BandReader there."""
    return lambda rows, columns: bands.read(Window.from_slices(rows, columns))


def _reach(settings, pixel_m):
    """Return how many pixels around a place decide on its region.

    A clear pixel further away than the last edge of the distances leaves it in the last bin.
    """
    distance = max(settings["distance_edges_m"], default=0) / min(pixel_m)
    return max(math.ceil(distance) + 1, settings["window_px"] // 2)
