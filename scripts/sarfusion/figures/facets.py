"""What charts of scores share: names of metrics, marks of bands, the interval of a mean."""

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit  # Student's t; scipy.stats, which names it so, loads for a second

from ..definitions import CONFIDENCE

GROUND = {"test": "test ground", "gap": "inside gaps on test ground"}
MARKERS = ["o", "s", "^"]  # of bands


class Facet(NamedTuple):
    """How a metric is named, its unit, and what is better: lower, higher, zero or one."""

    label: str
    unit: str
    better: str


# The same words as in sarfusion.metrics (a test compares them), which needs scikit-image.
FACETS = {
    "rmse": Facet("RMSE", "reflectance", "lower"),
    "ssim": Facet("SSIM", "", "higher"),
    "uiqi": Facet("UIQI", "", "higher"),
    "cc": Facet("CC", "", "higher"),
    "bias": Facet("Bias", "reflectance", "zero"),
    "gradient_cc": Facet("Gradient CC", "", "higher"),
    "sf_ratio": Facet("SF ratio", "", "one"),
}


def mean_interval(values, level=CONFIDENCE):
    """Return the two-sided t interval of the mean of `values`; NaN twice for fewer than two.

    mean ± t(1 - (1 - level) / 2, n - 1) * s / sqrt(n), with s the sample standard deviation.
    """
    values = np.asarray(values, float)
    if values.size < 2:
        return np.nan, np.nan
    error = values.std(ddof=1) / np.sqrt(values.size)
    reach = stdtrit(values.size - 1, (1 + level) / 2) * error
    return values.mean() - reach, values.mean() + reach
