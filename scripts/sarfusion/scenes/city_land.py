"""The land cover of a made-up city, on a lattice of 5 m cells.

Districts are bounded by arterial roads. Each has a street grid of its own direction, whose blocks
are divided into lots with buildings. Farmland is the same grid with wide blocks and few buildings.
River, lakes, woods and motorways are laid over it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np

from ..core.errors import StudyError
from .blocks import build_blocks
from .districts import district_angles, district_kinds, districts
from .elementary import cos, exp, sin
from .fabrics import of_kind
from .landcover import ROOFS, Cover, LandCover
from .lattice import CELL_M, MARGIN, by_strips, within
from .random_fields import smooth_field

RURAL = 0.4  # urbanity below which there are lakes
BANK_M = 25.0  # width of the banks of river and lakes


def city_land(size_px: int, seed: int) -> LandCover:
    """Return the LandCover of a city, with MARGIN cells around the optical scene.

    Raises StudyError if a scene is less than 32 pixels wide, or the seed is negative.
    """
    if size_px < 32:
        raise StudyError(f"simulated scene: size_px {size_px} is too small; take 32 or more")
    if seed < 0:
        raise StudyError(f"simulated scene: seed {seed} is below its range")
    (rng,) = np.random.default_rng(seed).spawn(1)
    return make_land(rng, 6 * size_px + 2 * MARGIN, 30.0 * size_px)


def make_land(rng: np.random.Generator, side: int, extent_m: float) -> LandCover:
    """Return the LandCover of a random city on side x side cells.

    extent_m: length over which the city turns into countryside. The river and the towns scale
    with it; streets and buildings have their natural size.
    """
    axis = (np.arange(side, dtype=np.float32) - side / 2 + 0.5) * CELL_M
    field = partial(smooth_field, rng, side)
    bend = extent_m / 60  # streets and shores are not straight
    x = axis[None, :] + bend * field(extent_m / 12 / CELL_M)
    y = -axis[:, None] + bend * field(extent_m / 12 / CELL_M)

    towns = make_towns(rng, extent_m)
    spacing = min(750.0, extent_m / 5)
    seeds, near, edge_m = districts(rng, x, y, axis[-1], spacing)
    kind = district_kinds(rng, towns.urbanity(*seeds.T))
    angle = district_angles(rng, seeds, extent_m)
    cover, patch, height = build_blocks(rng, x, y, seeds, near, kind, angle)

    grove = field(2.0) + field(9.0) + 0.4 * field(40.0)
    cover[(cover == Cover.GRASS) & (grove > 0.9)] = Cover.TREES
    woods = field(extent_m / 45 / CELL_M) + 0.25 * grove
    cover[woods > of_kind(kind, lambda f: f.woods)[near]] = Cover.TREES
    cover[edge_m < of_kind(kind, lambda f: f.arterial)[near] / 2] = Cover.ROAD

    roughness = field(extent_m / 40 / CELL_M)
    water = by_strips(river(rng, extent_m), x, y, roughness)
    water |= lakes(by_strips(towns.is_rural, x, y), roughness)
    bank = within(water, BANK_M) & ~water
    cover[bank] = np.where(grove[bank] > 0, Cover.TREES, Cover.GRASS)
    cover[bank & (field(25.0) > 1.6)] = Cover.SOIL  # sand bars
    cover[water] = Cover.WATER
    road = by_strips(motorways(rng, extent_m), x, y)
    cover[road] = Cover.ROAD  # bridges where they meet the river

    land = LandCover(cover, patch, height, angle.astype(np.float32)[near])
    height[~land.is_any(ROOFS)] = 0
    return land


@dataclass(frozen=True)
class Towns:
    """The city centre and the towns around it: peaks of urbanity."""

    places: np.ndarray  # (towns, 2), x and y in metres
    sizes: np.ndarray  # (towns,), radii in metres
    peaks: np.ndarray  # (towns,), urbanity in the middle

    def urbanity(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return 1 in the city centre, 0 in the countryside. x, y: position in metres."""
        values = (
            peak * exp(-((x - tx) ** 2 + (y - ty) ** 2) / size**2)
            for (tx, ty), size, peak in zip(self.places, self.sizes, self.peaks, strict=True)
        )
        return reduce(np.maximum, values)

    def is_rural(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return where the urbanity is below RURAL, bool: far enough from each town."""
        squares = self.sizes**2 * [math.log(peak / RURAL) for peak in self.peaks]
        far = (
            (x - tx) ** 2 + (y - ty) ** 2 > square
            for (tx, ty), square in zip(self.places, squares, strict=True)
        )
        return reduce(np.logical_and, far)


def make_towns(rng: np.random.Generator, extent_m: float) -> Towns:
    """Return the Towns of a city of `extent_m` metres."""
    towns = rng.uniform(-0.5, 0.5, (7, 2)) * extent_m
    sizes = rng.uniform(0.07, 0.12, 7) * extent_m
    centre = rng.uniform(-0.06, 0.06, 2) * extent_m
    return Towns(
        places=np.vstack([centre, towns]),
        sizes=np.append(0.36 * extent_m, sizes),
        peaks=np.append(1.0, rng.uniform(0.4, 0.65, 7)),
    )


def river(rng: np.random.Generator, extent_m: float) -> Callable[..., np.ndarray]:
    """Return a function of x, y (metres) and roughness: where a meandering river is, bool.

    It passes the city centre. roughness: a unit field, by which its width varies.
    """
    direction = rng.uniform(0, np.pi)
    offset = rng.choice([-1, 1]) * rng.uniform(0.08, 0.16) * extent_m
    waves = [
        (share * extent_m, wave * extent_m, rng.uniform(0, 2 * np.pi))
        for share, wave in ((0.07, 0.9), (0.035, 0.37))
    ]
    swing = sum(amplitude for amplitude, *_ in waves)

    def is_river(x: np.ndarray, y: np.ndarray, roughness: np.ndarray) -> np.ndarray:
        width = np.clip(extent_m / 50, 30, 180) * (1 + 0.25 * roughness.clip(-2, 2))
        across = y * cos(direction) - x * sin(direction)
        # Sines take long, and only these cells can be reached by the meanders.
        found = np.abs(across - offset) < swing + width
        along = x[found] * cos(direction) + y[found] * sin(direction)
        middle = offset
        for amplitude, length, phase in waves:
            middle = middle + amplitude * sin(2 * np.pi * along / length + phase)
        found[found] = np.abs(across[found] - middle) < width[found] / 2
        return found

    return is_river


def lakes(rural: np.ndarray, roughness: np.ndarray) -> np.ndarray:
    """Return where lakes are, bool: in the countryside (`rural`), where `roughness` is highest."""
    depth = np.where(rural, roughness, roughness.min())
    return depth > np.quantile(depth, 0.985)


def motorways(rng: np.random.Generator, extent_m: float) -> Callable[..., np.ndarray]:
    """Return a function of x and y (metres): where the motorways are, bool.

    Three pass through the city, and a ring is around its centre.
    """
    radius = rng.uniform(0.24, 0.30) * extent_m
    first = rng.uniform(0, np.pi)
    swing = 0.02 * extent_m
    lines = [
        (first + turn + rng.normal(0, 0.15), rng.normal(0, 0.05) * extent_m, rng.uniform(0, 6))
        for turn in (0, np.pi / 3, 2 * np.pi / 3)
    ]

    def is_motorway(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        road = np.abs(np.sqrt(x * x + y * y) - radius) < 12
        for direction, offset, phase in lines:
            across = y * cos(direction) - x * sin(direction)
            near = np.abs(across - offset) < swing + 15  # sines take long; no other cell is reached
            middle = offset + swing * sin((x[near] + y[near]) / (0.2 * extent_m) + phase)
            road[near] |= np.abs(across[near] - middle) < 14
        return road

    return is_motorway
