"""What must be known about all ground of a scene before its tiles are scored."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..core.tiling import Tile, tiles
from ..ground.normalise import RANGE_PERCENTILES
from .image_pair import Images
from .places import Box, union

SAMPLE_PX = 2**20  # pixels of a scene that are sampled before the pass
# Centres are multiples of it, so that a float32 minus a centre is exact in float64.
CENTRE_STEP = 2**-10


class Survey(NamedTuple):
    """What must be known about the whole ground before summing.

    lows: {(region, key): where the entropy's bins start}, a percentile of a reference. centres:
    {key: rounded mean of a reference} on all ground. Both come from a regular sample, and have no
    entry where no value is finite. box: half-open ranges of rows and columns around the ground of
    the requested region, None if it has no ground.
    """

    lows: dict[tuple[str, str], float]
    centres: dict[str, float]
    box: Box | None


def survey(
    shape: tuple[int, int],
    read: Callable[[Tile, bool], Images],
    tile_px: int,
    boxed: str | None = None,
) -> Survey:
    """Return the Survey of a scene; `read` returns its tiles, see `scene_scores`.

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
        ground = union(masks.values())
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
    return Survey(lows, _centres(everywhere), box)


def _centres(samples):
    """Return the finite means of samples, {key: arrays}, as multiples of CENTRE_STEP."""
    means = {
        key: float(np.concatenate(parts).mean(dtype=float))
        for key, parts in samples.items()
        if any(part.size for part in parts)
    }
    return {
        key: round(mean / CENTRE_STEP) * CENTRE_STEP
        for key, mean in means.items()
        if math.isfinite(mean)
    }
