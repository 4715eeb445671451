"""Paired differences between methods as a forest plot: what SAR is worth, and CAE against CNN."""

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..errors import StudyError
from ..labels import INPUTS, method_label, method_name
from . import BAND_COLOURS, MM, styled
from .layout import PAGE, notes, notes_height, panel_grid, text_mm
from .scores import GROUND, HEADLINE, MARKERS

SCALE = 1000  # differences are printed in thousandths of reflectance
ROW_MM = 5.4
RIGHT_MM = 4
COLUMNS = {  # what a column compares -> title, words left and right of zero
    "sar": ("With SAR − without, or with shuffled", "← SAR helps", "SAR hurts →"),
    "model": ("First model − second", "← first is better", "second is better →"),
}
NOTES = [
    "RMSE difference, mean over seeds; scales differ between panels.",
    "Bar: 95 % interval, paired block bootstrap over test ground and seeds.",
    "Filled: the interval leaves out zero.",
]


def comparisons(table):
    """Return the RMSE rows that the figure shows, with `column`, `heading` and `label`.

    table: rows of compare_methods. Of each protocol the headline region counts. Column "sar"
    compares inputs of one method, "model" methods; differences stay in reflectance. Raises
    StudyError when none is left.
    """
    region = table["protocol"].map(HEADLINE)
    shown = table[
        (table["metric"] == "rmse")
        & (table["region"] == region)
        & np.isfinite(table["difference"].astype(float))
    ].copy()
    if shown.empty:
        raise StudyError("differences: no finite RMSE; see the log of the comparison of methods")
    words = [_in_words(row) for row in shown.to_dict("records")]
    return shown.assign(**pd.DataFrame(words, index=shown.index))


def _in_words(row):
    """Return the column, heading and label of one comparison."""
    left, right = ((row[f"{side}_method"], row[f"{side}_input"]) for side in ("left", "right"))
    if left[0] == right[0]:
        return {
            "column": "sar",
            "heading": f"minus {INPUTS[right[1]]}:",
            "label": method_label(*left),
        }
    if left[1] == right[1]:
        return {
            "column": "model",
            "heading": f"{method_name(left[0])} − {method_name(right[0])}:",
            "label": INPUTS[left[1]],
        }
    return {
        "column": "model",
        "heading": f"minus {method_label(*right)}:",
        "label": method_label(*left),
    }


@styled
def paired_differences(table):
    """Return the figure of the tables of compare_methods: a row of panels per site and protocol.

    On the left what the SAR input changes, on the right one model against another; in a panel a
    line per method below what it is held against, a colour and mark per band. A study that
    compares no two methods gets a page that says so.
    """
    if table.empty:
        figure, axes = panel_grid([0.2], 1, widest=60)
        axes[0, 0].set_axis_off()
        notes(figure, ["This study compares no two methods."])
        return figure
    shown = comparisons(table)
    columns = [name for name in COLUMNS if name in set(shown["column"])]
    bands = list(shown["band"].unique())
    groups = list(shown.groupby(["site", "protocol"], sort=False))
    heights = [
        ROW_MM * max(len(_lines(part)) for _, part in group.groupby("column"))
        for _, group in groups
    ]
    label_mm = 4 + text_mm([*shown["heading"], *shown["label"]])
    width = min((PAGE[0] - RIGHT_MM) / len(columns) - label_mm, 80)
    figure, axes = panel_grid(
        [height / width for height in heights],
        len(columns),
        left=label_mm,
        right=RIGHT_MM,
        top=14,
        bottom=9 + notes_height(NOTES),
        gap=(label_mm, 24),
        widest=width,
        tall=True,
    )
    for ((site, protocol), group), height, row in zip(groups, heights, axes, strict=True):
        row[0].annotate(
            f"Site {site}, {protocol.replace('_', ' ')}, {GROUND[HEADLINE[protocol]]}",
            (0, 1),
            (-(label_mm - 2) * MM * 72, 25),
            xycoords="axes fraction",
            textcoords="offset points",
            fontweight="bold",
        )
        for name, panel in zip(columns, row, strict=True):
            part = group[group["column"] == name]
            if part.empty:
                panel.remove()
            else:
                _draw_panel(panel, part, bands, height / ROW_MM, COLUMNS[name])
    notes(figure, NOTES, [_mark(band, bands, label=f"{band} band") for band in bands])
    return figure


def _lines(part):
    """Return [(heading, None), (heading, label), ...]: the lines of a panel from the top."""
    return [
        (heading, label)
        for heading, group in part.groupby("heading", sort=False)
        for label in (None, *group["label"].unique())
    ]


def _draw_panel(axes, part, bands, rows, words):
    """Draw the differences of one column of one site and protocol, in a panel of `rows` lines."""
    title, left, right = words
    lines = _lines(part)
    steps = np.linspace(-0.23, 0.23, len(bands)) if len(bands) > 1 else [0.0]
    axes.axvline(0, color="black", linewidth=0.6, zorder=1)
    for row in part.to_dict("records"):
        number = bands.index(row["band"])
        y = lines.index((row["heading"], row["label"])) + steps[number]
        ends = np.array([row["low"], row["high"]], float) * SCALE
        clear = bool(ends[0] > 0 or ends[1] < 0)
        mark = _mark(row["band"], bands)
        colour = mark.get_color()
        axes.plot(ends, [y, y], color=colour, linewidth=1, zorder=2)
        mark.set(xdata=[row["difference"] * SCALE], ydata=[y], zorder=3)
        mark.set_markerfacecolor(colour if clear else "white")
        axes.add_line(mark)
    # Zero in the middle: the words on its sides always have room, and no side looks larger.
    reach = 1.1 * SCALE * np.nanmax(np.abs(part[["difference", "low", "high"]].to_numpy(float)))
    axes.set(xlim=(-(reach or 1), reach or 1), ylim=(rows - 0.5, -0.6))
    axes.set_yticks(range(len(lines)), [label or heading for heading, label in lines])
    for (_, label), text in zip(lines, axes.get_yticklabels(), strict=True):
        text.set_fontstyle("normal" if label else "italic")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(title, pad=13)
    for side, shift, ha in ((left, -3, "right"), (right, 3, "left")):
        axes.annotate(
            side, (0, 1), (shift, 3), ("data", "axes fraction"), "offset points", ha=ha, va="bottom"
        )
    axes.set_xlabel("RMSE difference (10⁻³ reflectance)")


def _mark(band, bands, **kwargs):
    """Return the mark of a band, at no place yet."""
    return Line2D(
        [],
        [],
        color=BAND_COLOURS.get(band, "#555555"),
        marker=MARKERS[bands.index(band) % len(MARKERS)],
        markersize=3.6,
        linewidth=1,
        **kwargs,
    )
