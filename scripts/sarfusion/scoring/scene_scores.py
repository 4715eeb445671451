"""Scores of scenes of any size: sums over tiles, and values of the sums.

A scene is given as a function that reads windows, so that only a few tiles are in memory at a time.
Several threads may work on tiles; the sums are added in the order of the tiles.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..core.tiling import Tile, in_order, tiles
from .cells import CellWriter
from .image_pair import NOTHING, Given, Images, Run, Score
from .metrics import METRICS
from .places import HALO_PX
from .survey import survey
from .tile_sums import Contrasts, OfMetrics, TileScorer, add

TILE_PX = 512  # so that the maps of a tile fit the processor's caches


def score_scene(
    shape: tuple[int, int],
    read: Callable[[Tile, bool], Images],
    givens: Mapping[str, Given],
    *,
    threads: int = 1,
    tile_px: int = TILE_PX,
    names: Sequence[str] | None = None,
    cells: CellWriter | None = None,
    contrasts: Contrasts | None = None,
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
    contrasts = contrasts or {}
    scorer = TileScorer(seen, givens, names, cells, contrasts)
    regions: Sequence[str] = ()
    totals: dict[Run, OfMetrics] = {}
    work = ((tile, read(tile, True)) for tile in tiles(shape, tile_px, HALO_PX))
    for found in in_order(lambda of_tile: scorer.sums(*of_tile), work, threads):
        regions = found.names
        if cells and found.placed:
            cells.add(found.placed, found.cells)
        for run, sums in found.regions.items():
            add(totals, run, sums)
    return {
        (region, run): {
            name: score(name, sums[row], givens[run.band])
            for name, sums in total.items()
            if METRICS[name].scope != "parts" or name in contrasts.get(region, {})
        }
        for run, total in totals.items()
        for row, region in enumerate(regions)
    }


def score(name: str, sums: np.ndarray, given: Given) -> Score:
    """Return the Score of a metric whose terms have these sums."""
    if sums[0] == 0:
        return NOTHING
    with np.errstate(invalid="ignore", divide="ignore"):
        return Score(float(METRICS[name].value(sums, given)), int(sums[0]))
