"""Summaries for readers, made from the tidy table of scores."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from ..scoring.definitions import LEAST_N
from ..scoring.intervals import half_width
from ..scoring.metrics import METRICS
from ..scoring.support import in_headline
from ..study.inputs import REFERENCES, TESTED, input_of
from ..study.methods import method_label, method_name
from ..study.protocols import HEADLINE, PROTOCOLS, SECTIONS

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
    "from_dates": ("From dates", 3),
}
MAX_SITES = 6  # with more sites, the short table shows means over sites


def score_rows(
    place: Mapping[str, str],
    band: str,
    run: Sequence[Any],
    scores: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the rows of the tidy table (METRIC_COLUMNS) for the scores of one fused raster.

    place: study, site, protocol and region; run: (method, input, seed); scores: {metric: Score},
    see scoring.metrics.
    """
    method, sar_input, seed = run
    about = {**place, "band": band, "method": method, "input": sar_input, "seed": seed}
    return [
        {**about, "metric": name, "value": score.value, "n": score.n}
        for name, score in scores.items()
    ]


def support_note(scores: pd.DataFrame) -> str:
    """Return how many windows are behind scores in gaps, and which are left out; "" without gaps.

    scores: the whole tidy table of metrics.
    """
    withholding = [name for name, protocol in PROTOCOLS.items() if protocol.withholds]
    inside = scores[scores["protocol"].isin(withholding) & in_headline(scores)]
    pixels = inside[inside["metric"] == "rmse"]["n"]
    parts = []
    for metric, least_n in LEAST_N.items():
        n = inside[inside["metric"] == metric]["n"]
        if len(n):
            least = "" if n.min() >= least_n else f" (left out below {least_n})"
            parts.append(f"{METRICS[metric].label} {_span(n)}{least}")
    if not parts:
        return ""
    return (
        f"Inside gaps, {_span(pixels)} pixels per band are scored. Few windows lie entirely in a"
        f" gap: {', '.join(parts)}."
    )


def _span(numbers: pd.Series) -> str:
    """Return e.g. "32" or "32 to 181"."""
    return " to ".join(dict.fromkeys(f"{n:.0f}" for n in (numbers.min(), numbers.max())))


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over seeds of every score, with its interval.

    scores: tidy table (METRIC_COLUMNS). The result has the columns RUN_COLUMNS, metric, mean, low,
    high, seeds, and n, the number of pixels or windows behind the score of a seed. The interval is
    Student's t at 95 % over the seeds. With one seed, or a value that is not finite, `low` and
    `high` are NaN.
    """
    grouped = scores.groupby([*RUN_COLUMNS, "metric"], sort=False, dropna=False)
    summary = grouped.agg(
        mean=("value", "mean"), seeds=("value", "size"), n=("n", "min")
    ).reset_index()
    half = _half_widths(
        scores["value"].to_numpy(), grouped.ngroup().to_numpy(), summary["seeds"].to_numpy()
    )
    summary["low"], summary["high"] = summary["mean"] - half, summary["mean"] + half
    return summary[[*RUN_COLUMNS, "metric", "mean", "low", "high", "seeds", "n"]]


def _half_widths(values: np.ndarray, groups: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return half the width of the interval of the mean of each group of `values`.

    groups: for each value, the number of its group; sizes: of the groups. A study of many sites has
    millions of groups, so all groups of one size are computed at once.
    """
    ordered = values[np.argsort(groups, kind="stable")]
    starts = np.cumsum(sizes) - sizes
    half = np.full(len(sizes), np.nan)
    for size in np.unique(sizes[sizes > 1]):
        chosen = np.flatnonzero(sizes == size)
        rows = ordered[starts[chosen, None] + np.arange(size)]
        with np.errstate(invalid="ignore"):  # infinite values have no interval
            half[chosen] = half_width(rows.std(axis=1, ddof=1), size)
    return half


def sections(summary: pd.DataFrame, sizes: Mapping[str, str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (title, rows) for each of SECTIONS of which the summary has rows.

    sizes: pixel sizes, as pixels.pixel_sizes returns them.
    """
    for (protocol, region), title in SECTIONS.items():
        section = summary[(summary["protocol"] == protocol) & (summary["region"] == region)]
        if not section.empty:
            yield title.format(**sizes), section


def full_table(section: pd.DataFrame) -> pd.DataFrame:
    """Return a section of the summary as texts: a row per band and method, mean ± half interval.

    Scores of the three bands together (band "rgb") have rows of their own. Empty columns are left
    out.
    """
    return _pivot(section, ["site", "band"], PRINTED, _with_interval)


def pooled_table(section: pd.DataFrame) -> pd.DataFrame:
    """Return a section of the means over sites like `full_table`, but without a column of sites.

    section: rows of scoring.across.pooled_scores.
    """
    return _pivot(section, ["band"], PRINTED, _with_interval)


def short_table(section: pd.DataFrame) -> pd.DataFrame:
    """Return a section of the summary as texts: a row per method, the mean over its bands.

    RMSE is listed for each band, since most claims are about it. With more than MAX_SITES sites,
    the table contains means over sites.
    """
    columns = ["site", "method", "input", "metric"]
    by_band = section[section["metric"] == "rmse"].copy()
    by_band["metric"] = "RMSE " + by_band["band"]
    others = section[section["metric"].isin(set(PRINTED) - {"rmse"})]
    means = pd.concat([by_band, others]).groupby(columns, sort=False)["mean"].mean().reset_index()
    titles = {name: (name, 4) for name in by_band["metric"].unique()}
    sites = ["site"] if 1 < section["site"].nunique() <= MAX_SITES else []
    if section["site"].nunique() > MAX_SITES:
        means = means.groupby(columns[1:], sort=False)["mean"].mean().reset_index()
    return _pivot(means, sites, {**titles, **PRINTED}, lambda row, digits: f"{row.mean:.{digits}f}")


def _pivot(
    scores: pd.DataFrame,
    index: list[str],
    titles: Mapping[str, tuple[str, int]],
    text: Callable[[Any, int], str],
) -> pd.DataFrame:
    """Return a table of texts with a row per `index` and method, and a column per metric.

    titles: {metric: (title, decimals)}; text: returns the text of a row for a number of decimals.
    """
    chosen = scores[scores["metric"].isin(titles)].copy()
    chosen["text"] = [text(row, titles[row.metric][1]) for row in chosen.itertuples()]
    chosen["method"] = [
        method_label(*run) for run in zip(chosen["method"], chosen["input"], strict=True)
    ]
    wide = chosen.pivot_table(
        index=[*index, "method"], columns="metric", values="text", aggfunc="first", sort=False
    )
    wide = wide[[metric for metric in titles if metric in wide]].fillna("")
    return wide.rename(columns={name: title for name, (title, _) in titles.items()}).reset_index()


def _with_interval(row: Any, digits: int) -> str:
    """Return e.g. "0.0123 ± 0.0004", or only the mean if there is no interval."""
    if not np.isfinite(row.high):
        return f"{row.mean:.{digits}f}"
    return f"{row.mean:.{digits}f} ± {row.high - row.mean:.{digits}f}"


def as_text(table: pd.DataFrame, style: str) -> str:
    """Return `table` in a style of tabulate: "simple", "github" or "latex_booktabs"."""
    titles = [str(name) for name in table.columns]
    return tabulate(table.to_numpy(), headers=titles, tablefmt=style, disable_numparse=True)


def by_protocol(
    table: pd.DataFrame,
    heading: str,
    missing: str,
    parts_of: Callable[[pd.DataFrame], Iterable[str]],
) -> str:
    """Return a Markdown page on `table`, with a heading for each protocol if it has several.

    missing: a note on missing sites, "" if there are none. parts_of: (rows of a protocol) ->
    paragraphs.
    """
    parts = [f"# {heading}", missing]
    for protocol, rows in table.groupby("protocol", sort=False):
        if table["protocol"].nunique() > 1:
            parts.append(f"## {str(protocol).replace('_', ' ')}")
        parts += parts_of(rows)
    return "\n\n".join(filter(None, parts)) + "\n"


def meaning(summary: pd.DataFrame, models: pd.DataFrame) -> str:
    """Return what the scores mean, in one or two sentences with the numbers of the run.

    models: the table of models, which states how long networks were trained, and whether that was
    long enough.
    """
    sentences = []
    present = [name for name in PROTOCOLS if name in set(summary["protocol"])]
    for name in present:
        if PROTOCOLS[name].is_copying:
            change = _change(summary, models, name, "none")
            sentences.append(
                f"{PROTOCOLS[name].title} is solved by copying the band (RMSE 0), so its scores say"
                " how much a model damages what it was given"
                + (f"; the SAR ratio changes that error by {change}." if change else ".")
            )
    for name in present:
        if PROTOCOLS[name].withholds:
            changes = [
                f"{change} against the same model {input_of(reference).phrase}"
                for reference in REFERENCES
                if (change := _change(summary, models, name, reference))
            ]
            if changes:
                where = PROTOCOLS[name].where.replace("In ", "Inside ", 1)
                sentences.append(
                    f"{where} the SAR ratio changes the error by {', and by '.join(changes)}."
                )
    return " ".join(sentences)


def _change(summary: pd.DataFrame, models: pd.DataFrame, protocol: str, reference: str) -> str:
    """Return e.g. "CNN -18 % (100 updates, 50 % converged)": the change of RMSE, mean over bands.

    It is that of the input TESTED relative to the input `reference`. "" if no method has both.
    """
    rmse = summary[
        (summary["protocol"] == protocol)
        & (summary["region"] == HEADLINE[protocol])
        & (summary["metric"] == "rmse")
    ]
    mean = rmse.groupby(["method", "input"], sort=False)["mean"].mean()
    changes = []
    for method in dict.fromkeys(name for name, _ in mean.index):
        errors = mean.loc[method]
        if {TESTED, reference} <= set(errors.index):
            percent = 100 * (errors[TESTED] / errors[reference] - 1)
            of_method = models[(models["protocol"] == protocol) & (models["model"] == method)]
            trained = of_method[of_method["input"].isin([TESTED, reference])]
            changes.append(f"{method_name(method)} {percent:+z.0f} %{_training(trained)}")
    return ", ".join(changes)


def _training(models: pd.DataFrame) -> str:
    """Return e.g. " (100 updates, 50 % converged)" for rows of the table of models, "" for none."""
    if models.empty:
        return ""
    updates, share = models["updates"].iloc[0], models["converged"].mean()
    return f" ({updates:.0f} updates, {100 * share:.0f} % converged)"


def read_scores(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Return the tables at `paths` (CSV) as one."""
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
