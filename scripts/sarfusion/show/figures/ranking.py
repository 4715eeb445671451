"""The methods of a protocol in the order of their error, each compared with one of them."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ...core.errors import StudyError
from ...scoring.definitions import ITSELF
from ...study.comparisons import run_label
from ...study.methods import method_label
from . import styled
from .difference_panels import difference_panels

NOTES = [
    "RMSE difference, mean over seeds, on test ground (inside gaps where there are any).",
    "From the top: mean RMSE over bands, lowest first. Bar: 95 % interval over seeds and ground.",
    "Filled: the interval leaves out zero.",
]
FAR = 5  # medians: a larger difference would compress all others, and is only in the table


@styled
def in_order(table: pd.DataFrame) -> Figure:
    """Return forest plots of a ranking (scoring.ranking.COLUMNS) of one protocol, one per site.

    Lines are methods, the lowest RMSE at the top; zero is the method that all are compared with.
    Methods that are FAR away are named in a note. Raises StudyError if there is nothing to draw.
    """
    compared = table[(table["finding"] != ITSELF) & table["difference"].notna()]
    if compared.empty:
        raise StudyError("ranking: no method could be compared with another")
    groups, notes = {}, [*NOTES]
    for site, rows in compared.groupby("site", sort=False):
        ordered = _ordered(rows)
        far = ordered["away"] > FAR * ordered["away"].median()
        groups[f"Site {site}"] = ordered[~far]
        if far.any():
            names = ", ".join(ordered["label"][far].unique())
            notes.append(f"Too far off to be shown here, at {site}: {names}.")
    return difference_panels(groups, notes)


def _ordered(rows):
    """Return the rows of a site, best method first, with the columns that difference_panels needs.

    Column away: magnitude of the mean difference of a method over bands.
    """
    mean = rows.groupby(["method", "input"])[["rmse", "difference"]].transform("mean")
    ordered = rows.assign(mean=mean["rmse"], away=mean["difference"].abs())
    ordered = ordered.sort_values("mean", kind="stable")
    labels = [method_label(*run) for run in zip(ordered["method"], ordered["input"], strict=True)]
    heading = f"minus {run_label(rows['against'].iloc[0])}:"
    return ordered.assign(column="ranking", heading=heading, label=labels)


def draw_ranking(*, ranking: str | Path, protocol: str) -> Figure:
    """Return the ranking of a protocol, from the table of rank_methods.py."""
    table = pd.read_csv(ranking)
    return in_order(table[table["protocol"] == protocol])
