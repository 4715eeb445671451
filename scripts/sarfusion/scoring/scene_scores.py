"""Scores of scenes of any size: sums over tiles, and values of the sums.

A scene is a function that reads windows of it, so that at no time more than a few tiles are in
memory. Tiles may be worked on by several threads; their sums are added in the order of the tiles.
"""

import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np

from ..core.errors import StudyError
from ..ground.normalise import RANGE_PERCENTILES
from .image_pair import HALO, NOTHING, Given, Pair, Region, Score, inner
from .metrics import METRICS

TILE_PX = 512  # what a tile's maps need stays near the processor's cache
SAMPLE_PX = 2**20  # pixels of a scene that are looked at before the pass


class Tile(NamedTuple):
    """A part of a scene: half-open ranges of rows and columns, and the shape of the scene."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    shape: tuple[int, int]

    def read(self, read, margin=HALO):
        """Return the tile with a margin of pixels on each side, zero beyond the scene.

        read: a function of slices (rows, columns) that gives (..., rows, columns).
        """
        spans = [(start - margin, stop + margin) for start, stop in (self.rows, self.columns)]
        inside = [
            (max(0, start), min(size, stop))
            for (start, stop), size in zip(spans, self.shape, strict=True)
        ]
        beyond = [
            (first - start, stop - last)
            for (start, stop), (first, last) in zip(spans, inside, strict=True)
        ]
        image = read(*(slice(*span) for span in inside))
        if not np.any(beyond):
            return image
        return np.pad(image, [(0, 0)] * (image.ndim - 2) + beyond)


def tiles(shape, size=TILE_PX):
    """Yield the Tiles of a scene (rows, columns), row by row."""
    for row in range(0, shape[0], size):
        for column in range(0, shape[1], size):
            rows, columns = (row, min(row + size, shape[0])), (column, min(column + size, shape[1]))
            yield Tile(rows, columns, shape)


def in_order(function, items, threads):
    """Yield function(item) of each item in order; `threads` work, few items wait in memory."""
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def score_band(reference, fused, region, data_range, **work):
    """Return every band metric as {name: Score}.

    reference, fused: (rows, columns), reflectance; anything, also NaN, outside the region.
    region: bool (rows, columns), the pixels that are valid and scored.
    data_range: L of SSIM and PSNR, reflectance. work: threads, tile_px, names of `score_scene`.

    A metric that nothing in the region supports is Score(nan, 0). Raises StudyError when the
    region holds a value that is not finite, or L is not a positive number.
    """
    check_range(data_range)
    return _score(2, reference, fused, region, Given(data_range), work)


def score_triple(reference, fused, region, h_over_l=1.0, **work):
    """Return every metric of the red, green and blue bands together as {name: Score}.

    reference, fused: (3, rows, columns), reflectance; region: bool (rows, columns).
    h_over_l: pixel size of the fused image over that of the optical input, for ERGAS; 1 says
    that there is no ratio, both having one grid (1/3 when 90 m is sharpened to 30 m).

    Otherwise as `score_band`.
    """
    return _score(3, reference, fused, region, Given(h_over_l=h_over_l), work)


def _score(dimensions, reference, fused, region, given, work):
    reference, fused, region = np.asarray(reference), np.asarray(fused), np.asarray(region)
    if reference.ndim != dimensions:
        raise ValueError(f"the image has {reference.ndim} dimensions, not {dimensions}")
    if region.ndim != 2 or region.dtype != bool:
        raise ValueError(f"the region is {region.dtype} {region.shape}, not a 2-D boolean array")
    if reference.shape != fused.shape or reference.shape[-2:] != region.shape:
        raise ValueError(
            f"reference {reference.shape}, fused {fused.shape} and region {region.shape} differ"
        )

    def read(tile, _):
        cut = [tile.read(lambda *at, image=image: image[(..., *at)]) for image in images]
        return {"": cut[0]}, {"": cut[1]}, {("",): cut[2]}

    images = (region, reference, fused)
    return score_scene(region.shape, read, {"": given}, **work)["", ("",)]


def score_scene(shape, read, givens, *, threads=1, tile_px=TILE_PX, names=None):
    """Return {(region, run): {metric: Score}} of the fused images of a scene.

    read: read(tile, fused) gives ({region: mask}, {key: reference}, {run: image}) of a Tile with
    its margin; unless `fused` is true, the last need not be read (and is {}). A run is a tuple
    that starts with the key of its reference. Images of one band (rows, columns) have the metrics
    of a band, others those of a triple.
    givens: {key: Given}; the centres are found here. names: of the metrics, if not all.

    Raises StudyError when a value to be scored is not finite.
    """
    lows, centres = sample(shape, read, tile_px)

    def sums(parts):
        masks, references, runs = parts
        ground = np.any(list(masks.values()), axis=0)
        wholes = {
            (name, key): Region(mask, lows.get((name, key), math.nan))
            for name, mask in masks.items()
            for key in references
        }
        found = {}
        for run, image in runs.items():
            key = run[0]
            centre = (centres.get(key, 0.0), centres.get(run, centres.get(key, 0.0)))
            pair = Pair(references[key], image, ground, givens[key]._replace(centre=centre))
            for region, mask in masks.items():
                terms = mask.any() and partial(_sums, pair=pair, region=wholes[region, key])
                found[region, run] = {
                    name: terms(name) if terms else np.zeros(1)
                    for name in (names or _of_scope(image.ndim))
                }
        return found

    totals = {}
    parts = (read(tile, True) for tile in tiles(shape, tile_px))
    for found in in_order(sums, parts, threads):
        for place, values in found.items():
            total = totals.setdefault(place, dict.fromkeys(values, 0))
            for name, value in values.items():
                total[name] = total[name] + value
    return {
        (region, run): {name: score(name, value, givens[run[0]]) for name, value in total.items()}
        for (region, run), total in totals.items()
    }


def check_range(data_range):
    """Raise StudyError unless L is a positive number."""
    if not (math.isfinite(data_range) and data_range > 0):
        raise StudyError(
            f"data range L is {data_range}: it must be positive; check the band's training blocks"
        )


def score(name, sums, given):
    """Return the Score of a metric whose terms have these sums."""
    if sums[0] == 0:
        return NOTHING
    with np.errstate(invalid="ignore", divide="ignore"):
        return Score(float(METRICS[name].value(sums, given)), int(sums[0]))


def _sums(name, pair, region):
    """Return the sums of a metric's terms: of maps, or the row of numbers that stands for them."""
    terms = METRICS[name].terms(pair, region)
    return np.array([term.sum() for term in terms], float) if len(terms) > 1 else terms[0]


def _of_scope(dimensions):
    scope = {2: "band", 3: "triple"}[dimensions]
    return [name for name, entry in METRICS.items() if entry.scope == scope]


def sample(shape, read, tile_px=TILE_PX):
    """Return ({(region, key): low}, {key or run: mean}) of a regular sample of the ground.

    The sample is every n-th row and column, with the least n that leaves no more than SAMPLE_PX
    pixels of the scene. low: the percentile of a reference where the entropy's bins start.
    """
    step = math.ceil(math.sqrt(shape[0] * shape[1] / SAMPLE_PX))
    values, everywhere = {}, {}
    for tile in tiles(shape, tile_px):
        masks, references, runs = read(tile, False)
        at = tuple(slice(-start % step, None, step) for start, _ in (tile.rows, tile.columns))
        masks = {name: inner(mask)[at] for name, mask in masks.items()}
        ground = np.any(list(masks.values()), axis=0)
        for key, image in (references | runs).items():
            if image.ndim > 2:  # no metric of a triple needs these numbers
                continue
            seen = inner(image)[at]
            everywhere.setdefault(key, []).append(seen[ground])
            if key in references:
                for name, mask in masks.items():
                    values.setdefault((name, key), []).append(seen[mask])
    lows = {
        place: float(np.percentile(np.concatenate(parts).astype(float), RANGE_PERCENTILES[0]))
        for place, parts in values.items()
        if any(part.size for part in parts)
    }
    means = {
        key: float(np.concatenate(parts).mean(dtype=float))
        for key, parts in everywhere.items()
        if any(part.size for part in parts)
    }
    return lows, {key: mean for key, mean in means.items() if math.isfinite(mean)}
