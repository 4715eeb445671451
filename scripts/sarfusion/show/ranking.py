"""The table of methods in the order of their error."""

import pandas as pd

from ..scoring.definitions import CANNOT_TELL
from ..study.methods import method_label

DIGITS = 4  # of reflectance
NOTE = (
    "RMSE in reflectance on test ground, inside gaps where there are any, mean over seeds; rank 1"
    " is the lowest. *difference*: method minus the one that all are compared with, with its 95 %"
    " interval over seeds and blocks of test ground. *better*, *worse*: shown after Holm's"
    " correction over all methods of the band, at 2.5 % on either side; a rank alone shows nothing."
)


def ranked_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table as texts: a row per site, band and method, best first.

    rows: of scoring.ranking.rank.
    """
    place = ["site"] if rows["site"].nunique() > 1 else []
    return pd.DataFrame([_line(row, [*place, "band", "rank"]) for row in rows.to_dict("records")])


def _line(row, place):
    """Return a row as texts, by column title."""
    has_interval = pd.notna(row["low"]) and pd.notna(row["high"])
    why = f" ({row['reason']})" if row["finding"] == CANNOT_TELL and pd.isna(row["low"]) else ""
    return {
        **{name: row[name] for name in place},
        "method": method_label(row["method"], row["input"]),
        "RMSE": f"{row['rmse']:.{DIGITS}f}",
        "difference": _signed(row["difference"]) if pd.notna(row["difference"]) else "",
        "95 % interval": f"{_signed(row['low'])} to {_signed(row['high'])}" if has_interval else "",
        "finding": f"{row['finding']}{why}",
    }


def _signed(value):
    """Return a difference with its sign and one more digit than the error has."""
    return f"{value:+.{DIGITS + 1}f}".replace("-", "−")
