"""What every metric is given and gives back: tiles of an image and its reference, and scores.

A tile has a margin of HALO pixels on each side, zero beyond the scene, so that every window that
stands at one of its own pixels lies in it.
"""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..core.errors import StudyError

# A spread or a mean below this part of the data's level is rounding (float32 carries 6e-8), not
# signal; one digital number of Landsat in one pixel of a window is still above it.
ROUNDING = 1e-6
HALO = 5  # pixels; how far the largest window, 11 px of SSIM, reaches beyond the pixel it stands at


class Score(NamedTuple):
    """A metric's value, and the number of pixels, windows or differences it rests on."""

    value: float
    n: int


NOTHING = Score(math.nan, 0)


class Given(NamedTuple):
    """What metrics know beside the images.

    data_range: L, reflectance; h_over_l: resolution ratio of ERGAS. centre: a value near the
    images', one each; moments are taken about it, since about zero they drown small variances.
    """

    data_range: float = math.nan
    h_over_l: float = 1.0
    centre: tuple[float, float] = (0.0, 0.0)


class Pair:
    """A tile of an image and its reference, as float64, zero off the ground to be scored.

    reference, fused: (rows + 2 HALO, columns + 2 HALO), or (bands, ...); reflectance, anything
    off the ground. ground: bool (rows + 2 HALO, columns + 2 HALO).

    Raises StudyError when a value on the ground is not finite. The results of `once` are kept:
    the regions of a tile share its maps.
    """

    def __init__(self, reference, fused, ground, given):
        self.given = given
        self.reference = _on_ground("reference", reference, ground)
        self.fused = _on_ground("fused", fused, ground)
        self._ground = ground
        self._maps = {}

    @cached_property
    def centred(self):
        """(reference, fused) about their centres; zero off the ground."""
        return [
            np.where(self._ground, image - centre, 0)
            for image, centre in zip((self.reference, self.fused), self.given.centre, strict=True)
        ]

    @cached_property
    def error(self):
        """fused - reference, without the margin."""
        return inner(self.fused) - inner(self.reference)

    def once(self, function):
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

    mask: bool (rows + 2 HALO, columns + 2 HALO). low: where the bins of the entropy start, NaN
    where that is not known.
    """

    def __init__(self, mask, low=math.nan):
        self.mask, self.low = mask, low
        self._whole = {}

    def whole(self, size):
        """Return where windows of size x size lie wholly in the region: bool (rows, columns)."""
        if size not in self._whole:
            self._whole[size] = inner(whole_windows(self.mask, size))
        return self._whole[size]


def inner(image):
    """Return a tile (..., rows, columns) without its margin."""
    return image[..., HALO:-HALO, HALO:-HALO]


def whole_windows(region, size):
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
