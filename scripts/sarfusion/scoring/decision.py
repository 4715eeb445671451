"""The rule that turns the tests of a claim into verdicts; config/claims.yaml states it.

A test has two one-sided p-values: `p` is small if the claim is shown, and `p_opposite` if its
opposite is. The more tests a claim has, the likelier one of them is small by chance. Both are
therefore adjusted over the tests of a claim by Holm's method (1979, Scandinavian Journal of
Statistics 6(2)), which bounds the chance that any verdict of the claim is false.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from .definitions import CONFIDENCE, MIN_SEEDS

REPRODUCED, CONTRADICTED = "reproduced", "contradicted"
NOT_SHOWN, NOT_TESTED = "not shown", "not tested"
VERDICTS = (REPRODUCED, CONTRADICTED, NOT_SHOWN, NOT_TESTED)
NO_DIFFERENCE, CANNOT_TELL = "no difference worth having", "cannot tell"  # kinds of NOT_SHOWN
OVERALL = "overall"  # the band and site of the row that summarises a claim
ALL_SITES = "all sites"  # the site of a row over sites
ALPHA = (1 - CONFIDENCE) / 2  # on each side, as for an interval

# The overall verdict on several is the first of these that occurs among them.
ORDER = {
    "all": (CONTRADICTED, NOT_TESTED, NOT_SHOWN, REPRODUCED),
    "any": (REPRODUCED, NOT_TESTED, NOT_SHOWN, CONTRADICTED),
}

Test = Mapping[str, Any]  # what evidence.Evidence finds for one test


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Return p-values adjusted by Holm's method, in the same order.

    The k-th smallest of m values is multiplied by m - k + 1; no adjusted value is smaller than
    those of smaller p-values, or larger than 1.
    """
    found = np.asarray(p_values, float)
    order = np.argsort(found, kind="stable")
    adjusted = np.empty_like(found)
    steps = found[order] * np.arange(len(found), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def decide(tests: Sequence[Test]) -> list[dict[str, Any]]:
    """Return the tests of a claim with adjusted p-values, verdict and reason.

    A test that already has a reason why it cannot be made is not tested, and does not count.
    """
    tested = [test for test in tests if not test["reason"]]
    sides = (holm([test[side] for test in tested]) for side in ("p", "p_opposite"))
    adjusted = zip(*sides, strict=True)
    decided = []
    for test in tests:
        if test["reason"]:
            decided.append({**test, "verdict": NOT_TESTED})
            continue
        p, opposite = next(adjusted)
        verdict, reason = verdict_of(test, p, opposite, len(tested))
        decided.append(
            {**test, "p": p, "p_opposite": opposite, "verdict": verdict, "reason": reason}
        )
    return decided


def verdict_of(test: Test, p: float, opposite: float, count: int) -> tuple[str, str]:
    """Return (verdict, reason) of a test from its p-values, adjusted over `count` tests."""
    low, high = test["low"], test["high"]
    negligible = max(abs(low), abs(high)) < test.get("smallest", 0)
    for verdict, found in ((REPRODUCED, p), (CONTRADICTED, opposite)):
        if found <= ALPHA:
            return verdict, "smaller than the smallest effect of interest" if negligible else ""
    if negligible:
        return NOT_SHOWN, NO_DIFFERENCE
    limits = [test[end] for end in ("least", "most") if end in test] or [0]
    inside = [f"the interval contains {limit:g}" for limit in limits if low <= limit <= high]
    why = inside[0] if inside else f"not after Holm's correction for {count} tests"
    return NOT_SHOWN, f"{CANNOT_TELL}: {why}"


def too_few(seeds: float) -> str:
    """Return the reason why a test with fewer than MIN_SEEDS seeds is not made."""
    return f"too few seeds: {seeds:g}; at least {MIN_SEEDS} are needed"


def joined(verdicts: Collection[str], needs: str) -> str:
    """Return the verdict that several give together; `needs`: "all" or "any" must be as claimed."""
    return next((verdict for verdict in ORDER[needs] if verdict in verdicts), NOT_TESTED)


def overall(tested: Sequence[Test], needs: str) -> tuple[str, str]:
    """Return (verdict, reason) of a claim from the rows of its tests, all of which must hold.

    needs: whether "all" or "any" of the bands of a test must be as claimed.
    """
    bands: dict[tuple, list[str]] = {}
    for row in tested:
        bands.setdefault((row["site"], row["metric"], row["left"], row["right"]), []).append(
            row["verdict"]
        )
    verdict = joined([joined(of_bands, needs) for of_bands in bands.values()], "all")
    if verdict != NOT_SHOWN:
        return verdict, ""
    open_ = [row["reason"] for row in tested if row["verdict"] == NOT_SHOWN]
    return verdict, NO_DIFFERENCE if set(open_) == {NO_DIFFERENCE} else CANNOT_TELL
