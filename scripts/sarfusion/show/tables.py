"""From the tidy table of scores to summaries that people read."""

import numpy as np
import pandas as pd
from tabulate import tabulate

from ..scoring.intervals import half_width
from ..study.labels import method_label, method_name

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
SECTIONS = {  # (protocol, region) -> what stands above its table
    ("reconstruction", "test"): "Reconstruction: the band that was given, returned",
    ("cloud_gap", "gap"): "Cloud gaps: the band inside gaps, from what is around them and SAR",
    ("sharpening", "test"): "Sharpening: 90 m to 30 m, against the measured band",
    ("sharpening", "consistency"): "Sharpening: the 10 m product, degraded to 30 m again",
    ("sharpening", "truth"): "Sharpening: the 10 m product against the true 10 m reflectance",
}
MOST_SITES = 6  # that the short summary shows one by one


def score_rows(place, band, run, scores):
    """Return the rows of the tidy table for the scores of one fused raster.

    place: study, site, protocol, region; run: (method, input, seed); scores: of metrics.py.
    """
    method, sar_input, seed = run
    run = {"band": band, "method": method, "input": sar_input, "seed": seed}
    return [
        {**place, **run, "metric": name, "value": score.value, "n": score.n}
        for name, score in scores.items()
    ]


def summarise(scores):
    """Return mean and interval over seeds of every score.

    scores: tidy table (METRIC_COLUMNS). The interval is Student's t at 95 % over the seeds;
    with one seed, or a value that is not finite, `low` and `high` are NaN.
    """
    grouped = scores.groupby([*RUN_COLUMNS, "metric"], sort=False, dropna=False)["value"]
    summary = grouped.agg(mean="mean", seeds="size").reset_index()
    half = _half_widths(scores["value"].to_numpy(), grouped.ngroup().to_numpy(), summary["seeds"])
    summary["low"], summary["high"] = summary["mean"] - half, summary["mean"] + half
    return summary[[*RUN_COLUMNS, "metric", "mean", "low", "high", "seeds"]]


def _half_widths(values, group, sizes):
    """Return half the width of the interval of the mean of each group of `values`.

    group: the number of the group of each value; sizes: of the groups. All groups of one size are
    computed at once, since a study of many sites has millions.
    """
    ordered, sizes = values[np.argsort(group, kind="stable")], sizes.to_numpy()
    starts = np.cumsum(sizes) - sizes
    half = np.full(len(sizes), np.nan)
    for size in np.unique(sizes[sizes > 1]):
        chosen = np.flatnonzero(sizes == size)
        rows = ordered[starts[chosen, None] + np.arange(size)]
        with np.errstate(invalid="ignore"):  # of infinite values, which have no interval
            half[chosen] = half_width(rows.std(axis=1, ddof=1), size)
    return half


def sections(summary):
    """Yield (title, scores) of the parts of the summary that the study has, headlines only."""
    for (protocol, region), title in SECTIONS.items():
        part = summary[(summary["protocol"] == protocol) & (summary["region"] == region)]
        if not part.empty:
            yield title, part


def full_table(part):
    """Return one section of the summary as texts: a row per band and method, mean ± half interval.

    The triple's scores (band "rgb") get rows of their own; a column that is empty is left out.
    """
    return _pivot(part, ["site", "band"], PRINTED, _with_interval)


def pooled_table(part):
    """Return one section of the means over sites (see across.py) as `full_table`, without sites."""
    return _pivot(part, ["band"], PRINTED, _with_interval)


def short_table(part):
    """Return one section of the summary as texts: a row per method, the mean over its bands.

    RMSE stands band by band, since it is what the study's claims are about. Of more than
    MOST_SITES sites, it is the mean over them too.
    """
    columns = ["site", "method", "input", "metric"]
    by_band = part[part["metric"] == "rmse"].copy()
    by_band["metric"] = "RMSE " + by_band["band"]
    others = part[part["metric"].isin(set(PRINTED) - {"rmse"})]
    means = pd.concat([by_band, others]).groupby(columns, sort=False)["mean"].mean().reset_index()
    titles = {name: (name, 4) for name in by_band["metric"].unique()}
    sites = ["site"] if 1 < part["site"].nunique() <= MOST_SITES else []
    if part["site"].nunique() > MOST_SITES:
        means = means.groupby(columns[1:], sort=False)["mean"].mean().reset_index()
    return _pivot(
        means, sites, {**titles, **PRINTED}, lambda row, digits: f"{row.mean_:.{digits}f}"
    )


def _pivot(scores, index, titles, text):
    """Return a table of texts with the rows `index` and method, and a column per metric."""
    chosen = scores[scores["metric"].isin(titles)].rename(columns={"mean": "mean_"})
    chosen["text"] = [text(row, titles[row.metric][1]) for row in chosen.itertuples()]
    chosen["method"] = [
        method_label(*run) for run in zip(chosen["method"], chosen["input"], strict=True)
    ]
    wide = chosen.pivot_table(
        index=[*index, "method"], columns="metric", values="text", aggfunc="first", sort=False
    )
    wide = wide[[metric for metric in titles if metric in wide]].fillna("")
    return wide.rename(columns={name: title for name, (title, _) in titles.items()}).reset_index()


def _mean_alone(row, digits):
    return f"{row.mean_:.{digits}f}"


def _with_interval(row, digits):
    if not np.isfinite(row.high):
        return f"{row.mean_:.{digits}f}"
    return f"{row.mean_:.{digits}f} ± {row.high - row.mean_:.{digits}f}"


def as_text(table, style):
    """Return `table` in a style of tabulate: simple, github, latex_booktabs."""
    titles = [str(name) for name in table.columns]
    return tabulate(table.to_numpy(), headers=titles, tablefmt=style, disable_numparse=True)


def meaning(summary):
    """Return what the scores mean, in a sentence or two with the run's own numbers."""
    said = []
    if "reconstruction" in set(summary["protocol"]):
        change = _change(summary, "reconstruction", "test", "none")
        said.append(
            "Reconstruction is solved by copying the band (RMSE 0), so its scores say how much a"
            " model damages what it was given"
            + (f"; the SAR ratio changes that error by {change}." if change else ".")
        )
    gaps = [
        f"{change} against the same model {words}"
        for reference, words in (("none", "without SAR"), ("shuffled", "with shuffled SAR"))
        if (change := _change(summary, "cloud_gap", "gap", reference))
    ]
    if gaps:
        said.append(
            f"Inside cloud gaps the SAR ratio changes the error by {', and by '.join(gaps)}."
        )
    return " ".join(said)


def _change(summary, protocol, region, reference):
    """Return e.g. "CNN -18 %, CAE +3 %": RMSE with the ratio against `reference`, all bands."""
    rmse = summary[
        (summary["protocol"] == protocol)
        & (summary["region"] == region)
        & (summary["metric"] == "rmse")
    ]
    mean = rmse.groupby(["method", "input"], sort=False)["mean"].mean()
    said = []
    for method in dict.fromkeys(name for name, _ in mean.index):
        errors = mean.loc[method]
        if {"ratio", reference} <= set(errors.index):
            percent = 100 * (errors["ratio"] / errors[reference] - 1)
            said.append(f"{method_name(method)} {percent:+.0f} %")
    return ", ".join(said)


def read_scores(paths):
    """Return the tidy tables of `paths` as one."""
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
