"""Scores of a fused image against its reference.

A metric is one function of a Pair, entered in METRICS by its decorator with all that tables and
figures need to know of it. `score_band` and `score_triple` compute every metric of their scope.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

from .errors import StudyError
from .pairs import NOTHING, ROUNDING, Pair, Score, pair_in, pearson, rms

SSIM_WINDOW = 11  # pixels; what a gaussian of sigma 1.5 spans in Wang 2004 and in scikit-image
UIQI_WINDOW = 8
SOBEL_WINDOW = 3


@dataclass(frozen=True)
class Metric:
    """How to compute, name and read a metric.

    unit: "reflectance", "dB", "degrees", or "" for a pure number.
    better: "lower", "higher", or the value it should come close to: "zero", "one".
    scope: "band" (one band) or "triple" (red, green and blue together).
    """

    label: str
    unit: str
    better: str
    scope: str
    function: Callable[[Pair], Score]


METRICS: dict[str, Metric] = {}


def metric(scope, label, unit, better):
    """Enter the decorated function in METRICS under its own name."""

    def enter(function):
        METRICS[function.__name__] = Metric(label, unit, better, scope, function)
        return function

    return enter


def score_band(reference, fused, region, data_range):
    """Return every band metric as {name: Score}.

    reference, fused: (rows, columns), reflectance; anything, also NaN, outside the region.
    region: bool (rows, columns), the pixels that are valid and scored.
    data_range: L of SSIM and PSNR, reflectance.

    A metric that nothing in the region supports is Score(nan, 0). Raises StudyError when the
    region holds a value that is not finite, or L is not a positive number.
    """
    if not (math.isfinite(data_range) and data_range > 0):
        raise StudyError(
            f"data range L is {data_range}: it must be positive; check the band's training blocks"
        )
    return _score("band", reference, fused, region, data_range=data_range)


def score_triple(reference, fused, region, h_over_l=1.0):
    """Return every metric of the red, green and blue bands together as {name: Score}.

    reference, fused: (3, rows, columns), reflectance; region: bool (rows, columns).
    h_over_l: pixel size of the fused image over that of the optical input, for ERGAS; 1 says
    that there is no ratio, both having one grid (1/3 when 90 m is sharpened to 30 m).

    Scores and errors as in `score_band`.
    """
    return _score("triple", reference, fused, region, h_over_l=h_over_l)


def _score(scope, reference, fused, region, **settings):
    metrics = {name: entry for name, entry in METRICS.items() if entry.scope == scope}
    dimensions = {"band": 2, "triple": 3}[scope]
    if np.ndim(reference) != dimensions:
        raise ValueError(f"a {scope} has {dimensions} dimensions, not {np.ndim(reference)}")
    pair = pair_in(reference, fused, region, **settings)
    if pair is None:
        return dict.fromkeys(metrics, NOTHING)
    return {name: entry.function(pair) for name, entry in metrics.items()}


def whole_windows(region, size):
    """Return where size x size windows lie wholly in the region: bool (rows, columns).

    A window stands at its centre; at the pixel below and right of it where the size is even.
    """
    return ndimage.minimum_filter(region, size, mode="constant", cval=False)


def window_means(image, size):
    """Return the means of size x size windows, placed as in `whole_windows`.

    Each window is summed by itself: a running sum would carry rounding from one to the next.
    """
    weights = np.full(size, 1 / size)
    rows = ndimage.correlate1d(image, weights, axis=0, mode="constant")
    return ndimage.correlate1d(rows, weights, axis=1, mode="constant")


@metric("band", "RMSE", "reflectance", better="lower")
def rmse(pair):
    """Root mean square error."""
    return Score(rms(pair.error), pair.error.size)


@metric("band", "Bias", "reflectance", better="zero")
def bias(pair):
    """Mean of fused - reference."""
    return Score(float(pair.error.mean()), pair.error.size)


@metric("band", "MAE", "reflectance", better="lower")
def mae(pair):
    """Mean absolute error."""
    return Score(float(np.abs(pair.error).mean()), pair.error.size)


@metric("band", "CC", "", better="higher")
def cc(pair):
    """Pearson's correlation of the pixels; blind to gain and offset, NaN on constants."""
    x, y = pair.values
    return Score(pearson(x, y, rms(x), rms(y)), x.size)


@metric("band", "PSNR", "dB", better="higher")
def psnr(pair):
    """Peak signal-to-noise ratio, 20 log10(L / RMSE); infinite for identical images."""
    error, n = rmse(pair)
    return Score(20 * math.log10(pair.data_range / error) if error > 0 else math.inf, n)


@metric("band", "SSIM", "", better="higher")
def ssim(pair):
    """Structural similarity, the mean over 11 x 11 gaussian windows (sigma 1.5).

    Wang, Bovik, Sheikh & Simoncelli 2004, IEEE Trans. Image Processing 13(4).
    """
    whole = whole_windows(pair.region, SSIM_WINDOW)
    if not whole.any():
        return NOTHING
    _, similarity = structural_similarity(
        pair.reference,
        pair.fused,
        data_range=pair.data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return Score(float(similarity[whole].mean()), int(whole.sum()))


@metric("band", "UIQI", "", better="higher")
def uiqi(pair):
    """Universal image quality index, the mean over 8 x 8 windows, stride 1.

    Wang & Bovik 2002, IEEE Signal Processing Letters 9(3). A window scores

        2 mx my / (mx^2 + my^2)  *  2 sxy / (sx^2 + sy^2)

    (means m, variances s^2, covariance sxy). The second factor is 1 where both variances are
    zero, the first where both means are.
    """
    whole = whole_windows(pair.region, UIQI_WINDOW)
    if not whole.any():
        return NOTHING

    def means(image):
        return window_means(image, UIQI_WINDOW)[whole]

    mx, my = means(pair.reference), means(pair.fused)
    # Second moments about the images' means: about zero, they would drown small variances.
    cx, cy = (values.mean() for values in pair.values)
    x, y = pair.reference - cx, pair.fused - cy
    dx, dy = mx - cx, my - cy
    covariance = means(x * y) - dx * dy
    variances = (means(x * x) - dx * dx) + (means(y * y) - dy * dy)

    mean_squares = mx * mx + my * my
    power = sum(rms(values) ** 2 for values in pair.values)
    dark = mean_squares <= ROUNDING**2 * power
    flat = variances <= ROUNDING**2 * (power + mean_squares)
    luminance = np.divide(2 * mx * my, mean_squares, out=np.ones_like(mx), where=~dark)
    structure = np.divide(2 * covariance, variances, out=np.ones_like(mx), where=~flat)
    return Score(float(np.mean(luminance * structure)), mx.size)


@metric("band", "Gradient CC", "", better="higher")
def gradient_cc(pair):
    """Pearson's correlation of the gradient magnitudes: are edges where they should be?

    Sobel's 3 x 3 operator (Duda & Hart 1973, Pattern Classification and Scene Analysis), per
    pixel along rows and columns alike; NaN where a gradient is the same everywhere.
    """
    whole = whole_windows(pair.region, SOBEL_WINDOW)
    if not whole.any():
        return NOTHING
    x, y = (_gradient(image)[whole] for image in (pair.reference, pair.fused))
    return Score(pearson(x, y, *(rms(values) for values in pair.values)), x.size)


def _gradient(image):
    """Return the gradient magnitude of an image (rows, columns), per pixel."""
    return np.hypot(ndimage.sobel(image, axis=0), ndimage.sobel(image, axis=1)) / 8


@metric("band", "SF ratio", "", better="one")
def sf_ratio(pair):
    """Spatial frequency of the fused image over that of the reference.

    Eskicioglu & Fisher 1995, IEEE Trans. Communications 43(12): sqrt(RF^2 + CF^2), from the
    differences of neighbours along rows and columns, here those with both pixels in the region;
    n counts them. Below 1 is smoother; above 1 is sharper, or noisier. NaN on a constant
    reference.
    """
    x, y = (_differences(image, pair.region) for image in (pair.reference, pair.fused))
    if x.size == 0:
        return NOTHING
    level = rms(pair.values[0])
    return Score(rms(y) / rms(x) if rms(x) > ROUNDING * level else math.nan, x.size)


def _differences(image, region):
    """Return the differences of all neighbours that both lie in the region, in one row."""
    return np.concatenate(
        [
            np.diff(image, axis=0)[region[1:] & region[:-1]],
            np.diff(image, axis=1)[region[:, 1:] & region[:, :-1]],
        ]
    )


@metric("triple", "ERGAS", "", better="lower")
def ergas(pair):
    """Relative global error, 100 h/l sqrt(mean over bands of (RMSE / mean of reference)^2).

    Wald 2000, Quality of high resolution synthesised images: is there a simple criterion?
    NaN when a band of the reference has mean zero.
    """
    reference, _ = pair.values
    means = reference.mean(axis=1)
    n = reference.shape[1]
    if np.any(np.abs(means) <= ROUNDING * np.sqrt(np.mean(reference**2, axis=1))):
        return Score(math.nan, n)
    return Score(100 * pair.h_over_l * rms(pair.error / means[:, np.newaxis]), n)


@metric("triple", "SAM", "degrees", better="lower")
def sam(pair):
    """Mean spectral angle; pixels where either spectrum has norm zero have none.

    Kruse et al. 1993, Remote Sensing of Environment 44. The angle comes from the chord of the
    unit vectors, since the arc cosine loses half of its digits on nearly equal spectra.
    """
    x, y = pair.values
    x_norm, y_norm = np.linalg.norm(x, axis=0), np.linalg.norm(y, axis=0)
    defined = (x_norm > 0) & (y_norm > 0)
    if not defined.any():
        return NOTHING
    u, v = x[:, defined] / x_norm[defined], y[:, defined] / y_norm[defined]
    angles = 2 * np.arctan2(np.linalg.norm(u - v, axis=0), np.linalg.norm(u + v, axis=0))
    return Score(float(np.degrees(angles).mean()), angles.size)
