"""Which pixels fit into a page: rasters whole, or a regular sample of them and some full tiles.

Sizes are estimates from a few small blocks, since only packed pixels have a known size.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from .grids import Blocks, LayerGrid, Values
from .sampling import SampledBlock, pixel_count, probe, thinned

TILE = 32  # pixels a side, on the stack's grid, of a tile at full resolution
FINE_SHARE = 0.5  # largest share of the page for layers with smaller pixels than the stack
TILE_SHARE = 0.5  # of the room for thinned rasters and tiles; the thinned may leave more for tiles
TARGET_FILL = 0.95  # share of the room that these aim at, since sizes are estimates
PROBED_TILES = 16  # tiles from which the size of all tiles is estimated


def plan_overviews(
    grids: Sequence[LayerGrid], most_tiles: int, room: float
) -> dict[int, SampledBlock]:
    """Return {ratio: whole raster, thinned or not} for a page with `room` bytes for pixels.

    grids: the finest first. most_tiles: the number of tiles that there may be.
    """
    overviews = {grid.ratio: thinned(grid.shape, 1) for grid in grids}
    per_pixel = {grid.ratio: grid.bytes_per_pixel(probe(grid.shape, 1)) for grid in grids}
    sizes = {ratio: whole.size * per_pixel[ratio] for ratio, whole in overviews.items()}
    if sum(sizes.values()) <= room:
        return overviews
    for grid in grids:
        share = _share(grid, room)
        if sizes[grid.ratio] > share:
            overviews[grid.ratio] = _thinned(grid, per_pixel[grid.ratio], most_tiles, share)
        room -= min(sizes[grid.ratio], share)
    return overviews


def _share(grid: LayerGrid, room: float) -> float:
    """Return the part of the room that is for a grid and its tiles."""
    return room * FINE_SHARE if grid.ratio > 1 else room


def _thinned(grid: LayerGrid, per_pixel: float, most_tiles: int, room: float) -> SampledBlock:
    """Return a grid's raster, thinned so that it fits into `room` bytes together with tiles.

    per_pixel: bytes of a pixel at full resolution. Pixels further apart are less alike, so each
    takes more bytes.
    """
    room *= TARGET_FILL
    room -= min(TILE_SHARE * room, most_tiles * (TILE * grid.ratio) ** 2 * per_pixel)
    step = _thinned_to(room / per_pixel, grid).step
    return _thinned_to(room / max(per_pixel, grid.bytes_per_pixel(probe(grid.shape, step))), grid)


def _thinned_to(pixels: float, grid: LayerGrid) -> SampledBlock:
    """Return a grid's raster, thinned to at most `pixels` pixels, or as far as one remains.

    The step is a multiple of the grid's ratio, so that samples of all grids are on the same ground.
    """
    for step in range(grid.ratio, 2 * min(grid.shape), grid.ratio):
        found = thinned(grid.shape, step)
        if found.size <= pixels:
            break
    return found


def plan_tiles(
    grids: Sequence[LayerGrid],
    overviews: Mapping[int, SampledBlock],
    values: Values,
    places: np.ndarray,
    room: float,
) -> Blocks:
    """Return {ratio: the overview, and after a thinned one the tiles that fit into the page too}.

    grids, room: as for `plan_overviews`. values: pixels of the overviews. places: (row, column) of
    the stack, the most important first.
    """
    blocks = {ratio: [overview] for ratio, overview in overviews.items()}
    if all(overview.step == 1 for overview in overviews.values()):
        return blocks
    for grid in grids:
        overview, used = overviews[grid.ratio], float(grid.packed_bytes(values))
        if overview.step > 1:
            left, first_guess = TARGET_FILL * _share(grid, room) - used, used / overview.size
            tiles, of_tiles = _fitting_tiles(grid, places, left, first_guess)
            blocks[grid.ratio] += tiles
            used += of_tiles
        room -= used
    return blocks


def _fitting_tiles(
    grid: LayerGrid, places: np.ndarray, room: float, per_pixel: float
) -> tuple[list[SampledBlock], float]:
    """Return the tiles around the first of the places that fit into `room` bytes; their bytes.

    per_pixel: a first guess of the bytes of a pixel.
    """
    tiles = _tiles_around(grid, places)
    likely = _first_tiles(tiles, room / per_pixel)
    if not likely:
        return [], 0
    per_pixel = grid.bytes_per_pixel(likely[:: -(-len(likely) // PROBED_TILES)])
    tiles = _first_tiles(tiles, room / per_pixel)
    return tiles, pixel_count(tiles) * per_pixel


def _tiles_around(grid: LayerGrid, places: np.ndarray) -> list[SampledBlock]:
    """Return the tiles of a grid that contain places of the stack, in the order of these.

    Tiles at the lower and right edges may be smaller than others.
    """
    (rows, columns), side = grid.shape, TILE * grid.ratio
    corners = places // TILE * side
    _, first = np.unique(corners @ (columns, 1), return_index=True)
    return [
        SampledBlock(row, column, min(side, rows - row), min(side, columns - column))
        for row, column in corners[np.sort(first)].tolist()
    ]


def _first_tiles(tiles: Sequence[SampledBlock], pixels: float) -> list[SampledBlock]:
    """Return as many of the first tiles as have at most `pixels` pixels in all."""
    totals = accumulate(tile.size for tile in tiles)
    return [tile for tile, total in zip(tiles, totals, strict=True) if total <= pixels]


def fewer_tiles(blocks: Blocks, share: float) -> Blocks:
    """Return blocks with a `share` of the pixels of each grid, without the last of its tiles.

    The overview stays in any case.
    """
    return {
        ratio: [
            overview,
            *_first_tiles(tiles, share * pixel_count([overview, *tiles]) - overview.size),
        ]
        for ratio, (overview, *tiles) in blocks.items()
    }
