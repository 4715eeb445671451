"""Sums of the terms of all metrics over the regions and the cells of one tile."""

import math
from collections.abc import Hashable, Mapping, Sequence
from functools import reduce
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np

from ..core.tiling import Tile, covering
from .cells import CellWriter, Placed
from .image_pair import Given, Image, Images, Pair, Run
from .metrics import METRICS
from .places import HALO_PX, Places, inner, union
from .survey import Survey
from .terms import Levels, Terms, TermSums

OVERHEAD_PX = 15_000  # pixels that are scored in the time that any part of a tile takes

Key = TypeVar("Key", bound=Hashable)
OfMetrics = Mapping[str, np.ndarray]  # {metric: sums}
Contrasts = Mapping[str, Mapping[str, Sequence[Sequence[str]]]]


class TileSums(NamedTuple):
    """The sums of each run of a tile, and those in cells of the runs that comparisons need.

    names: of the regions. regions: arrays (regions, terms). placed: the cells, None if there are
    none. cells: arrays (terms, cells).
    """

    names: Sequence[str]
    regions: dict[Run, OfMetrics]
    placed: Placed | None
    cells: dict[Run, OfMetrics]


class TileScorer(NamedTuple):
    """What to sum in every tile. seen: the Survey of the scene; the rest as for `score_scene`."""

    seen: Survey
    givens: Mapping[str, Given]
    names: Sequence[str] | None
    cells: CellWriter | None
    contrasts: Contrasts

    def sums(self, tile: Tile, images: Images) -> TileSums:
        """Return the sums of a Tile. images: of the tile with its halo."""
        masks, references, runs = images
        numbers = placed = counted = None
        if self.cells:
            numbers = self.cells.numbers(tile)
            placed = self.cells.placed(numbers[inner(masks[self.cells.region])])
            counted = placed and (self.cells.region, placed.numbers)
        found = TileSums([*masks], {}, placed, {})
        for part in _with_ground(tile, inner(union(masks.values()))):
            own = part.within(tile)[1]
            rows, columns = (slice(span.start, span.stop + 2 * HALO_PX) for span in own)
            in_part = None if numbers is None else numbers[own]
            in_regions = {name: mask[rows, columns] for name, mask in masks.items()}
            places = Places(in_regions, in_part, counted)
            measured = {
                key: self._reference(key, image[..., rows, columns], places)
                for key, image in references.items()
            }
            for run, image in runs.items():
                reference = measured[run.band]
                fused = Image("fused", image[..., rows, columns], places.ground, reference.centre)
                self._add_run(found, run, Pair(reference, fused, self.givens[run.band]), places)
        return found

    def _reference(self, key: str, image: np.ndarray, places: Places) -> Image:
        return Image("reference", image, places.ground, self.seen.centres.get(key, 0.0))

    def _add_run(self, found: TileSums, run: Run, pair: Pair, places: Places) -> None:
        """Add the sums of a part of the tile to those found."""
        is_band = pair.fused.values.ndim == 2
        parts = {
            name: of_name
            for of_region in self.contrasts.values()
            for name, of_name in (of_region if is_band else {}).items()
        }
        names = [*(self.names or _names(is_band)), *parts]
        summed = {name: METRICS[name].terms(pair) for name in names}
        terms = {name: [one for one in summed[name] if isinstance(one, Terms)] for name in names}
        levels = {name: [one for one in summed[name] if isinstance(one, Levels)] for name in names}
        products = TermSums(chain.from_iterable(terms.values()), places)
        sums = {name: [products.of(one) for one in terms[name]] for name in names}
        sums |= {name: [one.of_parts(*parts[name]) for one in sums[name]] for name in parts}
        lows = {region: self.seen.lows.get((region, run.band), math.nan) for region in places.masks}
        over = {
            name: [
                *(one.over() for one in sums[name]),
                *(one.over(places, lows) for one in levels[name]),
            ]
            for name in names
        }
        add(found.regions, run, _added(over))
        if self.cells and found.placed and run in self.cells.runs:
            compared = [name for name in names if METRICS[name].compared]
            in_cells = {name: [one.in_cells() for one in sums[name]] for name in compared}
            add(found.cells, run, _added(in_cells))


def add(totals: dict[Key, OfMetrics], key: Key, found: OfMetrics) -> None:
    """Add sums to those of a key."""
    total = totals.get(key)
    totals[key] = found if total is None else {name: total[name] + found[name] for name in found}


def _added(of_metrics: Mapping[str, Sequence[np.ndarray]]) -> OfMetrics:
    """Return the sum of the arrays of each metric."""
    return {name: reduce(np.add, arrays) for name, arrays in of_metrics.items()}


def _names(is_band: bool) -> list[str]:
    """Return the names of the metrics of an image of one band, or of three together."""
    scope = "band" if is_band else "triple"
    return [name for name, entry in METRICS.items() if entry.scope == scope]


def _with_ground(tile: Tile, ground: np.ndarray) -> list[Tile]:
    """Return parts of a tile that cover its ground, or a pixel without ground, whose sums are 0."""
    (row, _), (column, _) = tile.rows, tile.columns
    one = tile._replace(rows=(row, row + 1), columns=(column, column + 1))
    return covering(tile, ground, overhead_px=OVERHEAD_PX) or [one]
