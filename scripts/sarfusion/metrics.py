"""Scores of a fused image against its reference.

A metric is one function of a Pair, entered in METRICS by its decorator with all that tables and
figures need to know of it. `score_band` and `score_triple` compute every metric of their scope.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .errors import StudyError
from .normalise import RANGE_PERCENTILES
from .pairs import NOTHING, ROUNDING, Pair, Score, pair_in, pearson, rms
from .windows import edge_map, gradient_maps, ssim_map, textured_uiqi_map, uiqi_map

GREY_LEVELS = 256  # bins of the entropy's histogram


@dataclass(frozen=True)
class Metric:
    """How to compute, name and read a metric.

    unit: "reflectance", "dB", "bits", "degrees", or "" for a pure number.
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
    return _mean(*ssim_map(pair))


@metric("band", "UIQI", "", better="higher")
def uiqi(pair):
    """Universal image quality index, the mean over 8 x 8 windows, stride 1.

    Wang & Bovik 2002, IEEE Signal Processing Letters 9(3). A window scores

        2 mx my / (mx^2 + my^2)  *  2 sxy / (sx^2 + sy^2)

    (means m, variances s^2, covariance sxy). The second factor is 1 where both variances are
    zero, the first where both means are.
    """
    return _mean(*uiqi_map(pair))


@metric("band", "UIQI textured", "", better="higher")
def uiqi_textured(pair):
    """UIQI over the windows whose reference has a variance above (0.01 L)^2.

    On flat ground, such as water, the index compares noise with noise: a window of one grey
    scores about 0 however close the two images are. The floor, a standard deviation of one
    hundredth of the data range, is a declared choice; n tells how many windows are above it.
    """
    return _mean(*textured_uiqi_map(pair))


def _mean(values, where):
    """Return the Score that a map of windows adds up to."""
    if not where.any():
        return NOTHING
    return Score(float(values[where].mean()), int(where.sum()))


@metric("band", "Gradient CC", "", better="higher")
def gradient_cc(pair):
    """Pearson's correlation of the gradient magnitudes: are edges where they should be?

    Sobel's 3 x 3 operator (Duda & Hart 1973, Pattern Classification and Scene Analysis), per
    pixel along rows and columns alike; NaN where a gradient is the same everywhere.
    """
    x, y, where = gradient_maps(pair)
    if not where.any():
        return NOTHING
    levels = (rms(values) for values in pair.values)
    return Score(pearson(x[where], y[where], *levels), int(where.sum()))


@metric("band", "Q AF", "", better="higher")
def q_af(pair):
    """Edge preservation Q^AF from the reference A to the fused image F.

    Xydeas & Petrovic 2000, Electronics Letters 36(4). Their Q^AB/F has two sources A and B; here
    the measured band is the only one, since edges of SAR are not what the band should show.
    With Sobel gradients of strength g and orientation a, per pixel

        G = min(gA, gF) / max(gA, gF)        A = 1 - angle(aA, aF) / (pi / 2)
        Q = 0.9994 / (1 + exp(-15 (G - 0.5)))  *  0.9879 / (1 + exp(-22 (A - 0.8)))

    and Q^AF is the mean of Q with weights gA (their L = 1). The angle is the acute one, as an
    orientation has no sign. Identical images score .9748, not 1: the constants are theirs.
    NaN on a reference without edges.
    """
    quality, weights, where = edge_map(pair)
    if not where.any():
        return NOTHING
    n = int(where.sum())
    if rms(weights[where]) <= ROUNDING * rms(pair.values[0]):
        return Score(math.nan, n)
    return Score(float((quality * weights).sum() / weights.sum()), n)


@metric("band", "Entropy difference", "bits", better="zero")
def entropy_difference(pair):
    """Shannon's entropy of the fused image minus that of the reference.

    - sum p log2 p (Shannon 1948, Bell System Technical Journal 27) over a histogram of 256 bins
    of width L / 256 from the reference's 0.1 percentile on, where L starts in training; values
    beyond go to the outermost bins. Below 0, grey levels were lost; above, gained (or noise).
    """
    reference, fused = pair.values
    low = np.percentile(reference, RANGE_PERCENTILES[0])

    def entropy(values):
        bins = np.floor((values - low) / pair.data_range * GREY_LEVELS)
        bins = np.clip(bins, 0, GREY_LEVELS - 1).astype(np.intp)
        shares = np.bincount(bins) / bins.size
        shares = shares[shares > 0]
        return -np.sum(shares * np.log2(shares))

    return Score(float(entropy(fused) - entropy(reference)), reference.size)


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
