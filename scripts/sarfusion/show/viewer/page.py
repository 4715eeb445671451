"""The page of a viewer: template, styles, scripts and data in one file that asks no network.

Bokeh draws the maps; its JavaScript comes in its Python package. The rest is page.js. Only these
two scripts may run: the page's Content-Security-Policy names their sums and forbids all requests.
"""

import base64
import hashlib
import json
import re

from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from bokeh.models import ColumnDataSource, Range1d, ScaleBar
from bokeh.palettes import Greys256, RdBu11, Viridis256, interp_palette
from bokeh.plotting import figure
from bokeh.resources import Resources
from jinja2 import Environment

SIDES = ("left", "right")
CLOSEST_PX = 8  # pixels along a map at the closest zoom
# Even steps look even in the first two; all three can be told apart by the colour-blind.
PALETTES = {
    "reflectance": list(Greys256),
    "dB": list(Viridis256),
    "error": list(interp_palette(RdBu11, 256)),
}
# Of the split, and of the lines around test ground and gaps: the colours of the figures.
CLASSES = {
    "0": ("not valid", None),
    "1": ("training", "#0173B2"),
    "2": ("validation", "#56B4E9"),
    "3": ("test", "#DE8F05"),
    "4": ("buffer (unused)", "#FFFFFF"),
}
LINES = {"test": "#DE8F05", "gap": "#CC78BC"}
CURSOR = "#00E5FF"


def build_page(data, template, style, script):
    """Return the HTML of the viewer of one site; the same arguments give the same text.

    data: JSON values that page.html and page.js show, as build_viewer.py makes them. template,
    style, script: texts of page.html, page.css and page.js.
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
        # Inside a script element, the text "</script>" in a name would end it.
        values=json.dumps(values, ensure_ascii=False).replace("<", "\\u003c"),
    )


def _policy(*scripts):
    """Return the Content-Security-Policy that lets only these scripts run, and asks no network.

    Bokeh sets styles of its own, and draws what it needs as data: images.
    """
    sums = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{found}'" for found in sums)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline';"
        " img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _maps(data):
    """Return two maps with one pair of ranges, as Bokeh's JSON; page.js fills their sources."""
    height, width = (
        side * size for side, size in zip(data["size"], reversed(data["pixel_m"]), strict=True)
    )
    closest = CLOSEST_PX * min(data["pixel_m"])
    across, up = (
        Range1d(0, side, min_interval=closest * side / min(width, height), max_interval=4 * side)
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
    # Bokeh numbers its models on from page to page in one process; here each page starts anew.
    text = serialize_json(document.to_json())
    numbers = {}
    text = re.sub(
        r'"p(\d+)"', lambda found: f'"p{numbers.setdefault(found[1], len(numbers))}"', text
    )
    return json.loads(text)


def _map(side, across, up, edges, cursor):
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
        background_fill_color=None,  # the page's hatching stands for no data
        border_fill_color=None,
    )
    plot.axis.visible = False
    plot.grid.visible = False
    images = ColumnDataSource(
        {"image": [], "x": [], "y": [], "dw": [], "dh": []}, name=f"{side}-images"
    )
    plot.image_rgba(source=images, origin="top_left", anchor="top_left")
    for name, colour in LINES.items():
        for drawn, thick in (("#000000", 3), (colour, 1.5)):  # seen on light and on dark
            plot.segment(source=edges[name], line_color=drawn, line_width=thick, line_cap="square")
    for drawn, thick in (("#000000", 3), (CURSOR, 1)):
        for draw, where in ((plot.vspan, {"x": "x"}), (plot.hspan, {"y": "y"})):
            draw(**where, source=cursor, line_color=drawn, line_width=thick, line_alpha=0.7)
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
