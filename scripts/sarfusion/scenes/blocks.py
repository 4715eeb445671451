"""Streets, blocks, lots and buildings: a street grid of its own in each district."""

from dataclasses import dataclass

import numpy as np

from .elementary import cos, sin
from .fabrics import mixes, of_kind, pick
from .lattice import strips

BLOCKS = 128  # most blocks of a district along each axis of its grid
MAX_LOTS = 64  # of a block along each axis


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
    streets = lay_streets(rng, seeds, kind, angle)
    cover, is_street = np.empty(x.shape, np.uint8), np.empty(x.shape, bool)
    block, lot = np.empty((2, *x.shape), np.int32)
    u, v = np.empty((2, *x.shape))
    for strip in strips(x.shape):
        block[strip], lot[strip], u[strip], v[strip], is_street[strip] = streets.locate(
            x[strip], y[strip], near[strip]
        )

    blocks, block = numbered(block)
    district = blocks // BLOCKS**2
    kind_of = kind[district]
    empty = rng.random(len(blocks)) < of_kind(kind_of, lambda f: f.empty)
    ground = np.where(empty, pick(rng, mixes("open")[kind_of]), pick(rng, mixes("yard")[kind_of]))

    count = streets.lots[district].prod(axis=1).astype(np.int64)
    end = np.cumsum(count)
    lots, patch = numbered((end - count)[block] + lot)
    of_block = np.searchsorted(end, lots, side="right")
    kind_of = kind_of[of_block]
    built = ~empty[of_block] & (rng.random(len(lots)) < of_kind(kind_of, lambda f: f.built))
    roof = pick(rng, mixes("roofs")[kind_of])
    tall = of_kind(kind_of, lambda f: f.height) * rng.lognormal(0, 0.35, len(lots))
    outlines = draw_outlines(rng, kind_of, streets.width[district[of_block]], built)

    surface = of_kind(kind, lambda f: f.surface).astype(np.uint8)
    ground, roof, tall = ground.astype(np.uint8), roof.astype(np.uint8), tall.astype(np.float32)
    height, whole = np.empty(x.shape, np.float32), np.empty(x.shape, np.int32)
    for strip in strips(x.shape):
        of_lot, of_ground = patch[strip].astype(np.intp), block[strip].astype(np.intp)
        footprint = outlines.contain(of_lot, u[strip], v[strip])
        found = np.where(footprint, roof[of_lot], ground[of_ground])
        cover[strip] = np.where(is_street[strip], surface[near[strip]], found)
        height[strip] = np.where(footprint, tall[of_lot], 0)
        # Open ground is uniform over a block (a field is one piece), a building over its lot.
        whole[strip] = np.where(footprint, of_lot, len(lots) + of_ground)
    return cover, numbered(whole)[1], height


@dataclass(frozen=True)
class Streets:
    """The street grids of the districts; float32, (districts,) or (districts, 2 axes), metres."""

    seeds: np.ndarray  # x and y of the origin
    cosine: np.ndarray  # of the direction
    sine: np.ndarray
    street: np.ndarray  # width of the streets
    length: np.ndarray  # of a block, street included
    width: np.ndarray  # of a lot
    lots: np.ndarray  # number of lots of a block, with one more for the far kerb

    def locate(
        self, x: np.ndarray, y: np.ndarray, near: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return (block, lot, u, v, is street) of cells.

        x, y: position in metres; near: the index of the district. block: a number of its own among
        all districts. lot: a number of its own in the block. u, v: float64, coordinates in the lot
        in metres.
        """
        near = near.astype(np.intp)  # once, not in each look-up
        dx, dy = x - self.seeds[:, 0].take(near), y - self.seeds[:, 1].take(near)
        cosine, sine = self.cosine.take(near), self.sine.take(near)
        street = self.street.take(near)
        block, lot, inside = near, 0, []
        is_street = np.zeros(x.shape, bool)
        for axis, along in enumerate((dx * cosine + dy * sine, dy * cosine - dx * sine)):
            length, width, lots = (
                of_district[:, axis].take(near)
                for of_district in (self.length, self.width, self.lots)
            )
            at = np.floor(along / length)
            along = along - at * length - street / 2  # from the kerb
            is_street |= (along < 0) | (length - street - along < 0)
            at_lot = np.floor(along / width).clip(0, lots - 1)
            block = block * BLOCKS + (at.astype(np.int64) + BLOCKS // 2)
            lot = lot * lots + at_lot
            inside.append(along - at_lot.astype(np.float64) * width)
        return block, lot, *inside, is_street


def lay_streets(
    rng: np.random.Generator, seeds: np.ndarray, kind: np.ndarray, angle: np.ndarray
) -> Streets:
    """Return the Streets of districts, of which seeds, kind and angle are given."""
    stretch = rng.uniform(0.85, 1.25, (len(seeds), 2)).astype(np.float32)
    length = of_kind(kind, lambda f: f.block) * stretch
    street = of_kind(kind, lambda f: f.street)
    inner = length - street[:, None]
    count = np.maximum(np.round(inner / of_kind(kind, lambda f: f.lot)[:, None]), 1)
    return Streets(
        seeds=seeds.astype(np.float32),
        cosine=cos(angle).astype(np.float32),
        sine=sin(angle).astype(np.float32),
        street=street,
        length=length,
        width=inner / count,
        lots=np.minimum(count + 1, MAX_LOTS),
    )


@dataclass(frozen=True)
class Outlines:
    """The outlines of the buildings of lots: rectangles, of which some lack a corner.

    All are (lots, 2 axes), float64, in metres from the corner of the lot. A lot without a building
    begins at infinity, and so does the corner that a rectangle does not lack.
    """

    start: np.ndarray
    end: np.ndarray
    corner: np.ndarray  # start of the part that is missing in an L

    def contain(self, lot: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return which cells, at u and v in `lot`, are under its building, bool."""
        inside, beyond = np.ones(lot.shape, bool), np.ones(lot.shape, bool)
        for axis, along in enumerate((u, v)):
            inside &= along >= self.start[:, axis].take(lot)
            inside &= along <= self.end[:, axis].take(lot)
            beyond &= along > self.corner[:, axis].take(lot)
        return inside & ~beyond


def draw_outlines(
    rng: np.random.Generator, kind_of: np.ndarray, width: np.ndarray, built: np.ndarray
) -> Outlines:
    """Return the Outlines of the buildings of lots.

    kind_of: of the district; width: (lots, 2), the sides of the lot in metres; built: whether it
    has a building.
    """
    count = len(kind_of)
    gap = of_kind(kind_of, lambda f: f.gap)[:, None] * rng.uniform(0.6, 1.6, (count, 4))
    gap = gap.astype(np.float32)
    notch = rng.random((count, 2)).astype(np.float32) * 0.35 + 0.4
    has_notch = rng.random((count, 1)) < 0.4
    return Outlines(
        start=np.where(built[:, None], gap[:, ::2], np.inf).astype(np.float64),
        end=(width - gap[:, 1::2]).astype(np.float64),
        corner=np.where(has_notch, notch * width, np.inf).astype(np.float64),
    )


def numbered(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (the keys that occur, sorted; int32, the place of each key among them).

    np.unique does the same. keys: integers from 0. A table of all up to the largest takes less
    time than sorting them.
    """
    occurs = np.zeros(keys.max() + 1, bool)
    occurs[keys] = True
    found = np.flatnonzero(occurs)
    place = np.empty(occurs.size, np.int32)
    place[found] = np.arange(found.size)
    return found, place[keys]
