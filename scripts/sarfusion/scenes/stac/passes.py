"""Overflights: which items belong together, and how much of the area they show."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from rasterio.features import rasterize
from rasterio.transform import from_bounds

from ...core.errors import StudyError
from ...core.raster import Grid
from ..landsat import QA_PIXEL_BITS, flagged
from .cog import target_grid
from .items import Item, Refused
from .mosaic import mosaic, place_of
from .network import Broken

LATTICE = 1000  # points along each side of the area at which footprints are looked up
SAME_OVERFLIGHT = timedelta(minutes=10)  # between neighbours; the next orbit is 99 minutes later
MOST_PASSES = 60  # optical passes whose QA_PIXEL is read
MOST_PIXELS = 400_000_000  # of the area; a whole Landsat scene on a 10 m grid has 340 million
FILL = 1 << QA_PIXEL_BITS["fill"]


class Unfit(Exception):
    """An item that cannot serve. The message is the reason."""


@dataclass(frozen=True)
class Pass:
    """Items of one overflight that make one image of the area, in the order they are pasted.

    datetime is that of the earliest item; grid covers the whole area on the items' raster.
    Shares of the area: coverage is shown (optical: and not fill), masked is shown and flagged,
    unusable is not shown or flagged; the last two are None for SAR. days_apart is the distance
    to the optical pass that a SAR pass is paired with.
    """

    sensor: str
    track: str
    datetime: datetime
    items: tuple[Item, ...]
    grid: Grid
    coverage: float
    masked: float | None = None
    unusable: float | None = None
    days_apart: float | None = None

    @property
    def name(self):
        """The ids of the items; what ties are broken by at last."""
        return " ".join(item.id for item in self.items)

    @property
    def scene_cloud(self):
        """Mean cloud cover of the whole scenes in percent, as the catalogue has it, or None."""
        known = [item.cloud_cover for item in self.items if item.cloud_cover is not None]
        return sum(known) / len(known) if known else None


def overflights(items):
    """Return the items grouped by track, where neighbours were taken minutes apart."""
    groups: list[list[Item]] = []
    for item in sorted(items, key=lambda item: (item.track, item.datetime, item.id)):
        last = groups[-1][-1] if groups else None
        if last and last.track == item.track and item.datetime - last.datetime <= SAME_OVERFLIGHT:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def in_footprint(geometry, area, all_touched=False):
    """Return which of LATTICE x LATTICE cells of the area box lie in a footprint.

    A cell lies in it with its centre, or with any part of it when all_touched.
    """
    cells = (LATTICE, LATTICE)
    return rasterize(
        [(geometry, 1)],
        out_shape=cells,
        transform=from_bounds(*area, *cells),
        all_touched=all_touched,
        dtype="uint8",
    ).astype(bool)


def radar_passes(items, area, orbit):
    """Return (the SAR passes over the area, the items that are in none, Refused).

    area: [west, south, east, north] in degrees. orbit: any, ascending or descending. What an
    item shows of the area is told by its footprint, on LATTICE x LATTICE points.
    """
    passes, refused = [], []
    for group in overflights(items):
        parts = []
        for item in group:
            try:
                if orbit not in ("any", item.orbit):
                    raise Unfit(f"its orbit is {item.orbit or 'not stated'}, not {orbit}")
                if item.grid is None:
                    raise Unfit("it states no projected grid")
                shown = in_footprint(item.geometry, area)
                if not shown.any():
                    raise Unfit("it does not reach the area")
                parts.append((item, _area_grid(item.grid, area), shown))
            except Unfit as error:
                refused.append(refuse("sar", item, str(error)))
        if parts:
            grid, kept, shown, left_out = _best_mosaic(parts)
            passes.append(_pass("sar", kept, grid, float(shown.mean())))
            refused += [refuse("sar", item, reason) for item, reason in left_out]
    return passes, refused


def optical_passes(items, area, mask, read_quality, progress=iter):
    """Return (the optical passes over the area, the items that are in none, Refused).

    mask: QA_PIXEL flags that make a pixel unusable. read_quality: a function from an Item to
    QA_PIXEL (rows, columns) and the Grid of its part of the area, or to None where it has no
    pixel there; an item for which it raises Broken is left out. Passes with the least cloud in
    the whole scene are read first, and MOST_PASSES at most.
    """
    reaching, refused = [], []
    for item in items:
        if in_footprint(item.geometry, area, all_touched=True).any():
            reaching.append(item)
        else:
            refused.append(refuse("optical", item, "it does not reach the area"))
    groups = sorted(overflights(reaching), key=_scene_cloud_first)
    for item in (item for group in groups[MOST_PASSES:] for item in group):
        reason = f"not looked at: {MOST_PASSES} dates have less cloud in the whole scene"
        refused.append(refuse("optical", item, reason))
    passes = []
    for group in progress(groups[:MOST_PASSES]):
        parts, qualities = [], {}
        for item in group:
            try:
                numbers, grid = qualities[item.id] = _quality(item, read_quality)
                target = _area_grid(grid, area)
                shown = ~_is_fill(mosaic([(numbers, grid)], target, [FILL], _is_fill))
                if not shown.any():
                    raise Unfit("it has only fill in the area")
                parts.append((item, target, shown))
            except (Unfit, Broken) as error:
                refused.append(refuse("optical", item, str(error)))
        if parts:
            target, kept, shown, left_out = _best_mosaic(parts)
            numbers = mosaic([qualities[item.id] for item in kept], target, [FILL], _is_fill)[0]
            flags = np.zeros(target.shape, bool)
            for name in mask:
                flags |= flagged(numbers, QA_PIXEL_BITS[name])
            shares = shown.mean(), flags.mean(), (~shown | flags).mean()
            passes.append(_pass("optical", kept, target, *map(float, shares)))
            refused += [refuse("optical", item, reason) for item, reason in left_out]
    return passes, refused


def refuse(sensor, item, reason):
    """Return the Refused of an Item."""
    return Refused(sensor, item.id, reason, item.datetime, item.track, item.cloud_cover)


def _quality(item, read_quality):
    """Return QA_PIXEL (1, rows, columns) of an item's part of the area, and its Grid."""
    quality = read_quality(item)
    if quality is None:
        raise Unfit("it has no pixel in the area")
    numbers, grid = quality
    if not np.issubdtype(numbers.dtype, np.integer):
        raise Unfit(f"its quality band holds {numbers.dtype}, no bit fields")
    return numbers[np.newaxis], grid


def _is_fill(numbers):
    """Return where QA_PIXEL (1, rows, columns) says fill, as (rows, columns)."""
    return flagged(numbers[0], QA_PIXEL_BITS["fill"])


def _area_grid(grid, area):
    """Return the Grid over the whole area on the raster of `grid`; Unfit where it is absurd."""
    try:
        target = target_grid(grid, area)
    except Exception:  # GDAL's own errors have no public class
        raise Unfit(f"the area has no place in its CRS, {grid.crs.to_string()[:80]}") from None
    if target.height * target.width > MOST_PIXELS:
        size = f"{target.height} x {target.width}"
        raise Unfit(f"the area has {size} of its pixels, more than one scene can")
    return target


def _scene_cloud_first(group):
    """Sort key of a group of items: the least cloud in the scenes, then the date and id."""
    known = [item.cloud_cover for item in group if item.cloud_cover is not None]
    return min(known, default=100.0), group[0].datetime, group[0].id


def _best_mosaic(parts):
    """Return (grid, items to paste in order, what they show, items left out with the reason).

    parts: (item, Grid over the whole area, where the item shows it) of one overflight. Items on
    one raster can be pasted; the raster that shows most is taken. The item that shows most comes
    first, the next fill in, and an item that adds nothing is not needed.
    """
    rasters: list[list[tuple]] = []
    for part in sorted(parts, key=lambda part: (-part[2].sum(), part[0].datetime, part[0].id)):
        for raster in rasters:
            if _same_raster(raster[0][1], part[1]):
                raster.append(part)
                break
        else:
            rasters.append([part])
    best = max(rasters, key=lambda raster: np.logical_or.reduce([p[2] for p in raster]).sum())
    kept, left_out = [], []
    shown = np.zeros_like(best[0][2])
    for item, _, here in best:
        if (here & ~shown).any():
            kept.append(item)
        else:
            left_out.append((item, f"it adds nothing to {kept[0].id}"))
        shown = shown | here
    for item, _, _ in (part for raster in rasters if raster is not best for part in raster):
        left_out.append((item, f"its pixels do not lie on the raster of {kept[0].id}"))
    return best[0][1], kept, shown, left_out


def _same_raster(one, other):
    """Return whether two Grids over the area are the same pixels."""
    try:
        return one.shape == other.shape and place_of(one, other) == (0, 0)
    except StudyError:
        return False


def _pass(sensor, items, grid, *shares):
    """Return the Pass of items in their order; shares: coverage, masked, unusable."""
    earliest = min(item.datetime for item in items)
    return Pass(sensor, items[0].track, earliest, tuple(items), grid, *shares)
