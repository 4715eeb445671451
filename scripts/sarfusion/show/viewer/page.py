"""The page of a viewer: template, styles, scripts and data in one file without network access.

Bokeh draws the maps; its JavaScript is part of its Python package. The rest is page.js. Only these
two scripts can run: the page's Content-Security-Policy contains their hashes and forbids requests.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from bokeh.models import ColumnDataSource, Range1d, ScaleBar
from bokeh.palettes import Greys256, Magma256, RdBu11, Viridis256, interp_palette
from bokeh.plotting import figure
from bokeh.resources import Resources
from jinja2 import Environment

FILES = [Path(__file__).parent / f"page.{end}" for end in ("html", "css", "js")]
SIDES = ("left", "right")
MIN_SPAN_PX = 8  # pixels along a map at the closest zoom
# All but the last are perceptually uniform, and all are safe for colour-blind readers.
PALETTES = {
    "reflectance": list(Greys256),
    "dB": list(Viridis256),
    "standard deviation": list(reversed(Magma256)),
    "error": list(interp_palette(RdBu11, 256)),
}
# Colours of the split, and of the outlines of test ground and gaps, as in the figures.
CLASSES: dict[str, tuple[str, str | None]] = {
    "0": ("not valid", None),
    "1": ("training", "#0173B2"),
    "2": ("validation", "#56B4E9"),
    "3": ("test", "#DE8F05"),
    "4": ("buffer (unused)", "#FFFFFF"),
}
LINES = {"test": "#DE8F05", "gap": "#CC78BC"}
CURSOR = "#00E5FF"


def build_page(data: Mapping[str, Any], template: str, style: str, script: str) -> str:
    """Return the HTML of the viewer of one site; equal arguments give equal text.

    data: JSON values for page.html and page.js, as build_viewer.py makes them. template, style,
    script: contents of page.html, page.css and page.js.
    """
    library = Resources(mode="inline", components=["bokeh"], minified=True).js_raw[0]
    values = {**data, "palettes": PALETTES, "classes": CLASSES, "maps": _maps(data)}
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        data=data,
        classes=CLASSES,
        lines=LINES,
        policy=_policy(library, script),
        style=style,
        library=library,
        script=script,
        # The text "</script>" in a name would end the script element that contains these values.
        values=json.dumps(values, ensure_ascii=False).replace("<", "\\u003c"),
    )


def _policy(*scripts: str) -> str:
    """Return the Content-Security-Policy that allows only these scripts, and no requests.

    Bokeh needs inline styles and data: images.
    """
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline';"
        " img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _maps(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return two maps with common ranges as Bokeh's JSON; page.js fills their data sources.

    data: size in pixels and pixel_m in metres are read.
    """
    height, width = (
        side * size for side, size in zip(data["size"], reversed(data["pixel_m"]), strict=True)
    )
    min_span = MIN_SPAN_PX * min(data["pixel_m"])
    across, up = (
        Range1d(0, side, min_interval=min_span * side / min(width, height), max_interval=4 * side)
        for side in (width, height)
    )
    edges = {
        name: ColumnDataSource({"x0": [], "y0": [], "x1": [], "y1": []}, name=name)
        for name in LINES
    }
    cursor = ColumnDataSource({"x": [], "y": []}, name="cursor")
    document = Document()
    for side in SIDES:
        document.add_root(_map(side, across, up, edges, cursor))
    # Bokeh numbers models consecutively within a process. They are numbered from 0 here, so that
    # a page does not depend on the pages made before it.
    text = serialize_json(document.to_json())
    numbers: dict[str, int] = {}
    text = re.sub(
        r'"p(\d+)"', lambda match: f'"p{numbers.setdefault(match[1], len(numbers))}"', text
    )
    return json.loads(text)


def _map(
    side: str,
    across: Range1d,
    up: Range1d,
    edges: Mapping[str, ColumnDataSource],
    cursor: ColumnDataSource,
) -> figure:
    """Return the map of one side: images in metres from the lower left corner, and a cursor."""
    plot = figure(
        name=side,
        x_range=across,
        y_range=up,
        sizing_mode="stretch_both",
        toolbar_location=None,
        tools="pan,wheel_zoom",
        active_scroll="wheel_zoom",
        min_border=0,
        outline_line_color=None,
        background_fill_color=None,  # shows the page's hatching where there is no data
        border_fill_color=None,
    )
    plot.axis.visible = False
    plot.grid.visible = False
    images = ColumnDataSource(
        {"image": [], "x": [], "y": [], "dw": [], "dh": []}, name=f"{side}-images"
    )
    plot.image_rgba(source=images, origin="top_left", anchor="top_left")
    for name, colour in LINES.items():
        # A black line below the coloured one makes it visible on light and on dark ground.
        for line_colour, width in (("#000000", 3), (colour, 1.5)):
            plot.segment(
                source=edges[name], line_color=line_colour, line_width=width, line_cap="square"
            )
    for line_colour, width in (("#000000", 3), (CURSOR, 1)):
        for draw, axis in ((plot.vspan, {"x": "x"}), (plot.hspan, {"y": "y"})):
            draw(**axis, source=cursor, line_color=line_colour, line_width=width, line_alpha=0.7)
    bar = ScaleBar(
        location="bottom_left",
        bar_length=0.2,
        padding=4,
        margin=6,
        label_standoff=1,
        border_line_color=None,
        background_fill_alpha=0.8,
    )
    plot.add_layout(bar)
    return plot
