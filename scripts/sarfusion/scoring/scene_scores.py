"""Scores of scenes of any size: sums over tiles, and values of the sums.

A scene is given as a function that reads windows, so that only a few tiles are in memory at a time.
Several threads may work on tiles; the sums are added in the order of the tiles.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.tiling import Tile, in_order, tiles
from ..ground.normalise import RANGE_PERCENTILES
from .cells import Box, CellWriter
from .image_pair import (
    HALO_PX,
    NOTHING,
    Given,
    Ground,
    Image,
    Pair,
    Region,
    Run,
    Score,
    Terms,
    inner,
)
from .metrics import METRICS

TILE_PX = 512  # so that the maps of a tile fit the processor's caches
SAMPLE_PX = 2**20  # pixels of a scene that are sampled before the pass

# For a tile: {region: mask}, {band or triple: reference}, {run: fused image}.
Images = tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[Run, np.ndarray]]


def score_scene(
    shape: tuple[int, int],
    read: Callable[[Tile, bool], Images],
    givens: Mapping[str, Given],
    *,
    threads: int = 1,
    tile_px: int = TILE_PX,
    names: Sequence[str] | None = None,
    cells: CellWriter | None = None,
    contrasts: Mapping[str, Mapping[str, Sequence[Sequence[str]]]] | None = None,
) -> dict[tuple[str, Run], dict[str, Score]]:
    """Return {(region, run): {metric: Score}} of the fused images of a scene.

    read: read(tile, fused) returns ({region: mask}, {key: reference}, {run: image}) of a Tile with
    its halo; unless `fused` is true, images need not be read (the last is {}). The key of a
    reference is the band of its runs. Images of one band (rows, columns) get the metrics of a band,
    others those of a triple.
    givens: {key: Given}. names: of the metrics, if not all.
    cells: writes the sums of its runs over the cells of its region, for the metrics in which
    methods are compared.

    contrasts: {region: {metric: two lists of the regions that make up its two parts}}, for metrics
    that compare two parts of a region.

    A metric without support in the region is Score(nan, 0). Raises StudyError if a value to be
    scored is not finite, ValueError if arrays do not fit.
    """
    seen = survey(shape, read, tile_px, cells.region if cells else None)
    if cells:
        cells.start(seen.box)

    def sums(work):
        tile, (masks, references, runs) = work
        ground = Ground(_union(masks.values()))
        parts = {
            name: {metric: _parts(masks, both, ground) for metric, both in of_region.items()}
            for name, of_region in (contrasts or {}).items()
        }
        regions = {
            (name, key): Region(ground, mask, seen.lows.get((name, key), math.nan), parts.get(name))
            for name, mask in masks.items()
            for key in references
        }
        measured = {
            key: Image("reference", image, ground, seen.centres.get(key, 0.0))
            for key, image in references.items()
        }
        placed = cells and cells.placed(tile, ground, inner(masks[cells.region]))
        found, in_cells = {}, {}
        for run, image in runs.items():
            reference = measured[run.band]
            fused = Image("fused", image, ground, reference.centre)
            pair = Pair(reference, fused, givens[run.band])
            for name in masks:
                region = regions[name, run.band]
                of_parts = [] if image.ndim > 2 else [*region.parts]
                terms = _terms(pair, region, [*(names or names_of(image)), *of_parts])
                found[name, run] = {metric: one.sums() for metric, one in terms.items()}
                if cells and placed and name == cells.region and run in cells.runs:
                    in_cells[run] = {
                        metric: placed.sums(one)
                        for metric, one in terms.items()
                        if METRICS[metric].compared
                    }
        return placed, found, in_cells

    totals: dict[tuple[str, Run], dict[str, Any]] = {}
    work = ((tile, read(tile, True)) for tile in tiles(shape, tile_px, HALO_PX))
    for placed, found, in_cells in in_order(sums, work, threads):
        if cells and placed:
            cells.add(placed, in_cells)
        for place, values in found.items():
            total = totals.setdefault(place, dict.fromkeys(values, 0))
            for metric, value in values.items():
                total[metric] = total[metric] + value
    return {
        (region, run): {
            metric: score(metric, value, givens[run.band]) for metric, value in total.items()
        }
        for (region, run), total in totals.items()
    }


def score(name: str, sums: np.ndarray, given: Given) -> Score:
    """Return the Score of a metric whose terms have these sums."""
    if sums[0] == 0:
        return NOTHING
    with np.errstate(invalid="ignore", divide="ignore"):
        return Score(float(METRICS[name].value(sums, given)), int(sums[0]))


def names_of(image: np.ndarray) -> list[str]:
    """Return the names of the metrics of an image: of one band, or of three together."""
    scope = {2: "band", 3: "triple"}[image.ndim]
    return [name for name, entry in METRICS.items() if entry.scope == scope]


def _terms(pair, region, names):
    """Return {metric: Terms} for the metrics in `names`; without pixels, all sums are 0."""
    if not region.mask.any():
        return {name: Terms(region.whole(1), row=np.zeros(1)) for name in names}
    return {name: METRICS[name].terms(pair, region) for name in names}


def _parts(masks, both, ground):
    """Return the two parts of a region, each the union of other regions."""
    first, second = (ground.of(inner(_union(masks[name] for name in names))) for names in both)
    return first, second


def _union(masks):
    """Return where any of the masks, at least one, is true."""
    return functools.reduce(np.logical_or, masks)


class Survey(NamedTuple):
    """What must be known about the whole ground before summing.

    lows: {(region, key): where the entropy's bins start}, a percentile of a reference. centres:
    {key: mean of a reference} on all ground. Both come from a regular sample, and have no entry
    where no value is finite. box: half-open ranges of rows and columns around the ground of the
    requested region, None if it has no ground.
    """

    lows: dict[tuple[str, str], float]
    centres: dict[str, float]
    box: Box | None


def survey(
    shape: tuple[int, int],
    read: Callable[[Tile, bool], Images],
    tile_px: int = TILE_PX,
    boxed: str | None = None,
) -> Survey:
    """Return the Survey of a scene; `read` returns its tiles, see `score_scene`.

    The sample is every n-th row and column, with the smallest n that leaves at most SAMPLE_PX
    pixels of the scene. boxed: the region to put a box around. Raises ValueError if a region is not
    a mask.
    """
    step = math.ceil(math.sqrt(shape[0] * shape[1] / SAMPLE_PX))
    values: dict[tuple[str, str], list[np.ndarray]] = {}
    everywhere: dict[str, list[np.ndarray]] = {}
    used = [np.zeros(size, bool) for size in shape]
    for tile in tiles(shape, tile_px, 0):  # without a halo, so that blocks are unpacked once
        masks, references, _ = read(tile, False)
        for name, mask in masks.items():
            if mask.ndim != 2 or mask.dtype != bool:
                raise ValueError(
                    f"the region {name} is {mask.dtype} {mask.shape}, not a 2-D boolean array"
                )
        if boxed:
            used[0][slice(*tile.rows)] |= masks[boxed].any(axis=1)
            used[1][slice(*tile.columns)] |= masks[boxed].any(axis=0)
        at = tuple(slice(-start % step, None, step) for start, _ in (tile.rows, tile.columns))
        masks = {name: mask[at] for name, mask in masks.items()}
        ground = _union(masks.values())
        for key, image in references.items():
            if image.ndim > 2:  # no metric of a triple needs these numbers
                continue
            seen = image[at]
            everywhere.setdefault(key, []).append(seen[ground])
            for name, mask in masks.items():
                values.setdefault((name, key), []).append(seen[mask])
    lows = {
        place: float(np.percentile(np.concatenate(parts).astype(float), RANGE_PERCENTILES[0]))
        for place, parts in values.items()
        if any(part.size for part in parts)
    }
    box = None
    if used[0].any():
        rows, columns = (np.flatnonzero(one) for one in used)
        box = ((int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1))
    return Survey(lows, _means(everywhere), box)


def _means(samples):
    """Return the finite means of samples, {place: arrays}."""
    means = {
        place: float(np.concatenate(parts).mean(dtype=float))
        for place, parts in samples.items()
        if any(part.size for part in parts)
    }
    return {place: mean for place, mean in means.items() if math.isfinite(mean)}
