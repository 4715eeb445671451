"""What a model loses on a site that it has not seen, compared with a model trained there."""

from collections.abc import Sequence

import pandas as pd

from ..study.methods import METHODS
from .across import SCORES, pool
from .definitions import FROM_DATES

RUN = ["site", *SCORES]


def losses(scores: pd.DataFrame, transferred: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of transferred models beside those of models trained at the tested site.

    scores: the tidy table of metrics; transferred: the same for transferred models, with a column
    `transfer`. A row per transfer, tested site and score, means over seeds: `unseen` (transferred),
    `own` (trained at the site), and `difference`, unseen - own.
    """
    unseen = _means(transferred, ["transfer", *RUN]).rename(columns={"value": "unseen"})
    own = _means(scores, RUN).rename(columns={"value": "own"})
    both = unseen.merge(own, on=RUN, how="left")
    return both.assign(difference=both["unseen"] - both["own"])


def without_training(scores: pd.DataFrame, sites: Sequence[str]) -> pd.DataFrame:
    """Return the RMSE of the best method without training, for each site, protocol, region, band.

    The best method of a protocol, region and band has the lowest mean RMSE over `sites`. Returns
    columns site, protocol, region, band, method, rmse, and from_dates: the share of pixels that it
    fills from other dates, NaN if there are none. Copying the target itself does not count.
    """
    rmse = scores[
        scores["method"].isin(METHODS.keys() - {"copy"})
        & (scores["metric"] == "rmse")
        & scores["site"].isin(sites)
    ]
    keys = ["protocol", "region", "band", "method"]
    means = rmse.groupby(keys, sort=False)["value"].mean().dropna().reset_index()
    best = means.loc[means.groupby(keys[:3], sort=False)["value"].idxmin(), keys]
    found = _means(rmse, ["site", *keys]).merge(best, on=keys).rename(columns={"value": "rmse"})
    dated = _means(scores[scores["metric"] == FROM_DATES], ["site", *keys])
    return found.merge(dated.rename(columns={"value": FROM_DATES}), on=["site", *keys], how="left")


def pooled_losses(lost: pd.DataFrame) -> pd.DataFrame:
    """Return the losses over the tested sites, see `across.pool`: a row per transfer and score.

    Besides the columns of `pool`, the result has the means `unseen` and `own`, and the number of
    sites on which the difference is `above` 0.
    """
    keys = ["transfer", *SCORES]
    means = (
        lost.assign(above=lost["difference"] > 0)
        .groupby(keys, sort=False)
        .agg(unseen=("unseen", "mean"), own=("own", "mean"), above=("above", "sum"))
        .reset_index()
    )
    return means.merge(pool(lost, keys, "difference"), on=keys)


def tagged(
    tables: Sequence[pd.DataFrame], tested: Sequence[tuple[str, Sequence[str]]]
) -> pd.DataFrame:
    """Return the tidy tables of transferred models as one, with columns transfer and trained_on.

    tables: data frames; tested: (name of the transfer, training sites) of each.
    """
    parts = [
        table.assign(transfer=name, trained_on=" ".join(sites))
        for table, (name, sites) in zip(tables, tested, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _means(table, keys):
    return table.groupby(keys, sort=False)["value"].mean().reset_index()
