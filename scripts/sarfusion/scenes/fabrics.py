"""The fabrics of a city: how streets, lots, buildings and ground are laid out in a district."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .landcover import Cover


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


def pick(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    """Draw one column index per row of `shares` (n, k), whose rows sum to 1."""
    return (rng.random((len(shares), 1)) > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)


def mixes(name: str) -> np.ndarray:
    """Return the shares (fabrics, covers) in the mix `name` of each fabric."""
    return np.array([[getattr(f, name).get(c, 0.0) for c in Cover] for f in FABRICS])


def of_kind(kind: np.ndarray, value: Callable[[Fabric], float | tuple]) -> np.ndarray:
    """Return value(fabric) for each kind, float32 (kinds, ...)."""
    return np.array([value(f) for f in FABRICS], dtype=np.float32)[kind]
