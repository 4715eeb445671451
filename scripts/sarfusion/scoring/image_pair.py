"""The arguments and results of metrics: tiles of an image and its reference, and scores.

A tile has a margin of HALO_PX pixels on each side, zero beyond the scene, so that it contains every
window at one of its own pixels.
"""

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, reduce
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..core.errors import StudyError

Found = TypeVar("Found")

# How far the largest window, the 11 px of SSIM, reaches beyond its pixel.
HALO_PX = 5

# In a tile with its margin, the pixels below its own ones, and those to their right.
OWN, NEXT = slice(HALO_PX, -HALO_PX), slice(HALO_PX + 1, -HALO_PX + 1)
FOLLOWING = (NEXT, OWN), (OWN, NEXT)


class Run(NamedTuple):
    """Identifies a fused image. band: its name, or a name for red, green and blue together."""

    band: str
    method: str
    input: str
    seed: int


class Score(NamedTuple):
    """A metric's value, and the number of pixels, windows or differences behind it."""

    value: float
    n: int


NOTHING = Score(math.nan, 0)


class Given(NamedTuple):
    """What metrics need besides the images.

    data_range: L, reflectance; h_over_l: resolution ratio of ERGAS.
    """

    data_range: float = math.nan
    h_over_l: float = 1.0


def check_range(data_range: float) -> None:
    """Raise StudyError unless L is a positive number."""
    if not (math.isfinite(data_range) and data_range > 0):
        raise StudyError(
            f"data range L is {data_range}: it must be positive; check the band's training blocks"
        )


class Terms(NamedTuple):
    """The values of a tile to be summed.

    where: places among the pixels of the ground, one for each item that counts. factors: for each
    value, the one or two arrays (items,) whose product it is, since a sum needs no array of the
    product; () is the value 1. The first value states how many pixels, windows or differences each
    item stands for. row: numbers to be added up instead; only the entropy has them.
    """

    where: np.ndarray
    factors: Sequence[tuple[np.ndarray, ...]] = ()
    row: np.ndarray | None = None

    def values(self) -> Iterator[np.ndarray | None]:
        """Yield each value (items,), None for 1; one product at a time is in memory."""
        return (reduce(operator.mul, arrays) if arrays else None for arrays in self.factors)

    def sums(self) -> np.ndarray:
        """Return the sum of each value (values,), or the row."""
        if self.row is not None:
            return self.row
        return np.array([self._sum(*arrays) for arrays in self.factors], float)

    def _sum(self, *arrays):
        from .sums import dot  # not above: most users of Terms need no compiler

        if len(arrays) == 2:
            return dot(*arrays)
        return arrays[0].sum() if arrays else len(self.where)


class Ground:
    """The pixels of a tile that are scored in any of its regions, row by row.

    mask: bool (rows + 2 HALO_PX, columns + 2 HALO_PX); the pixels are those without the margin.
    """

    def __init__(self, mask: np.ndarray) -> None:
        self.mask = mask
        own = inner(mask)
        self._places = _all_places(own.size) if own.all() else np.flatnonzero(own)

    def of(self, maps: np.ndarray) -> np.ndarray:
        """Return the values (..., pixels) of maps (..., rows, columns) without the margin."""
        return at(maps.reshape(*maps.shape[:-2], -1), self._places)


def at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return values (..., places) of an array (..., pixels): the array itself for all pixels.

    places: increasing numbers of pixels.
    """
    return values if len(places) == values.shape[-1] else values.take(places, axis=-1)


class Image:
    """A tile of an image, as float64, zero off the ground to be scored.

    name: for errors. values: (rows + 2 HALO_PX, columns + 2 HALO_PX), or (bands, ...); reflectance,
    anything off the ground. centre: a value near those of the image; moments are taken about it,
    since moments about zero would drown small variances in rounding.

    Raises StudyError if a value on the ground is not finite, ValueError if the shapes do not fit.
    The results of `once` are kept: all pairs and regions of a tile share them.
    """

    def __init__(self, name: str, values: np.ndarray, ground: Ground, centre: float = 0.0) -> None:
        if values.ndim not in (2, 3):
            raise ValueError(f"the image has {values.ndim} dimensions, not 2 or 3")
        if values.shape[-2:] != ground.mask.shape:
            raise ValueError(f"{name} {values.shape} and region {ground.mask.shape} differ")
        self.values = _on_ground(name, values, ground.mask)
        self.ground, self.centre = ground, centre
        self._found: dict[Callable, Any] = {}

    @cached_property
    def centred(self) -> np.ndarray:
        """The image about its centre, with the margin."""
        return self.values - self.centre

    @cached_property
    def pixels(self) -> np.ndarray:
        """The values of the pixels of the ground: (pixels,), or (bands, pixels)."""
        return self.ground.of(inner(self.values))

    def once(self, function: Callable[["Image"], Found]) -> Found:
        """Return function(self), computed at the first call."""
        return _once(function, self, self._found)


class Pair:
    """An image and its reference, two Images of one tile; `images` has the reference first.

    Raises ValueError if the shapes do not fit. The results of `once` are kept: the regions of a
    tile share them.
    """

    def __init__(self, reference: Image, fused: Image, given: Given) -> None:
        if reference.values.shape != fused.values.shape:
            raise ValueError(
                f"reference {reference.values.shape} and fused {fused.values.shape} differ"
            )
        self.reference, self.fused, self.given = reference, fused, given
        self.images, self.ground = (reference, fused), reference.ground
        self._found: dict[Callable, Any] = {}

    @cached_property
    def error(self) -> np.ndarray:
        """fused - reference at the pixels of the ground: (pixels,), or (bands, pixels)."""
        return self.ground.of(inner(self.fused.values) - inner(self.reference.values))

    def once(self, function: Callable[["Pair"], Found]) -> Found:
        """Return function(self), computed at the first call."""
        return _once(function, self, self._found)


def _once(function, argument, found):
    if function not in found:
        found[function] = function(argument)
    return found[function]


def _on_ground(name, image, ground):
    found = image.astype(np.float64, order="C")
    if not ground.all():
        np.copyto(found, 0, where=~ground)
    with np.errstate(over="ignore", invalid="ignore"):
        total = found.sum()  # which is finite only if all values are, and takes less time
    # Leaving such pixels out would reward a method for failing where it is hard.
    if not np.isfinite(total) and (bad := np.count_nonzero(~np.isfinite(found))):
        values = np.count_nonzero(ground) * (found.size // ground.size)
        raise StudyError(
            f"{bad} of {values} values to be scored in the {name} image are not finite; "
            "score valid pixels only, and look for a model that diverged"
        )
    return found


class Region:
    """The part of a tile to be scored. Its methods return places among the pixels of the ground.

    ground: of all regions of the tile. mask: bool (rows + 2 HALO_PX, columns + 2 HALO_PX). low:
    the start of the entropy's bins, NaN if it is unknown. parts: {metric: two masks (pixels of the
    ground,)}, for the metrics that compare two parts of the region.
    """

    def __init__(
        self,
        ground: Ground,
        mask: np.ndarray,
        low: float = math.nan,
        parts: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    ) -> None:
        self.ground, self.mask, self.low = ground, mask, low
        self.parts = dict(parts or {})
        self._whole: dict[int, np.ndarray] = {}

    def whole(self, size: int) -> np.ndarray:
        """Return the pixels whose whole window of size x size is in the region."""
        if size not in self._whole:
            self._whole[size] = (
                _all_places(inner(self.mask).size)
                if self.mask.all()
                else self._places(inner(whole_windows(self.mask, size)))
            )
        return self._whole[size]

    @cached_property
    def followed(self) -> list[np.ndarray]:
        """The pixels whose neighbour below is in the region too; those whose right neighbour is."""
        own = inner(self.mask)
        return [self._places(own & self.mask[following]) for following in FOLLOWING]

    def _places(self, mask):
        return np.flatnonzero(self.ground.of(mask))


@lru_cache(maxsize=1)
def _all_places(count):
    """Return the places of all pixels of a tile that is ground throughout, as most are."""
    return np.arange(count)


def inner(image: np.ndarray) -> np.ndarray:
    """Return a tile (..., rows, columns) without its margin."""
    return image[..., HALO_PX:-HALO_PX, HALO_PX:-HALO_PX]


def whole_windows(region: np.ndarray, size: int) -> np.ndarray:
    """Return where the whole size x size window is in the region: bool (rows, columns).

    The place of a window is its centre, or the pixel below and right of it if the size is even.
    """
    found = np.pad(region, (size // 2, size - 1 - size // 2))
    for _ in range(2):
        width = 1
        while width < size:  # a run of pixels is the union of two shorter runs
            step = min(width, size - width)
            found = found[:-step] & found[step:]
            width += step
        found = found.T
    return found
