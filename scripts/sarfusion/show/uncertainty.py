"""Tables of the uncertainty of filled pixels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..scoring.definitions import COVERAGE, SCALE, UNCERTAINTIES
from ..study.methods import method_label
from .tables import MAX_SITES

SCORES = {  # metric -> column title and decimals
    "coverage_50": ("in 50 %", 3),
    "coverage_80": ("in 80 %", 3),
    "coverage_95": ("in 95 %", 3),
    "width_95": ("width of 95 %", 4),
    "crps": ("CRPS", 4),
    "ause": ("AUSE", 3),
}
RUN = ["method", "input", "uncertainty"]
NOTE = (
    "Inside gaps on test ground. *in 50 %, 80 %, 95 %*: the share of pixels whose measured value"
    " lies in the interval of that level; the last has its own 95 % interval, over blocks of test"
    " ground. A well-calibrated model has 0.5, 0.8 and 0.95. Width (of the whole"
    " interval) and CRPS are in reflectance; lower CRPS and AUSE are better. *seeds alone*: the"
    " spread over networks trained with different seeds. *network and seeds*: that spread together"
    " with the variance that the networks learned. *calibrated*: the same (the spread alone, if a"
    " network learned no variance) times a factor that was fitted on validation ground."
)


def full_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table as texts: a row per site, band, method and kind of uncertainty.

    rows: of evaluate_uncertainty. With more than MAX_SITES sites it has means over sites, without
    intervals.
    """
    place = ["site", "band"]
    if rows["site"].nunique() > MAX_SITES:
        rows, place = _means(rows, ["band"]), ["band"]
    elif rows["site"].nunique() == 1:
        place = ["band"]
    return _texts(rows, place)


def short_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table as texts: a row per method and kind of uncertainty, means over the rest."""
    return _texts(_means(rows, []), [])


def _means(rows: pd.DataFrame, place: Sequence[str]) -> pd.DataFrame:
    """Return the means over all columns but place, RUN and metric, without intervals."""
    means = rows.groupby([*place, *RUN, "metric"], sort=False)["value"].mean().reset_index()
    return means.assign(low=np.nan, high=np.nan)


def _texts(rows: pd.DataFrame, place: Sequence[str]) -> pd.DataFrame:
    """Return a table of texts with a row per place and RUN, and a column per score."""
    lines = []
    for key, group in rows.groupby([*place, *RUN], sort=False):
        about = dict(zip([*place, *RUN], key, strict=True))
        found = group.set_index("metric")
        if "crps" not in found.index:  # only the factor
            continue
        line = {name: about[name] for name in place}
        line["method"] = method_label(about["method"], about["input"])
        line["uncertainty"] = UNCERTAINTIES[about["uncertainty"]]
        for metric, (title, digits) in SCORES.items():
            line[title] = _with_interval(found.loc[metric], digits)
        has_factor = SCALE in found.index
        line["factor"] = _number(found.loc[SCALE, "value"], 2) if has_factor else ""
        lines.append(line)
    return pd.DataFrame(lines)


def _with_interval(row: pd.Series, digits: int) -> str:
    """Return e.g. "0.951 (0.944 to 0.957)", or only the value if there is no interval."""
    value = _number(row["value"], digits)
    if row.name != COVERAGE or not np.isfinite([row["low"], row["high"]]).all():
        return value
    return f"{value} ({_number(row['low'], digits)} to {_number(row['high'], digits)})"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "unknown"
