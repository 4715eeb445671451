"""What every metric is given and gives back: tiles of an image and its reference, and scores.

A tile has a margin of HALO_PX pixels on each side, zero beyond the scene, so that every window that
stands at one of its own pixels lies in it.
"""

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..core.errors import StudyError

Maps = TypeVar("Maps")

# How far the largest window, 11 px of SSIM, reaches beyond the pixel that it stands at.
HALO_PX = 5


class Run(NamedTuple):
    """Which fused image this is. band: or a name for red, green and blue together."""

    band: str
    method: str
    input: str
    seed: int


class Score(NamedTuple):
    """A metric's value, and the number of pixels, windows or differences it rests on."""

    value: float
    n: int


NOTHING = Score(math.nan, 0)


class Given(NamedTuple):
    """What metrics know beside the images.

    data_range: L, reflectance; h_over_l: resolution ratio of ERGAS. centre: a value near those of
    both images; moments are taken about it, since about zero they drown small variances.
    """

    data_range: float = math.nan
    h_over_l: float = 1.0
    centre: float = 0.0


def check_range(data_range: float) -> None:
    """Raise StudyError unless L is a positive number."""
    if not (math.isfinite(data_range) and data_range > 0):
        raise StudyError(
            f"data range L is {data_range}: it must be positive; check the band's training blocks"
        )


class Pair:
    """A tile of an image and its reference, as float64, zero off the ground to be scored.

    reference, fused: (rows + 2 HALO_PX, columns + 2 HALO_PX), or (bands, ...); reflectance,
    anything off the ground. ground: bool (rows + 2 HALO_PX, columns + 2 HALO_PX).

    Raises StudyError when a value on the ground is not finite, ValueError when the shapes do not
    fit. The results of `once` are kept: the regions of a tile share its maps.
    """

    def __init__(
        self, reference: np.ndarray, fused: np.ndarray, ground: np.ndarray, given: Given
    ) -> None:
        if reference.ndim not in (2, 3):
            raise ValueError(f"the image has {reference.ndim} dimensions, not 2 or 3")
        if reference.shape != fused.shape or reference.shape[-2:] != ground.shape:
            raise ValueError(
                f"reference {reference.shape}, fused {fused.shape} and region {ground.shape} differ"
            )
        self.given = given
        self.reference = _on_ground("reference", reference, ground)
        self.fused = _on_ground("fused", fused, ground)
        self._ground = ground
        self._maps: dict[Callable, Any] = {}

    @cached_property
    def centred(self) -> list[np.ndarray]:
        """(reference, fused) about the centre; zero off the ground."""
        return [
            np.where(self._ground, image - self.given.centre, 0)
            for image in (self.reference, self.fused)
        ]

    @cached_property
    def error(self) -> np.ndarray:
        """fused - reference, without the margin."""
        return inner(self.fused) - inner(self.reference)

    def once(self, function: Callable[["Pair"], Maps]) -> Maps:
        """Return function(self), computed at the first call."""
        if function not in self._maps:
            self._maps[function] = function(self)
        return self._maps[function]


def _on_ground(name, image, ground):
    image = np.where(ground, image, 0).astype(np.float64)
    # Leaving such pixels out would reward a method for failing where it is hard.
    if bad := np.count_nonzero(~np.isfinite(image)):
        values = np.count_nonzero(ground) * (image.size // ground.size)
        raise StudyError(
            f"{bad} of {values} values to be scored in the {name} image are not finite; "
            "score valid pixels only, and look for a model that diverged"
        )
    return image


class Region:
    """The part of a tile to be scored.

    mask: bool (rows + 2 HALO_PX, columns + 2 HALO_PX); own: the same without the margin. low: where
    the bins of the entropy start, NaN where that is not known. parts: {metric: two masks without
    the margin}, of the metrics that compare two parts of the region.
    """

    def __init__(
        self,
        mask: np.ndarray,
        low: float = math.nan,
        parts: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    ) -> None:
        self.mask, self.own, self.low = mask, inner(mask), low
        self.parts = dict(parts or {})
        self._whole: dict[int, np.ndarray] = {}

    def whole(self, size: int) -> np.ndarray:
        """Return where windows of size x size lie wholly in the region: bool (rows, columns)."""
        if size not in self._whole:
            self._whole[size] = inner(whole_windows(self.mask, size))
        return self._whole[size]


def inner(image: np.ndarray) -> np.ndarray:
    """Return a tile (..., rows, columns) without its margin."""
    return image[..., HALO_PX:-HALO_PX, HALO_PX:-HALO_PX]


def whole_windows(region: np.ndarray, size: int) -> np.ndarray:
    """Return where size x size windows lie wholly in the region: bool (rows, columns).

    A window stands at its centre; at the pixel below and right of it where the size is even.
    """
    found = np.pad(region, (size // 2, size - 1 - size // 2))
    for _ in range(2):
        width = 1
        while width < size:  # a run of pixels is two shorter runs
            step = min(width, size - width)
            found = found[:-step] & found[step:]
            width += step
        found = found.T
    return found
