"""Styles for QGIS: true colour, which QGIS opens with the raster of the same name, and sources."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from rasterio.enums import Resampling

from ..core.raster import band_numbers, open_raster
from ..scenes.bands import BANDS
from .bands import LABELS, NAMES, SOURCE, Source

COLOURS = {  # of each kind of pixel; nodata is transparent
    Source.MEASURED: "#D9D9D9",
    Source.FILLED: "#CC78BC",
    Source.FROM_DATE: "#0173B2",
}
MAX_SAMPLE_PX = 1000  # along a side of the picture, from which the stretch is computed
STRETCH = (2, 98)  # percentiles; one stretch for the three bands, as in the figures
HEADER = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def stretch_of(picture: str | Path) -> tuple[float, float]:
    """Return the percentiles STRETCH of red, green and blue of a raster together, reflectance.

    (0, 1) if it has no data, or only one value.
    """
    with open_raster(picture) as dataset:
        share = min(1, MAX_SAMPLE_PX / max(dataset.shape))
        rows, columns = (max(1, round(share * side)) for side in dataset.shape)
        numbers = band_numbers(dataset, BANDS)
        shape = (len(numbers), rows, columns)
        values = dataset.read(numbers, out_shape=shape, resampling=Resampling.nearest)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, STRETCH) if values.size else (0, 0)
    return (float(low), float(high)) if high > low else (0.0, 1.0)


def true_colour(low: float, high: float) -> str:
    """Return a style (QML) of bands 1, 2 and 3 as red, green and blue, stretched from `low` to
    `high`; no data is transparent."""
    root, pipe, renderer = _renderer("multibandcolor")
    for number, band in enumerate(BANDS, 1):
        renderer.set(f"{band}Band", str(number))
    ElementTree.SubElement(renderer, "rasterTransparency")
    for band in BANDS:
        enhancement = ElementTree.SubElement(renderer, f"{band}ContrastEnhancement")
        for name, value in (
            ("minValue", f"{low:.4f}"),
            ("maxValue", f"{high:.4f}"),
            ("algorithm", "StretchToMinimumMaximum"),
        ):
            ElementTree.SubElement(enhancement, name).text = value
    return _written(root, pipe)


def sources() -> str:
    """Return a style (QML) of the band SOURCE: a colour and a label for each of COLOURS."""
    root, pipe, renderer = _renderer("paletted")
    renderer.set("band", str(NAMES.index(SOURCE) + 1))
    ElementTree.SubElement(renderer, "rasterTransparency")
    palette = ElementTree.SubElement(renderer, "colorPalette")
    for kind, colour in COLOURS.items():
        ElementTree.SubElement(
            palette,
            "paletteEntry",
            value=str(int(kind)),
            color=colour.lower(),
            alpha="255",
            label=LABELS[kind],
        )
    return _written(root, pipe)


def _renderer(kind: str) -> tuple[ElementTree.Element, ElementTree.Element, ElementTree.Element]:
    """Return (root, pipe, renderer) of a new style. kind: that of QGIS's raster renderer."""
    root = ElementTree.Element(
        "qgis", version="3.16.0", styleCategories="Symbology", minScale="1e+08", maxScale="0"
    )
    pipe = ElementTree.SubElement(root, "pipe")
    renderer = ElementTree.SubElement(
        pipe, "rasterrenderer", type=kind, opacity="1", alphaBand="-1"
    )
    return root, pipe, renderer


def _written(root: ElementTree.Element, pipe: ElementTree.Element) -> str:
    """Return a style as text, completed with the elements that QGIS expects after the renderer."""
    ElementTree.SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    ElementTree.SubElement(pipe, "huesaturation", saturation="0", grayscaleMode="0")
    ElementTree.SubElement(pipe, "rasterresampler", maxOversampling="2")
    ElementTree.SubElement(root, "blendMode").text = "0"
    ElementTree.indent(root)
    return HEADER + ElementTree.tostring(root, encoding="unicode") + "\n"
