"""The ground of a site that is scored, and its regions, tile by tile."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.windows import Window

from ..core.raster import BandReader, Grid, band_names, open_bands
from ..core.tiling import Tile
from ..ground import gaps
from ..ground import split as split_map
from ..scenes.bands import optical_of
from ..study.inputs import DATE_AGE

Regions = Callable[[Tile], dict[str, np.ndarray]]


@contextmanager
def open_ground(
    split: Path | str,
    optical: Path | str,
    gap_file: Path | str | None,
    settings: Mapping[str, Any],
    matched: Path | str | None = None,
) -> Iterator[tuple[Grid, Regions]]:
    """Yield (grid, function that returns the regions of a Tile, {name: mask} with its halo).

    split, optical: rasters of the split and of the optical bands that the methods were given;
    nothing is scored where these are not valid. gap_file: the mask of what was withheld, or None.
    With it, `settings` of the gaps divide the ground into regions (see gaps.regions); without, the
    only region is `test`. matched: the raster of other dates, whose age defines further regions, or
    None. The rasters are opened as shared, see `open_raster`.
    """
    bands = optical_of(band_names(optical))
    places = [(split, "use"), *((optical, band) for band in bands)]
    if gap_file:
        places += [(gap_file, "gap"), *([(matched, DATE_AGE)] if matched else [])]
    with open_bands(places, shared=True) as raster:
        grid = raster.grid
        beyond = _reach(settings, grid.pixel_m) if gap_file else 0

        def masks(rows, columns):
            use, *found = reading(raster)(rows, columns)
            given, gap = found[: len(bands)], found[len(bands) :]
            test = (use == split_map.TEST) & np.isfinite(np.sum(given, axis=0))
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
                gap[1] if matched else None,
                settings["age_edges_days"] if matched else (),
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


def contrasts(settings: Mapping[str, Any], with_ages: bool) -> dict[str, tuple[list[str], ...]]:
    """Return {metric: two lists of regions} for the metrics that compare two parts of a gap.

    The first part is beyond the middle edge in `settings`, the second part within it.
    """
    every = {"rmse_by_distance": gaps.distance_regions(settings["distance_edges_m"])}
    if with_ages:
        every["rmse_by_age"] = gaps.age_regions(settings["age_edges_days"])
    halves = {metric: (names, len(names) // 2) for metric, names in every.items()}
    return {
        metric: (names[half:], names[:half]) for metric, (names, half) in halves.items() if half
    }


def reading(bands: BandReader) -> Callable[[slice, slice], np.ndarray]:
    """Return a function that reads a BandReader at slices (rows, columns)."""
    return lambda rows, columns: bands.read(Window.from_slices(rows, columns))


def _reach(settings, pixel_m):
    """Return within how many pixels the surroundings of a place determine its region.

    A place further from clear pixels than the last distance edge is in the last bin anyway.
    """
    distance = max(settings["distance_edges_m"], default=0) / min(pixel_m)
    return max(math.ceil(distance) + 1, settings["window_px"] // 2)
