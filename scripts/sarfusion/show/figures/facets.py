"""What charts of scores share: names of metrics, marks of bands."""

from typing import NamedTuple

GROUND = {"test": "test ground", "gap": "inside gaps on test ground"}
MARKERS = ["o", "s", "^"]  # of bands


class Facet(NamedTuple):
    """How a metric is named, its unit, and what is better: lower, higher, zero or one."""

    label: str
    unit: str
    better: str


# The same words as in sarfusion.scoring.metrics (a test compares them), which needs scikit-image.
FACETS = {
    "rmse": Facet("RMSE", "reflectance", "lower"),
    "ssim": Facet("SSIM", "", "higher"),
    "uiqi": Facet("UIQI", "", "higher"),
    "cc": Facet("CC", "", "higher"),
    "bias": Facet("Bias", "reflectance", "zero"),
    "gradient_cc": Facet("Gradient CC", "", "higher"),
    "sf_ratio": Facet("SF ratio", "", "one"),
}
