"""Claims, fixed before results, and the verdict that a study's differences give on each.

config/claims.yaml describes the decision rule. A test of a claim is a difference left - right
of one metric for one site and band; its verdict is

    reproduced      interval and every seed on the claimed side of 0
    not reproduced  interval and every seed on the other side
    seed-dependent  the interval contains 0, or the sign differs between seeds
    not tested      the study lacks the models, two seeds, or ground enough for an interval

and the verdict of a claim joins those of its bands (all or any), tests (all) and sites (all).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from ..core.errors import StudyError, dotted
from ..core.yaml_file import read_yaml
from ..study.comparisons import EACH, paired_runs
from ..study.inputs import INPUTS
from ..study.protocols import HEADLINE, PROTOCOLS
from .definitions import MIN_SEEDS
from .metrics import COMPARED_METRICS

Claim = Mapping[str, Any]  # as config/claims.schema.yaml describes it

SCHEMA = Path(__file__).parents[3] / "config" / "claims.schema.yaml"

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
SEED_DEPENDENT, NOT_TESTED = "seed-dependent", "not tested"
# The first of these that is among several verdicts is the verdict of them all.
ORDER = {
    "all": (NOT_REPRODUCED, NOT_TESTED, SEED_DEPENDENT, REPRODUCED),
    "any": (REPRODUCED, NOT_TESTED, SEED_DEPENDENT, NOT_REPRODUCED),
}
OVERALL = "overall"  # the band and site of the row that sums a claim up
COLUMNS = (
    *("claim", "text", "protocol", "region", "site", "band", "metric", "left", "right"),
    *("direction", "difference", "low", "high", "seeds", "seeds_agree", "verdict", "reason"),
)


def load(path: Path | str) -> dict[str, Claim]:
    """Return {name: claim} of a file of claims.

    Raises StudyError, in one line with file, line and key, for anything the schema refuses,
    and for a metric that has no intervals.
    """
    document = read_yaml(path)
    problem = best_match(Draft202012Validator(schema()).iter_errors(document.content))
    if problem is not None:
        keys = (*problem.absolute_path,)
        _, place = document.find(keys)
        raise StudyError(
            f"{place}: {dotted(keys)}: {problem.message}; known keys are in {SCHEMA.name}"
        )
    claims = document.content["claims"]
    for name, claim in claims.items():
        for number, test in enumerate(claim["tests"]):
            if test["metric"] not in COMPARED_METRICS:
                keys = ("claims", name, "tests", number, "metric")
                raise StudyError(
                    f"{document.find(keys)[1]}: {dotted(keys)}: methods are not compared in"
                    f" {test['metric']!r}; they are in {', '.join(COMPARED_METRICS)}"
                )
    return claims


def schema() -> dict[str, Any]:
    """Return the schema of a file of claims, completed from the records of what there is."""
    rules = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    keys = rules["properties"]["claims"]["additionalProperties"]["properties"]
    keys["protocol"]["enum"] = [*PROTOCOLS]
    keys["region"]["enum"] = [*dict.fromkeys(HEADLINE.values())]
    rules["$defs"]["run"]["pattern"] = f"^[a-z][a-z0-9_]*-({'|'.join(INPUTS)})$"
    return rules


def judge(
    claims: Mapping[str, Claim], differences: pd.DataFrame, scores: pd.DataFrame
) -> pd.DataFrame:
    """Return the verdicts on `claims` as a table (COLUMNS).

    claims: {name: claim}, see `load`. differences: rows of compare_methods, of one study.
    scores: the tidy table of metrics, seed by seed (METRIC_COLUMNS) of the same study.

    Each claim has a row per site, test and band, then one with band "overall". Differences have
    the unit of their metric; `seeds_agree` counts the seeds on the claimed side.
    """
    evidence = Evidence(differences, scores)
    rows = []
    for name, claim in claims.items():
        about = {"claim": name, **{key: claim[key] for key in ("text", "protocol", "region")}}
        tested = [
            {
                **about,
                "site": site,
                "band": band,
                **test,
                **evidence.verdict(about, site, band, test),
            }
            for site in evidence.sites
            for test in evidence.expand(claim)
            for band in claim["bands"]
        ]
        rows += tested
        rows.append({**about, "site": OVERALL, "band": OVERALL, "verdict": overall(tested, claim)})
    return pd.DataFrame(rows, columns=COLUMNS)


def overall(tested: Iterable[Mapping[str, Any]], claim: Claim) -> str:
    """Return the verdict of a claim from the rows of its tests."""
    verdicts: dict[tuple, list[str]] = {}
    for row in tested:
        test = (row["site"], row["metric"], row["left"], row["right"])
        verdicts.setdefault(test, []).append(row["verdict"])
    return joined([joined(of_bands, claim["needs"]) for of_bands in verdicts.values()], "all")


def joined(verdicts: Collection[str], needs: str) -> str:
    """Return the verdict of several of which `needs`, "all" or "any", are claimed."""
    return next((verdict for verdict in ORDER[needs] if verdict in verdicts), NOT_TESTED)


class Evidence:
    """The differences and scores of a study, by site, protocol, region, band, metric, methods."""

    def __init__(self, differences: pd.DataFrame, scores: pd.DataFrame) -> None:
        self.sites = list(dict.fromkeys([*scores["site"], *differences["site"]]))
        place = ["site", "protocol", "region", "band", "metric"]
        self._differences = {
            (*key, f"{left[0]}-{left[1]}", f"{right[0]}-{right[1]}"): found
            for key, left, right, found in zip(
                _rows(differences, place),
                _rows(differences, ["left_method", "left_input"]),
                _rows(differences, ["right_method", "right_input"]),
                _rows(differences, ["difference", "low", "high"]),
                strict=True,
            )
        }
        self._scores: dict[tuple, dict[int, float]] = {}
        for key, (method, sar_input, seed, value) in zip(
            _rows(scores, place), _rows(scores, ["method", "input", "seed", "value"]), strict=True
        ):
            self._scores.setdefault((*key, f"{method}-{sar_input}"), {})[seed] = value

    def expand(self, claim: Claim) -> list[dict[str, Any]]:
        """Return the tests of a claim; one of "each" model becomes one for every such model."""
        tests = []
        for test in claim["tests"]:
            (method, sar_input), (other, other_input) = (
                test[side].rsplit("-", 1) for side in ("left", "right")
            )
            models = self._models(claim["protocol"], sar_input) if method == EACH else []
            for model in models or [method]:
                against = model if other == EACH else other
                sides = {"left": f"{model}-{sar_input}", "right": f"{against}-{other_input}"}
                tests.append({**test, **sides})
        return tests

    def _models(self, protocol, sar_input):
        """Return the models compared with themselves, `sar_input` against another input."""
        sides = [key[-2:] for key in self._differences if key[1] == protocol]
        names = [[side.rsplit("-", 1) for side in pair] for pair in sides]
        return list(
            dict.fromkeys(
                left[0] for left, right in names if left[0] == right[0] and left[1] == sar_input
            )
        )

    def verdict(
        self, claim: Claim, site: str, band: str, test: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return difference, low, high, seeds, seeds_agree, verdict and reason of one test."""
        place = (site, claim["protocol"], claim["region"], band, test["metric"])
        left, right = test["left"], test["right"]
        found = self._found(place, left, right)
        if found is None:
            return {"verdict": NOT_TESTED, "reason": "the study makes no such comparison"}
        sides = (self._scores.get((*place, side), {}) for side in (left, right))
        sign = {"lower": -1, "higher": 1}[test["direction"]]
        signed = [sign * (one - other) for one, other in paired_runs(*sides)]
        low, high = sorted(sign * bound for bound in found[1:])
        verdict, reason = decide((low, high), signed)
        return {
            **dict(zip(("difference", "low", "high"), found, strict=True)),
            "seeds": len(signed),
            "seeds_agree": sum(difference > 0 for difference in signed),
            "verdict": verdict,
            "reason": reason,
        }

    def _found(self, place, left, right):
        """Return (difference, low, high) of left - right, whichever way round it was computed."""
        if (found := self._differences.get((*place, left, right))) is not None:
            return found
        if (found := self._differences.get((*place, right, left))) is not None:
            difference, low, high = found
            return -difference, -high, -low
        return None


def decide(interval: tuple[float, float], seeds: Sequence[float]) -> tuple[str, str]:
    """Return (verdict, reason) of one difference whose claimed side is above 0.

    interval: (low, high); seeds: the difference of each seed.
    """
    low, high = interval
    if len(seeds) < MIN_SEEDS:
        return NOT_TESTED, f"seeds: {len(seeds)}, where {MIN_SEEDS} are the least"
    if not (np.isfinite([low, high]).all() and np.isfinite(seeds).all()):
        return NOT_TESTED, "too little ground for an interval"
    if low > 0 and min(seeds) > 0:
        return REPRODUCED, ""
    if high < 0 and max(seeds) < 0:
        return NOT_REPRODUCED, ""
    if low <= 0 <= high:
        return SEED_DEPENDENT, "the interval holds 0"
    return SEED_DEPENDENT, "the sign differs between seeds"


def _rows(table, columns):
    """Return the rows of some columns as plain tuples."""
    return list(table[columns].itertuples(index=False, name=None))
