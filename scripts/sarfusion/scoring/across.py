"""Means over the sites of a study, with sites as the unit of replication.

Each site counts once, with its mean over seeds, however large it is and however many seeds it has.
The interval is Student's t at 95 % over these values of n sites,

    mean +- t(0.975, n - 1) s / sqrt(n),

so it includes the variation from site to site. It is an interval for the mean over many such sites,
provided that the sites are a sample of them; it is not an interval for one more site. With one site
there is no interval.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .intervals import half_width

SCORES = ["protocol", "region", "band", "method", "input", "metric"]
COMPARED = ["left_method", "left_input", "right_method", "right_input"]
DIFFERENCES = ["protocol", "region", "band", "metric", *COMPARED]


def site_means(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over seeds of every score of each site, with columns SCORES, site and value.

    scores: the tidy table of metrics (tables.METRIC_COLUMNS).
    """
    keys = [*SCORES, "site"]
    return scores.groupby(keys, sort=False, dropna=False)["value"].mean().reset_index()


def pool(values: pd.DataFrame, keys: Sequence[str], column: str) -> pd.DataFrame:
    """Return the mean of `column` over the sites of each group, its interval, and the range.

    values: a row for each site and group; keys: columns that make a group. Columns of the result:
    keys, sites (that count), mean, low, high (of the interval), least, most, and undefined: the
    number of sites whose value is not finite, which do not count.
    """
    kept = values[[*keys, column]].copy()
    kept[column] = kept[column].astype(float).where(np.isfinite(kept[column].astype(float)))
    grouped = kept.groupby(keys, sort=False, dropna=False)[column]
    pooled = grouped.agg(
        sites="count", mean="mean", spread="std", least="min", most="max", rows="size"
    ).reset_index()
    count = pooled["sites"]
    half = half_width(pooled.pop("spread"), count)
    pooled["undefined"] = pooled.pop("rows") - count
    pooled.insert(len(keys) + 2, "low", pooled["mean"] - half)
    pooled.insert(len(keys) + 3, "high", pooled["mean"] + half)
    return pooled


def pooled_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return every score over all sites, from the tidy table of metrics; see `pool`."""
    return pool(site_means(scores), SCORES, "value")


def pooled_differences(differences: pd.DataFrame) -> pd.DataFrame:
    """Return every difference left - right over all sites; see `pool`.

    differences: rows of compare_methods. Besides the columns of `pool`, the result has the numbers
    of sites on which the difference is `below` and `above` 0, and the numbers of those whose own
    interval excludes 0 (`clearly_below`, `clearly_above`). A mean alone would hide these.
    """
    sides = differences.assign(
        below=differences["difference"] < 0,
        above=differences["difference"] > 0,
        clearly_below=differences["high"] < 0,
        clearly_above=differences["low"] > 0,
    )
    counts = ["below", "above", "clearly_below", "clearly_above"]
    counted = sides.groupby(DIFFERENCES, sort=False, dropna=False)[counts].sum().reset_index()
    return pool(differences, DIFFERENCES, "difference").merge(counted, on=DIFFERENCES)
