"""Sentences on claims that a level lies in a range, and on how sure networks are of gaps."""

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


def level_sentences(
    single: Sequence[Mapping[str, Any]], pooled: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """Return sentences on the results of one test of a level.

    single: rows of the table of verdicts, one per band at one site, or at several; pooled: those
    over all sites, where there are any.
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
    held = " to ".join(dict.fromkeys(percent(share) for share in (shares[0], shares[-1])))
    text = f"{bands}, {interval} holds {held} of the withheld pixels"
    claimed = f"{percent(rows[0]['least'])} to {percent(rows[0]['most'])}"
    return {
        REPRODUCED: f"{text}, where {claimed} are claimed.",
        CONTRADICTED: f"{text}: outside the {claimed} that are claimed.",
        NOT_SHOWN: f"{text}, and it cannot be told whether these are the {claimed} that are"
        f" claimed: {reasons}.",
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
        f"Of {len(rows)} cases ({cases}), the interval of {run_words(rows[0]['left'])} holds"
        f" {claimed} of the withheld pixels in {count[REPRODUCED]}"
    )
    return f"{'; '.join([first, *others])}."


def uncertainty_sentences(rows: pd.DataFrame, protocol: str) -> list[str]:
    """Return sentences on how many pixels the intervals of networks hold in a protocol.

    rows: of evaluate_uncertainty. Shares are means over bands and sites. A network that learned no
    variance has no sentence.
    """
    chosen = rows[(rows["protocol"] == protocol) & (rows["metric"] == COVERAGE)]
    keys = ["method", "input", "uncertainty"]
    means = chosen.dropna(subset=["value"]).groupby(keys, sort=False)["value"].mean()
    sentences = []
    for method, sar_input in dict.fromkeys(key[:2] for key in means.index):
        held = means.loc[(method, sar_input)]
        if ENSEMBLE not in held:
            continue
        parts = [f"{percent(held[ENSEMBLE])} with the variance that the network learned"]
        if SEEDS_ALONE in held:
            parts.insert(0, f"{percent(held[SEEDS_ALONE])} by the spread of seeds alone")
        if CALIBRATED in held:
            parts.append(f"{percent(held[CALIBRATED])} after calibration")
        run = run_words(f"{method}-{sar_input}")
        sentences.append(
            f"The {percent(CONFIDENCE)} interval of {run} holds {listed(parts)}, mean over bands."
        )
    return sentences
