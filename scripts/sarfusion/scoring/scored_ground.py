"""The test ground of a site, and the regions it is scored in, window by window."""

import math
from contextlib import contextmanager

import numpy as np
from rasterio.windows import Window

from ..core.raster import open_bands
from ..ground import gaps, split
from ..scenes import landsat
from .image_pair import HALO


@contextmanager
def open_ground(use, optical, gap_file=None, settings=None):
    """Yield (grid, function of a Tile that gives its regions, {name: mask} with a margin).

    use, optical: rasters of the split and of the optical bands that the methods were given; where
    these are not valid, nothing is scored. gap_file: the mask of what was withheld, or None: the
    region is then `test`. settings: of the gaps, which cut them in regions (see gaps.regions);
    without, the region is `gap`, on test ground.
    """
    places = [(use, "use"), *((optical, band) for band in landsat.BANDS)]
    with open_bands([*places, *([(gap_file, "gap")] if gap_file else [])]) as bands:
        grid = bands.grid
        beyond = _reach(settings, grid.pixel_m) if gap_file and settings else 0

        def masks(rows, columns):
            use, red, green, blue, *gap = reading(bands)(rows, columns)
            test = (use == split.TEST) & np.isfinite(red + green + blue)
            if not gap:
                return {"test": test}
            hidden = gap[0] == 1
            if not settings:
                return {"gap": test & hidden}
            return gaps.regions(
                hidden,
                test,
                grid.pixel_m,
                settings["distance_edges_m"],
                settings["share_edges"],
                settings["window_px"],
                use != split.NOT_VALID,
            )

        def regions(tile):
            names = []

            def stacked(rows, columns):
                found = masks(rows, columns)
                names.extend(found)
                return np.stack(list(found.values()))

            margin = HALO + beyond
            stack = tile.read(stacked, margin)
            size = slice(beyond, -beyond or None)
            return dict(zip(names, stack[:, size, size], strict=True))

        yield grid, regions


def reading(bands):
    """Return the function of slices (rows, columns) that reads a BandReader there."""
    return lambda rows, columns: bands.read(Window.from_slices(rows, columns))


def _reach(settings, pixel_m):
    """Return how many pixels around a place decide on its region.

    A clear pixel further away than the last edge of the distances leaves it in the last bin.
    """
    distance = max(settings["distance_edges_m"], default=0) / min(pixel_m)
    return max(math.ceil(distance) + 1, settings["window_px"] // 2)
