"""What sharpening methods know about a whole scene, and how they get the images of a tile.

SceneMoments has the statistics of the scene. Matching converts the pan to the unit of a component
of the bands. The decorators turn a function of arrays without NaN into a method: `pixelwise` a
function of single pixels, `bandwise` one of a band, `intensitywise` one of the mean of the bands.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, wraps

import numpy as np

# Of the pan's root mean square. A smaller standard deviation is rounding (float32 carries 6e-8).
MIN_SPREAD = 1e-6
DENOMINATOR_FLOOR = 0.1  # of the mean magnitude of the image that is divided

Part = tuple[np.ndarray, np.ndarray, tuple[slice, slice]]  # (bands, pan, inner)
# sharpen(bands, pan), or fuse(band, pan)
Sharpener = Callable[[np.ndarray, np.ndarray], np.ndarray]


class SceneMoments:
    """Mean and covariance of the bands and the pan of a whole scene, over its valid pixels.

    tiles: called with a number of pixels, yields (bands, pan, inner) of tiles that cover the scene.
        The images extend this many pixels beyond the tile, but not beyond the scene; inner are the
        slices (rows, columns) of the tile itself in them.

    size, count: number of all and of valid pixels. means: (bands and pan,), covariance: (bands
    and pan, bands and pan), the pan last.
    """

    def __init__(self, tiles: Callable[[int], Iterable[Part]]) -> None:
        self.tiles = tiles
        self.size, self.count = 0, 0
        self.means, products = np.zeros(()), np.zeros(())
        for bands, pan, _ in tiles(0):
            self.size += pan.size
            values = _valid_pixels(bands, pan)
            count = values.shape[1]
            if not count:
                continue
            # Moments of the union of two sets: Chan, Golub & LeVeque 1979, Stanford STAN-CS-79-773.
            means = values.mean(axis=1)
            centred = values - means[:, None]
            apart = means - self.means
            total = self.count + count
            products = products + centred @ centred.T
            products += np.outer(apart, apart) * (self.count * count / total)
            self.means = self.means + apart * (count / total)
            self.count = total
        self.covariance = products / max(1, self.count)

    def pixels(self) -> Iterator[np.ndarray]:
        """Yield the valid pixels of each tile, (bands and pan, pixels) float64."""
        return (_valid_pixels(bands, pan) for bands, pan, _ in self.tiles(0))


class Matching:
    """Gives a pan the mean and standard deviation of a component of the bands.

    Both are those of the whole scene: the attributes `mean` and `deviation`. weights: of the bands
    in the component. A constant pan has no contrast to scale and becomes the mean.
    """

    def __init__(self, scene: SceneMoments, weights: np.ndarray) -> None:
        self._scene, self._weights = scene, weights
        self.mean = weights @ scene.means[:-1]
        self._pan_mean, pan_variance = scene.means[-1], scene.covariance[-1, -1]
        variance = weights @ scene.covariance[:-1, :-1] @ weights
        constant = pan_variance <= MIN_SPREAD**2 * (pan_variance + self._pan_mean**2)
        self.deviation = math.sqrt(max(0.0, variance))
        self._factor = 0.0 if constant else math.sqrt(max(0.0, variance) / pan_variance)

    def __call__(self, pan: np.ndarray) -> np.ndarray:
        """Return `pan`, of any shape, in the unit of the component."""
        return self.mean + (pan - self._pan_mean) * self._factor

    def images(self, bands: np.ndarray, pan: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """Return the component and the matched pan of a tile, (2, rows, columns) float64.

        Both are the mean of the scene where a pixel is not `valid`, bool (rows, columns).
        """
        weighted = (w * band for w, band in zip(self._weights, bands, strict=True) if w)
        return np.where(valid, [sum(weighted), self(pan)], self.mean)

    def tiles(self, radius: int) -> Iterator[tuple[np.ndarray, tuple[slice, slice]]]:
        """Yield `images` of the tiles of the scene and the slices of the tile; see SceneMoments."""
        for bands, pan, inner in self._scene.tiles(radius):
            yield self.images(bands, pan, _valid(bands, pan)), inner

    @cached_property
    def magnitude(self) -> float:
        """The mean magnitude of the matched pan over the valid pixels."""
        total = sum(np.abs(self(values[-1])).sum() for values in self._scene.pixels())
        return total / self._scene.count

    @property
    def magnitude_filled(self) -> float:
        """The mean magnitude over all pixels, with the mean where a pixel is not valid."""
        share = self._scene.count / self._scene.size
        return share * self.magnitude + (1 - share) * abs(float(self.mean))


def quotient(image: np.ndarray, divisor: np.ndarray, magnitude: float) -> np.ndarray:
    """Return image / divisor with both raised to a floor, DENOMINATOR_FLOOR of `magnitude`.

    magnitude: the mean of |image| over the whole scene.

    Reflectance has negative and near-zero pixels, and SAR matched to it has more of them; a plain
    quotient would explode or change sign there. With the floor, it is positive, finite, and 1
    where the two are equal.
    """
    floor = max(DENOMINATOR_FLOOR * magnitude, np.finfo(np.float64).tiny)
    return np.maximum(image, floor) / np.maximum(divisor, floor)


def pixelwise(
    method: Callable[[SceneMoments], Sharpener],
) -> Callable[[SceneMoments, int], Sharpener]:
    """Turn a function that works pixel by pixel into a method.

    method(scene) returns fuse(bands, pan), a function of float64 arrays (bands, valid pixels) and
    (valid pixels,).
    """

    @wraps(method)
    def prepared(scene: SceneMoments, ratio: int) -> Sharpener:
        if not scene.count:
            return _nothing_valid
        fuse = method(scene)

        def fill(fused: np.ndarray, valid: np.ndarray, bands: np.ndarray, pan: np.ndarray) -> None:
            fused[:, valid] = fuse(bands[:, valid].astype(np.float64), pan[valid])

        return _sharpener(fill)

    return prepared


def bandwise(
    method: Callable[[Matching, int], Sharpener],
) -> Callable[[SceneMoments, int], Sharpener]:
    """Turn a function that sharpens each band separately into a method.

    method(matching, ratio) is called once for each band and returns fuse(band, pan), a function
    of the band and the pan matched to it, float64 images without NaN.
    """

    @wraps(method)
    def prepared(scene: SceneMoments, ratio: int) -> Sharpener:
        if not scene.count:
            return _nothing_valid
        matchings = [Matching(scene, unit) for unit in np.eye(len(scene.means) - 1)]
        functions = [method(matching, ratio) for matching in matchings]

        def fill(fused: np.ndarray, valid: np.ndarray, bands: np.ndarray, pan: np.ndarray) -> None:
            for result, matching, fuse in zip(fused, matchings, functions, strict=True):
                np.copyto(result, fuse(*matching.images(bands, pan, valid)), where=valid)

        return _sharpener(fill)

    return prepared


def intensitywise(
    method: Callable[[Matching, int], Sharpener],
) -> Callable[[SceneMoments, int], Sharpener]:
    """Turn a function that sharpens the mean of the bands into a method; each gets its change.

    method: as for `bandwise`, called once.
    """

    @wraps(method)
    def prepared(scene: SceneMoments, ratio: int) -> Sharpener:
        if not scene.count:
            return _nothing_valid
        matching = Matching(scene, intensity(scene))
        fuse = method(matching, ratio)

        def fill(fused: np.ndarray, valid: np.ndarray, bands: np.ndarray, pan: np.ndarray) -> None:
            before, matched = matching.images(bands, pan, valid)
            gain = fuse(before, matched) - before
            fused[:, valid] = bands[:, valid] + gain[valid]

        return _sharpener(fill)

    return prepared


def _sharpener(
    fill: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None],
) -> Sharpener:
    """Return sharpen(bands, pan), in which `fill` writes the valid pixels of an array of NaN."""

    def sharpen(bands: np.ndarray, pan: np.ndarray) -> np.ndarray:
        valid = _valid(bands, pan)
        fused = np.full(bands.shape, np.nan)
        if valid.any():
            fill(fused, valid, bands, pan.astype(np.float64))
        return fused.astype(bands.dtype)

    return sharpen


def _nothing_valid(bands: np.ndarray, pan: np.ndarray) -> np.ndarray:
    """Sharpen a tile of a scene without valid pixels."""
    return np.full_like(bands, np.nan)


def _valid_pixels(bands: np.ndarray, pan: np.ndarray) -> np.ndarray:
    """Return the valid pixels, (bands and pan, pixels) float64."""
    valid = _valid(bands, pan)
    return np.concatenate([bands[:, valid], pan[None, valid]]).astype(np.float64)


def _valid(bands: np.ndarray, pan: np.ndarray) -> np.ndarray:
    """Return where all bands and `pan` are finite, bool (rows, columns)."""
    if pan.shape != bands.shape[1:]:
        raise ValueError(f"bands {bands.shape} and pan {pan.shape} are not on one grid")
    return np.isfinite(bands).all(axis=0) & np.isfinite(pan)


def intensity(scene: SceneMoments) -> np.ndarray:
    """Return the weights of the bands in the intensity, their mean."""
    bands = len(scene.means) - 1
    return np.full(bands, 1 / bands)
