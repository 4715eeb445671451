"""Names, colours and markers that all charts of scores share."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.lines import Line2D

from ...study.protocols import HEADLINE
from . import BAND_COLOURS

REGION_LABELS = {"test": "test ground", "gap": "inside gaps on test ground"}
BAND_TITLES = {"nir": "NIR", "swir16": "SWIR16"}  # where capitalising is not enough
BAND_MARKERS = ["o", "s", "^", "D", "v"]  # in the order of the bands of a figure


class Facet(NamedTuple):
    """Label and unit of a metric, and which values are better: lower, higher, zero or one."""

    label: str
    unit: str
    better: str


# Labels and units equal those in sarfusion.scoring.metrics, which a test checks. They are repeated
# here because that module needs scikit-image, which the environment for figures does not have.
FACETS = {
    "rmse": Facet("RMSE", "reflectance", "lower"),
    "ssim": Facet("SSIM", "", "higher"),
    "uiqi": Facet("UIQI", "", "higher"),
    "cc": Facet("CC", "", "higher"),
    "bias": Facet("Bias", "reflectance", "zero"),
    "gradient_cc": Facet("Gradient CC", "", "higher"),
    "sf_ratio": Facet("SF ratio", "", "one"),
}


def band_title(band: str) -> str:
    """Return the name of a band as written at the beginning of a title."""
    return BAND_TITLES.get(band, band.capitalize())


def band_colour(band: str) -> str:
    """Return the colour of a band; grey for a band that has none of its own."""
    return BAND_COLOURS.get(band, "#555555")


def band_marker(band: str, bands: Sequence[str]) -> str:
    """Return the marker of a band in a figure of `bands`."""
    return BAND_MARKERS[bands.index(band) % len(BAND_MARKERS)]


def band_handle(band: str, bands: Sequence[str], **line: Any) -> Line2D:
    """Return the marked line of a band, without data: for a legend, or to be placed.

    bands: all bands of the figure; line: further properties of the line.
    """
    return Line2D(
        [],
        [],
        color=band_colour(band),
        marker=band_marker(band, bands),
        markersize=3.6,
        linewidth=1,
        **line,
    )


def protocol_heading(protocol: str) -> str:
    """Return e.g. "cloud gap, inside gaps on test ground": a protocol and its headline region."""
    return f"{protocol.replace('_', ' ')}, {REGION_LABELS[HEADLINE[protocol]]}"
