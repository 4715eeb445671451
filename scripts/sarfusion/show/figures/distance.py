"""RMSE inside gaps against the distance to the gap's edge, or the age of the other date."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...core.errors import StudyError
from ...scenes.bands import BANDS
from ...scoring.intervals import mean_interval
from ...study.inputs import in_order, input_of
from ...study.methods import METHODS, OVER_TIME, method_name
from ...study.protocols import PROTOCOLS
from . import PALETTE, of_sites, styled
from .facets import band_title
from .layout import LINE, legend_above_notes, notes, notes_height, panel_grid


class Bins(NamedTuple):
    """The quantity by which the pixels of gaps are put into bins.

    region: pattern of the names of regions in sarfusion.ground.gaps; its groups are the edges.
    axis: label with the unit. what: the quantity, for a message.
    """

    region: re.Pattern[str]
    axis: str
    what: str


DISTANCE = Bins(
    re.compile(r"^gap_edge_([^-]+)-([^-]+)m$"),
    "distance to the gap's edge (m)",
    "distance to the gap's edge",
)
AGE = Bins(
    re.compile(r"^gap_age_([^-]+)-([^-]+)d$"), "age of the other date (days)", "age of another date"
)
WITHHOLDING = [name for name, protocol in PROTOCOLS.items() if protocol.withholds]
COLOURS = [PALETTE[name] for name in ("blue", "vermilion", "green", "pink", "orange", "sky")]
GREYS = ["#000000", "#4D4D4D", "#808080", "#B0B0B0"]  # of methods without training
PURPLES = ["#3F007D", "#6A51A3", "#9E9AC8"]  # of methods that fill from other dates
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
INPUTS_IN_A_ROW = 5  # of the legend
LINE_SPREAD = 0.6  # share of a bin's width in which lines are drawn side by side
# Upper limit of the axis, as a multiple of the largest mean. With two seeds, t intervals are so
# wide that they would compress everything else.
MAX_REACH = 1.25


def errors_by(table: pd.DataFrame, by: Bins) -> pd.DataFrame:
    """Return the mean RMSE and its 95 % t interval over seeds for every bin.

    table: tidy table of metrics. The result is sorted by bin and has the columns site, band,
    method, input, first and last (edges of the bin, the last one infinite), value, low and high
    (reflectance; low and high are NaN with one seed). Raises StudyError when there is no such RMSE.
    """
    edges = table["region"].astype(str).str.extract(by.region).astype(float)
    chosen = (
        table["protocol"].isin(WITHHOLDING)
        & (table["metric"] == "rmse")
        & edges[0].notna()
        & np.isfinite(table["value"])
    )
    if not chosen.any():
        raise StudyError(f"metrics table: no RMSE by {by.what}; see the evaluation's log")
    rows = table[chosen].assign(first=edges[0], last=edges[1])
    keys = ["site", "band", "method", "input", "first", "last"]
    scores = [
        (*key, values.mean(), *mean_interval(values))
        for key, values in rows.groupby(keys, sort=False)["value"]
    ]
    errors = pd.DataFrame(scores, columns=[*keys, "value", "low", "high"])
    return errors.sort_values("first", kind="stable").reset_index(drop=True)


@styled
def errors_in_bins(table: pd.DataFrame, by: Bins = DISTANCE) -> Figure:
    """Return the figure of the tidy table of metrics: a row per site, a panel per band.

    Colours show methods (greys those without training), dashes show inputs. Bins are equally
    spaced. Within a bin the lines are shifted, so that their intervals do not hide each other.
    """
    errors = errors_by(table, by)
    methods = method_styles(errors["method"].unique())
    inputs = in_order(_learned(errors)["input"])
    rows = math.ceil(len(inputs) / INPUTS_IN_A_ROW)
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
        right=4,
        top=6,
        bottom=9 + notes_height(lines) + (LINE + 1) * (max(1, rows) + _are_dated(methods)),
        gap=(9, 13),
        widest=75,
    )
    for site, row in zip(sites, axes, strict=True):
        for band, panel in zip(bands, row, strict=True):
            here = errors[(errors["site"] == site) & (errors["band"] == band)]
            _draw_panel(panel, here, methods)
            panel.set_title(band_title(band) + (f", {site}" if len(sites) > 1 else ""))
        row[0].set_ylabel("RMSE (reflectance)")
    for panel in axes.flat:
        few = axes.shape[1] <= len(BANDS)
        panel.set_xlabel(by.axis if few else by.axis.removeprefix("distance "))
    _two_legends(figure, lines, methods, inputs)
    return figure


def method_styles(methods: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return {method: line style}: colours for learned methods, greys for those without training.

    Purples are those that fill from other dates. Markers differ within each kind, so that colour is
    not the only difference.
    """
    methods = list(methods)
    dated = [method for method in methods if method in OVER_TIME]
    spatial = [method for method in methods if method in METHODS and method not in dated]
    learned = [method for method in methods if method not in METHODS]
    styles: dict[str, dict[str, Any]] = {}
    for kind, colours in ((learned, COLOURS), (spatial, GREYS), (dated, PURPLES)):
        classical = kind is not learned
        for number, method in enumerate(kind):
            styles[method] = {
                "color": colours[number % len(colours)],
                "marker": MARKERS[number % len(MARKERS)],
                "fillstyle": "none" if classical else "full",
                "markersize": 3,
            }
    return styles


def _are_dated(methods: Iterable[str]) -> bool:
    """Return whether any of the methods fills from other dates."""
    return any(method in OVER_TIME for method in methods)


def _learned(errors: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of methods with training."""
    return errors[~errors["method"].isin(METHODS)]


def _draw_panel(axes: Axes, errors: pd.DataFrame, methods: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw one band of one site."""
    limits = errors[["first", "last"]].drop_duplicates()
    positions = {low: number for number, low in enumerate(limits["first"])}
    runs = list(errors.groupby(["method", "input"], sort=False))
    half = LINE_SPREAD / 2
    shifts = np.linspace(-half, half, len(runs)) if len(runs) > 1 else np.zeros(1)
    for shift, ((method, sar_input), run) in zip(shifts, runs, strict=True):
        classical = method in METHODS
        x = run["first"].map(positions) + shift
        style = methods[method]
        axes.plot(
            x,
            run["value"],
            linestyle="-" if classical else input_of(sar_input).dashes,
            linewidth=0.8,
            markeredgewidth=0.7,
            **style,
        )
        axes.vlines(x, run["low"], run["high"], color=style["color"], linewidth=0.6)
    # Ticks are at the edges of the bins; the last bin may be open.
    edges = [*limits["first"], limits["last"].iloc[-1]]
    ticks = [f"{edge:g}" if np.isfinite(edge) else "∞" for edge in edges]
    axes.set_xticks(np.arange(len(edges)) - 0.5, ticks)
    top = min(1.05 * errors[["value", "high"]].max().max(), MAX_REACH * errors["value"].max())
    axes.set(xlim=(-0.5, len(limits) - 0.5), ylim=(0, top or 1))
    axes.grid(color="#E6E6E6", linewidth=0.5)
    axes.set_axisbelow(True)


def _two_legends(
    figure: Figure,
    lines: Sequence[str],
    methods: Mapping[str, Mapping[str, Any]],
    inputs: Sequence[str],
) -> None:
    """Write the notes, above them a legend of methods, and above that one of inputs.

    Methods that fill from other dates have a row of their own in between.
    """
    by_kind: dict[bool, list[Line2D]] = {False: [], True: []}
    for method, style in methods.items():
        handle = Line2D(
            [], [], linewidth=0.8, markeredgewidth=0.7, label=method_name(method), **style
        )
        by_kind[method in OVER_TIME].append(handle)
    by_input = [
        Line2D(
            [],
            [],
            color="black",
            linewidth=0.8,
            linestyle=input_of(name).dashes,
            label=input_of(name).label,
        )
        for name in inputs
    ]
    notes(figure, lines, by_kind[False])
    if by_kind[True]:
        legend_above_notes(figure, lines, by_kind[True], handle_length=1.4)
    rows = [
        by_input[first : first + INPUTS_IN_A_ROW]
        for first in range(0, len(by_input), INPUTS_IN_A_ROW)
    ]
    for row, handles in enumerate(reversed(rows), start=2 if by_kind[True] else 1):
        legend_above_notes(figure, lines, handles, row)


def draw_distance(*, metrics: str | Path, protocol: str, sites: Sequence[str]) -> Figure:
    """Return the errors of a protocol with gaps at some sites, from the tidy table of metrics."""
    table = of_sites(pd.read_csv(metrics), sites)
    return errors_in_bins(table[table["protocol"] == protocol])


def draw_age(*, metrics: str | Path, protocol: str, sites: Sequence[str]) -> Figure:
    """Return the same by the age of the other date, for networks and methods over time."""
    table = of_sites(pd.read_csv(metrics), sites)
    untrained = [name for name in METHODS if name not in OVER_TIME]
    chosen = (table["protocol"] == protocol) & ~table["method"].isin(untrained)
    return errors_in_bins(table[chosen], AGE)
