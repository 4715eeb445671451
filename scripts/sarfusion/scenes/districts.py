"""The districts of a city: a Voronoi partition around seeds, each with a kind and a direction."""

from collections.abc import Iterator

import numpy as np

from .elementary import sin
from .fabrics import KIND_SHARES, pick

SQUARE = 64  # side in cells of the squares in which the nearest seeds are searched


def districts(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, reach_m: float, spacing: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (seeds, index, edge distance) of the districts, whose seeds are `spacing` m apart.

    seeds: (n, 2) in metres. index: int32, of the district of each cell. edge distance: of each cell
    from the next district (the perpendicular bisector), in metres.
    """
    count = int(np.ceil(reach_m / spacing)) + 2
    grid = np.stack(np.meshgrid(*[np.arange(-count, count + 1.0)] * 2), axis=-1).reshape(-1, 2)
    seeds = (grid + rng.uniform(-0.42, 0.42, grid.shape)) * spacing
    index, edge_m = np.empty(x.shape, np.int32), np.empty(x.shape)
    for square in _squares(x.shape):
        index[square], edge_m[square] = nearest(seeds, x[square], y[square])
    return seeds, index, edge_m


def _squares(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """Yield the squares of an array (rows, columns), each as two slices."""
    for row in range(0, shape[0], SQUARE):
        for column in range(0, shape[1], SQUARE):
            yield slice(row, row + SQUARE), slice(column, column + SQUARE)


def nearest(seeds: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (index of the nearest seed, distance from the bisector with the second nearest).

    seeds: (n, 2) in metres. x, y: positions of neighbouring cells in metres. Only a few seeds can
    be among the two nearest of any of these cells. To compare each cell with all of them takes
    much less time than a search tree.
    """
    low, high = (np.array([limit(x), limit(y)], np.float64) for limit in (np.min, np.max))
    radius = np.sqrt(((high - low) ** 2).sum()) / 2
    from_middle = np.sqrt(((seeds - (low + high) / 2) ** 2).sum(axis=1))
    # The second nearest seed of a cell is at most this far from the middle, and 1 m for rounding.
    farthest = np.partition(from_middle, 1)[1] + 2 * radius + 1
    first = second = np.full(x.shape, np.inf)  # squared distances
    of_first, of_second = np.zeros((2, *x.shape), np.int32)
    for seed in np.flatnonzero(from_middle < farthest):
        squared = (x - seeds[seed, 0]) ** 2 + (y - seeds[seed, 1]) ** 2
        is_first = squared < first
        np.copyto(of_second, seed, where=squared < second)
        np.copyto(of_second, of_first, where=is_first)
        np.copyto(of_first, seed, where=is_first)
        second = np.minimum(second, np.maximum(first, squared))
        first = np.minimum(first, squared)
    between = np.sqrt(((seeds[of_first] - seeds[of_second]) ** 2).sum(axis=-1))
    return of_first, (second - first) / (2 * between)


def district_kinds(rng: np.random.Generator, city: np.ndarray) -> np.ndarray:
    """Return the kind of each district (an index of FABRICS), drawn by its urbanity `city`."""
    limits = np.array(list(KIND_SHARES))
    shares = np.array(list(KIND_SHARES.values()))
    level = np.searchsorted(limits, city + rng.normal(0, 0.05, city.shape))
    return pick(rng, shares[level])


def district_angles(rng: np.random.Generator, seeds: np.ndarray, extent_m: float) -> np.ndarray:
    """Return the street direction of each district in radians, similar for neighbours."""
    axes = rng.uniform(0, 2 * np.pi, 3)
    wave = rng.normal(0, 3 / extent_m, (2, 3))
    turn = sin(seeds[:, :1] * wave[0] + seeds[:, 1:] * wave[1] + axes).sum(axis=1)
    return (0.35 * turn + rng.normal(0, 0.12, len(seeds)) + axes[0]) % (np.pi / 2)
