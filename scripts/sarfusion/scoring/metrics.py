"""Scores of a fused image against its reference.

A metric has a function `terms` of a tile, and a function `value` that turns the sums of the terms
over all tiles into the score. So scenes of any size are scored tile by tile, and the bootstrap
resamples the same sums. METRICS has all that tables and figures need to know about each metric.
`scene_scores` adds the terms up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .definitions import (
    PARTS,
    SOBEL_WINDOW,
    SSIM_WINDOW,
    TEXTURE_FLOOR,
    UIQI_WINDOW,
)
from .image_pair import Given, Pair
from .places import AND_BELOW, AND_RIGHT, PIXEL, square
from .terms import Levels, Summed, moments, unweighted, weighted
from .values import (
    contrast,
    correlation,
    decibels,
    entropy_change,
    mean,
    relative_error,
    root_mean,
    root_ratio,
    weighted_mean,
)

OfTile = Callable[[Pair], Summed]

GREY_LEVELS = 256  # bins of the entropy's histogram


@dataclass(frozen=True)
class Metric:
    """How to compute, name and read a metric.

    unit: "reflectance", "dB", "bits", "degrees", or "" for a pure number.
    better: "lower", "higher", or the value it should be close to: "zero", "one".
    scope: "band" (one band), "triple" (red, green and blue together) or "parts" (one band, two
        parts of a region, see Sums.of_parts).
    terms: returns the Terms of a tile, whose sums are added, or Levels.
    value: turns sums (..., terms) into values (...), NaN where the metric is undefined.
    compared: whether methods are compared in it, with an interval. This is false for triples, the
        entropy, and metrics that duplicate another one or have no better side.
    """

    label: str
    unit: str
    better: str
    scope: str
    terms: OfTile
    value: Callable[[np.ndarray, Given], np.ndarray]
    compared: bool


METRICS: dict[str, Metric] = {}


def metric(
    scope: str,
    label: str,
    unit: str,
    better: str,
    value: Callable[[np.ndarray, Given], np.ndarray],
    compared: bool = True,
) -> Callable[[OfTile], OfTile]:
    """Enter the decorated function in METRICS as the terms of the metric that has its name."""

    def enter(terms):
        both = compared and scope != "triple"
        METRICS[terms.__name__] = Metric(label, unit, better, scope, terms, value, both)
        return terms

    return enter


@metric("band", "RMSE", "reflectance", better="lower", value=root_mean)
def rmse(pair: Pair) -> Summed:
    """Root mean square error."""
    return unweighted(PIXEL, (pair.error, pair.error))


@metric("band", "Bias", "reflectance", better="zero", value=mean, compared=False)
def bias(pair: Pair) -> Summed:
    """Mean of fused - reference."""
    return unweighted(PIXEL, pair.error)


@metric("band", "MAE", "reflectance", better="lower", value=mean)
def mae(pair: Pair) -> Summed:
    """Mean absolute error."""
    return unweighted(PIXEL, np.abs(pair.error))


@metric("band", "CC", "", better="higher", value=correlation)
def cc(pair: Pair) -> Summed:
    """Pearson's correlation of the pixels; blind to gain and offset, NaN for constants."""
    return moments(PIXEL, *(image.centred for image in pair.images))


@metric("band", "PSNR", "dB", better="higher", value=decibels, compared=False)
def psnr(pair: Pair) -> Summed:
    """Peak signal-to-noise ratio, 20 log10(L / RMSE); infinite for identical images."""
    return rmse(pair)


@metric("band", "SSIM", "", better="higher", value=mean)
def ssim(pair: Pair) -> Summed:
    """Structural similarity, the mean over 11 x 11 gaussian windows (sigma 1.5).

    Wang, Bovik, Sheikh & Simoncelli 2004, IEEE Trans. Image Processing 13(4).
    """
    from .ssim_uiqi import ssim_pixels  # not above: most users of METRICS need no compiler

    return unweighted(square(SSIM_WINDOW), pair.once(ssim_pixels))


@metric("band", "UIQI", "", better="higher", value=mean)
def uiqi(pair: Pair) -> Summed:
    """Universal image quality index, the mean over 8 x 8 windows, stride 1.

    Wang & Bovik 2002, IEEE Signal Processing Letters 9(3). A window scores

        2 mx my / (mx^2 + my^2)  *  2 sxy / (sx^2 + sy^2)

    (means m, variances s^2, covariance sxy). The second factor is 1 if both variances are zero, the
    first if both means are.
    """
    from .ssim_uiqi import uiqi_pixels

    return unweighted(square(UIQI_WINDOW), pair.once(uiqi_pixels))


@metric("band", "UIQI textured", "", better="higher", value=mean)
def uiqi_textured(pair: Pair) -> Summed:
    """UIQI over the windows whose reference has a variance above (0.01 L)^2.

    On flat ground, such as water, the index compares noise with noise: a uniform window scores
    about 0 however close the two images are. The floor, a standard deviation of one hundredth of
    the data range, is a declared choice; n is the number of windows above it.
    """
    from .ssim_uiqi import uiqi_pixels, uiqi_variances

    quality, variance = pair.once(uiqi_pixels), pair.reference.once(uiqi_variances)
    textured = (variance > (TEXTURE_FLOOR * pair.given.data_range) ** 2).astype(float)
    return weighted(square(UIQI_WINDOW), textured, (textured, quality))


@metric("band", "Gradient CC", "", better="higher", value=correlation)
def gradient_cc(pair: Pair) -> Summed:
    """Pearson's correlation of the gradient magnitudes: are edges where they should be?

    Sobel's 3 x 3 operator (Duda & Hart 1973, Pattern Classification and Scene Analysis), per
    pixel along rows and columns; NaN if a gradient is the same everywhere.
    """
    from .edges import magnitudes

    return moments(square(SOBEL_WINDOW), *map(magnitudes, pair.images))


@metric("band", "Q AF", "", better="higher", value=weighted_mean)
def q_af(pair: Pair) -> Summed:
    """Edge preservation Q^AF from the reference A to the fused image F.

    Xydeas & Petrovic 2000, Electronics Letters 36(4). Their Q^AB/F has two sources A and B; here
    the measured band is the only one, since edges of SAR are not what the band should show.
    With Sobel gradients of strength g and orientation a, per pixel

        G = min(gA, gF) / max(gA, gF)        A = 1 - angle(aA, aF) / (pi / 2)
        Q = 0.9994 / (1 + exp(-15 (G - 0.5)))  *  0.9879 / (1 + exp(-22 (A - 0.8)))

    and Q^AF is the mean of Q with weights gA (their L = 1). The angle is the acute one, since an
    orientation has no sign. Identical images score .9748, not 1, with the authors' constants. Where
    A is flat (gA = 0), a pixel has no weight; where only F is flat, G = 0 and the edge counts as
    lost. NaN for a reference without edges.
    """
    from .edges import magnitudes, preserved_edges

    weights, quality = magnitudes(pair.reference), pair.once(preserved_edges)
    return unweighted(square(SOBEL_WINDOW), weights, (weights, weights), (weights, quality))


@metric("band", "Entropy difference", "bits", "zero", value=entropy_change, compared=False)
def entropy_difference(pair: Pair) -> Summed:
    """Shannon's entropy of the fused image minus that of the reference.

    - sum p log2 p (Shannon 1948, Bell System Technical Journal 27) over a histogram of 256 bins
    of width L / 256. They start at the reference's 0.1 percentile, as L does on training ground (in
    a regular sample, if the scene has more than `scene_scores.SAMPLE_PX` pixels). Values beyond go
    to the outermost bins. Below 0, grey levels were lost; above 0, gained (or noise was added).
    """
    return [Levels([image.pixels for image in pair.images], pair.given.data_range, GREY_LEVELS)]


@metric("band", "SF ratio", "", better="one", value=root_ratio)
def sf_ratio(pair: Pair) -> Summed:
    """Spatial frequency of the fused image over that of the reference.

    Eskicioglu & Fisher 1995, IEEE Trans. Communications 43(12): sqrt(RF^2 + CF^2), from the
    differences of neighbours along rows and columns, here those with both pixels in the region;
    n counts them. Below 1 is smoother; above 1 is sharper, or noisier. NaN for a constant
    reference.
    """
    from .edges import squared_steps

    (down, right), (other_down, other_right) = (image.once(squared_steps) for image in pair.images)
    return [*unweighted(AND_BELOW, down, other_down), *unweighted(AND_RIGHT, right, other_right)]


@metric("parts", PARTS["rmse_by_distance"], "reflectance", better="lower", value=contrast)
def rmse_by_distance(pair: Pair) -> Summed:
    """RMSE of the gap pixels far from clear ground minus that of the pixels near it.

    The two parts meet at the middle edge of `gaps.distance_edges_m`. The difference of this metric
    between two methods shows whether the gain of one over the other grows with the distance.
    """
    return rmse(pair)


@metric("parts", PARTS["rmse_by_age"], "reflectance", better="lower", value=contrast)
def rmse_by_age(pair: Pair) -> Summed:
    """RMSE of the gap pixels whose nearest clear date is old minus that of those where it is young.

    The two parts meet at the middle edge of `gaps.age_edges_days`. A pixel without a clear date is
    in neither part.
    """
    return rmse(pair)


@metric("triple", "ERGAS", "", better="lower", value=relative_error)
def ergas(pair: Pair) -> Summed:
    """Relative global error, 100 h/l sqrt(mean over bands of (RMSE / mean of reference)^2).

    Wald 2000, Quality of high resolution synthesised images: is there a simple criterion? h / l is
    the pixel size of the sharpened image over that of the given one, and 1 if nothing is sharpened.
    NaN if a band of the reference has mean zero.
    """
    bands, errors = [*pair.reference.pixels], [*pair.error]
    squares = [(one, one) for one in (*bands, *errors)]
    return unweighted(PIXEL, *bands, *squares)


@metric("triple", "SAM", "degrees", better="lower", value=mean)
def sam(pair: Pair) -> Summed:
    """Mean spectral angle; pixels where either spectrum has norm zero do not count.

    Kruse et al. 1993, Remote Sensing of Environment 44. The angle comes from the chord of the
    unit vectors, since the arc cosine loses half of its digits on nearly equal spectra.
    """
    (u, u_norm), (v, v_norm) = (image.once(_unit_vectors) for image in pair.images)
    defined = ((u_norm > 0) & (v_norm > 0)).astype(float)
    angles = 2 * np.arctan2(np.linalg.norm(u - v, axis=0), np.linalg.norm(u + v, axis=0))
    return weighted(PIXEL, defined, (defined, np.degrees(angles)))


def _unit_vectors(image):
    """Return the spectra of unit length (bands, pixels), and their norms (pixels,) before."""
    norms = np.linalg.norm(image.pixels, axis=0)
    return image.pixels / np.where(norms > 0, norms, 1), norms


# Methods are compared in these metrics, with an interval.
COMPARED_METRICS = {name: entry for name, entry in METRICS.items() if entry.compared}
