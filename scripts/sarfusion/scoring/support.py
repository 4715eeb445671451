"""Which scores are shown: those with enough support, and those by which a protocol is judged."""

import pandas as pd

from ..study.protocols import HEADLINE
from .definitions import LEAST_N


def in_headline(table: pd.DataFrame) -> pd.Series:
    """Return which rows are of the region by which their protocol is judged, bool.

    table: with the columns protocol and region.
    """
    return table["region"] == table["protocol"].map(HEADLINE)


def supported(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the tidy table of metrics that have enough support to be shown.

    A score of windows needs LEAST_N of them, since overlapping windows are nearly the same. Other
    scores of windows are only in tables/metrics.csv. Scores of pixels are always shown.
    """
    return scores[scores["n"] >= scores["metric"].map(LEAST_N).fillna(0)]
