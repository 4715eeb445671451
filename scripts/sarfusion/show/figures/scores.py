"""The scores of every method, band and seed as dot plots."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...core.errors import StudyError
from ...scoring.across import site_means
from ...scoring.intervals import half_width
from ...scoring.support import in_headline, supported
from ...study.methods import method_label
from ...study.missing import missing_line
from . import of_sites, styled
from .facets import FACETS, Facet, band_colour, band_handle, band_marker, protocol_heading
from .layout import LINE, PAGE, notes, notes_height, panel_grid, text_mm, write_above

MAX_COLUMNS = 4  # facets side by side
BAND_SPREAD = 0.8  # share of a method's row that its bands take
DOT_PT = 2.2  # diameter of the dot of one score
METHOD_MM = 6.5  # height of a method's row if there is room; the minimum is a line of text
TOP_MM, AXIS_MM, GAP_MM = 15, 6, 17  # above the facets, below them, and between their rows
BETTER = {
    "lower": "← lower is better",
    "higher": "higher is better →",
    "zero": "→ 0 is better ←",
    "one": "→ 1 is better ←",
}
PERFECT = {"lower": 0.0, "higher": 1.0, "zero": 0.0, "one": 1.0}


def scores_to_show(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the tidy table of metrics that the figure shows, with a `label` each.

    These are the finite scores of metrics in FACETS, in the headline region of their protocol.
    Copy comes first, then the methods in the order of the table. Raises StudyError if no row is
    left.
    """
    shown = table[
        in_headline(table) & table["metric"].isin(FACETS) & np.isfinite(table["value"])
    ].copy()
    if shown.empty:
        raise StudyError("metrics table: no finite score on test ground; see the evaluation's log")
    shown["label"] = [
        method_label(*pair) for pair in zip(shown["method"], shown["input"].fillna(""), strict=True)
    ]
    return shown.sort_values(
        "label", key=lambda labels: labels != method_label("copy", ""), kind="stable"
    ).reset_index(drop=True)


@styled
def scores(table: pd.DataFrame) -> Figure:
    """Return dot plots of the tidy table of metrics (columns: show.tables.METRIC_COLUMNS).

    There is a block of facets per site and protocol, with a facet per metric, a row per method
    with input and a colour per band. A small dot is one seed; a large mark with a bar is the mean
    over seeds with its 95 % t interval. If a page has no room for all metrics, the last ones of
    FACETS are omitted.
    """
    lines = [
        "Small: one seed. Large: mean over seeds, bar: 95 % t interval.",
        "Grey line: the perfect value.",
    ]
    return _blocks(table, lambda site: f"Site {site}", lines)


@styled
def across_sites(table: pd.DataFrame, missing: str = "") -> Figure:
    """Return dot plots like `scores`, with all sites of the table in one block per protocol.

    A small dot is the mean over seeds at one site; a large mark is the mean over sites with its
    95 % t interval. missing: a note on sites that failed, "" without any.
    """
    count = table["site"].nunique()
    means = site_means(table).assign(site="all")
    lines = [
        f"Small: one site, mean over seeds. Large: mean over {count} sites, bar: 95 % t interval.",
        "Grey line: the perfect value.",
        *([missing] if missing else []),
    ]
    return _blocks(means, lambda _: f"{count} sites", lines)


def _blocks(table: pd.DataFrame, site_name: Callable[[str], str], lines: list[str]) -> Figure:
    """Return the figure with a block of facets for each site and protocol.

    site_name: words for a value of the column `site`; lines: notes at the foot.
    """
    shown = scores_to_show(table)
    groups = list(shown.groupby(["site", "protocol"], sort=False))
    available = [name for name in FACETS if name in set(shown["metric"])]
    bands = list(shown["band"].unique())
    counts = [group["label"].nunique() for _, group in groups]
    per_group, method_mm = fitting_rows(counts, len(available), notes_height(lines))
    columns = min(MAX_COLUMNS, len(available))
    metrics = available[: per_group * columns]
    if len(metrics) < len(available):
        lines[1] += " Further metrics: see the table."
    figure, axes = _facets(
        [method_mm * (count + 0.4) for count in counts for _ in range(per_group)],
        columns,
        shown["label"].unique(),
        notes_height(lines),
    )
    for number, ((site, protocol), group) in enumerate(groups):
        block = axes[number * per_group : (number + 1) * per_group]
        heading = f"{site_name(site)}, {protocol_heading(protocol)}"
        write_above(block[0, 0], heading, (0, 26), fontweight="bold")
        labels = list(group["label"].unique())
        for panel in block[:, 0]:
            panel.set_yticks(range(len(labels)), labels)
        for panel in block[:, 1:].flat:
            panel.set_yticks([])
        for name, panel in zip(metrics, block.flat, strict=False):
            _draw_facet(panel, group[group["metric"] == name], FACETS[name], labels, bands)
        for panel in block.flat[len(metrics) :]:
            panel.set_axis_off()
    notes(figure, lines, [band_handle(band, bands, label=f"{band} band") for band in bands])
    return figure


def fitting_rows(counts: Sequence[int], metrics: int, foot: float) -> tuple[int, float]:
    """Return how many rows of facets per block fit a page, and the height of a method in mm.

    counts: number of methods of each block; metrics: number of facets of a block; foot: height of
    the notes in mm. The rows of methods are first made lower, down to a line of text. Then rows of
    facets are omitted, but never the first: with many blocks the page becomes higher.
    """
    for rows in range(-(-metrics // MAX_COLUMNS), 0, -1):
        room = PAGE[1] - TOP_MM - AXIS_MM - foot - GAP_MM * (rows * len(counts) - 1)
        method_mm = room / (rows * sum(count + 0.4 for count in counts))
        if method_mm >= LINE:
            return rows, min(method_mm, METHOD_MM)
    return 1, LINE


def _facets(
    heights: Sequence[float], columns: int, labels: Iterable[str], foot: float
) -> tuple[Figure, np.ndarray]:
    """Return the figure and its axes.

    heights: of the rows of facets in mm; labels: of methods; foot: height of the notes in mm.
    """
    left, right, gap = max(34, 3 + text_mm(labels)), 4, 6
    width = min((PAGE[0] - left - right - gap * (columns - 1)) / columns, 58)
    return panel_grid(
        [height / width for height in heights],
        columns,
        left=left,
        right=right,
        top=TOP_MM,
        bottom=AXIS_MM + foot,
        gap=(gap, GAP_MM),
        tall=True,
    )


def _draw_facet(
    axes: Axes, rows: pd.DataFrame, facet: Facet, labels: list[str], bands: list[str]
) -> None:
    """Draw one metric of one site and protocol."""
    unit = f" ({facet.unit})" if facet.unit else ""
    axes.set_title(f"{facet.label}{unit}\n{BETTER[facet.better]}")
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.axvline(PERFECT[facet.better], color="#999999", linewidth=0.9, zorder=1)
    axes.hlines(
        np.arange(len(labels) - 1) + 0.5,
        0,
        1,
        color="#DDDDDD",
        linewidth=0.5,
        capstyle="projecting",
        zorder=0,
        transform=axes.get_yaxis_transform(),
    )
    _draw_values(axes, rows, labels, bands)
    axes.set(xlabel="", ylabel="", ylim=(len(labels) - 0.3, -0.7))
    axes.margins(x=0.08)


def _draw_values(axes: Axes, rows: pd.DataFrame, labels: list[str], bands: list[str]) -> None:
    """Draw a small dot per row, and a mark with a bar per method and band.

    All marks of a band are one artist. In seaborn's plots over categories, each method has its own,
    which takes much longer to draw.
    """
    half = (BAND_SPREAD - BAND_SPREAD / len(bands)) / 2
    shifts = dict(zip(bands, np.linspace(-half, half, len(bands)), strict=True))
    rows = rows.assign(y=rows["label"].map(labels.index) + rows["band"].map(shifts))
    scores = rows.groupby(["band", "y"], sort=False)["value"]
    means = scores.agg(["mean", "std", "count"]).reset_index()
    dot = {"alpha": max(0.15, min(0.6, 8 / means["count"].max())), "zorder": 2}
    seaborn.scatterplot(
        rows[scores.transform("size") > 1],
        x="value",
        y="y",
        hue="band",
        hue_order=bands,
        palette=[band_colour(band) for band in bands],
        legend=False,
        ax=axes,
        s=DOT_PT**2,
        linewidth=0,
        **dot,
    )
    for band, drawn in means.groupby("band", sort=False):
        colour = band_colour(band)
        # `plot` rounds to whole pixels, so that a single score and its mean are concentric.
        alone = drawn[drawn["count"] == 1]
        axes.plot(
            alone["mean"],
            alone["y"],
            "o",
            color=colour,
            markersize=DOT_PT,
            markeredgewidth=0,
            **dot,
        )
        axes.plot(
            drawn["mean"],
            drawn["y"],
            color=colour,
            marker=band_marker(band, bands),
            linestyle="none",
            markersize=3.6,
            markeredgecolor="white",
            markeredgewidth=0.4,
            zorder=3,
        )
        bars = drawn[drawn["count"] > 1]
        reach = half_width(bars["std"], bars["count"])
        axes.hlines(
            bars["y"],
            bars["mean"] - reach,
            bars["mean"] + reach,
            color=colour,
            linewidth=1,
            capstyle="projecting",
            zorder=3,
        )


def draw_scores(*, metrics: str | Path, protocol: str, sites: Sequence[str]) -> Figure:
    """Return the scores of a protocol at some sites, from the tidy table of metrics."""
    table = of_sites(supported(pd.read_csv(metrics)), sites)
    return scores(table[table["protocol"] == protocol])


def draw_across_scores(*, metrics: str | Path, protocol: str, missing: Mapping[str, Any]) -> Figure:
    """Return the scores of a protocol over all sites, from the tidy table of metrics."""
    table = supported(pd.read_csv(metrics))
    return across_sites(table[table["protocol"] == protocol], missing_line(missing))
