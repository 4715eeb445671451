"""Drawing RMSE differences as forest plots: panels of marks with intervals around zero."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from . import MM
from .facets import band_colour, band_handle
from .layout import PAGE, notes, notes_height, panel_grid, text_mm, write_above

SCALE = 1000  # differences are printed in thousandths of reflectance
ROW_MM, MIN_ROW_MM = 5.4, 3.0  # of a line; lower where the page is full
TOP_MM, BETWEEN_MM = 14, 24
RIGHT_MM = 4
BAND_SPREAD = 0.46  # share of a line's height in which its bands are drawn
# Limit of a panel that shows several sites, as a multiple of the largest difference at a site.
# With two or three sites, t intervals are so wide that they would compress everything else.
MAX_REACH = 2.5
COLUMNS = {  # kind of comparison -> title, words left and right of zero
    "sar": ("With SAR − with less, or misplaced", "← SAR helps", "SAR hurts →"),
    "model": ("First model − second", "← first is better", "second is better →"),
    "ranking": ("In order of the RMSE", "← better", "worse →"),
    "transfer": ("Trained elsewhere − trained here", "← better unseen", "worse unseen →"),
}


def difference_panels(
    groups: Mapping[str, pd.DataFrame],
    note_lines: Sequence[str],
    site_differences: Mapping[str, pd.DataFrame] | None = None,
) -> Figure:
    """Return the figure with a row of panels for each of `groups`, {title: table}.

    The columns of a table are `column` (a key of COLUMNS), heading, label, band, difference, low
    and high, in reflectance. site_differences: {title: table} of the differences at single sites,
    drawn small beside the means over sites in `groups`. note_lines: notes at the foot.
    """
    shown = pd.concat(groups.values())
    columns = [name for name in COLUMNS if name in set(shown["column"])]
    bands = list(shown["band"].unique())
    counts = [
        max(len(_lines(rows)) for _, rows in group.groupby("column")) for group in groups.values()
    ]
    bottom = 9 + notes_height(note_lines)
    room = PAGE[1] - TOP_MM - bottom - BETWEEN_MM * (len(counts) - 1)
    row_mm = max(MIN_ROW_MM, min(ROW_MM, room / sum(counts)))
    heights = [row_mm * count for count in counts]
    label_mm = 4 + text_mm([*shown["heading"], *shown["label"]])
    width = min((PAGE[0] - RIGHT_MM) / len(columns) - label_mm, 80)
    figure, axes = panel_grid(
        [height / width for height in heights],
        len(columns),
        left=label_mm,
        right=RIGHT_MM,
        top=TOP_MM,
        bottom=bottom,
        gap=(label_mm, BETWEEN_MM),
        widest=width,
        tall=True,
    )
    for (title, group), count, row in zip(groups.items(), counts, axes, strict=True):
        write_above(row[0], title, (-(label_mm - 2) * MM * 72, 25), fontweight="bold")
        for name, panel in zip(columns, row, strict=True):
            rows = group[group["column"] == name]
            if rows.empty:
                panel.set_axis_off()  # the title of the row is written at the first panel
                continue
            dots = group[:0] if site_differences is None else site_differences[title]
            dots = dots[dots["column"] == name]
            _draw_panel(panel, rows, dots, bands, count, COLUMNS[name])
    notes(figure, note_lines, [band_handle(band, bands, label=f"{band} band") for band in bands])
    return figure


def _lines(rows: pd.DataFrame) -> list[tuple[str, str | None]]:
    """Return the lines of a panel from the top: (heading, None), then (heading, label), ..."""
    return [
        (heading, label)
        for heading, group in rows.groupby("heading", sort=False)
        for label in (None, *group["label"].unique())
    ]


def _draw_panel(
    axes: Axes,
    rows: pd.DataFrame,
    dots: pd.DataFrame,
    bands: list[str],
    height: float,
    words: tuple[str, str, str],
) -> None:
    """Draw the differences of one kind of comparison of a group.

    dots: differences at single sites, where `rows` contains means over sites; height: of the panel
    in lines; words: see COLUMNS.
    """
    title, left, right = words
    lines = _lines(rows)
    half = BAND_SPREAD / 2
    shifts = np.linspace(-half, half, len(bands)) if len(bands) > 1 else np.zeros(1)
    axes.axvline(0, color="black", linewidth=0.6, zorder=1)
    if not dots.empty:
        axes.scatter(
            dots["difference"].astype(float) * SCALE,
            [
                lines.index((row.heading, row.label)) + shifts[bands.index(row.band)]
                for row in dots.itertuples()
            ],
            s=3,
            c=[band_colour(band) for band in dots["band"]],
            alpha=max(0.15, min(0.6, 6 / dots["site"].nunique())),
            linewidths=0,
            zorder=2,
        )
    for row in rows.to_dict("records"):
        y = lines.index((row["heading"], row["label"])) + shifts[bands.index(row["band"])]
        ends = np.array([row["low"], row["high"]], float) * SCALE
        excludes_zero = bool(ends[0] > 0 or ends[1] < 0)
        mark = band_handle(row["band"], bands)
        colour = mark.get_color()
        axes.plot(ends, [y, y], color=colour, linewidth=1, zorder=2)
        mark.set(xdata=[row["difference"] * SCALE], ydata=[y], zorder=3)
        mark.set_markerfacecolor(colour if excludes_zero else "white")
        axes.add_line(mark)
    reach = _reach(rows, dots)
    axes.set(xlim=(-reach, reach), ylim=(height - 0.5, -0.6))
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


def _reach(rows: pd.DataFrame, dots: pd.DataFrame) -> float:
    """Return how far a panel extends on both sides of zero, in thousandths of reflectance.

    Zero is in the middle, so that the words on both sides always fit and no side looks larger.
    """
    values = np.concatenate(
        [rows[["difference", "low", "high"]].to_numpy(float).ravel(), dots["difference"]]
    )
    reach = 1.1 * SCALE * np.nanmax(np.abs(values.astype(float)))
    if not dots.empty:
        reach = min(reach, MAX_REACH * SCALE * np.abs(dots["difference"].astype(float)).max())
    return reach or 1
