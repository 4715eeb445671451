"""Training curves: loss against updates, for every band, model and seed."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ...core.files import read_json
from ...study.methods import method_label
from . import PALETTE, styled
from .layout import balanced, draw_minor_ticks, notes, notes_height, panel_grid, stacked, title_mm

MAX_COLUMNS = 8  # side by side, so that their titles do not overlap

LOSSES: dict[str, tuple[str, dict[str, Any]]] = {  # column -> name, style of its line
    "train_loss": ("training", {"color": PALETTE["blue"], "linestyle": (0, (3, 1.5))}),
    "validation_loss": ("validation", {"color": PALETTE["vermilion"], "linestyle": "-"}),
}
BEST: dict[str, Any] = {
    "color": "black",
    "marker": "o",
    "markersize": 3,
    "fillstyle": "none",
    "linewidth": 0,
}


def history_table(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the training histories of model records as one tidy table.

    Its columns are site, protocol, band, label (model with input), seed, update, train_loss,
    validation_loss (mean squared errors in normalised units) and best (whether the weights of this
    update were kept). Losses of 0 or less, which a logarithmic axis cannot show, are NaN.
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
def training_curves(table: pd.DataFrame) -> Figure:
    """Return the figure of a `history_table`: a row per band, a column per model with input.

    Mean squared error in normalised units on a logarithmic axis that all panels share. Columns
    beyond MAX_COLUMNS continue below, in further rows.
    """
    keys = ["site", "protocol", "band"]
    rows = list(table.groupby(keys, sort=False))
    labels = list(table["label"].unique())
    strips, columns = balanced(len(labels), MAX_COLUMNS)
    titles_mm = max(9, title_mm(labels))
    gaps_down = [3.5] * (len(rows) * strips - 1)
    gaps_down[len(rows) - 1 :: len(rows)] = [8 + titles_mm] * (strips - 1)  # numbers and titles
    row_names = [key for key in keys[:2] if table[key].nunique() > 1] + ["band"]
    places = table[["site", "protocol"]].drop_duplicates().to_numpy()
    lines = [
        "; ".join(f"Site {site}, {protocol.replace('_', ' ')}" for site, protocol in places),
        "Thin lines: one seed each. The weights kept are those of the marked update.",
    ]
    figure, axes = panel_grid(
        [0.75] * len(rows) * strips,
        columns,
        left=13 + 3.2 * len(row_names),
        right=3,
        top=titles_mm,
        bottom=8 + notes_height(lines),
        gap=(2.5, gaps_down),
        widest=52,
        tall=True,
    )
    for first in range(0, len(labels), columns):
        shown = labels[first : first + columns]
        strip, axes = axes[: len(rows)], axes[len(rows) :]
        for panel in strip[:, len(shown) :].flat:
            panel.remove()
        strip = strip[:, : len(shown)]
        for (key, group), panels in zip(rows, strip, strict=True):
            for label, panel in zip(shown, panels, strict=True):
                _draw_curves(panel, group[group["label"] == label])
            values = dict(zip(keys, key, strict=True))
            row_label = [*(values[name] for name in row_names[:-1]), f"{values['band']} MSE"]
            panels[0].set_ylabel("\n".join(row_label))
        _share_axes(strip, table)
        for label, panel in zip(shown, strip[0], strict=True):
            panel.set_title(stacked(label))
        for panel in strip[-1]:
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


def _draw_curves(axes: Axes, table: pd.DataFrame) -> None:
    """Draw both losses of each seed, and mark the update whose weights were kept."""
    for _, run in table.groupby("seed"):
        for column, (_, line) in LOSSES.items():
            axes.plot(run["update"], run[column], linewidth=0.6, **line)
        best = run[run["best"]]
        axes.plot(best["update"], best["validation_loss"], zorder=3, **BEST)


def _share_axes(axes: np.ndarray, table: pd.DataFrame) -> None:
    """Give all panels the same limits, with numbers on the left and at the bottom only."""
    losses = table[list(LOSSES)].stack()
    low, high = (losses.min(), losses.max()) if len(losses) else (0.1, 1)
    # Limits at whole decades, so that at least two ticks have a number.
    decades = 10 ** np.floor(np.log10(low * 0.9)), 10 ** np.ceil(np.log10(high * 1.1))
    last = max(table["update"].max(), 1)
    for number, row in enumerate(axes, start=1):
        for panel in row:
            panel.set(yscale="log", ylim=decades, xlim=(-0.03 * last, 1.03 * last))
            panel.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            draw_minor_ticks(panel)
            panel.grid(color="#E6E6E6", linewidth=0.5)
            panel.tick_params(labelleft=panel is row[0], labelbottom=number == len(axes))


def draw_training(*, histories: Sequence[str | Path]) -> Figure:
    """Return the training curves of the models with these JSON records (paths)."""
    return training_curves(history_table([read_json(path) for path in histories]))
