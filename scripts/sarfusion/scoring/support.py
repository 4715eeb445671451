"""Which scores rest on enough to be shown."""

import pandas as pd

from .definitions import LEAST_N


def supported(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the tidy table of metrics that rest on enough to be shown.

    A score of windows needs LEAST_N of them: windows that overlap are nearly one. The others stay
    in tables/metrics.csv alone. Scores of pixels are always shown.
    """
    return scores[scores["n"] >= scores["metric"].map(LEAST_N).fillna(0)]
