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
    """A tile of an image, of which only the ground to be scored counts.

    name: for errors. values: (rows + 2 HALO_PX, columns + 2 HALO_PX), or (bands, ...); reflectance,
    anything off the ground. ground: bool, of the same rows and columns. centre: a value near those
    of the image; moments are taken about it, since moments about zero would drown small variances
    in rounding.

    `values` is contiguous, float32 or float64. `centred` has the tile's own pixels about the
    centre, zero off the ground: float64 (pixels,), or (bands, pixels).

    Raises StudyError if a pixel on the ground is not finite, ValueError if the shapes do not fit.
    The results of `once` are kept: all pairs of a tile share them.
    """

    def __init__(
        self, name: str, values: np.ndarray, ground: np.ndarray, centre: float = 0.0
    ) -> None:
        from .centring import centred_pixels  # not above: most users need no compiler

        if values.ndim not in (2, 3):
            raise ValueError(f"the image has {values.ndim} dimensions, not 2 or 3")
        if values.shape[-2:] != ground.shape:
            raise ValueError(f"{name} {values.shape} and region {ground.shape} differ")
        self.values = np.ascontiguousarray(
            values, np.float32 if values.dtype == np.float32 else np.float64
        )
        self.centre = centre
        self.centred, bad = centred_pixels(self.values, ground, centre)
        # Leaving such pixels out would reward a method for failing where it is hard.
        if bad:
            all_values = np.count_nonzero(inner(ground)) * (values.size // ground.size)
            raise StudyError(
                f"{bad} of {all_values} values to be scored in the {name} image are not finite; "
                "score valid pixels only, and look for a model that diverged"
            )
        self._found: dict[Callable, Any] = {}

    @cached_property
    def pixels(self) -> np.ndarray:
        """The tile's own pixels, of the shape of `centred`, which they are if the centre is 0."""
        return self.centred + self.centre if self.centre else self.centred

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
        return self.fused.centred - self.reference.centred

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
