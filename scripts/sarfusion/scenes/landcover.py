"""A made-up city: its land cover on a square lattice of 5 m cells.

Districts are a Voronoi partition, bounded by arterial roads. Each has a street grid of its own
direction, whose blocks are divided into lots with buildings. Farmland is the same grid with wide
blocks and few buildings. River, lakes, woods and motorways are laid over it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import partial, reduce
from pathlib import Path

import numpy as np
from scipy.fft import fft, ifft, irfft, rfft
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from ..core.files import atomic
from .elementary import cos, exp, sin

CELL_M = 5.0  # divides the 30 m and 10 m pixels of the sensors, and their offset of 5 m


class Cover(IntEnum):
    """What covers a cell."""

    WATER = 0
    ROAD = 1
    PAVED = 2
    ROOF_BRIGHT = 3
    ROOF_METAL = 4
    ROOF_TILE = 5
    ROOF_DARK = 6
    TREES = 7
    GRASS = 8
    CROP = 9
    SOIL = 10


ROOFS = (Cover.ROOF_BRIGHT, Cover.ROOF_METAL, Cover.ROOF_TILE, Cover.ROOF_DARK)


@dataclass(frozen=True)
class Fabric:
    """The layout of a kind of district. Lengths in metres; mixes are shares per block or lot."""

    block: tuple[float, float]  # length and width of a block, street included
    street: float  # width
    lot: float  # side of a lot
    gap: float  # from the edge of a lot to its building
    height: float  # median height of the buildings
    built: float  # share of lots with a building, in blocks that have any
    empty: float  # share of blocks without buildings
    roofs: dict[Cover, float]
    yard: dict[Cover, float]  # ground around buildings
    open: dict[Cover, float]  # ground of blocks without buildings
    surface: Cover = Cover.ROAD  # of the streets
    arterial: float = 20  # width of the roads that bound the district
    woods: float = np.inf  # level of a unit field above which woods grow over the blocks


C = Cover
CENTRE = Fabric(
    block=(120, 90), street=12, lot=38, gap=4, height=20, built=0.92, empty=0.10,
    roofs={C.ROOF_BRIGHT: 0.35, C.ROOF_METAL: 0.10, C.ROOF_TILE: 0.20, C.ROOF_DARK: 0.35},
    yard={C.PAVED: 0.8, C.GRASS: 0.2}, open={C.GRASS: 0.6, C.PAVED: 0.4},
)  # fmt: skip
HOUSES = Fabric(
    block=(150, 70), street=9, lot=26, gap=5, height=7, built=0.85, empty=0.07,
    roofs={C.ROOF_BRIGHT: 0.12, C.ROOF_METAL: 0.05, C.ROOF_TILE: 0.60, C.ROOF_DARK: 0.23},
    yard={C.GRASS: 0.85, C.PAVED: 0.15}, open={C.GRASS: 0.6, C.SOIL: 0.25, C.PAVED: 0.15},
)  # fmt: skip
ESTATE = Fabric(
    block=(190, 130), street=10, lot=58, gap=9, height=25, built=0.85, empty=0.12,
    roofs={C.ROOF_BRIGHT: 0.45, C.ROOF_METAL: 0.05, C.ROOF_TILE: 0.10, C.ROOF_DARK: 0.40},
    yard={C.GRASS: 0.7, C.PAVED: 0.3}, open={C.GRASS: 0.7, C.SOIL: 0.2, C.PAVED: 0.1},
)  # fmt: skip
INDUSTRY = Fabric(
    block=(260, 180), street=14, lot=110, gap=14, height=10, built=0.8, empty=0.15,
    roofs={C.ROOF_BRIGHT: 0.35, C.ROOF_METAL: 0.45, C.ROOF_TILE: 0.02, C.ROOF_DARK: 0.18},
    yard={C.PAVED: 0.75, C.SOIL: 0.15, C.GRASS: 0.1},
    open={C.SOIL: 0.5, C.GRASS: 0.3, C.PAVED: 0.2},
)  # fmt: skip
PARK = Fabric(
    block=(420, 330), street=5, lot=60, gap=20, height=6, built=0.05, empty=0.9,
    roofs={C.ROOF_TILE: 1.0},
    yard={C.GRASS: 1.0}, open={C.GRASS: 0.95, C.PAVED: 0.05}, surface=C.PAVED, woods=0.4,
)  # fmt: skip
FARMLAND = Fabric(
    block=(330, 190), street=4, lot=45, gap=11, height=7, built=0.25, empty=0.96,
    roofs={C.ROOF_METAL: 0.5, C.ROOF_TILE: 0.5},
    yard={C.GRASS: 1.0}, open={C.CROP: 0.62, C.SOIL: 0.18, C.GRASS: 0.20}, surface=C.SOIL,
    arterial=10, woods=1.25,
)  # fmt: skip
FABRICS = (CENTRE, HOUSES, ESTATE, INDUSTRY, PARK, FARMLAND)

# Shares of the kinds of district (in the order of FABRICS) from countryside to city centre.
KIND_SHARES = {
    0.22: (0.00, 0.08, 0.00, 0.03, 0.02, 0.87),
    0.42: (0.00, 0.48, 0.07, 0.17, 0.05, 0.23),
    0.66: (0.05, 0.50, 0.22, 0.14, 0.08, 0.01),
    np.inf: (0.82, 0.00, 0.10, 0.00, 0.08, 0.00),
}


@dataclass(frozen=True)
class LandCover:
    """Land cover on the lattice; all arrays are (rows, columns), row 0 in the north."""

    cover: np.ndarray  # uint8, a Cover
    patch: np.ndarray  # int32, number of the building or parcel (from 0), of uniform appearance
    height: np.ndarray  # float32, metres above ground of the building, 0 elsewhere
    angle: np.ndarray  # float32, of the streets in radians from east to north, in [0, pi / 2)

    def is_any(self, covers: Sequence[Cover]) -> np.ndarray:
        """Return where the cover is one of `covers`, bool (rows, columns)."""
        return np.isin(self.cover, covers)

    def save(self, path: str | Path) -> None:
        """Write the land cover to an npz file, atomically."""
        with atomic(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **vars(self))

    @classmethod
    def load(cls, path: str | Path) -> "LandCover":
        """Return the land cover of such a file."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def random_field(
    rng: np.random.Generator, side: int, gain: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return a random Gaussian field (side, side), float32, of zero mean and unit variance.

    White noise is filtered in the frequency domain. gain: function of an array of frequencies in
    cycles per cell, 0 at the origin; beyond a frequency at which it is 0 in float32, it stays 0.
    The field is periodic.

    The result has the bytes of the same filter by rfft2 and irfft2. But a smooth field has few
    frequencies, so these are transformed along the columns, and the others are left out.
    """
    frequency = np.fft.rfftfreq(side)
    passed = frequency[: 1 + np.flatnonzero(gain(frequency).astype(np.float32))[-1]]
    filter_ = np.zeros((frequency.size, passed.size), np.float32)
    filter_[: passed.size] = gain(np.sqrt(passed[:, None] ** 2 + passed**2))
    row = np.arange(side)

    noise = rng.standard_normal((side, side), dtype=np.float32)
    spectrum = fft(rfft(noise)[:, : passed.size], axis=0, overwrite_x=True)
    spectrum *= filter_[np.minimum(row, side - row)]  # negative frequencies follow the positive
    field = irfft(ifft(spectrum, axis=0, norm="forward"), side, norm="forward")
    field *= np.float32(1 / side**2)
    mean, deviation = field.mean(), field.std()
    field -= mean
    field /= deviation
    return field


def smooth_field(rng: np.random.Generator, side: int, scale: float) -> np.ndarray:
    """Return a random field smoothed by a Gaussian of standard deviation `scale` cells."""
    return random_field(rng, side, lambda f: exp(-2 * (np.pi * scale * f) ** 2))


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

    city = urbanity(rng, extent_m)
    spacing = min(750.0, extent_m / 5)
    seeds, near, edge_m = districts(rng, x, y, axis[-1], spacing)
    kind = district_kinds(rng, city(*seeds.T))
    angle = district_angles(rng, seeds, extent_m)
    cover, patch, height = build_blocks(rng, x, y, seeds, near, kind, angle)

    grove = field(2.0) + field(9.0) + 0.4 * field(40.0)
    cover[(cover == Cover.GRASS) & (grove > 0.9)] = Cover.TREES
    woods = field(extent_m / 45 / CELL_M) + 0.25 * grove
    cover[woods > of_kind(kind, lambda f: f.woods)[near]] = Cover.TREES
    cover[edge_m < of_kind(kind, lambda f: f.arterial)[near] / 2] = Cover.ROAD

    water_m = shore_distance(rng, x, y, city(x, y), extent_m, field(extent_m / 40 / CELL_M))
    bank = (water_m > 0) & (water_m < 25)
    cover[bank] = np.where(grove > 0, Cover.TREES, Cover.GRASS)[bank]
    cover[bank & (field(25.0) > 1.6)] = Cover.SOIL  # sand bars
    cover[water_m == 0] = Cover.WATER
    cover[motorways(rng, x, y, extent_m)] = Cover.ROAD  # bridges where they meet the river

    height[~np.isin(cover, ROOFS)] = 0
    return LandCover(cover, patch, height, angle[near].astype(np.float32))


def urbanity(
    rng: np.random.Generator, extent_m: float
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a function of x and y (metres): 1 in the city centre, 0 in the countryside."""
    towns = rng.uniform(-0.5, 0.5, (7, 2)) * extent_m
    sizes = rng.uniform(0.07, 0.12, 7) * extent_m
    centre = rng.uniform(-0.06, 0.06, 2) * extent_m
    towns, sizes = np.vstack([centre, towns]), np.append(0.36 * extent_m, sizes)
    peaks = np.append(1.0, rng.uniform(0.4, 0.65, 7))

    def city(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        values = (
            peak * exp(-((x - tx) ** 2 + (y - ty) ** 2) / size**2)
            for (tx, ty), size, peak in zip(towns, sizes, peaks, strict=True)
        )
        return reduce(np.maximum, values)

    return city


def districts(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, reach_m: float, spacing: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (seeds, index, edge distance) of the districts, whose seeds are `spacing` m apart.

    seeds: (n, 2) in metres. index: of the district of each cell. edge distance: of each cell from
    the next district (the perpendicular bisector), in metres.
    """
    count = int(np.ceil(reach_m / spacing)) + 2
    grid = np.stack(np.meshgrid(*[np.arange(-count, count + 1.0)] * 2), axis=-1).reshape(-1, 2)
    seeds = (grid + rng.uniform(-0.42, 0.42, grid.shape)) * spacing
    distance, index = cKDTree(seeds).query(np.stack([x, y], axis=-1), k=2)
    between = np.linalg.norm(seeds[index[..., 0]] - seeds[index[..., 1]], axis=-1)
    edge_m = (distance[..., 1] ** 2 - distance[..., 0] ** 2) / (2 * between)
    return seeds, index[..., 0], edge_m


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


def pick(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    """Draw one column index per row of `shares` (n, k), whose rows sum to 1."""
    return (rng.random((len(shares), 1)) > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)


def mixes(name: str) -> np.ndarray:
    """Return the shares (fabrics, covers) in the mix `name` of each fabric."""
    return np.array([[getattr(f, name).get(c, 0.0) for c in Cover] for f in FABRICS])


def of_kind(kind: np.ndarray, value: Callable[[Fabric], float | tuple]) -> np.ndarray:
    """Return value(fabric) for each kind, float32 (kinds, ...)."""
    return np.array([value(f) for f in FABRICS], dtype=np.float32)[kind]


def build_blocks(
    rng: np.random.Generator,
    x: np.ndarray,
    y: np.ndarray,
    seeds: np.ndarray,
    near: np.ndarray,
    kind: np.ndarray,
    angle: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cover, patch and height (see LandCover) of streets, blocks, lots and buildings.

    x, y: position of each cell in metres; near: the index of its district. seeds, kind, angle: of
    the districts.
    """
    stretch = rng.uniform(0.85, 1.25, (len(seeds), 2)).astype(np.float32)
    cosine, sine = cos(angle).astype(np.float32), sin(angle).astype(np.float32)
    dx, dy = x - seeds[:, 0].astype(np.float32)[near], y - seeds[:, 1].astype(np.float32)[near]
    street = of_kind(kind, lambda f: f.street)[near]
    lot = of_kind(kind, lambda f: f.lot)[near]

    block_at, lot_at, inside, wide = [], [], [], []
    free: np.ndarray | float = np.inf
    for axis, along in enumerate(
        (dx * cosine[near] + dy * sine[near], dy * cosine[near] - dx * sine[near])
    ):
        length = (of_kind(kind, lambda f: f.block)[:, axis] * stretch[:, axis])[near]
        at = np.floor(along / length)
        along = along - at * length - street / 2  # from the kerb
        width = (length - street) / np.maximum(np.round((length - street) / lot), 1)
        free = np.minimum(free, np.minimum(along, length - street - along))
        block_at.append(at.astype(np.int64) + 64)
        lot_at.append(np.clip(np.floor(along / width), 0, 63).astype(np.int64))
        inside.append(along - lot_at[-1] * width)
        wide.append(width)

    block_key = (near * 128 + block_at[0]) * 128 + block_at[1]
    blocks, block = numbered(block_key)
    kind_of = kind[blocks // 128**2]
    empty = rng.random(len(blocks)) < of_kind(kind_of, lambda f: f.empty)
    ground = np.where(empty, pick(rng, mixes("open")[kind_of]), pick(rng, mixes("yard")[kind_of]))

    lots, patch = numbered((block * 64 + lot_at[0]) * 64 + lot_at[1])
    kind_of, empty_lot = kind_of[lots // 64**2], empty[lots // 64**2]
    built = ~empty_lot & (rng.random(len(lots)) < of_kind(kind_of, lambda f: f.built))
    roof = pick(rng, mixes("roofs")[kind_of])
    tall = of_kind(kind_of, lambda f: f.height) * rng.lognormal(0, 0.35, len(lots))
    footprint = make_footprint(rng, len(lots), patch, inside, wide, kind_of) & built[patch]

    cover = np.where(footprint, roof[patch], ground[block]).astype(np.uint8)
    height = np.where(footprint, tall[patch], 0).astype(np.float32)
    surface = of_kind(kind, lambda f: f.surface).astype(np.uint8)[near]
    cover = np.where(free < 0, surface, cover)
    # Open ground is uniform over a block (a field is one piece), a building over its lot.
    whole = np.where(footprint, patch, len(lots) + block)
    return cover, numbered(whole)[1].astype(np.int32), height


def numbered(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (the keys that occur, sorted; the place of each key among them), as np.unique does.

    keys: integers from 0. A table of all up to the largest takes less time than sorting them.
    """
    occurs = np.zeros(keys.max() + 1, bool)
    occurs[keys] = True
    found = np.flatnonzero(occurs)
    place = np.empty(occurs.size, np.intp)
    place[found] = np.arange(found.size)
    return found, place[keys]


def make_footprint(
    rng: np.random.Generator,
    count: int,
    lot: np.ndarray,
    inside: Sequence[np.ndarray],
    wide: Sequence[np.ndarray],
    kind_of: np.ndarray,
) -> np.ndarray:
    """Return which cells are under the building of their lot: a rectangle, or an L.

    count: number of lots; kind_of: their kind. For each cell, lot: the index of its lot; inside:
    its two coordinates in the lot; wide: the two sides of the lot, in metres.
    """
    gap = of_kind(kind_of, lambda f: f.gap)[:, None] * rng.uniform(0.6, 1.6, (count, 4))
    gap = gap.astype(np.float32)
    notch = rng.random((count, 2)).astype(np.float32) * 0.35 + 0.4
    has_notch = rng.random(count) < 0.4
    (u, v), (width, depth) = inside, wide
    rectangle = (
        (u >= gap[lot, 0])
        & (u <= width - gap[lot, 1])
        & (v >= gap[lot, 2])
        & (v <= depth - gap[lot, 3])
    )
    corner = (u > notch[lot, 0] * width) & (v > notch[lot, 1] * depth)
    return rectangle & ~(corner & has_notch[lot])


def shore_distance(
    rng: np.random.Generator,
    x: np.ndarray,
    y: np.ndarray,
    city: np.ndarray,
    extent_m: float,
    roughness: np.ndarray,
) -> np.ndarray:
    """Return the distance of each cell from the water in metres, 0 in it.

    A meandering river passes the city centre; lakes are in the countryside, where the field
    `roughness` is highest.
    """
    direction = rng.uniform(0, np.pi)
    along = x * cos(direction) + y * sin(direction)
    across = y * cos(direction) - x * sin(direction)
    middle = rng.choice([-1, 1]) * rng.uniform(0.08, 0.16) * extent_m
    for share, wave in ((0.07, 0.9), (0.035, 0.37)):
        phase = rng.uniform(0, 2 * np.pi)
        middle = middle + share * extent_m * sin(2 * np.pi * along / (wave * extent_m) + phase)
    width = np.clip(extent_m / 50, 30, 180) * (1 + 0.25 * roughness.clip(-2, 2))
    lakes = np.where(city < 0.4, roughness, roughness.min())
    water = (np.abs(across - middle) < width / 2) | (lakes > np.quantile(lakes, 0.985))
    return CELL_M * distance_transform_edt(~water)


def motorways(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, extent_m: float
) -> np.ndarray:
    """Return where the motorways are: three through the city and a ring around its centre."""
    road = np.abs(np.sqrt(x * x + y * y) - rng.uniform(0.24, 0.30) * extent_m) < 12
    first = rng.uniform(0, np.pi)
    for turn in (0, np.pi / 3, 2 * np.pi / 3):
        direction = first + turn + rng.normal(0, 0.15)
        across = y * cos(direction) - x * sin(direction)
        offset = rng.normal(0, 0.05) * extent_m
        middle = offset + 0.02 * extent_m * sin((x + y) / (0.2 * extent_m) + rng.uniform(0, 6))
        road |= np.abs(across - middle) < 14
    return road
