"""The verdicts on the claims as a forest plot."""

import textwrap

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ...study.comparisons import run_label
from . import MM, PALETTE, styled
from .facets import FACETS
from .layout import LINE, PAGE, box_mm, notes, notes_height, panel_grid

OVERALL = "overall"  # the site of the row that sums a claim up, as in sarfusion.scoring.claims
LEFT, RIGHT = 13, 37  # mm: bands, verdicts
WIDTH = 180 - LEFT - RIGHT
TOP, AXIS = 11, 9  # mm: above the panels, and below the last
ROOMY = 4, 17  # mm: a row, and room for axis and claim between panels
DENSE = LINE, 14.5  # ... where a page is too low for that: the least that texts need
LINE_LENGTH = 100  # characters of a claim beside its verdict
CLAIMED_SIDE = {"facecolor": "#E3ECF3", "edgecolor": "none"}
MARKS = {  # shape and colour both tell the verdict
    "reproduced": {"color": PALETTE["blue"], "marker": "o"},
    "seed-dependent": {"color": PALETTE["orange"], "marker": "s"},
    "not reproduced": {"color": PALETTE["vermilion"], "marker": "X"},
}
NOTES = [
    "Dot and bar: mean over seeds of the difference, and its 95 % interval over test ground and"
    " seeds.",
    "Right: the verdict, and the seeds on the claimed side.",
]


@styled
def forest(table):
    """Return the figure of a table of verdicts (see sarfusion.scoring.claims.judge).

    A panel per claim and metric; in it a row per band below a heading for each comparison and
    site: the difference with its interval, the zero line and the claimed side, and in words the
    verdict. The claim and its verdict over all stand above its first panel.
    """
    tests = table[table["metric"].notna()]
    verdicts = table[table["metric"].isna()].set_index("claim")
    panels = [rows for _, rows in tests.groupby(["claim", "metric"], sort=False)]
    counts = [sum(len(group) + 1 for group in _groups(rows)) for rows in panels]
    bottom = AXIS + notes_height(NOTES)
    row, gap = ROOMY
    if TOP + bottom + row * sum(counts) + gap * (len(counts) - 1) > PAGE[1]:
        row, gap = DENSE
    figure, axes = panel_grid(
        [row * count / WIDTH for count in counts],
        1,
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=bottom,
        gap=(0, gap),
        widest=WIDTH,
        tall=True,
    )
    several_sites = tests["site"].nunique() > 1
    told = set()
    for rows, panel in zip(panels, axes[:, 0], strict=True):
        _draw_panel(panel, rows, several_sites)
        claim = rows["claim"].iloc[0]
        if claim not in told:
            _announce(panel, claim, verdicts.loc[claim])
            told.add(claim)
    found = [name for name in MARKS if name in set(tests["verdict"])]
    notes(
        figure,
        NOTES,
        [
            *(
                Line2D([], [], linewidth=1, markersize=4, label=name, **MARKS[name])
                for name in found
            ),
            Patch(label="claimed side", **CLAIMED_SIDE),
        ],
    )
    return figure


def _groups(rows):
    """Return the rows of each comparison and site."""
    return [group for _, group in rows.groupby(["site", "left", "right"], sort=False)]


def _draw_panel(axes, rows, several_sites):
    """Draw one metric of one claim."""
    metric, direction = rows["metric"].iloc[0], rows["direction"].iloc[0]
    ends = rows[["difference", "low", "high"]].to_numpy(float)
    ends = ends[np.isfinite(ends)]
    low, high = min(0, *ends, 0), max(0, *ends, 0)
    reach = 0.12 * (high - low) or 1
    # Room on both sides of zero, so that the claimed side is always seen.
    limits = min(low - reach, -reach), max(high + reach, reach)

    position, bands, positions = 0, [], []
    for group in _groups(rows):
        axes.text(0.01, position, _heading(group.iloc[0], several_sites), **_beside(axes))
        beside = (position + 0.5, position + len(group) + 0.5)  # not across the heading
        axes.vlines(0, *beside, color="black", linewidth=0.6, zorder=1)
        for row in group.to_dict("records"):
            position += 1
            _draw_row(axes, position, row)
            bands.append(row["band"])
            positions.append(position)
        position += 1
    axes.axvspan(0, limits[direction == "higher"], zorder=0, **CLAIMED_SIDE)
    axes.set(xlim=limits, ylim=(position - 0.5, -0.6))
    axes.set_yticks(positions, bands)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if ends.size == 0:
        axes.set_xticks([0], ["0"])
    facet = FACETS.get(metric)
    name = facet.label if facet else metric
    unit = f" ({facet.unit})" if facet and facet.unit else ""
    side = "below 0" if direction == "lower" else "above 0"
    axes.set_xlabel(f"difference in {name}{unit}, claimed {side}")


def _draw_row(axes, position, row):
    if np.isfinite(row["difference"]):
        mark = MARKS.get(row["verdict"], {"color": "#777777", "marker": "."})
        axes.plot([row["low"], row["high"]], [position] * 2, color=mark["color"], zorder=2)
        axes.plot(row["difference"], position, markersize=4, linewidth=0, zorder=3, **mark)
    words = row["verdict"]
    if np.isfinite(row["seeds"]):
        words += f", {row['seeds_agree']:.0f} of {row['seeds']:.0f}"
    axes.text(1.015, position, words, **_beside(axes))


def _beside(axes):
    """Return how a text stands at a fraction of the width and beside a row."""
    return {"transform": axes.get_yaxis_transform(), "va": "center", "ha": "left"}


def _heading(row, several_sites):
    """Return e.g. "CNN, with ratio − CNN, optical only"."""
    site = f"{row['site']}: " if several_sites else ""
    return f"{site}{run_label(row['left'])} − {run_label(row['right'])}"


def _announce(axes, claim, row):
    """Write a claim above its first panel, and on the right its verdict."""
    width, height = axes.figure.get_size_inches() / MM
    _, _, right, top = box_mm(axes)
    text = "\n".join(textwrap.wrap(f"{claim}: {row['text']}", LINE_LENGTH))
    for x, words, weight in ((2, text, "normal"), (right + 2, row["verdict"], "bold")):
        place = (x / width, (top + 1.2) / height)
        axes.figure.text(*place, words, va="bottom", fontweight=weight)
