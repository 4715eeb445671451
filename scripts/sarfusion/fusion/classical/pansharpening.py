"""Classical pansharpening, with a SAR image in place of the panchromatic band.

A scene is sharpened tile by tile, so that memory does not grow with it. A method is called as
method(scene, ratio) with the SceneMoments of the whole scene. It returns sharpen(bands, pan),
which takes the images of a tile and returns the sharpened bands, of the same shape and type:

    bands  (bands, rows, columns), the coarse optical bands enlarged to the fine grid, reflectance
    pan    (rows, columns), the fine image, in any unit: each method first gives it the mean and the
           standard deviation, over the whole scene, of the component that it replaces
    ratio  coarse pixel size over fine pixel size; pixel-wise methods do not use it

A pixel is NaN in all bands if it is NaN in any of them or in `pan`. Statistics are taken over the
other, valid pixels; filters see the mean of an image where it is not valid. Tiles overlap by
`radius(ratio)` pixels, within which the result is discarded, and start on a row and a column that
`multiple(ratio)` divides.

Matching keeps the sign: where SAR is dark and the ground bright, the published formulas darken the
ground. Their scores are meant to show this.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, wraps

import numpy as np
import pywt
from scipy import ndimage

# Of the pan's root mean square. A smaller standard deviation is rounding (float32 carries 6e-8).
MIN_SPREAD = 1e-6
DENOMINATOR_FLOOR = 0.1  # of the mean magnitude of the image that is divided
WAVELET = "sym4"  # near-symmetric, so that details are not shifted; four vanishing moments

# sharpen(bands, pan), or fuse(band, pan)
Sharpener = Callable[[np.ndarray, np.ndarray], np.ndarray]


class SceneMoments:
    """Mean and covariance of the bands and the pan of a whole scene, over its valid pixels.

    tiles: called without arguments, yields images (bands, pan) that cover the scene, each pixel
    once.

    size, count: number of all and of valid pixels. means: (bands and pan,), covariance: (bands
    and pan, bands and pan), the pan last.
    """

    def __init__(self, tiles: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]) -> None:
        self._tiles = tiles
        self.size, self.count = 0, 0
        self.means, products = np.zeros(()), np.zeros(())
        for bands, pan in tiles():
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
        return (_valid_pixels(*images) for images in self._tiles())


class Matching:
    """Gives a pan the mean and standard deviation of a component of the bands.

    Both are those of the whole scene. weights: of the bands in the component. A constant pan has
    no contrast to scale and becomes the mean.
    """

    def __init__(self, scene: SceneMoments, weights: np.ndarray) -> None:
        self._scene = scene
        self.mean = weights @ scene.means[:-1]
        self._pan_mean, pan_variance = scene.means[-1], scene.covariance[-1, -1]
        variance = weights @ scene.covariance[:-1, :-1] @ weights
        constant = pan_variance <= MIN_SPREAD**2 * (pan_variance + self._pan_mean**2)
        self._factor = 0.0 if constant else math.sqrt(max(0.0, variance) / pan_variance)

    def __call__(self, pan: np.ndarray) -> np.ndarray:
        """Return `pan`, of any shape, in the unit of the component."""
        return self.mean + (pan - self._pan_mean) * self._factor

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
    quotient would explode or change sign there. With the floor it is positive, finite, and 1
    where the two are equal.
    """
    floor = max(DENOMINATOR_FLOOR * magnitude, np.finfo(np.float64).tiny)
    return np.maximum(image, floor) / np.maximum(divisor, floor)


def pixelwise(
    method: Callable[[SceneMoments], Sharpener],
) -> Callable[[SceneMoments, int], Sharpener]:
    """Make a method of a function that works pixel by pixel.

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
    """Make a method of a function that sharpens each band by itself.

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
            for band, result, matching, fuse in zip(
                bands, fused, matchings, functions, strict=True
            ):
                images = np.full((2, *valid.shape), matching.mean)
                images[:, valid] = band[valid], matching(pan[valid])
                result[valid] = fuse(*images)[valid]

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


def _intensity(scene: SceneMoments) -> np.ndarray:
    """Return the weights of the bands in the intensity, their mean."""
    bands = len(scene.means) - 1
    return np.full(bands, 1 / bands)


@pixelwise
def bicubic(scene: SceneMoments) -> Sharpener:
    """Return the enlarged bands themselves: the baseline of every method."""
    return lambda bands, pan: bands


@pixelwise
def ihs(scene: SceneMoments) -> Sharpener:
    """Generalised intensity-hue-saturation: band + (P - I), with I the mean of the bands.

    Tu, Su, Shyu & Huang 2001, Information Fusion 2(3).
    """
    matched = Matching(scene, _intensity(scene))
    return lambda bands, pan: bands + (matched(pan) - bands.mean(axis=0))


@pixelwise
def brovey(scene: SceneMoments) -> Sharpener:
    """Brovey transform: band * P / I, with I the mean of the bands and the floor of `quotient`.

    Gillespie, Kahle & Walker 1987, Remote Sensing of Environment 22(3).
    """
    matched = Matching(scene, _intensity(scene))
    magnitude = matched.magnitude
    return lambda bands, pan: bands * quotient(matched(pan), bands.mean(axis=0), magnitude)


@pixelwise
def pca(scene: SceneMoments) -> Sharpener:
    """Principal component substitution: P replaces the first component of the bands.

    Chavez & Kwarteng 1989, Photogrammetric Engineering & Remote Sensing 55(3). The sign of a
    component is arbitrary; here a brighter component means brighter bands (loadings of positive
    sum).
    """
    loadings = np.linalg.eigh(scene.covariance[:-1, :-1])[1][:, -1]
    loadings = loadings if loadings.sum() >= 0 else -loadings
    matched = Matching(scene, loadings)
    return lambda bands, pan: bands + loadings[:, None] * (matched(pan) - loadings @ bands)


@pixelwise
def gram_schmidt(scene: SceneMoments) -> Sharpener:
    """Gram-Schmidt sharpening: band + g (P - I), g = cov(band, I) / var(I), I the bands' mean.

    Laben & Brower 2000, US patent 6,011,875, with I as the simulated panchromatic band; in the
    form with gains by Aiazzi, Baronti & Selva 2007, IEEE Trans. Geoscience and Remote Sensing
    45(10). For a constant I, g = 0.
    """
    weights = _intensity(scene)
    covariances = scene.covariance[:-1, :-1] @ weights
    variance = weights @ covariances
    gains = covariances / variance if variance > 0 else np.zeros(len(weights))
    matched = Matching(scene, weights)
    return lambda bands, pan: bands + gains[:, None] * (matched(pan) - bands.mean(axis=0))


@bandwise
def hpf(matched: Matching, ratio: int) -> Sharpener:
    """High-pass filter addition: band + (P - local mean of P).

    Chavez, Sides & Anderson 1991, Photogrammetric Engineering & Remote Sensing 57(3).
    """
    return lambda band, pan: band + (pan - _local_mean(pan, ratio))


@bandwise
def sfim(matched: Matching, ratio: int) -> Sharpener:
    """Smoothing-filter-based intensity modulation: band * P / local mean of P.

    Liu 2000, International Journal of Remote Sensing 21(18). A SAR ratio in dB may be zero or
    negative. P has the mean of the band, which is positive; `quotient` keeps the remaining pixels
    above its floor.
    """
    magnitude = matched.magnitude_filled
    return lambda band, pan: band * quotient(pan, _local_mean(pan, ratio), magnitude)


def _local_mean(image: np.ndarray, ratio: int) -> np.ndarray:
    """Return the mean of the window of a coarse pixel around each pixel.

    The side of the window is `ratio`, or the next larger odd number if it is even.
    """
    return ndimage.uniform_filter(image, ratio + 1 - ratio % 2)


@bandwise
def wavelet(matched: Matching, ratio: int) -> Sharpener:
    """Wavelet substitution: P replaces the details finer than a coarse pixel.

    Zhou, Civco & Silander 1998, International Journal of Remote Sensing 19(4). Decimated
    transform with as many levels as reach the coarse pixel, ceil(log2 ratio): two for a ratio of 3.
    """

    def fuse(band: np.ndarray, pan: np.ndarray) -> np.ndarray:
        inner, images = _padded(band, pan, ratio)
        coarse, fine = (
            pywt.wavedec2(image, WAVELET, mode="periodization", level=_levels(ratio))
            for image in images
        )
        return pywt.waverec2([coarse[0], *fine[1:]], WAVELET, mode="periodization")[inner]

    return fuse


@bandwise
def wavelet_undecimated(matched: Matching, ratio: int) -> Sharpener:
    """As `wavelet`, with the undecimated (a trous) transform, which is invariant to shifts.

    Undecimated wavelets for sharpening: Nunez et al. 1999, IEEE Trans. Geoscience and Remote
    Sensing 37(3).
    """

    def fuse(band: np.ndarray, pan: np.ndarray) -> np.ndarray:
        inner, images = _padded(band, pan, ratio)
        coarse, fine = (
            pywt.swt2(image, WAVELET, level=_levels(ratio), trim_approx=True, norm=True)
            for image in images
        )
        return pywt.iswt2([coarse[0], *fine[1:]], WAVELET, norm=True)[inner]

    return fuse


def multiple(ratio: int) -> int:
    """Return the number of pixels that divides the first row and column of a tile.

    It is the step of the last wavelet level.
    """
    return 2 ** _levels(ratio)


def radius(ratio: int) -> int:
    """Return the distance in pixels beyond which no method's result depends on the input.

    The forward and the inverse wavelet transform each reach as far as the filters of all levels.
    """
    return 2 * _wavelet_radius(ratio)


def _levels(ratio: int) -> int:
    return max(1, math.ceil(math.log2(ratio)))


def _wavelet_radius(ratio: int) -> int:
    return (pywt.Wavelet(WAVELET).dec_len - 1) * (2 ** _levels(ratio) - 1)


def _padded(
    band: np.ndarray, pan: np.ndarray, ratio: int
) -> tuple[tuple[slice, ...], list[np.ndarray]]:
    """Return (the place of the images in the padded ones, the padded images).

    Both transforms are periodic. The images are therefore mirrored at the edges, as far as a
    wavelet of the last level reaches, and padded to a multiple of 2^levels.
    """
    margin = _wavelet_radius(ratio)
    padding = [(margin, margin + -(size + 2 * margin) % multiple(ratio)) for size in band.shape]
    inner = tuple(slice(margin, margin + size) for size in band.shape)
    return inner, [np.pad(image, padding, mode="symmetric") for image in (band, pan)]
