"""How much of a product is filled, and its error: as a table and in words."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..product.score import ALL_BANDS, COLUMNS, FROM_DATE, OTHERWISE
from ..scenes.bands import BANDS
from ..scoring.definitions import CALIBRATED
from ..study.inputs import input_of
from ..study.methods import method_label, method_name
from .tables import as_text

SHARE_FROM_DATE = "share_from_date"
GAP = "gap"  # region of simulated gaps on test ground
GROUND = {  # region -> name of its row, in the order of rows
    "clouds": "under the clouds, against the truth",
    FROM_DATE: "of these, clear on another date",
    OTHERWISE: "of these, clear on no other date",
    "measured": "clear pixels, against the truth",
    GAP: "simulated gaps, against the measured band",
}
NOTE = (
    "Filled: share of the pixels with a value; no data: share of the scene. RMSE, bias and width of"
    " the 95 % interval in reflectance. The truth is known for simulated sites only. Clear pixels"
    " differ from it by the noise and the blur of the sensor; filled pixels cannot be expected to"
    " differ by less. Simulated gaps: on test ground; RMSE and bias are means over seeds, and the"
    " filled image is the mean of the seeds."
)


def gap_rows(
    scores: pd.DataFrame, metrics: pd.DataFrame, uncertainties: pd.DataFrame, protocol: str
) -> pd.DataFrame:
    """Return the scores (score.COLUMNS) in simulated gaps of the method that fills each site.

    scores: tables of products. metrics: tables/metrics.csv. uncertainties: rows of
    metrics/SITE/PROTOCOL.uncertainty.csv; empty if no uncertainty is known.
    """
    chosen = scores[["study", "site", "method", "input"]].drop_duplicates()
    errors = metrics[
        (metrics["protocol"] == protocol)
        & (metrics["region"] == GAP)
        & metrics["metric"].isin(["rmse", "bias"])
        & metrics["band"].isin(BANDS)
    ]
    keys = ["site", "band", "method", "input", "metric"]
    means = errors.groupby(keys, sort=False).agg(value=("value", "mean"), n=("n", "first"))
    parts = [means.reset_index()]
    if not uncertainties.empty:
        intervals = uncertainties[
            (uncertainties["uncertainty"] == CALIBRATED)
            & uncertainties["metric"].isin(["coverage_95", "width_95"])
        ]
        parts.append(intervals[[*keys, "value", "n"]])
    found = chosen.merge(pd.concat(parts, ignore_index=True), on=["site", "method", "input"])
    return found.assign(region=GAP)[COLUMNS]


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per site: the method, what is filled and what has no data, as texts.

    table: tables/product.csv.
    """
    rows, has_dates = [], (table["metric"] == SHARE_FROM_DATE).any()
    by_site = table.groupby(["site", "method", "input"], sort=False)
    for (site, method, sar_input), of_site in by_site:
        whole = of_site[of_site["band"] == ALL_BANDS].set_index("metric")["value"]
        rows.append(
            {
                "site": site,
                "filled by": method_label(method, sar_input),
                "filled": _percent(whole.get("share_filled", np.nan)),
                **(
                    {"from another date": _percent(whole.get(SHARE_FROM_DATE, 0.0))}
                    if has_dates
                    else {}
                ),
                "no data": _percent(whole.get("share_no_data", np.nan)),
            }
        )
    return pd.DataFrame(rows)


def errors(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per site, kind of ground and band with its scores as texts."""
    rows = []
    for site in dict.fromkeys(table["site"]):
        for region, ground in GROUND.items():
            chosen = table[(table["site"] == site) & (table["region"] == region)]
            for band in dict.fromkeys(chosen["band"]):
                value = chosen[chosen["band"] == band].set_index("metric")["value"]
                rows.append(
                    {
                        "site": site,
                        "ground": ground,
                        "band": band,
                        "RMSE": _reflectance(value.get("rmse", np.nan)),
                        "bias": _reflectance(value.get("bias", np.nan)),
                        "in 95 % interval": _percent(value.get("coverage_95", np.nan)),
                        "its width": _reflectance(value.get("width_95", np.nan)),
                    }
                )
    return pd.DataFrame(rows)


def sentences(table: pd.DataFrame) -> list[str]:
    """Return a sentence for each site on how much of its picture is filled, and on the error."""
    return [_sentence(table[table["site"] == site], site) for site in dict.fromkeys(table["site"])]


def _sentence(of_site: pd.DataFrame, site: str) -> str:
    first = of_site.iloc[0]
    scores = of_site.set_index(["region", "band", "metric"])["value"]
    share = scores.get(("scene", ALL_BANDS, "share_filled"), 0.0)
    if not share:
        return f"No cloud hides the ground of {site}: nothing of its image is filled."
    text = (
        f"{_percent(share)} of the image of {site} is filled, by the"
        f" {method_name(first['method'])} {input_of(first['input']).phrase}."
    )
    dated = scores.get(("scene", ALL_BANDS, SHARE_FROM_DATE), 0.0)
    if dated:
        text += f" {_percent(dated)} was clear on another date, which this method is given."
    for region, where in (
        ("clouds", "Against the true reflectance under its clouds"),
        (GAP, "In simulated gaps on test ground"),
    ):
        means = of_site[of_site["region"] == region].groupby("metric")["value"].mean()
        if "rmse" in means:
            text += f" {where}, the error (RMSE) is {_reflectance(means['rmse'])}"
            if np.isfinite(means.get("coverage_95", np.nan)):
                inside = _percent(means["coverage_95"])
                text += f", and the 95 % interval contains {inside} of the pixels"
            text += "."
    return text


def as_markdown(table: pd.DataFrame, lacks: Sequence[str] = ()) -> str:
    """Return the table of products as a page. lacks: notes on missing sites."""
    parts = [*sentences(table), as_text(shares(table), "github")]
    scores = errors(table)
    if not scores.empty:
        parts.append(as_text(scores, "github"))
    return "\n\n".join([*parts, NOTE, *lacks]) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if np.isfinite(share) else ""


def _reflectance(value: float) -> str:
    return f"{round(value, 4) + 0.0:.4f}" if np.isfinite(value) else ""  # no -0.0000
