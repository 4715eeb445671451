"""Paired differences between methods as a forest plot: what SAR is worth, and CAE against CNN."""

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ...core.errors import StudyError
from ...scoring.across import pool
from ...scoring.definitions import HEADLINE
from ...scoring.transfer import losses, without_training
from ...study.labels import INPUTS, method_label, method_name
from . import BAND_COLOURS, MM, styled
from .facets import GROUND, MARKERS
from .layout import PAGE, notes, notes_height, panel_grid, text_mm

SCALE = 1000  # differences are printed in thousandths of reflectance
ROW_MM = 5.4
RIGHT_MM = 4
CUT = 2.5  # of the largest difference at a site: how far a panel reaches for an interval
COLUMNS = {  # what a column compares -> title, words left and right of zero
    "sar": ("With SAR − without, or with shuffled", "← SAR helps", "SAR hurts →"),
    "model": ("First model − second", "← first is better", "second is better →"),
    "transfer": ("Trained elsewhere − trained here", "← better unseen", "worse unseen →"),
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
    groups = {
        f"Site {site}, {_ground(protocol)}": group
        for (site, protocol), group in shown.groupby(["site", "protocol"], sort=False)
    }
    return _forest(groups, NOTES)


@styled
def across_sites(table, missing=""):
    """Return the same over all sites of the tables: a row of panels per protocol.

    A large mark is the mean over sites, its bar the 95 % t interval over sites, and each site a
    small dot. missing: a line about sites that should have been there.
    """
    if table.empty:
        return paired_differences(table)
    shown = comparisons(table)
    return _over_sites(shown, ["protocol"], lambda group: _ground(group[0]), missing)


@styled
def transfer(scores, transferred, missing=""):
    """Return what models lose on sites that they have not seen: a panel per transfer and protocol.

    scores: the tidy table of metrics; transferred: that of transferred models, with the column
    `transfer`. Below the models stands the best method without training, as what to do when
    nothing can be trained at a place.
    """
    lost = losses(scores, transferred)
    lost = lost[(lost["metric"] == "rmse") & (lost["region"] == lost["protocol"].map(HEADLINE))]
    parts = [
        lost.assign(
            heading="unseen − own:",
            label=[method_label(*run) for run in zip(lost["method"], lost["input"], strict=True)],
        )
    ]
    for _, part in lost.groupby("transfer", sort=False):
        best = without_training(scores, part["site"].unique())
        keys = ["site", "protocol", "region", "band"]
        instead = part.merge(best.rename(columns={"method": "best"}), on=keys)
        parts.append(
            instead.assign(
                heading="without training − own:",
                difference=instead["rmse"] - instead["own"],
                label=[
                    method_label(*run)
                    for run in zip(instead["method"], instead["input"], strict=True)
                ],
            )
        )
    shown = pd.concat(parts, ignore_index=True).assign(column="transfer")
    shown = shown[np.isfinite(shown["difference"].astype(float))]
    if shown.empty:
        raise StudyError("transfer: no finite RMSE; see the log of the evaluation")
    return _over_sites(
        shown,
        ["transfer", "protocol"],
        lambda group: f"Transfer {group[0].replace('_', ' ')}, {_ground(group[1])}",
        missing,
    )


def _ground(protocol):
    """Return the words for a protocol and the ground that it is judged by."""
    return f"{protocol.replace('_', ' ')}, {GROUND[HEADLINE[protocol]]}"


def _over_sites(shown, keys, title, missing):
    """Return the figure of differences of several sites, a row of panels per group of `keys`."""
    lines = ["column", "heading", "label", "band"]
    pooled = pool(shown, [*keys, *lines], "difference").rename(columns={"mean": "difference"})
    count = shown["site"].nunique()
    notes_below = [
        "RMSE difference; scales differ between panels. Small: one site, mean over seeds.",
        f"Large: mean over {count} sites, bar: 95 % t interval over sites; filled: it leaves out"
        " zero.",
        *([missing] if missing else []),
    ]
    groups = {title(group): part for group, part in pooled.groupby(keys, sort=False)}
    dots = {title(group): part for group, part in shown.groupby(keys, sort=False)}
    return _forest(groups, notes_below, dots)


def _forest(groups, notes_below, dots=None):
    """Return a row of panels for each of `groups`, {title: rows}.

    rows have column, heading, label, band, difference, low and high; dots: {title: rows} of
    single differences that are shown small beside them.
    """
    shown = pd.concat(groups.values())
    columns = [name for name in COLUMNS if name in set(shown["column"])]
    bands = list(shown["band"].unique())
    heights = [
        ROW_MM * max(len(_lines(part)) for _, part in group.groupby("column"))
        for group in groups.values()
    ]
    label_mm = 4 + text_mm([*shown["heading"], *shown["label"]])
    width = min((PAGE[0] - RIGHT_MM) / len(columns) - label_mm, 80)
    figure, axes = panel_grid(
        [height / width for height in heights],
        len(columns),
        left=label_mm,
        right=RIGHT_MM,
        top=14,
        bottom=9 + notes_height(notes_below),
        gap=(label_mm, 24),
        widest=width,
        tall=True,
    )
    for (title, group), height, row in zip(groups.items(), heights, axes, strict=True):
        row[0].annotate(
            title,
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
                continue
            single = dots[title] if dots else part[:0]
            single = single[single["column"] == name]
            _draw_panel(panel, part, single, bands, height / ROW_MM, COLUMNS[name])
    notes(figure, notes_below, [_mark(band, bands, label=f"{band} band") for band in bands])
    return figure


def _lines(part):
    """Return [(heading, None), (heading, label), ...]: the lines of a panel from the top."""
    return [
        (heading, label)
        for heading, group in part.groupby("heading", sort=False)
        for label in (None, *group["label"].unique())
    ]


def _draw_panel(axes, part, single, bands, rows, words):
    """Draw the differences of one column of a group, in a panel of `rows` lines.

    single: the differences of each site, where `part` has their means.
    """
    title, left, right = words
    lines = _lines(part)
    steps = np.linspace(-0.23, 0.23, len(bands)) if len(bands) > 1 else [0.0]
    axes.axvline(0, color="black", linewidth=0.6, zorder=1)
    if not single.empty:
        axes.scatter(
            single["difference"].astype(float) * SCALE,
            [
                lines.index((row.heading, row.label)) + steps[bands.index(row.band)]
                for row in single.itertuples()
            ],
            s=3,
            c=[BAND_COLOURS.get(band, "#555555") for band in single["band"]],
            alpha=max(0.15, min(0.6, 6 / single["site"].nunique())),
            linewidths=0,
            zorder=2,
        )
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
    values = np.concatenate(
        [part[["difference", "low", "high"]].to_numpy(float).ravel(), single["difference"]]
    )
    reach = 1.1 * SCALE * np.nanmax(np.abs(values.astype(float)))
    if not single.empty:  # with two or three sites, t intervals would flatten all else
        reach = min(reach, CUT * SCALE * np.abs(single["difference"].astype(float)).max())
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
