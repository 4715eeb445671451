"""The arguments and results of metrics: tiles of an image and its reference, and scores.

A tile has a margin of HALO_PX pixels on each side, zero beyond the scene, so that it contains every
window at one of its own pixels.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..core.errors import StudyError
from .places import inner

Found = TypeVar("Found")


class Run(NamedTuple):
    """Identifies a fused image. band: its name, or a name for red, green and blue together."""

    band: str
    method: str
    input: str
    seed: int


# For a tile: {region: mask}, {band or triple: reference}, {run: fused image}.
Images = tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[Run, np.ndarray]]


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


class Image:
    """A tile of an image, as float64, zero off the ground to be scored.

    name: for errors. values: (rows + 2 HALO_PX, columns + 2 HALO_PX), or (bands, ...); reflectance,
    anything off the ground. ground: bool, of the same rows and columns. centre: a value near those
    of the image; moments are taken about it, since moments about zero would drown small variances
    in rounding.

    Raises StudyError if a value on the ground is not finite, ValueError if the shapes do not fit.
    The results of `once` are kept: all pairs of a tile share them.
    """

    def __init__(
        self, name: str, values: np.ndarray, ground: np.ndarray, centre: float = 0.0
    ) -> None:
        if values.ndim not in (2, 3):
            raise ValueError(f"the image has {values.ndim} dimensions, not 2 or 3")
        if values.shape[-2:] != ground.shape:
            raise ValueError(f"{name} {values.shape} and region {ground.shape} differ")
        self.values = _on_ground(name, values, ground)
        self.centre = centre
        self._found: dict[Callable, Any] = {}

    @cached_property
    def centred(self) -> np.ndarray:
        """The image about its centre, with the margin."""
        return self.values - self.centre

    @cached_property
    def pixels(self) -> np.ndarray:
        """The values of the tile's own pixels: (pixels,), or (bands, pixels)."""
        return flat(inner(self.values))

    @cached_property
    def centred_pixels(self) -> np.ndarray:
        """The same about the centre."""
        return flat(inner(self.centred))

    def once(self, function: Callable[["Image"], Found]) -> Found:
        """Return function(self), computed at the first call."""
        return _once(function, self, self._found)


class Pair:
    """An image and its reference, two Images of one tile; `images` has the reference first.

    Raises ValueError if the shapes do not fit. The results of `once` are kept: metrics share them.
    """

    def __init__(self, reference: Image, fused: Image, given: Given) -> None:
        if reference.values.shape != fused.values.shape:
            raise ValueError(
                f"reference {reference.values.shape} and fused {fused.values.shape} differ"
            )
        self.reference, self.fused, self.given = reference, fused, given
        self.images = (reference, fused)
        self._found: dict[Callable, Any] = {}

    @cached_property
    def error(self) -> np.ndarray:
        """fused - reference at the tile's own pixels: (pixels,), or (bands, pixels)."""
        return flat(inner(self.fused.values) - inner(self.reference.values))

    def once(self, function: Callable[["Pair"], Found]) -> Found:
        """Return function(self), computed at the first call."""
        return _once(function, self, self._found)


def flat(maps: np.ndarray) -> np.ndarray:
    """Return maps (..., rows, columns) as (..., pixels), row by row and contiguous."""
    return np.ascontiguousarray(maps.reshape(*maps.shape[:-2], -1))


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
