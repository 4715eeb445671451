"""Which scores are shown: those that rest on enough, and those that a protocol is judged by."""

import pandas as pd

from ..study.protocols import HEADLINE
from .definitions import LEAST_N


def in_headline(table: pd.DataFrame) -> pd.Series:
    """Return which rows are of the region that their protocol is judged by, bool.

    table: with the columns protocol and region.
    """
    return table["region"] == table["protocol"].map(HEADLINE)


def supported(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the tidy table of metrics that rest on enough to be shown.

    A score of windows needs LEAST_N of them: windows that overlap are nearly one. The others stay
    in tables/metrics.csv alone. Scores of pixels are always shown.
    """
    return scores[scores["n"] >= scores["metric"].map(LEAST_N).fillna(0)]
