"""The equivalent number of looks (ENL) of SAR backscatter, estimated from the scene itself.

Over ground of one kind, linear power of L looks is gamma distributed with the variance mean^2 / L,
so that L = mean^2 / variance. Variation of the ground adds to the variance, so L is estimated in
small windows, and the mode of the estimates is taken, since estimates from windows with an edge or
a texture are far below it (Anfinsen, Doulgeris & Eltoft 2009, IEEE TGRS 47, 3795-3809). The windows
are the smoothest ones of the *optical* scene: choosing them by SAR would favour those in which
speckle happens to be weak.
"""

import math
from typing import TypedDict

import numpy as np
from scipy.special import polygamma

SIDE = 5  # pixels along a window
CALM_SHARE = 0.1  # of the windows, those with the smoothest optical bands
MIN_WINDOWS = 20
PLACES = 1000  # at which the density of the estimates is computed
RESOLUTION_M = 20.0  # of Sentinel-1 IW GRD; pixels closer together share their speckle
DB = 10 / math.log(10)  # dB per unit of the natural logarithm


class Looks(TypedDict):
    """Looks of VV and VH, and the standard deviation of the speckle in their ratio, in dB."""

    vv: float
    vh: float
    ratio_speckle_db: float


def estimate_looks(
    power: np.ndarray, optical: np.ndarray, pixel_m: float, sar_pixel_m: float
) -> Looks | None:
    """Return the Looks of VV and VH (2, rows, columns; linear power), None with too few windows.

    optical: bands (bands, rows, columns; reflectance) on the same pixels. Both are NaN where they
    have no value; power is also NaN where it was raised to a noise floor. pixel_m: side of their
    pixels. sar_pixel_m: side of the pixels from which the SAR was averaged. Speckle must be
    independent from pixel to pixel, so pixels are taken at least the resolution apart.
    """
    step = math.ceil(max(RESOLUTION_M, sar_pixel_m) / pixel_m)
    windows = _windows(np.concatenate([optical, power])[:, ::step, ::step])
    windows = windows[:, np.isfinite(windows).all(axis=(0, 2))]
    if windows.shape[1] < MIN_WINDOWS:
        return None
    seen, heard = windows[: len(optical)], windows[len(optical) :]
    unrest = _relative_variance(seen).mean(axis=0)
    calm = unrest <= np.quantile(unrest, max(CALM_SHARE, MIN_WINDOWS / unrest.size))
    vv, vh = (_mode(1 / _relative_variance(band[calm])) for band in heard)
    return {
        "vv": round(vv, 1),
        "vh": round(vh, 1),
        "ratio_speckle_db": round(ratio_speckle_db(vv, vh), 2),
    }


def ratio_speckle_db(vv: float, vh: float) -> float:
    """Return the standard deviation in dB of VV / VH due to speckle, from the looks of each.

    The logarithm of gamma distributed power of L looks has the variance polygamma(1, L), and the
    speckle of the two polarisations is independent.
    """
    return DB * math.sqrt(polygamma(1, vv) + polygamma(1, vh))


def _windows(bands: np.ndarray) -> np.ndarray:
    """Return bands (bands, rows, columns) cut into (bands, windows, SIDE * SIDE pixels)."""
    rows, columns = (size // SIDE for size in bands.shape[1:])
    cut = bands[:, : rows * SIDE, : columns * SIDE].reshape(len(bands), rows, SIDE, columns, SIDE)
    return cut.swapaxes(2, 3).reshape(len(bands), rows * columns, SIDE * SIDE).astype(np.float64)


def _relative_variance(windows: np.ndarray) -> np.ndarray:
    """Return the unbiased variance over the squared mean along the last axis.

    It is above 0, so that it can be a divisor, and infinite where the mean is not positive.
    """
    mean = windows.mean(axis=-1)
    ratio = np.full(mean.shape, np.inf)
    np.divide(windows.var(axis=-1, ddof=1), np.square(mean), out=ratio, where=mean > 0)
    return np.maximum(ratio, np.finfo(np.float32).tiny)


def _mode(values: np.ndarray) -> float:
    """Return the mode of positive values.

    It is the mode of the density of their logarithms, whose distribution is nearly symmetric for
    estimates of a variance. The density is a sum of Gaussians, with the width of Scott's rule.
    """
    logarithms = np.log(values)
    width = logarithms.std() * values.size ** (-1 / 5)
    if width == 0:
        return float(values[0])
    places = np.linspace(logarithms.min(), logarithms.max(), PLACES)
    density = [np.exp(-0.5 * ((logarithms - place) / width) ** 2).sum() for place in places]
    return float(np.exp(places[np.argmax(density)]))
