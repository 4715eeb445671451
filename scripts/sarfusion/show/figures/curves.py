"""Training curves: loss against updates, for every band, model and seed."""

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter

from ...study.labels import method_label
from . import PALETTE, styled
from .layout import notes, notes_height, panel_grid, stacked

LOSSES = {  # column -> name, line
    "train_loss": ("training", {"color": PALETTE["blue"], "linestyle": (0, (3, 1.5))}),
    "validation_loss": ("validation", {"color": PALETTE["vermilion"], "linestyle": "-"}),
}
BEST = {"color": "black", "marker": "o", "markersize": 3, "fillstyle": "none", "linewidth": 0}


def history_table(records):
    """Return the histories in model records as one tidy data frame.

    Columns site, protocol, band, label (model with input), seed, update, train_loss,
    validation_loss and best (whether the weights kept are of this update). A loss that is not
    above 0, which a logarithmic axis can't show, is NaN.
    """
    table = pd.DataFrame(
        [
            {
                **{name: record[name] for name in ("site", "protocol", "band", "seed")},
                "label": method_label(record["model"], record["input"]),
                **entry,
                "best": entry["update"] == record["best_update"],
            }
            for record in records
            for entry in record["history"]
        ]
    )
    for column in LOSSES:
        losses = pd.to_numeric(table[column])
        table[column] = losses.where(losses > 0)
    return table


@styled
def training_curves(table):
    """Return the figure of a `history_table`: rows bands, columns models with input.

    Mean squared error in normalised units on a logarithmic axis, common to all panels.
    """
    keys = ["site", "protocol", "band"]
    rows = list(table.groupby(keys, sort=False))
    labels = list(table["label"].unique())
    told = [key for key in keys[:2] if table[key].nunique() > 1] + ["band"]
    where = table[["site", "protocol"]].drop_duplicates().to_numpy()
    lines = [
        "; ".join(f"Site {site}, {protocol.replace('_', ' ')}" for site, protocol in where),
        "Thin lines: one seed each. The weights kept are those of the marked update.",
    ]
    figure, axes = panel_grid(
        [0.75] * len(rows),
        len(labels),
        left=13 + 3.2 * len(told),
        right=3,
        top=9,
        bottom=8 + notes_height(lines),
        gap=(2.5, 3.5),
        widest=52,
        tall=True,
    )
    for (key, group), panels in zip(rows, axes, strict=True):
        for label, panel in zip(labels, panels, strict=True):
            _draw_curves(panel, group[group["label"] == label])
        named = dict(zip(keys, key, strict=True))
        panels[0].set_ylabel("\n".join([*(named[name] for name in told[:-1]), key[-1] + " MSE"]))
    _share(axes, table)
    for label, panel in zip(labels, axes[0], strict=True):
        panel.set_title(stacked(label))
    for panel in axes[-1]:
        panel.set_xlabel("update")
    notes(
        figure,
        lines,
        [
            *(Line2D([], [], label=name, **line) for name, line in LOSSES.values()),
            Line2D([], [], label="best update", **BEST),
        ],
    )
    return figure


def _draw_curves(axes, table):
    for _, run in table.groupby("seed"):
        for column, (_, line) in LOSSES.items():
            axes.plot(run["update"], run[column], linewidth=0.6, **line)
        best = run[run["best"]]
        axes.plot(best["update"], best["validation_loss"], zorder=3, **BEST)


def _share(axes, table):
    """Give all panels the same axes, with numbers on the left and at the bottom only."""
    losses = table[list(LOSSES)].stack()
    low, high = (losses.min(), losses.max()) if len(losses) else (0.1, 1)
    # Whole decades, so that two ticks at least are numbered.
    decades = 10 ** np.floor(np.log10(low * 0.9)), 10 ** np.ceil(np.log10(high * 1.1))
    last = max(table["update"].max(), 1)
    for number, row in enumerate(axes, start=1):
        for panel in row:
            panel.set(yscale="log", ylim=decades, xlim=(-0.03 * last, 1.03 * last))
            panel.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            panel.yaxis.set_minor_formatter(NullFormatter())
            panel.grid(color="#E6E6E6", linewidth=0.5)
            panel.tick_params(labelleft=panel is row[0], labelbottom=number == len(axes))
