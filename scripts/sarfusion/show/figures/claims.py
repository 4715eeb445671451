"""The verdicts on the claims as a forest plot."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ...scoring.decision import ALL_SITES, OVERALL
from ...scoring.definitions import PARTS, WITHIN, coverage_label
from ...study.comparisons import run_label
from . import MM, PALETTE, of_sites, styled
from .facets import FACETS
from .layout import LINE, PAGE, add_axes_mm, box_mm, notes, notes_height, text_mm

Span = tuple[float, float]

LEFT, RIGHT = 13, 37  # mm: margins of a panel for the names of bands and for the verdicts
MARGIN = 2  # mm: beside the texts of a column
TOP, AXIS = 1, 8.5  # mm: above the first claim, and below a panel for its axis
ROW_MM = {1: 4, 2: LINE}  # of a row, by the number of columns
CHARACTERS = 0.7  # characters of a claim's text per mm of its line
CLAIMED_SIDE = {"facecolor": "#E3ECF3", "edgecolor": "none"}
SMALLEST = {"color": "#C9C9C9", "linewidth": 5}
MARKS = {  # verdict -> colour and shape, so that colour is not the only difference
    "reproduced": {"color": PALETTE["blue"], "marker": "o"},
    "not shown": {"color": PALETTE["orange"], "marker": "s"},
    "contradicted": {"color": PALETTE["vermilion"], "marker": "X"},
}
NOTES = [
    "Dot and bar: mean over seeds of the difference, and its 95 % interval over test ground and"
    " seeds; or a level of all seeds",
    "together, and its 95 % interval over test ground. Right: the verdict, and the seeds (over all"
    " sites: the sites) on the claimed side.",
]


@styled
def forest(table: pd.DataFrame) -> Figure:
    """Return the figure of a table of verdicts (see sarfusion.scoring.claims.judge).

    There is a panel per claim and metric. A panel has a heading per comparison and site, and below
    it a row per band: the difference with its interval, the zero line, the claimed side shaded,
    and the verdict in words; a grey bar shows what is smaller than the smallest effect of interest.
    For a level, the claimed range is shaded. The claim and its overall verdict are above its first
    panel.
    """
    tests = table[table["metric"].notna()]
    verdicts = table[table["metric"].isna()].set_index("claim")
    panels = [rows for _, rows in tests.groupby(["claim", "metric"], sort=False)]
    foot = notes_height(NOTES)
    several_sites = tests["site"].nunique() > 1
    headings = text_mm(_heading(row, several_sites) for _, row in tests.iterrows())
    fit = 2 * MARGIN + headings <= PAGE[0] / 2
    for count in (1, 2) if fit else (1,):
        width = PAGE[0] / count
        blocks = _blocks(panels, verdicts, width, ROW_MM[count])
        columns = _in_columns(blocks, count)
        page = TOP + foot + max(sum(block.height for block in column) for column in columns)
        if page <= PAGE[1]:
            break
    figure = Figure(figsize=(PAGE[0] * MM, page * MM))
    for number, column in enumerate(columns):
        y, x = page - TOP, number * width
        for block in column:
            top, y = y - block.text_mm, y - block.height
            across = width - LEFT - RIGHT
            panel = add_axes_mm(figure, x + LEFT, y + AXIS, across, top - y - AXIS)
            _draw_panel(panel, block.rows, several_sites)
            if block.text:
                verdict = verdicts.loc[block.rows["claim"].iloc[0], "verdict"]
                _write_claim(panel, block.text, verdict)
    shown_verdicts = [name for name in MARKS if name in set(tests["verdict"])]
    notes(
        figure,
        NOTES,
        [
            *(
                Line2D([], [], linewidth=1, markersize=4, label=name, **MARKS[name])
                for name in shown_verdicts
            ),
            Patch(label="claimed", **CLAIMED_SIDE),
            Line2D([], [], label="smaller than the smallest effect of interest", **SMALLEST),
        ],
    )
    return figure


class _Block(NamedTuple):
    """A panel, the text above it, and two heights in mm: of the text, and of both together."""

    rows: pd.DataFrame
    text: str
    text_mm: float
    height: float


def _blocks(
    panels: Sequence[pd.DataFrame], verdicts: pd.DataFrame, width: float, row_mm: float
) -> list[_Block]:
    """Return the blocks of a figure whose columns are `width` mm wide, and rows `row_mm` high.

    The text of a claim is above the first of its panels.
    """
    blocks: list[_Block] = []
    for rows in panels:
        claim = rows["claim"].iloc[0]
        if blocks and blocks[-1].rows["claim"].iloc[0] == claim:
            text, text_mm = "", 2.0
        else:
            characters = int((width - RIGHT) * CHARACTERS)
            lines = textwrap.wrap(f"{claim}: {verdicts.loc[claim, 'text']}", characters)
            text, text_mm = "\n".join(lines), 2.5 + LINE * len(lines)
        height = row_mm * sum(len(group) + 1 for group in _comparisons(rows))
        blocks.append(_Block(rows, text, text_mm, text_mm + height + AXIS))
    return blocks


def _in_columns(blocks: Sequence[_Block], count: int) -> list[list[_Block]]:
    """Return the blocks in `count` columns: each claim is put into the shortest column so far."""
    columns: list[list[_Block]] = [[] for _ in range(count)]
    for block in blocks:
        if block.text:
            shortest = min(columns, key=lambda column: sum(each.height for each in column))
        shortest.append(block)
    return columns


def _comparisons(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of each comparison at each site."""
    return [group for _, group in rows.groupby(["site", "left", "right"], sort=False, dropna=False)]


def _draw_panel(axes: Axes, rows: pd.DataFrame, several_sites: bool) -> None:
    """Draw one metric of one claim."""
    is_level = rows["direction"].iloc[0] == WITHIN
    side, limits, ticks = _claimed_range(rows) if is_level else _claimed_side(rows)
    position = 0
    bands, positions = [], []
    for group in _comparisons(rows):
        axes.annotate(
            _heading(group.iloc[0], several_sites),
            (0, position),
            (72 * MM * (MARGIN - LEFT), 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
        )
        if not is_level:  # the zero line does not cross the heading
            span = (position + 0.5, position + len(group) + 0.5)
            axes.vlines(0, *span, color="black", linewidth=0.6, zorder=1)
        for row in group.to_dict("records"):
            position += 1
            _draw_row(axes, position, row)
            bands.append(row["band"])
            positions.append(position)
        position += 1
    axes.axvspan(*side, zorder=0, **CLAIMED_SIDE)
    axes.set(xlim=limits, ylim=(position - 0.5, -0.6))
    axes.set_yticks(positions, bands)
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "top", "right"]].set_visible(False)  # headings cross the panel's edges
    axes.xaxis.set_major_locator(MaxNLocator(5 if axes.get_position().width > 0.5 else 2))
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)  # no 1e-5 across the label
    if ticks:
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlabel(_axis_label(rows.iloc[0]), loc="left")  # it may be wider than the panel


def _claimed_side(rows: pd.DataFrame) -> tuple[Span, Span, list[float]]:
    """Return the claimed side of zero, the limits of the axis, and its ticks if not the usual."""
    ends = _finite(rows, ["difference", "low", "high"])
    low, high = min(0, *ends, 0), max(0, *ends, 0)
    margin = 0.12 * (high - low) or 1
    # Leave room on both sides of zero, so that the claimed side is always visible.
    limits = min(low - margin, -margin), max(high + margin, margin)
    is_higher = rows["direction"].iloc[0] == "higher"
    return (0, limits[is_higher]), limits, [] if ends.size else [0]


def _claimed_range(rows: pd.DataFrame) -> tuple[Span, Span, list[float]]:
    """Return the same for a level: the claimed range, and limits with room on both sides of it."""
    ends = _finite(rows, ["level", "low", "high", "least", "most"])
    margin = 0.12 * (ends.max() - ends.min())
    side = (rows["least"].iloc[0], rows["most"].iloc[0])
    has_levels = np.isfinite(rows["level"].to_numpy(float)).any()
    return side, (ends.min() - margin, ends.max() + margin), [] if has_levels else list(side)


def _finite(rows: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Return the finite numbers of some columns."""
    values = rows[columns].to_numpy(float)
    return values[np.isfinite(values)]


def _axis_label(row: pd.Series) -> str:
    """Return what the axis of a test shows and what is claimed."""
    if row["direction"] == WITHIN:
        claimed = f"{row['least']:g} to {row['most']:g}"
        return f"{coverage_label(row['metric'])}, claimed {claimed}"
    metric = row["metric"]
    facet = FACETS.get("rmse" if metric in PARTS else metric)
    name = PARTS.get(metric) or (facet.label if facet else metric)
    unit = f" ({facet.unit})" if facet and facet.unit else ""
    side = "below 0" if row["direction"] == "lower" else "above 0"
    return f"{name}{unit}, claimed {side}"


def _draw_row(axes: Axes, position: int, row: dict[str, Any]) -> None:
    """Draw the difference or level of a band with its interval, and write the verdict beside it."""
    value = row["level" if row["direction"] == WITHIN else "difference"]
    if np.isfinite(row["smallest"]):
        axes.hlines(position, -row["smallest"], row["smallest"], zorder=1, **SMALLEST)
    if np.isfinite(value):
        mark = MARKS.get(row["verdict"], {"color": "#777777", "marker": "."})
        axes.plot([row["low"], row["high"]], [position] * 2, color=mark["color"], zorder=2)
        axes.plot(value, position, markersize=4, linewidth=0, zorder=3, **mark)
    words = row["verdict"]
    if np.isfinite(row["agree"]):
        of = row["sites"] if np.isfinite(row["sites"]) else row["seeds"]
        words += f", {row['agree']:.0f} of {of:.0f}"
    axes.text(1.015, position, words, **_row_text(axes))


def _row_text(axes: Axes) -> dict[str, Any]:
    """Return the arguments of a text at (fraction of the axes' width, number of a row)."""
    return {"transform": axes.get_yaxis_transform(), "va": "center", "ha": "left"}


def _heading(row: pd.Series, several_sites: bool) -> str:
    """Return e.g. "CNN, with ratio − CNN, optical only"; for a level only its method."""
    site = f"{row['site']}: " if several_sites else ""
    if row["direction"] == WITHIN:
        return f"{site}{run_label(row['left'])}"
    return f"{site}{run_label(row['left'])} − {run_label(row['right'])}"


def _write_claim(axes: Axes, text: str, verdict: str) -> None:
    """Write the text of a claim above its first panel, and its overall verdict on the right."""
    width, height = axes.figure.get_size_inches() / MM
    left, _, right, top = box_mm(axes)
    for x, words, weight in (
        (left - LEFT + MARGIN, text, "normal"),
        (right + MARGIN, verdict, "bold"),
    ):
        axes.figure.text(x / width, (top + 1.2) / height, words, va="bottom", fontweight=weight)


def draw_claims(*, claims: str | Path, sites: Sequence[str]) -> Figure:
    """Return the verdicts at some sites and over all sites, from the table of verdicts."""
    return forest(of_sites(pd.read_csv(claims), [*sites, ALL_SITES, OVERALL]))
