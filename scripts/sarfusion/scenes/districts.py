"""The districts of a city: a Voronoi partition around seeds, each with a kind and a direction."""

import numpy as np
from scipy.spatial import cKDTree

from .elementary import sin
from .fabrics import KIND_SHARES, pick

LEAF = 4  # seeds in a leaf of the search tree; with more, a search for two of them takes longer


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
    distance, index = cKDTree(seeds, leafsize=LEAF).query(np.stack([x, y], axis=-1), k=2)
    between = np.linalg.norm(seeds[index[..., 0]] - seeds[index[..., 1]], axis=-1)
    edge_m = (distance[..., 1] ** 2 - distance[..., 0] ** 2) / (2 * between)
    return seeds, index[..., 0].astype(np.int32), edge_m


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
