"""What share of a region is filled from other dates and not by a surface."""

from collections.abc import Mapping

import numpy as np

from ..core.tiling import tiles
from .image_pair import NOTHING, Score
from .scene_scores import TILE_PX
from .scored_ground import Regions

Method = tuple[str, str]  # a method and its input


def shares_from_dates(
    shape: tuple[int, int], regions: Regions, flags: Mapping[Method, np.ndarray | None]
) -> dict[tuple[str, Method], Score]:
    """Return {(region, method): Score} of the shares of pixels that are filled from other dates.

    shape: of the scene. regions: function of a Tile that returns {name: mask}. flags: {method: bool
    (rows, columns), where it fills from a date}, None for a method that does not use other dates.
    """
    counts: dict[str, int] = {}
    filled: dict[tuple[str, Method], int] = {}
    for tile in tiles(shape, TILE_PX):
        for region, mask in regions(tile).items():
            counts[region] = counts.get(region, 0) + int(mask.sum())
            for method, where in flags.items():
                number = 0 if where is None else int((where[tile.written] & mask).sum())
                filled[region, method] = filled.get((region, method), 0) + number
    return {
        place: Score(number / counts[place[0]], counts[place[0]]) if counts[place[0]] else NOTHING
        for place, number in filled.items()
    }
