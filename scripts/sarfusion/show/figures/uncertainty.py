"""The uncertainty of filled pixels: coverage of intervals, and sparsification."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...core.errors import StudyError
from ...scoring.definitions import (
    CALIBRATED,
    ENSEMBLE,
    LEVELS,
    REMOVED,
    SEEDS_ALONE,
    UNCERTAINTIES,
)
from ...study.inputs import TESTED
from ...study.methods import method_label
from . import of_sites, styled
from .distance import method_styles
from .facets import band_title
from .layout import LINE, legend_above_notes, notes, notes_height, panel_grid

DASHES: dict[str, Any] = {SEEDS_ALONE: ":", ENSEMBLE: (0, (3, 1.5)), CALIBRATED: "-"}
REFERENCE = {"color": "#9E9E9E", "linewidth": 1.2, "zorder": 1}  # the diagonal, and the oracle
LINES = [
    "Above: on the grey diagonal, a method is well calibrated.",
    "Below: the pixels that it is least sure of are removed; grey, those most wrong.",
    "Calibration does not change their order.",
]


def shown_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a value, for each method with the tested input or else its first input.

    table: rows of evaluate_uncertainty. Raises StudyError if none is left.
    """
    found = table[table["value"].notna()]
    chosen = {
        method: TESTED if (rows["input"] == TESTED).any() else rows["input"].iloc[0]
        for method, rows in found.groupby("method", sort=False)
    }
    found = found[found["input"] == found["method"].map(chosen)]
    if found.empty:
        raise StudyError("uncertainty: no score of any method; see the log of its evaluation")
    return found


@styled
def uncertainty(table: pd.DataFrame) -> Figure:
    """Return the figure of rows of evaluate_uncertainty: two rows per site, a panel per band.

    Colours show methods, dashes show the source of the standard deviation.
    """
    rows = shown_rows(table)
    sites, bands = list(rows["site"].unique()), list(rows["band"].unique())
    styles = {
        method: {"color": style["color"], "linewidth": 1.0}
        for method, style in method_styles(rows["method"].unique()).items()
    }
    figure, axes = panel_grid(
        [0.8, 0.8] * len(sites),
        len(bands),
        left=13,
        right=3,
        top=6,
        bottom=9 + notes_height(LINES) + LINE + 1,
        gap=(6, 14),
        widest=52,
        tall=True,
    )
    for number, site in enumerate(sites):
        for band, above, below in zip(bands, *axes[2 * number : 2 * number + 2], strict=True):
            here = rows[(rows["site"] == site) & (rows["band"] == band)]
            _draw_coverage(above, here, styles)
            _draw_sparsification(below, here, styles)
            above.set_title(band_title(band) + (f", {site}" if len(sites) > 1 else ""))
            for panel in (above, below):
                panel.tick_params(labelleft=band == bands[0])
        top = max(panel.get_ylim()[1] for panel in axes[2 * number + 1])
        for panel in axes[2 * number + 1]:
            panel.set_ylim(0, top)
        axes[2 * number, 0].set_ylabel("withheld pixels in it (%)")
        axes[2 * number + 1, 0].set_ylabel("RMSE left (% of all)")
    _two_legends(figure, rows, styles)
    return figure


def _curves(rows: pd.DataFrame, name: str, steps: Sequence[int]) -> list[tuple[str, str, Any]]:
    """Return (method, uncertainty, percents) of the metrics NAME_STEP of each method."""
    metrics = [f"{name}_{step}" for step in steps]
    return [
        (method, kind, 100 * group.set_index("metric")["value"].reindex(metrics).to_numpy())
        for (method, kind), group in rows.groupby(["method", "uncertainty"], sort=False)
    ]


def _draw_coverage(axes: Axes, rows: pd.DataFrame, styles: Mapping[str, Any]) -> None:
    """Draw the share of pixels within intervals against their level."""
    axes.plot([0, 100], [0, 100], **REFERENCE)
    for method, kind, shares in _curves(rows, "coverage", LEVELS):
        axes.plot(LEVELS, shares, linestyle=DASHES[kind], **styles[method])
    axes.set(xlim=(0, 100), ylim=(0, 100), xlabel="level of the interval (%)")
    _finish(axes)


def _draw_sparsification(axes: Axes, rows: pd.DataFrame, styles: Mapping[str, Any]) -> None:
    """Draw the error of the remaining pixels against the share of pixels removed."""
    for _, kind, shares in _curves(rows, "oracle", REMOVED):
        if kind == CALIBRATED:  # all kinds have the same curve
            axes.plot(REMOVED, shares, **REFERENCE)
    for method, kind, shares in _curves(rows, "sparsified", REMOVED):
        if kind != ENSEMBLE:  # its curve is below that of CALIBRATED
            axes.plot(REMOVED, shares, linestyle=DASHES[kind], **styles[method])
    axes.set(xlim=(0, 100), xlabel="pixels removed (%)")
    _finish(axes)


def _finish(axes: Axes) -> None:
    """Give both kinds of panels the same ticks and grid."""
    axes.set_xticks(range(0, 101, 25))
    axes.grid(color="#E6E6E6", linewidth=0.5)
    axes.set_axisbelow(True)


def _two_legends(figure: Figure, rows: pd.DataFrame, styles: Mapping[str, Any]) -> None:
    """Write the notes, above them a legend of methods, and above that one of uncertainties."""
    inputs = dict(zip(rows["method"], rows["input"], strict=True))
    notes(
        figure,
        LINES,
        [
            Line2D([], [], label=method_label(method, inputs[method]), **style)
            for method, style in styles.items()
        ],
    )
    shown = set(rows["uncertainty"])
    kinds = [
        Line2D([], [], color="black", linewidth=1.0, linestyle=DASHES[kind], label=name)
        for kind, name in UNCERTAINTIES.items()
        if kind in shown
    ]
    legend_above_notes(figure, LINES, kinds)


def draw_uncertainty(*, uncertainties: str | Path, protocol: str, sites: Sequence[str]) -> Figure:
    """Return the uncertainties of a protocol at some sites, from the table of all sites."""
    table = of_sites(pd.read_csv(uncertainties), sites)
    return uncertainty(table[table["protocol"] == protocol])
