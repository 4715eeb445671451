"""From the tidy table of scores to summaries that people read."""

import numpy as np
import pandas as pd
from scipy.stats import t as student_t
from tabulate import tabulate

from .labels import method_label

RUN_COLUMNS = ["study", "site", "protocol", "region", "band", "method", "input"]
METRIC_COLUMNS = [*RUN_COLUMNS, "seed", "metric", "value", "n"]
PRINTED = {  # metric -> column title and decimals
    "rmse": ("RMSE", 4),
    "bias": ("Bias", 4),
    "ssim": ("SSIM", 3),
    "uiqi": ("UIQI", 3),
    "cc": ("CC", 3),
    "ergas": ("ERGAS", 2),
    "sam": ("SAM (°)", 2),
}
CONFIDENCE = 0.95


def summarise(scores):
    """Return mean and interval over seeds of every score.

    scores: tidy table (METRIC_COLUMNS). The interval is Student's t at 95 % over the seeds;
    with one seed, or a value that is not finite, `low` and `high` are NaN.
    """
    grouped = scores.groupby([*RUN_COLUMNS, "metric"], sort=False, dropna=False)["value"]
    summary = grouped.agg(mean="mean", seeds="size").reset_index()
    half = grouped.apply(_half_interval).to_numpy()
    summary["low"], summary["high"] = summary["mean"] - half, summary["mean"] + half
    return summary[[*RUN_COLUMNS, "metric", "mean", "low", "high", "seeds"]]


def _half_interval(values):
    """Return half the width of the t-interval of the mean of `values`."""
    if len(values) < 2 or not np.isfinite(values).all():
        return np.nan
    quantile = student_t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    return quantile * values.std(ddof=1) / np.sqrt(len(values))


def printable(summary):
    """Return the summary as a table of texts: a row per band and method, a column per metric.

    The triple's scores (band "rgb") get rows of their own; a column that is empty is left out.
    """
    chosen = summary[summary["metric"].isin(PRINTED)].copy()
    chosen["text"] = [
        _text(row.mean_, row.high, PRINTED[row.metric][1])
        for row in chosen.rename(columns={"mean": "mean_"}).itertuples()
    ]
    chosen["method"] = [
        method_label(*run) for run in zip(chosen["method"], chosen["input"], strict=True)
    ]
    rows = ["site", "protocol", "band", "method"]
    wide = chosen.pivot_table(
        index=rows, columns="metric", values="text", aggfunc="first", sort=False
    )
    wide = wide[[metric for metric in PRINTED if metric in wide]].fillna("")
    titles = {metric: title for metric, (title, _) in PRINTED.items()}
    return wide.rename(columns=titles).reset_index()


def _text(mean, high, decimals):
    if not np.isfinite(high):
        return f"{mean:.{decimals}f}"
    return f"{mean:.{decimals}f} ± {high - mean:.{decimals}f}"


def as_text(table, style):
    """Return `table` in a style of tabulate: simple, github, latex_booktabs."""
    titles = [str(name) for name in table.columns]
    return tabulate(table.to_numpy(), headers=titles, tablefmt=style, disable_numparse=True)


def meaning(summary):
    """Return what the reconstruction scores mean, in two sentences with the run's own numbers."""
    rmse = summary[
        (summary["protocol"] == "reconstruction")
        & (summary["metric"] == "rmse")
        & np.isfinite(summary["mean"])
    ]
    first = (
        "Copying the band is the perfect answer to `reconstruction` (RMSE 0), so these scores say"
        " how much a model damages the band it was given, not what SAR adds to it."
    )
    mean = rmse.groupby(["method", "input"], sort=False)["mean"].mean()
    parts = []
    for method in dict.fromkeys(name for name, _ in mean.index):
        errors = mean.loc[method]
        if {"ratio", "none"} <= set(errors.index):
            change = errors["ratio"] / errors["none"] - 1
            parts.append(
                f"{method_label(method, 'ratio')} {errors['ratio']:.4f} against"
                f" {errors['none']:.4f} without SAR ({change:+.0%})"
            )
        elif method != "copy":
            parts += [f"{method_label(method, name)} {errors[name]:.4f}" for name in errors.index]
    second = f"RMSE on test ground, mean over bands and seeds: {'; '.join(parts)}."
    return f"{first} {second}"


def read_scores(paths):
    """Return the tidy tables of `paths` as one."""
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
