"""Passes: items of one overflight, mosaicked, and the share of the area that they show."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from rasterio.features import rasterize
from rasterio.transform import from_bounds

from ...core.errors import StudyError
from ...core.grid import Grid, crs_name
from ..landsat import QA_FILL, any_flagged, is_fill
from .cog import target_grid
from .items import Item, Refused
from .mosaic import mosaic, place_of
from .network import Broken

FOOTPRINT_CELLS = 1000  # along each side of the area, onto which footprints are rasterized
FULL_COVERAGE = 0.999  # a share that is measured on cells is not exact to the pixel
SAME_OVERFLIGHT = timedelta(minutes=10)  # between neighbours; the next orbit is 99 minutes later
MAX_PASSES = 60  # optical passes whose QA_PIXEL is read
MAX_PIXELS = 400_000_000  # of the area; a whole Landsat scene on a 10 m grid has 340 million


class Unusable(Exception):
    """An item that cannot be used. The message is the reason."""


# Item, Grid over the whole area, bool array: where the item shows the area
Candidate = tuple[Item, Grid, np.ndarray]


@dataclass(frozen=True)
class Pass:
    """Items of one overflight that make one image of the area.

    coverage, masked and unusable are shares of the area; the last two are None for SAR.
    """

    sensor: str
    track: str
    datetime: datetime  # of the earliest item
    items: tuple[Item, ...]  # in the order they are pasted
    grid: Grid  # over the whole area, with the items' pixels
    coverage: float  # shown by the items (optical: and not fill)
    masked: float | None = None  # shown and flagged
    unusable: float | None = None  # not shown or flagged
    days_apart: float | None = None  # of a SAR pass from the optical pass of its pair

    @property
    def name(self) -> str:
        """The ids of the items, which also break ties."""
        return " ".join(item.id for item in self.items)

    @property
    def scene_cloud(self) -> float | None:
        """Mean cloud cover of the whole scenes in percent, as the catalogue states it, or None."""
        known = [item.cloud_cover for item in self.items if item.cloud_cover is not None]
        return sum(known) / len(known) if known else None


def overflights(items: Iterable[Item]) -> list[list[Item]]:
    """Return the items grouped by overflight: one track, at most SAME_OVERFLIGHT apart."""
    groups: list[list[Item]] = []
    for item in sorted(items, key=lambda item: (item.track, item.datetime, item.id)):
        last = groups[-1][-1] if groups else None
        if last and last.track == item.track and item.datetime - last.datetime <= SAME_OVERFLIGHT:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def in_footprint(geometry: dict, area: Sequence[float], all_touched: bool = False) -> np.ndarray:
    """Return which of FOOTPRINT_CELLS x FOOTPRINT_CELLS cells of the area are in a footprint.

    A cell counts if its centre is inside; with all_touched, if any part of it is.
    """
    cells = (FOOTPRINT_CELLS, FOOTPRINT_CELLS)
    return rasterize(
        [(geometry, 1)],
        out_shape=cells,
        transform=from_bounds(*area, *cells),
        all_touched=all_touched,
        dtype="uint8",
    ).astype(bool)


def radar_passes(
    items: Iterable[Item],
    area: Sequence[float],
    orbit: str,
    read_radar: Callable[[Item], tuple[Grid, np.ndarray] | None],
    progress: Callable[[Iterable[list[Item]]], Iterable[list[Item]]] = iter,
) -> tuple[list[Pass], list[Refused]]:
    """Return (the SAR passes over the area, the items that are in none).

    area: [west, south, east, north] in degrees. orbit: any, ascending or descending. read_radar:
    Item -> the Grid of its files and the cells of the area (see in_footprint) where they have data,
    or None if they have no pixel there; an item for which it raises Broken is refused. progress:
    wraps the list of overflights (tqdm, or iter for none).
    """
    passes, refused = [], []
    for group in progress(overflights(items)):
        candidates: list[Candidate] = []
        for item in group:
            try:
                if orbit not in ("any", item.orbit):
                    raise Unusable(f"its orbit is {item.orbit or 'not stated'}, not {orbit}")
                if not in_footprint(item.geometry, area, all_touched=True).any():
                    raise Unusable("it does not reach the area")
                seen = read_radar(item)
                if seen is None:
                    raise Unusable("its files have no pixel in the area")
                grid, shown = seen
                if not shown.any():
                    raise Unusable("its files have no data in the area")
                candidates.append((item, _area_grid(grid, area), shown))
            except (Unusable, Broken) as error:
                refused.append(refuse("sar", item, str(error)))
        if candidates:
            grid, kept, shown, left_out = _best_mosaic(candidates, FULL_COVERAGE)
            passes.append(_pass("sar", kept, grid, float(shown.mean())))
            refused += [refuse("sar", item, reason) for item, reason in left_out]
    return passes, refused


def optical_passes(
    items: Iterable[Item],
    area: Sequence[float],
    mask: Collection[str],
    read_quality: Callable[[Item], tuple[np.ndarray, Grid] | None],
    progress: Callable[[Iterable[list[Item]]], Iterable[list[Item]]] = iter,
) -> tuple[list[Pass], list[Refused]]:
    """Return (the optical passes over the area, the items that are in none).

    mask: QA_PIXEL flags that make a pixel unusable. read_quality: Item -> QA_PIXEL (rows, columns)
    and the Grid of its part of the area, or None if it has no pixel there; an item for which it
    raises Broken is refused. At most MAX_PASSES are read, those with the least cloud in the whole
    scene first. progress: wraps the list of overflights (tqdm, or iter for none).
    """
    reaching, refused = [], []
    for item in items:
        if in_footprint(item.geometry, area, all_touched=True).any():
            reaching.append(item)
        else:
            refused.append(refuse("optical", item, "it does not reach the area"))
    groups = sorted(overflights(reaching), key=_scene_cloud_first)
    for item in (item for group in groups[MAX_PASSES:] for item in group):
        reason = f"not read: {MAX_PASSES} dates have less cloud in the whole scene"
        refused.append(refuse("optical", item, reason))
    passes = []
    for group in progress(groups[:MAX_PASSES]):
        candidates: list[Candidate] = []
        qualities: dict[str, tuple[np.ndarray, Grid]] = {}
        for item in group:
            try:
                numbers, grid = qualities[item.id] = _quality(item, read_quality)
                target = _area_grid(grid, area)
                shown = ~_is_fill(mosaic([(numbers, grid)], target, [QA_FILL], _is_fill))
                if not shown.any():
                    raise Unusable("it has only fill in the area")
                candidates.append((item, target, shown))
            except (Unusable, Broken) as error:
                refused.append(refuse("optical", item, str(error)))
        if candidates:
            target, kept, shown, left_out = _best_mosaic(candidates)
            numbers = mosaic([qualities[item.id] for item in kept], target, [QA_FILL], _is_fill)[0]
            flags = any_flagged(numbers, mask)
            shares = shown.mean(), flags.mean(), (~shown | flags).mean()
            passes.append(_pass("optical", kept, target, *map(float, shares)))
            refused += [refuse("optical", item, reason) for item, reason in left_out]
    return passes, refused


def refuse(sensor: str, item: Item, reason: str) -> Refused:
    """Return the Refused of an Item."""
    return Refused(sensor, item.id, reason, item.datetime, item.track, item.cloud_cover)


def _quality(
    item: Item, read_quality: Callable[[Item], tuple[np.ndarray, Grid] | None]
) -> tuple[np.ndarray, Grid]:
    """Return QA_PIXEL (1, rows, columns) of an item's part of the area, and its Grid."""
    quality = read_quality(item)
    if quality is None:
        raise Unusable("it has no pixel in the area")
    numbers, grid = quality
    if not np.issubdtype(numbers.dtype, np.integer):
        raise Unusable(f"its quality band contains {numbers.dtype}, not bit fields")
    return numbers[np.newaxis], grid


def _is_fill(numbers: np.ndarray) -> np.ndarray:
    """Return where QA_PIXEL (1, rows, columns) is fill, bool (rows, columns)."""
    return is_fill(numbers[0])


def _area_grid(grid: Grid, area: Sequence[float]) -> Grid:
    """Return the Grid over the whole area with the pixels of `grid`.

    Raises Unusable if the area is outside its CRS or has too many of its pixels.
    """
    try:
        target = target_grid(grid, area)
    except Exception:  # GDAL raises non-public classes
        raise Unusable(f"the area has no place in its CRS, {crs_name(grid.crs)}") from None
    if target.height * target.width > MAX_PIXELS:
        size = f"{target.height} x {target.width}"
        raise Unusable(f"the area has {size} of its pixels, more than a scene may have")
    return target


def _scene_cloud_first(group: Sequence[Item]) -> tuple[float, datetime, str]:
    """Return the sort key of an overflight: least cloud in the scenes, then date and id."""
    known = [item.cloud_cover for item in group if item.cloud_cover is not None]
    return min(known, default=100.0), group[0].datetime, group[0].id


def _best_mosaic(
    candidates: Iterable[Candidate],
    enough: float = 1.0,
) -> tuple[Grid, list[Item], np.ndarray, list[tuple[Item, str]]]:
    """Return (grid, items to paste in order, where they show the area, items left out and why).

    candidates: of one overflight. Only items with aligned pixels can be pasted together; of
    several sets, the one that shows most is taken. The item that shows most comes first, and the
    next ones fill in. An item that adds nothing is left out. Once items show the share `enough` of
    the area, all further ones are left out, to avoid seams between frames.
    """
    rasters: list[list[Candidate]] = []  # sets of candidates with aligned pixels
    for candidate in sorted(candidates, key=lambda c: (-c[2].sum(), c[0].datetime, c[0].id)):
        for raster in rasters:
            if same_raster(raster[0][1], candidate[1]):
                raster.append(candidate)
                break
        else:
            rasters.append([candidate])
    best = max(rasters, key=lambda raster: np.logical_or.reduce([c[2] for c in raster]).sum())
    kept: list[Item] = []
    left_out: list[tuple[Item, str]] = []
    shown = np.zeros_like(best[0][2])
    for item, _, here in best:
        if not (here & ~shown).any():
            left_out.append((item, f"it adds nothing to {kept[0].id}"))
        elif shown.mean() >= enough:
            left_out.append((item, f"{kept[0].id} shows the area without it"))
        else:
            kept.append(item)
        shown = shown | here
    for item, _, _ in (each for raster in rasters if raster is not best for each in raster):
        left_out.append((item, f"its pixels are not on the raster of {kept[0].id}"))
    return best[0][1], kept, shown, left_out


def same_raster(one: Grid, other: Grid) -> bool:
    """Return whether two Grids over the area have the same pixels."""
    try:
        return one.shape == other.shape and place_of(one, other) == (0, 0)
    except StudyError:
        return False


def _pass(sensor: str, items: Sequence[Item], grid: Grid, *shares: float) -> Pass:
    """Return the Pass of items in their order; shares: coverage, masked, unusable."""
    earliest = min(item.datetime for item in items)
    return Pass(sensor, items[0].track, earliest, tuple(items), grid, *shares)
