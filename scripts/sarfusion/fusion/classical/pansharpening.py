"""Classical pansharpening, with a SAR image in the place of the panchromatic band.

A method sees a scene part by part, so that its memory does not grow with it. Called as
method(scene, ratio), it asks the Scene for what has to be known of the whole, and returns
sharpen(bands, pan), which takes and returns images of a part, of the same shape and type:

    bands  (bands, rows, columns), the coarse optical bands enlarged to the fine grid, reflectance
    pan    (rows, columns), the fine image, in any unit: each method first gives it the mean and the
           standard deviation that what it replaces has in the whole scene
    ratio  coarse pixel size over fine pixel size; methods that work pixel by pixel do without it

A pixel is NaN in all bands where it is NaN in one of them or in `pan`. Statistics are of the other,
valid pixels; filters see the mean of an image where it is not valid. Of a part, the pixels within
`reach(ratio)` of an edge that is none of the scene are not meant, and it begins on a row and a
column that `multiple(ratio)` divides.

Matching keeps the sign: where SAR is dark and the ground bright, the published formulas darken the
ground. That is what their scores are to show.
"""

import math
from functools import cached_property, wraps

import numpy as np
import pywt
from scipy import ndimage

# Of the pan's root mean square. A smaller standard deviation is rounding (float32 carries 6e-8).
MIN_SPREAD = 1e-6
DENOMINATOR_FLOOR = 0.1  # of the mean magnitude of the image that is divided
WAVELET = "sym4"  # near-symmetric, so that details stay where they are; four vanishing moments


class Scene:
    """The first two moments of the bands and the pan of a whole scene, over its valid pixels.

    parts: called without arguments, yields the scene's images (bands, pan), each pixel once.
    """

    def __init__(self, parts):
        self._parts = parts
        self.size, self.count, self.means, products = 0, 0, 0.0, 0.0
        for bands, pan in parts():
            self.size += pan.size
            values = _valid_pixels(bands, pan)
            count = values.shape[1]
            if not count:
                continue
            # Moments of two sets together: Chan, Golub & LeVeque 1979, Stanford STAN-CS-79-773.
            means = values.mean(axis=1)
            centred = values - means[:, None]
            apart = means - self.means
            total = self.count + count
            products += centred @ centred.T
            products += np.outer(apart, apart) * (self.count * count / total)
            self.means += apart * (count / total)
            self.count = total
        self.covariance = products / max(1, self.count)

    def pixels(self):
        """Yield the valid pixels of each part, (bands and pan, pixels) float64."""
        return (_valid_pixels(*part) for part in self._parts())


class Matching:
    """Gives a pan the mean and standard deviation of a component of the bands, in a whole scene.

    weights: of the bands in the component. A constant pan has no contrast to scale and becomes the
    mean.
    """

    def __init__(self, scene, weights):
        self._scene = scene
        self.mean = weights @ scene.means[:-1]
        self._pan_mean, pan_variance = scene.means[-1], scene.covariance[-1, -1]
        variance = weights @ scene.covariance[:-1, :-1] @ weights
        constant = pan_variance <= MIN_SPREAD**2 * (pan_variance + self._pan_mean**2)
        self._factor = 0.0 if constant else math.sqrt(max(0.0, variance) / pan_variance)

    def __call__(self, pan):
        """Return `pan`, of any shape, in the unit of the component."""
        return self.mean + (pan - self._pan_mean) * self._factor

    @cached_property
    def magnitude(self):
        """The mean magnitude of the matched pan over the valid pixels."""
        total = sum(np.abs(self(values[-1])).sum() for values in self._scene.pixels())
        return total / self._scene.count

    @property
    def magnitude_filled(self):
        """The same over all pixels, of the image that filters see."""
        share = self._scene.count / self._scene.size
        return share * self.magnitude + (1 - share) * abs(self.mean)


def quotient(image, divisor, magnitude):
    """Return image / divisor with both raised to a floor, DENOMINATOR_FLOOR of `magnitude`.

    magnitude: the mean of |image| in the whole scene.

    Reflectance has negative and near-zero pixels, and SAR matched to it more of them; a plain
    quotient would explode or change sign there. With the floor it is positive, finite, and 1
    where the two are equal.
    """
    floor = max(DENOMINATOR_FLOOR * magnitude, np.finfo(np.float64).tiny)
    return np.maximum(image, floor) / np.maximum(divisor, floor)


def pixelwise(method):
    """Let `method` give a function of float64 (bands, valid pixels) and (valid pixels,).

    It is called as method(scene).
    """

    @wraps(method)
    def prepared(scene, ratio):
        fuse = method(scene) if scene.count else None

        def fill(fused, valid, bands, pan):
            fused[:, valid] = fuse(bands[:, valid].astype(np.float64), pan[valid])

        return _sharpener(fill)

    return prepared


def bandwise(method):
    """Let `method` give a function of one band and the pan matched to it, float64 without NaN.

    It is called as method(matching, ratio), once for each band.
    """

    @wraps(method)
    def prepared(scene, ratio):
        units = np.eye(len(scene.means) - 1) if scene.count else []
        matchings = [Matching(scene, unit) for unit in units]
        functions = [method(matching, ratio) for matching in matchings]

        def fill(fused, valid, bands, pan):
            for band, result, matching, fuse in zip(
                bands, fused, matchings, functions, strict=True
            ):
                images = np.full((2, *valid.shape), matching.mean)
                images[:, valid] = band[valid], matching(pan[valid])
                result[valid] = fuse(*images)[valid]

        return _sharpener(fill)

    return prepared


def _sharpener(fill):
    """Return sharpen(bands, pan), which lets `fill` write the valid pixels of an array of NaN."""

    def sharpen(bands, pan):
        valid = _valid(bands, pan)
        fused = np.full(bands.shape, np.nan)
        if valid.any():
            fill(fused, valid, bands, pan.astype(np.float64))
        return fused.astype(bands.dtype)

    return sharpen


def _valid_pixels(bands, pan):
    """Return the valid pixels, (bands and pan, pixels) float64."""
    valid = _valid(bands, pan)
    return np.concatenate([bands[:, valid], pan[None, valid]]).astype(np.float64)


def _valid(bands, pan):
    """Return where all bands and `pan` are finite."""
    if pan.shape != bands.shape[1:]:
        raise ValueError(f"bands {bands.shape} and pan {pan.shape} are not on one grid")
    return np.isfinite(bands).all(axis=0) & np.isfinite(pan)


def _intensity(scene):
    """Return the weights of the bands in their mean."""
    bands = len(scene.means) - 1
    return np.full(bands, 1 / bands)


@pixelwise
def bicubic(scene):
    """Return the enlarged bands themselves: what every method must be held against."""
    return lambda bands, pan: bands


@pixelwise
def ihs(scene):
    """Generalised intensity-hue-saturation: band + (P - I), with I the mean of the bands.

    Tu, Su, Shyu & Huang 2001, Information Fusion 2(3).
    """
    matched = Matching(scene, _intensity(scene))
    return lambda bands, pan: bands + (matched(pan) - bands.mean(axis=0))


@pixelwise
def brovey(scene):
    """Brovey transform: band * P / I, with I the mean of the bands, and the floor of `quotient`.

    Gillespie, Kahle & Walker 1987, Remote Sensing of Environment 22(3).
    """
    matched = Matching(scene, _intensity(scene))
    magnitude = matched.magnitude
    return lambda bands, pan: bands * quotient(matched(pan), bands.mean(axis=0), magnitude)


@pixelwise
def pca(scene):
    """Principal component substitution: the first component of the bands is replaced.

    Chavez & Kwarteng 1989, Photogrammetric Engineering & Remote Sensing 55(3). The sign of a
    component is free; here a brighter component means brighter bands (loadings of positive sum).
    """
    loadings = np.linalg.eigh(scene.covariance[:-1, :-1])[1][:, -1]
    loadings = loadings if loadings.sum() >= 0 else -loadings
    matched = Matching(scene, loadings)
    return lambda bands, pan: bands + loadings[:, None] * (matched(pan) - loadings @ bands)


@pixelwise
def gram_schmidt(scene):
    """Gram-Schmidt sharpening: band + g (P - I), g = cov(band, I) / var(I), I the bands' mean.

    Laben & Brower 2000, US patent 6,011,875, with I as the simulated panchromatic band; in the
    form with gains of Aiazzi, Baronti & Selva 2007, IEEE Trans. Geoscience and Remote Sensing
    45(10). A constant I has nothing to replace: g = 0.
    """
    weights = _intensity(scene)
    covariances = scene.covariance[:-1, :-1] @ weights
    variance = weights @ covariances
    gains = covariances / variance if variance > 0 else np.zeros(len(weights))
    matched = Matching(scene, weights)
    return lambda bands, pan: bands + gains[:, None] * (matched(pan) - bands.mean(axis=0))


@bandwise
def hpf(matched, ratio):
    """High-pass filter addition: band + (P - local mean of P).

    Chavez, Sides & Anderson 1991, Photogrammetric Engineering & Remote Sensing 57(3).
    """
    return lambda band, pan: band + (pan - _local_mean(pan, ratio))


@bandwise
def sfim(matched, ratio):
    """Smoothing-filter-based intensity modulation: band * P / local mean of P.

    Liu 2000, International Journal of Remote Sensing 21(18). A ratio in dB may be zero or
    negative: P has the mean of the band, which is not, and the rest is the floor of `quotient`.
    """
    magnitude = matched.magnitude_filled
    return lambda band, pan: band * quotient(pan, _local_mean(pan, ratio), magnitude)


def _local_mean(image, ratio):
    """Return the means over a coarse pixel, by the next larger odd size where it is even."""
    return ndimage.uniform_filter(image, ratio + 1 - ratio % 2)


@bandwise
def wavelet(matched, ratio):
    """Wavelet substitution: details finer than a coarse pixel are those of P.

    Zhou, Civco & Silander 1998, International Journal of Remote Sensing 19(4). As many decimated
    levels as it takes to reach the coarse pixel, ceil(log2 ratio): two for a ratio of 3.
    """

    def fuse(band, pan):
        inner, images = _prepared(band, pan, ratio)
        coarse, fine = (
            pywt.wavedec2(image, WAVELET, mode="periodization", level=_levels(ratio))
            for image in images
        )
        return pywt.waverec2([coarse[0], *fine[1:]], WAVELET, mode="periodization")[inner]

    return fuse


@bandwise
def wavelet_undecimated(matched, ratio):
    """As `wavelet`, by the undecimated (a trous) transform, which no shift of the grid changes.

    Undecimated wavelets for sharpening: Nunez et al. 1999, IEEE Trans. Geoscience and Remote
    Sensing 37(3).
    """

    def fuse(band, pan):
        inner, images = _prepared(band, pan, ratio)
        coarse, fine = (
            pywt.swt2(image, WAVELET, level=_levels(ratio), trim_approx=True, norm=True)
            for image in images
        )
        return pywt.iswt2([coarse[0], *fine[1:]], WAVELET, norm=True)[inner]

    return fuse


def multiple(ratio):
    """Return what divides the first row and column of a part: the step of the last level."""
    return 2 ** _levels(ratio)


def reach(ratio):
    """Return how far a pixel of a method's result may depend on others, in pixels.

    A wavelet transform and the one back each reach as far as the filters of all levels do.
    """
    return 2 * _wavelet_reach(ratio)


def _levels(ratio):
    return max(1, math.ceil(math.log2(ratio)))


def _wavelet_reach(ratio):
    return (pywt.Wavelet(WAVELET).dec_len - 1) * (2 ** _levels(ratio) - 1)


def _prepared(band, pan, ratio):
    """Return (where the images lie in the padded ones, the padded images).

    Mirrored at the edges as far as a wavelet of the last level reaches, since both transforms
    are periodic, and to a multiple of 2^levels.
    """
    margin = _wavelet_reach(ratio)
    padding = [(margin, margin + -(size + 2 * margin) % multiple(ratio)) for size in band.shape]
    inner = tuple(slice(margin, margin + size) for size in band.shape)
    return inner, [np.pad(image, padding, mode="symmetric") for image in (band, pan)]
