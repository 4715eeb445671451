"""The scores of every method, band and seed as dot plots."""

import numpy as np
import seaborn
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ...core.errors import StudyError
from ...scoring.across import site_means
from ...scoring.definitions import HEADLINE
from ...scoring.intervals import mean_interval
from ...study.labels import method_label
from . import BAND_COLOURS, styled
from .facets import FACETS, GROUND, MARKERS
from .layout import LINE, PAGE, notes, notes_height, panel_grid, text_mm

COLUMNS = 4  # facets side by side
METHOD_MM = 6.5  # height of a method's row where there is room; at least a line of text
TOP_MM, AXIS_MM, GAP_MM = 15, 6, 17  # above the facets, below them, and between their rows
BETTER = {
    "lower": "← lower is better",
    "higher": "higher is better →",
    "zero": "→ 0 is better ←",
    "one": "→ 1 is better ←",
}
PERFECT = {"lower": 0.0, "higher": 1.0, "zero": 0.0, "one": 1.0}


def scores_to_show(table):
    """Return the rows of the tidy metrics table that the figure shows, with a `label` each.

    They are finite, of their protocol's headline region, of a metric in FACETS. Copy comes first,
    then the methods as the table has them. Raises StudyError when none is left.
    """
    shown = table[
        (table["region"] == table["protocol"].map(HEADLINE))
        & table["metric"].isin(FACETS)
        & np.isfinite(table["value"])
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
def scores(table):
    """Return dot plots of the tidy metrics table (see design: study, site, ..., value, n).

    A facet per metric, a block of facets per site and protocol, a row per method with input, a
    colour per band: each seed a small dot, the mean and its 95 % t interval over seeds a large
    mark with a bar. Where the page is too low for every metric, the last of FACETS are left out.
    """
    lines = [
        "Small: one seed. Large: mean over seeds, bar: 95 % t interval.",
        "Grey line: the perfect value.",
    ]
    return _blocks(table, lambda site: f"Site {site}", lines)


@styled
def across_sites(table, missing=""):
    """Return the same over all sites of the table: one block, and each site a small dot.

    A site's dot is its mean over seeds; the large mark is the mean over sites with its 95 % t
    interval. missing: a line about sites that should have been there.
    """
    count = table["site"].nunique()
    means = site_means(table).assign(site="all")
    lines = [
        f"Small: one site, mean over seeds. Large: mean over {count} sites, bar: 95 % t interval.",
        "Grey line: the perfect value.",
        *([missing] if missing else []),
    ]
    return _blocks(means, lambda _: f"{count} sites", lines)


def _blocks(table, name_of, lines):
    """Return a block of facets for each site and protocol, with notes of some lines below."""
    shown = scores_to_show(table)
    groups = list(shown.groupby(["site", "protocol"], sort=False))
    found = [name for name in FACETS if name in set(shown["metric"])]
    bands = list(shown["band"].unique())
    counts = [group["label"].nunique() for _, group in groups]
    per_group, method_mm = fitting_rows(counts, len(found), notes_height(lines))
    columns = min(COLUMNS, len(found))
    metrics = found[: per_group * columns]
    if len(metrics) < len(found):
        lines[1] += " Further metrics: see the table."
    figure, axes = _facets(
        [method_mm * (count + 0.4) for count in counts for _ in range(per_group)],
        columns,
        shown["label"].unique(),
        notes_height(lines),
    )
    for number, ((site, protocol), group) in enumerate(groups):
        block = axes[number * per_group : (number + 1) * per_group]
        block[0, 0].annotate(
            f"{name_of(site)}, {protocol.replace('_', ' ')}, {GROUND[HEADLINE[protocol]]}",
            (0, 1),
            (0, 26),
            xycoords="axes fraction",
            textcoords="offset points",
            fontweight="bold",
        )
        labels = list(group["label"].unique())
        for name, panel in zip(metrics, block.flat, strict=False):
            _draw_facet(panel, group[group["metric"] == name], FACETS[name], labels, bands)
        for panel in block[:, 1:].flat:
            panel.tick_params(labelleft=False)
        for panel in block.flat[len(metrics) :]:
            panel.set_axis_off()
    notes(figure, lines, _band_handles(bands))
    return figure


def fitting_rows(counts, metrics, foot):
    """Return the rows of facets of each block, and the height in mm of a method, that fit a page.

    counts: the number of methods of each block; metrics: how many facets a block would have;
    foot: height of the notes in mm. Methods are first made lower, down to a line of text, then
    rows of facets are left out; one always stays, and of many blocks the page grows with it.
    """
    for rows in range(-(-metrics // COLUMNS), 0, -1):
        room = PAGE[1] - TOP_MM - AXIS_MM - foot - GAP_MM * (rows * len(counts) - 1)
        method_mm = room / (rows * sum(count + 0.4 for count in counts))
        if method_mm >= LINE:
            return rows, min(method_mm, METHOD_MM)
    return 1, LINE


def _facets(heights, columns, labels, foot):
    """Return figure and axes; `heights` in mm are those of the rows of facets."""
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


def _draw_facet(axes, rows, facet, labels, bands):
    """Draw one metric of one site and protocol."""
    common = {
        "data": rows,
        "x": "value",
        "y": "label",
        "hue": "band",
        "order": labels,
        "hue_order": bands,
        "palette": [BAND_COLOURS.get(band, "#555555") for band in bands],
        "legend": False,
        "ax": axes,
    }
    axes.axvline(PERFECT[facet.better], color="#999999", linewidth=0.9, zorder=1)
    most = rows.groupby(["label", "band"]).size().max()
    seaborn.stripplot(
        **common,
        dodge=len(bands) > 1,
        jitter=False,
        size=2.2,
        alpha=max(0.15, min(0.6, 8 / most)),
        zorder=2,
    )
    seaborn.pointplot(
        **common,
        dodge=0.8 - 0.8 / len(bands) if len(bands) > 1 else False,
        errorbar=mean_interval,
        linestyle="none",
        markers=[MARKERS[number % len(MARKERS)] for number in range(len(bands))],
        markersize=3.6,
        markeredgecolor="white",
        markeredgewidth=0.4,
        err_kws={"linewidth": 1},
        zorder=3,
    )
    unit = f" ({facet.unit})" if facet.unit else ""
    axes.set_title(f"{facet.label}{unit}\n{BETTER[facet.better]}")
    axes.set(xlabel="", ylabel="", ylim=(len(labels) - 0.3, -0.7))
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.6)
    axes.set_axisbelow(True)
    for border in range(len(labels) - 1):
        axes.axhline(border + 0.5, color="#DDDDDD", linewidth=0.5, zorder=0)


def _band_handles(bands):
    return [
        Line2D(
            [],
            [],
            color=BAND_COLOURS.get(band, "#555555"),
            marker=MARKERS[number % len(MARKERS)],
            linewidth=1,
            markersize=3.6,
            label=f"{band} band",
        )
        for number, band in enumerate(bands)
    ]
