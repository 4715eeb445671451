"""The scores of every method, band and seed as dot plots."""

from typing import NamedTuple

import numpy as np
import seaborn
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy import stats

from ..errors import StudyError
from ..labels import method_label
from . import BAND_COLOURS, styled
from .layout import notes, notes_height, panel_grid

COLUMNS = 4  # facets side by side
METHOD_MM = 6.5  # height of a method's row
MARKERS = ["o", "s", "^"]


class Facet(NamedTuple):
    """How a metric is named, its unit, and what is better: lower, higher, zero or one."""

    label: str
    unit: str
    better: str


# The same words as in sarfusion.metrics (a test compares them), which needs scikit-image.
FACETS = {
    "rmse": Facet("RMSE", "reflectance", "lower"),
    "ssim": Facet("SSIM", "", "higher"),
    "uiqi": Facet("UIQI", "", "higher"),
    "cc": Facet("CC", "", "higher"),
    "bias": Facet("Bias", "reflectance", "zero"),
    "gradient_cc": Facet("Gradient CC", "", "higher"),
    "sf_ratio": Facet("SF ratio", "", "one"),
}
BETTER = {
    "lower": "← lower is better",
    "higher": "higher is better →",
    "zero": "→ 0 is better ←",
    "one": "→ 1 is better ←",
}
PERFECT = {"lower": 0.0, "higher": 1.0, "zero": 0.0, "one": 1.0}


def mean_interval(values, level=0.95):
    """Return the two-sided t interval of the mean of `values`; NaN twice for fewer than two.

    mean ± t(1 - (1 - level) / 2, n - 1) * s / sqrt(n), with s the sample standard deviation.
    """
    values = np.asarray(values, float)
    if values.size < 2:
        return np.nan, np.nan
    reach = stats.t.ppf((1 + level) / 2, values.size - 1) * stats.sem(values)
    return values.mean() - reach, values.mean() + reach


def scores_to_show(table):
    """Return the rows of the tidy metrics table that the figure shows, with a `label` each.

    They are finite, of region "test", of a metric in FACETS. Copy comes first, then the methods
    as the table has them. Raises StudyError when none is left.
    """
    shown = table[
        (table["region"] == "test") & table["metric"].isin(FACETS) & np.isfinite(table["value"])
    ].copy()
    if shown.empty:
        raise StudyError("metrics table: no finite score of region test; see the evaluation's log")
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
    mark with a bar.
    """
    shown = scores_to_show(table)
    groups = list(shown.groupby(["site", "protocol"], sort=False))
    metrics = [name for name in FACETS if name in set(shown["metric"])]
    bands = list(shown["band"].unique())
    lines = [
        "Small: one seed. Large: mean over seeds, bar: 95 % t interval.",
        "Grey line: the perfect value.",
    ]
    per_group = -(-len(metrics) // COLUMNS)
    columns = min(COLUMNS, len(metrics))
    figure, axes = _facets(groups, per_group, columns, notes_height(lines))
    for number, ((site, protocol), group) in enumerate(groups):
        block = axes[number * per_group : (number + 1) * per_group]
        block[0, 0].annotate(
            f"Site {site}, {protocol.replace('_', ' ')}, test ground",
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


def _facets(groups, per_group, columns, foot):
    """Return figure and axes; a panel is as high as its methods need."""
    left, right, gap = 34, 4, (6, 17)
    width = min((180 - left - right - gap[0] * (columns - 1)) / columns, 58)
    aspects = [
        METHOD_MM * (group["label"].nunique() + 0.4) / width
        for _, group in groups
        for _ in range(per_group)
    ]
    return panel_grid(
        aspects, columns, left=left, right=right, top=15, bottom=6 + foot, gap=gap, tall=True
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
    seaborn.stripplot(**common, dodge=len(bands) > 1, jitter=False, size=2.2, alpha=0.6, zorder=2)
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
