"""The table of the scores of maps made from filled gaps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..scoring.land_cover import BUILT_UP, MEASURED, SHARE
from ..study.indices import INDICES
from ..study.methods import method_label
from .tables import MAX_SITES

SHOWN = {  # (what is mapped, metric) -> column title and decimals
    (BUILT_UP, "iou"): ("built-up IoU", 3),
    (BUILT_UP, "area"): ("built-up area", 2),
    **{
        (name, f"index_{metric}"): (f"{name.upper()} {title}", 3)
        for name in INDICES
        for metric, title in (("rmse", "RMSE"), ("bias", "bias"))
    },
}
OF_MEASURED = "of measured"  # column: the IoU as a share of that of the measured bands
MEASURED_LABEL = "Measured bands"
WITH_INTERVAL = ("iou", "index_rmse")
NOTE = (
    "Inside gaps on test ground, mean over seeds. *built-up IoU*: intersection over union of mapped"
    " and true built-up ground, and its 95 % interval by blocks of test ground; the classifier was"
    " trained on measured pixels of training ground, so the measured bands show the best that it"
    " can do. *of measured*: the IoU as a share of theirs. *built-up area*: mapped area divided by"
    " true area."
)
INDEX_NOTE = (
    "*NDVI*, *NDBI*: errors of these indices, filled minus measured, without unit. The indices are"
    " between -1 and 1."
)


def label(method: str, sar_input: str) -> str:
    """Return the name of a row of the table."""
    return MEASURED_LABEL if method == MEASURED else method_label(method, sar_input)


def full_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table as texts: a row per site and method.

    rows: of evaluate_land_cover. With more than MAX_SITES sites it has means over sites, without
    intervals.
    """
    sites = rows["site"].nunique()
    if 1 < sites <= MAX_SITES:
        return _texts(rows, ["site"])
    return short_table(rows) if sites > 1 else _texts(rows, [])


def short_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table as texts: a row per method; means over several sites have no intervals."""
    if rows["site"].nunique() == 1:
        return _texts(rows, [])
    means = rows.groupby(["method", "input", "band", "metric"], sort=False)["value"].mean()
    return _texts(means.reset_index().assign(low=np.nan, high=np.nan), [])


def notes(rows: pd.DataFrame) -> list[str]:
    """Return paragraphs on what the columns mean, and on how much of the ground is built up."""
    found = [NOTE] if (rows["band"] == BUILT_UP).any() else []
    shares = rows[rows["metric"] == SHARE].dropna(subset=["value"])
    for site, share in zip(shares["site"], shares["value"], strict=True):
        where = f" of {site}" if len(shares) > 1 else ""
        found.append(
            f"{100 * share:.1f} % of the pixels{where} are built up, which is the IoU of a map that"
            " calls all pixels built up."
        )
    return [*found, INDEX_NOTE] if rows["band"].isin(INDICES).any() else found


def _texts(rows: pd.DataFrame, place: Sequence[str]) -> pd.DataFrame:
    """Return a table of texts with a row per place and method, and a column per score."""
    lines = []
    for _, of_place in rows.groupby(list(place), sort=False) if place else [("", rows)]:
        ceiling = _value(of_place, MEASURED, "none", (BUILT_UP, "iou"))
        for (method, sar_input), group in of_place.groupby(["method", "input"], sort=False):
            found = group.set_index(["band", "metric"])
            line = {name: group[name].iloc[0] for name in place}
            line["method"] = label(method, sar_input)
            for key, (title, digits) in SHOWN.items():
                if key in found.index:
                    line[title] = _with_interval(found.loc[key], key[1], digits)
                if key == (BUILT_UP, "iou") and key in found.index:
                    line[OF_MEASURED] = _number(found.loc[key, "value"] / ceiling, 2)
            lines.append(line)
    return pd.DataFrame(lines).fillna("")


def _value(rows: pd.DataFrame, method: str, sar_input: str, key: tuple[str, str]) -> float:
    """Return one value of a site, NaN if it is missing."""
    wanted = [method, sar_input, *key]
    found = rows[(rows[["method", "input", "band", "metric"]] == wanted).all(axis=1)]["value"]
    return float(found.iloc[0]) if len(found) else np.nan


def _with_interval(row: pd.Series, metric: str, digits: int) -> str:
    """Return e.g. "0.712 (0.680 to 0.741)", or only the value if there is no interval."""
    value = _number(row["value"], digits)
    if metric not in WITH_INTERVAL or not np.isfinite([row["low"], row["high"]]).all():
        return value
    return f"{value} ({_number(row['low'], digits)} to {_number(row['high'], digits)})"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "unknown"
