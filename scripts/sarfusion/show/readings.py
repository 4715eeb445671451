"""Readings by claim: which verdicts depend on what task the paper's networks had."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import pandas as pd

from ..scoring.decision import NOT_TESTED, OVERALL
from ..study.protocols import PROTOCOLS

DEPENDS = "depends on the reading"
SAME = "the same in all"
SINGLE = "one reading only"
LACKING = "\N{EN DASH}"  # in the table, for a reading that the study does not have

Verdicts = Mapping[str, Mapping[str, str]]  # {claim: {protocol: verdict, with the kind of it}}


def verdicts_by_reading(readings: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return {claim: {protocol: verdict}} of scoring.claims.judge_readings.

    A reason, such as "cannot tell", follows the verdict in brackets.
    """
    rows = readings[readings["band"] == OVERALL].fillna({"reason": ""}).to_dict("records")
    return {
        claim: {row["protocol"]: verdict_with_reason(row) for row in of_claim}
        for claim, of_claim in groupby(rows, key=lambda row: row["claim"])
    }


def verdict_with_reason(row: Mapping[str, Any]) -> str:
    """Return the verdict of a row, with its reason if it has one."""
    return row["verdict"] + (f" ({row['reason']})" if row["reason"] else "")


def dependence(verdicts: Sequence[str]) -> str:
    """Return DEPENDS, SAME or SINGLE for the verdicts on one claim; "" if nothing was tested.

    The kinds of "not shown" count as one, and a reading that is not tested does not count.
    """
    tested = [verdict for verdict in verdicts if verdict != NOT_TESTED]
    kinds = {verdict.partition(" (")[0] for verdict in tested}
    if len(tested) < 2:
        return SINGLE if tested else ""
    return SAME if len(kinds) == 1 else DEPENDS


def matrix(verdicts: Verdicts) -> pd.DataFrame:
    """Return a table with a row per claim, a column per reading, and one on the dependence."""
    found = {protocol for of_claim in verdicts.values() for protocol in of_claim}
    protocols = [name for name in PROTOCOLS if name in found]
    rows = [
        [
            claim,
            *(of_claim.get(name, LACKING) for name in protocols),
            dependence([*of_claim.values()]),
        ]
        for claim, of_claim in verdicts.items()
    ]
    titles = [PROTOCOLS[name].title for name in protocols]
    return pd.DataFrame(rows, columns=["claim", *titles, "over readings"])


def sentences(verdicts: Verdicts) -> list[str]:
    """Return sentences on which verdicts depend on the reading, and which do not."""
    names: dict[str, list[str]] = {DEPENDS: [], SAME: [], SINGLE: []}
    for claim, of_claim in verdicts.items():
        if kind := dependence([*of_claim.values()]):
            names[kind].append(claim)
    texts = {
        DEPENDS: (
            "The verdict on {} depends on the reading.",
            "The verdicts on {} depend on the reading.",
        ),
        SAME: (
            "The verdict on {} is the same in all readings of the study.",
            "The verdicts on {} are the same in all readings of the study.",
        ),
        SINGLE: ("{} was tested in one reading only.", "{} were tested in one reading only."),
    }
    return [
        texts[kind][len(found) > 1].format(_listed(found)) for kind, found in names.items() if found
    ]


def _listed(names: Sequence[str]) -> str:
    """Return "C1", "C1 and C2", "C1, C2 and C3"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
