"""RMSE inside gaps against the distance to the gap's edge."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...core.errors import StudyError
from ...scoring.intervals import mean_interval
from ...study.inputs import INPUTS
from ...study.methods import METHODS, method_name
from ...study.protocols import PROTOCOLS
from . import MM, PALETTE, of_sites, styled
from .layout import LINE, notes, notes_height, panel_grid

# Regions as sarfusion.ground.gaps names them: gap_edge_0-60m, ..., gap_edge_300-infm.
EDGE_REGION = re.compile(r"gap_edge_([^-]+)-([^-]+)m")
WITHHOLDING = [name for name, protocol in PROTOCOLS.items() if protocol.withholds]
COLOURS = [PALETTE[name] for name in ("blue", "vermilion", "green", "pink", "orange", "sky")]
GREYS = ["#000000", "#4D4D4D", "#808080", "#B0B0B0"]  # of methods without training
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
LINE_SPREAD = 0.6  # share of a bin's width in which lines are drawn side by side
# Upper limit of the axis, as a multiple of the largest mean. With two seeds, t intervals are so
# wide that they would compress everything else.
MAX_REACH = 1.25


def errors_by_distance(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean RMSE and its 95 % t interval over seeds for every bin of distance.

    table: tidy table of metrics. The result is sorted by bin and has the columns site, band,
    method, input, low_m and high_m (edges of the bin in metres, the last infinite), value, low and
    high (reflectance; low and high are NaN with one seed). Raises StudyError when there is no
    RMSE by distance.
    """
    edges = table["region"].astype(str).str.extract(f"^{EDGE_REGION.pattern}$").astype(float)
    chosen = (
        table["protocol"].isin(WITHHOLDING)
        & (table["metric"] == "rmse")
        & edges[0].notna()
        & np.isfinite(table["value"])
    )
    if not chosen.any():
        raise StudyError(
            "metrics table: no RMSE by distance to the gap's edge; see the evaluation's log"
        )
    rows = table[chosen].assign(low_m=edges[0], high_m=edges[1])
    keys = ["site", "band", "method", "input", "low_m", "high_m"]
    scores = [
        (*key, values.mean(), *mean_interval(values))
        for key, values in rows.groupby(keys, sort=False)["value"]
    ]
    errors = pd.DataFrame(scores, columns=[*keys, "value", "low", "high"])
    return errors.sort_values("low_m", kind="stable").reset_index(drop=True)


@styled
def distance(table: pd.DataFrame) -> Figure:
    """Return the figure of the tidy table of metrics: a row per site, a panel per band.

    Colours show methods (greys those without training), dashes show inputs. Bins are equally
    spaced. Within a bin the lines are shifted, so that their intervals do not hide each other.
    """
    errors = errors_by_distance(table)
    methods = method_styles(errors["method"].unique())
    inputs = [name for name in INPUTS if name in _learned(errors)["input"].unique()]
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


def method_styles(methods: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return {method: line style}: colours for learned methods, greys for those without training.

    Markers differ within both kinds, so that colour is not the only difference.
    """
    methods = list(methods)
    styles: dict[str, dict[str, Any]] = {}
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


def _learned(errors: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of methods with training."""
    return errors[~errors["method"].isin(METHODS)]


def _draw_panel(axes: Axes, errors: pd.DataFrame, methods: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw one band of one site."""
    limits = errors[["low_m", "high_m"]].drop_duplicates()
    positions = {low: number for number, low in enumerate(limits["low_m"])}
    runs = list(errors.groupby(["method", "input"], sort=False))
    half = LINE_SPREAD / 2
    shifts = np.linspace(-half, half, len(runs)) if len(runs) > 1 else np.zeros(1)
    for shift, ((method, sar_input), run) in zip(shifts, runs, strict=True):
        classical = method in METHODS
        x = run["low_m"].map(positions) + shift
        style = methods[method]
        axes.plot(
            x,
            run["value"],
            linestyle="-" if classical else INPUTS[sar_input].dashes,
            linewidth=0.8,
            markeredgewidth=0.7,
            **style,
        )
        axes.vlines(x, run["low"], run["high"], color=style["color"], linewidth=0.6)
    # Ticks are at the edges of the bins; the last bin may be open.
    edges = [*limits["low_m"], limits["high_m"].iloc[-1]]
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
    """Write the notes with a legend of methods above them, and above it one of inputs."""
    by_method = [
        Line2D([], [], linewidth=0.8, markeredgewidth=0.7, label=method_name(method), **style)
        for method, style in methods.items()
    ]
    by_input = [
        Line2D(
            [],
            [],
            color="black",
            linewidth=0.8,
            linestyle=INPUTS[name].dashes,
            label=INPUTS[name].label,
        )
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


def draw_distance(*, metrics: str | Path, protocol: str, sites: Sequence[str]) -> Figure:
    """Return the errors of a protocol with gaps at some sites, from the tidy table of metrics."""
    table = of_sites(pd.read_csv(metrics), sites)
    return distance(table[table["protocol"] == protocol])
