"""Paired differences between methods: what SAR adds, one model against another, and transfer.

Each function selects and labels rows of a study's tables; `difference_panels` draws them.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...core.errors import StudyError
from ...scoring.across import pool
from ...scoring.support import in_headline
from ...scoring.transfer import losses, without_training
from ...study.inputs import input_of
from ...study.methods import METHODS, method_label, method_name
from ...study.missing import missing_line
from . import of_sites, styled
from .difference_panels import difference_panels
from .facets import protocol_heading
from .layout import notes, panel_grid

NOTES = [
    "RMSE difference, mean over seeds; scales differ between panels.",
    "Bar: 95 % interval over seeds and blocks of test ground (Student's t).",
    "Filled: the interval leaves out zero.",
]


def of_models(table: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons of two trained models among the rows of compare_methods.

    Comparisons with methods without training are left out: there are many, and they belong to
    claims.
    """
    return table if table.empty else table[~table["right_method"].isin(METHODS)]


def comparisons(table: pd.DataFrame) -> pd.DataFrame:
    """Return the RMSE rows that the figure shows, with `column`, `heading` and `label`.

    table: rows of compare_methods. Only the headline region of each protocol is kept. `column` is
    "sar" for two inputs of one method and "model" for two methods. Differences are in reflectance.
    Raises StudyError if no row is left.
    """
    shown = table[_is_headline_rmse(table) & np.isfinite(table["difference"].astype(float))].copy()
    if shown.empty:
        raise StudyError("differences: no finite RMSE; see the log of the comparison of methods")
    words = [_describe_comparison(row) for row in shown.to_dict("records")]
    return shown.assign(**pd.DataFrame(words, index=shown.index))


def _is_headline_rmse(table: pd.DataFrame) -> pd.Series:
    """Return which rows are RMSE in the headline region of their protocol."""
    return (table["metric"] == "rmse") & in_headline(table)


def _describe_comparison(row: dict[str, Any]) -> dict[str, str]:
    """Return the column, heading and label of one comparison."""
    left, right = ((row[f"{side}_method"], row[f"{side}_input"]) for side in ("left", "right"))
    if left[0] == right[0]:
        return {
            "column": "sar",
            "heading": f"minus {input_of(right[1]).label}:",
            "label": method_label(*left),
        }
    if left[1] == right[1]:
        return {
            "column": "model",
            "heading": f"{method_name(left[0])} − {method_name(right[0])}:",
            "label": input_of(left[1]).label,
        }
    return {
        "column": "model",
        "heading": f"minus {method_label(*right)}:",
        "label": method_label(*left),
    }


@styled
def paired_differences(table: pd.DataFrame) -> Figure:
    """Return the figure of the tables of compare_methods: a row of panels per site and protocol.

    The left panel shows what the SAR input changes, the right one compares models. A panel has a
    line per method below a heading that names what it is compared with, and a colour and marker
    per band. For a study that compares no methods, the figure is a page that says so.
    """
    table = of_models(table)
    if table.empty:
        figure, axes = panel_grid([0.2], 1, widest=60)
        axes[0, 0].set_axis_off()
        notes(figure, ["This study compares no two methods."])
        return figure
    shown = comparisons(table)
    groups = {
        f"Site {site}, {protocol_heading(protocol)}": group
        for (site, protocol), group in shown.groupby(["site", "protocol"], sort=False)
    }
    return difference_panels(groups, NOTES)


@styled
def across_sites(table: pd.DataFrame, missing: str = "") -> Figure:
    """Return the differences over all sites of the tables: a row of panels per protocol.

    A large mark is the mean over sites with its 95 % t interval over sites; a small dot is one
    site. missing: a note on sites that failed, "" without any.
    """
    table = of_models(table)
    if table.empty:
        return paired_differences(table)
    shown = comparisons(table)
    return _over_sites(shown, ["protocol"], lambda key: protocol_heading(key[0]), missing)


@styled
def transfer(scores: pd.DataFrame, transferred: pd.DataFrame, missing: str = "") -> Figure:
    """Return what models lose on sites without training data: a panel per transfer and protocol.

    scores: tidy table of metrics; transferred: the same for transferred models, with a column
    `transfer`. The best method without training is shown below the models, since it is the
    alternative at a site where nothing can be trained. missing: a note on sites that failed.
    """
    lost = losses(scores, transferred)
    lost = lost[_is_headline_rmse(lost)]
    tables = [lost.assign(heading="unseen − own:", label=_labels(lost))]
    for _, rows in lost.groupby("transfer", sort=False):
        best = without_training(scores, rows["site"].unique())
        keys = ["site", "protocol", "region", "band"]
        baseline = rows.merge(best.rename(columns={"method": "best"}), on=keys)
        tables.append(
            baseline.assign(
                heading="without training − own:",
                difference=baseline["rmse"] - baseline["own"],
                label=_labels(baseline),
            )
        )
    shown = pd.concat(tables, ignore_index=True).assign(column="transfer")
    shown = shown[np.isfinite(shown["difference"].astype(float))]
    if shown.empty:
        raise StudyError("transfer: no finite RMSE; see the log of the evaluation")
    return _over_sites(
        shown,
        ["transfer", "protocol"],
        lambda key: f"Transfer {key[0].replace('_', ' ')}, {protocol_heading(key[1])}",
        missing,
    )


def _labels(table: pd.DataFrame) -> list[str]:
    """Return the label of the method with its input in each row."""
    return [method_label(*run) for run in zip(table["method"], table["input"], strict=True)]


def _over_sites(
    shown: pd.DataFrame, keys: list[str], title: Callable[[tuple], str], missing: str
) -> Figure:
    """Return the figure of differences at several sites, a row of panels per group of `keys`.

    title: returns the title of a group from its values of `keys`.
    """
    line_keys = ["column", "heading", "label", "band"]
    pooled = pool(shown, [*keys, *line_keys], "difference").rename(columns={"mean": "difference"})
    count = shown["site"].nunique()
    note_lines = [
        "RMSE difference; scales differ between panels. Small: one site, mean over seeds.",
        f"Large: mean over {count} sites, bar: 95 % t interval over sites; filled: it leaves out"
        " zero.",
        *([missing] if missing else []),
    ]
    groups, site_differences = (
        {title(key): rows for key, rows in table.groupby(keys, sort=False)}
        for table in (pooled, shown)
    )
    return difference_panels(groups, note_lines, site_differences)


def draw_paired_differences(*, differences: Sequence[str | Path], sites: Sequence[str]) -> Figure:
    """Return the differences at some sites, from the tables of compare_methods (paths)."""
    return paired_differences(of_sites(_read(differences), sites))


def draw_across_differences(
    *, differences: Sequence[str | Path], missing: Mapping[str, Any]
) -> Figure:
    """Return the differences over all sites, from the tables of compare_methods (paths)."""
    return across_sites(_read(differences), missing_line(missing))


def draw_transfer(
    *, metrics: str | Path, transferred: str | Path, missing: Mapping[str, Any]
) -> Figure:
    """Return what models lose on unseen sites, from the tidy tables of both kinds of models."""
    return transfer(pd.read_csv(metrics), pd.read_csv(transferred), missing_line(missing))


def _read(paths: Sequence[str | Path]) -> pd.DataFrame:
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
