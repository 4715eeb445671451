"""Sentences on claims that a level is in a range, and on the intervals of networks in gaps."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...scoring.decision import (
    CANNOT_TELL,
    CONTRADICTED,
    NOT_SHOWN,
    NOT_TESTED,
    REPRODUCED,
    VERDICTS,
)
from ...scoring.definitions import CALIBRATED, CONFIDENCE, COVERAGE, ENSEMBLE, SEEDS_ALONE
from .texts import counted, listed, percent
from .wording import run_words

ORIGINS = {  # kind of uncertainty -> words, in the order of the sentence
    SEEDS_ALONE: "by the spread of seeds alone",
    ENSEMBLE: "with the learned variance",
    CALIBRATED: "after calibration",
}


def level_sentences(
    single: Sequence[Mapping[str, Any]], pooled: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """Return sentences on the results of one test of a level.

    single: rows of the table of verdicts, one per band at one site or at several; pooled: those
    over all sites, if there are any.
    """
    sentences = _by_verdict(pooled, "Over all sites, in ")
    if len({row["site"] for row in single}) > 1:
        return [*sentences, _over_sites(single)]
    return [*sentences, *_by_verdict(single, "In ")]


def _by_verdict(rows, opening):
    """Return a sentence for each verdict that occurs."""
    groups = [[row for row in rows if row["verdict"] == verdict] for verdict in VERDICTS]
    return [_over_bands(chosen, opening) for chosen in groups if chosen]


def _over_bands(rows, opening):
    """Return a sentence on the bands with one verdict."""
    verdict = rows[0]["verdict"]
    bands = f"{opening}{listed([row['band'] for row in rows])}"
    interval = f"the interval of {run_words(rows[0]['left'])}"
    why = dict.fromkeys(row["reason"].removeprefix(f"{CANNOT_TELL}: ") for row in rows)
    reasons = listed([reason for reason in why if reason], "or")
    if verdict == NOT_TESTED:
        return f"{bands}, {interval} is not judged ({reasons})."
    shares = sorted(row["level"] for row in rows)
    found = " to ".join(dict.fromkeys(percent(share) for share in (shares[0], shares[-1])))
    text = f"{bands}, {interval} contains {found} of the withheld pixels"
    claimed = f"{percent(rows[0]['least'])} to {percent(rows[0]['most'])}"
    return {
        REPRODUCED: f"{text}, where {claimed} are claimed.",
        CONTRADICTED: f"{text}: outside the {claimed} that are claimed.",
        NOT_SHOWN: f"{text}, and it remains open whether the share is within the claimed range of"
        f" {claimed}: {reasons}.",
    }[verdict]


def _over_sites(rows):
    """Return a sentence that counts the verdicts over sites and bands."""
    count = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
    sites, bands = (len({row[name] for row in rows}) for name in ("site", "band"))
    cases = f"{counted(sites, 'site')} and {counted(bands, 'band')}"
    others = [
        f"{words} in {count[verdict]}"
        for verdict, words in (
            (CONTRADICTED, "it does not"),
            (NOT_SHOWN, "it is not shown"),
            (NOT_TESTED, "it is not tested"),
        )
        if count[verdict]
    ]
    claimed = f"{percent(rows[0]['least'])} to {percent(rows[0]['most'])}"
    first = (
        f"In {count[REPRODUCED]} of {len(rows)} cases ({cases}), the interval of"
        f" {run_words(rows[0]['left'])} contains {claimed} of the withheld pixels"
    )
    return f"{'; '.join([first, *others])}."


def uncertainty_sentence(rows: pd.DataFrame, protocol: str) -> str:
    """Return a sentence on the share of pixels within the intervals of a protocol's networks.

    rows: of evaluate_uncertainty. Shares are means over bands and sites; over several networks,
    they are ranges. The result is "" if no network learned a variance.
    """
    chosen = rows[(rows["protocol"] == protocol) & (rows["metric"] == COVERAGE)]
    keys = ["method", "input", "uncertainty"]
    means = chosen.dropna(subset=["value"]).groupby(keys)["value"].mean().unstack()
    if ENSEMBLE not in means:
        return ""
    means = means[means[ENSEMBLE].notna()]
    first, *others = (
        (_span(means[kind].dropna()), words) for kind, words in ORIGINS.items() if kind in means
    )
    shares = [f"{first[0]} of the withheld pixels {first[1]}", *map(" ".join, others)]
    subject = "intervals of the networks contain"
    if len(means) == 1:
        subject = f"interval of {run_words('-'.join(means.index[0]))} contains"
    return f"Averaged over bands, the {percent(CONFIDENCE)} {subject} {listed(shares)}."


def _span(shares: pd.Series) -> str:
    """Return the range of shares, e.g. "4.6 % to 15.7 %"."""
    return " to ".join(dict.fromkeys(map(percent, (shares.min(), shares.max()))))
