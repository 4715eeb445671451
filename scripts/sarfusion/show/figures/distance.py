"""RMSE inside gaps against the distance to the gap's edge."""

import re

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from ...core.errors import StudyError
from ...scoring.intervals import mean_interval
from ...study.labels import INPUTS, method_name
from ...study.methods import METHODS
from . import MM, PALETTE, styled
from .layout import LINE, notes, notes_height, panel_grid

# As sarfusion.ground.gaps names its regions: gap_edge_0-60m, ..., gap_edge_300-infm.
EDGE_REGION = re.compile(r"gap_edge_([^-]+)-([^-]+)m")
COLOURS = [PALETTE[name] for name in ("blue", "vermilion", "green", "pink", "orange", "sky")]
GREYS = ["#000000", "#4D4D4D", "#808080", "#B0B0B0"]  # of methods without training
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
DASHES = {"ratio": "-", "vvvh": (0, (6, 1.5, 1, 1.5)), "none": (0, (3, 1.5)), "shuffled": ":"}
SPREAD = 0.6  # of a bin's width: room for the lines side by side
CUT = 1.25  # of the largest mean: with two seeds, t intervals would flatten all else


def errors_by_distance(table):
    """Return mean RMSE and its 95 % t interval over seeds for every bin of distance.

    table: tidy metrics. Columns site, band, method, input, low_m and high_m (the bin's edges,
    the last infinite), value, low, high (NaN with one seed); bins sorted. Raises StudyError
    when there is none.
    """
    edges = table["region"].astype(str).str.extract(f"^{EDGE_REGION.pattern}$").astype(float)
    chosen = (
        (table["protocol"] == "cloud_gap")
        & (table["metric"] == "rmse")
        & edges[0].notna()
        & np.isfinite(table["value"])
    )
    if not chosen.any():
        raise StudyError(
            "metrics table: no RMSE of cloud_gap by distance to the gap's edge; see the"
            " evaluation's log"
        )
    rows = table[chosen].assign(low_m=edges[0], high_m=edges[1])
    keys = ["site", "band", "method", "input", "low_m", "high_m"]
    scores = [
        (*key, values.mean(), *mean_interval(values))
        for key, values in rows.groupby(keys, sort=False)["value"]
    ]
    found = pd.DataFrame(scores, columns=[*keys, "value", "low", "high"])
    return found.sort_values("low_m", kind="stable").reset_index(drop=True)


@styled
def distance(table):
    """Return the figure of the tidy metrics table: a row per site, a panel per band.

    A colour per method (greys without training), a dash per input. Bins stand side by side at
    equal steps, the lines of a bin a little apart, since intervals would hide each other.
    """
    errors = errors_by_distance(table)
    methods = method_styles(errors["method"].unique())
    inputs = [name for name in DASHES if name in _learned(errors)["input"].unique()]
    sites, bands = list(errors["site"].unique()), list(errors["band"].unique())
    lines = [
        "Mean over seeds; bar: 95 % t interval over seeds, cut where it leaves the panel.",
        "Scored inside gaps on test ground only.",
    ]
    if len(sites) == 1:
        lines.insert(0, f"Site: {sites[0]}")
    figure, axes = panel_grid(
        [1.7 if len(sites) == 1 else 1.15] * len(sites),
        len(bands),
        left=13,
        right=2,
        top=6,
        bottom=9 + notes_height(lines) + LINE + 1,
        gap=(9, 13),
        widest=75,
    )
    for site, row in zip(sites, axes, strict=True):
        for band, panel in zip(bands, row, strict=True):
            here = errors[(errors["site"] == site) & (errors["band"] == band)]
            _draw_panel(panel, here, methods)
            panel.set_title(band.capitalize() + (f", {site}" if len(sites) > 1 else ""))
        row[0].set_ylabel("RMSE (reflectance)")
    for panel in axes.flat:
        panel.set_xlabel("distance to the gap's edge (m)")
    _two_legends(figure, lines, methods, inputs)
    return figure


def method_styles(methods):
    """Return {method: line style}: colours for learned methods, greys for those without training.

    Markers differ within each kind, so that colour is never alone.
    """
    styles = {}
    for classical, colours in ((False, COLOURS), (True, GREYS)):
        kind = [method for method in methods if (method in METHODS) == classical]
        for number, method in enumerate(kind):
            styles[method] = {
                "color": colours[number % len(colours)],
                "marker": MARKERS[number % len(MARKERS)],
                "fillstyle": "none" if classical else "full",
                "markersize": 3,
            }
    return styles


def _learned(errors):
    return errors[~errors["method"].isin(METHODS)]


def _draw_panel(axes, errors, methods):
    """Draw one band of one site."""
    limits = errors[["low_m", "high_m"]].drop_duplicates()
    places = {low: place for place, low in enumerate(limits["low_m"])}
    runs = list(errors.groupby(["method", "input"], sort=False))
    shifts = np.linspace(-SPREAD / 2, SPREAD / 2, len(runs)) if len(runs) > 1 else [0.0]
    for shift, ((method, sar_input), run) in zip(shifts, runs, strict=True):
        classical = method in METHODS
        x = run["low_m"].map(places) + shift
        style = methods[method]
        axes.plot(
            x,
            run["value"],
            linestyle="-" if classical else DASHES[sar_input],
            linewidth=0.8,
            markeredgewidth=0.7,
            **style,
        )
        axes.vlines(x, run["low"], run["high"], color=style["color"], linewidth=0.6)
    # The borders of the bins are what is numbered; the last bin may have no end.
    edges = [*limits["low_m"], limits["high_m"].iloc[-1]]
    ticks = [f"{edge:g}" if np.isfinite(edge) else "∞" for edge in edges]
    axes.set_xticks(np.arange(len(edges)) - 0.5, ticks)
    top = min(1.05 * errors[["value", "high"]].max().max(), CUT * errors["value"].max())
    axes.set(xlim=(-0.5, len(limits) - 0.5), ylim=(0, top or 1))
    axes.grid(color="#E6E6E6", linewidth=0.5)
    axes.set_axisbelow(True)


def _two_legends(figure, lines, methods, inputs):
    """Say at the foot of the page what colours stand for, and above it what dashes do."""
    by_method = [
        Line2D([], [], linewidth=0.8, markeredgewidth=0.7, label=method_name(method), **style)
        for method, style in methods.items()
    ]
    by_input = [
        Line2D([], [], color="black", linewidth=0.8, linestyle=DASHES[name], label=INPUTS[name])
        for name in inputs
    ]
    notes(figure, lines, by_method)
    width, height = figure.get_size_inches() / MM
    if by_input:
        figure.legend(
            handles=by_input,
            loc="lower left",
            bbox_to_anchor=(2 / width, (1.8 + LINE * (len(lines) + 1) + 1) / height),
            ncols=len(by_input),
            handlelength=3.5,
            columnspacing=1.5,
        )
