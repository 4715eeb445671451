"""Claims, fixed before the results, and the verdicts that follow from a study's differences.

config/claims.yaml describes the rule. A test of a claim is a difference left - right of one metric
for one site and band, or a level in a range. Its verdict is one of decision.VERDICTS; that of a
claim combines those of its bands (all or any) and tests (all). With MIN_SITES sites or more, tests
are judged over sites, and single sites are shown beside them; with fewer, every site must agree.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from ..core.errors import StudyError, dotted
from ..core.yaml_file import read_schema, read_yaml
from ..study.comparisons import BEST, UNTRAINED
from ..study.protocols import HEADLINE, PROTOCOLS
from .decision import ALL_SITES, OVERALL, decide, overall
from .definitions import MIN_SITES, TESTED_LEVELS, WITHIN
from .evidence import Evidence, over_sites
from .metrics import COMPARED_METRICS

Claim = Mapping[str, Any]  # as config/claims.schema.yaml describes it

SCHEMA = Path(__file__).parents[3] / "config" / "claims.schema.yaml"

COLUMNS = (
    *("claim", "text", "protocol", "region", "site", "band", "metric", "left", "right"),
    *("direction", "difference", "low", "high", "smallest", "p", "p_opposite"),
    *("seeds", "sites", "agree", "block_px", "verdict", "reason"),
    *("level", "least", "most"),  # of a test of a level, which has no right side and no difference
)


def load(path: Path | str) -> dict[str, Claim]:
    """Return {name: claim} of a file of claims, each with the file's smallest_effect.

    Raises StudyError, in one line with file, line and key, for anything that the schema refuses,
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
            if WITHIN not in test and test["metric"] not in COMPARED_METRICS:
                keys = ("claims", name, "tests", number, "metric")
                raise StudyError(
                    f"{document.find(keys)[1]}: {dotted(keys)}: methods are not compared in"
                    f" {test['metric']!r}; they are in {', '.join(COMPARED_METRICS)}"
                )
    smallest = document.content["smallest_effect"]
    return {name: {**claim, "smallest_effect": smallest} for name, claim in claims.items()}


def schema() -> dict[str, Any]:
    """Return the schema of a file of claims, with the known protocols, metrics and methods."""
    rules = read_schema(SCHEMA)
    keys = rules["properties"]["claims"]["additionalProperties"]["properties"]
    keys["protocol"]["enum"] = [*PROTOCOLS]
    keys["readings"]["items"] = {"enum": [*PROTOCOLS]}
    keys["region"]["enum"] = [*dict.fromkeys(HEADLINE.values())]
    metric = rules["$defs"]["level"]["properties"]["metric"]
    metric["enum"] = [f"coverage_{level}" for level in TESTED_LEVELS]
    run = "[a-z][a-z0-9_]*-[a-z][a-z0-9_]*"
    rules["$defs"]["run"]["pattern"] = f"^{run}$"
    rules["$defs"]["left"]["pattern"] = f"^({BEST}|{run})$"
    rules["$defs"]["right"]["pattern"] = f"^({UNTRAINED}|{run})$"
    return rules


def judge(
    claims: Mapping[str, Claim],
    differences: pd.DataFrame,
    scores: pd.DataFrame,
    uncertainties: pd.DataFrame | None = None,
    models: pd.DataFrame | None = None,
    dated: Collection[str] = (),
) -> pd.DataFrame:
    """Return the verdicts on `claims` as a table (COLUMNS).

    claims: {name: claim}, see `load`. differences: rows of compare_methods, of one study.
    scores: the tidy table of metrics, seed by seed (METRIC_COLUMNS) of the same study.
    uncertainties: rows of evaluate_uncertainty of the same study, None if it has none. models: its
    table of models, which says which of them is best on validation ground. dated: the inputs with
    another date.

    Each claim has a row per site, test and band, also for ALL_SITES if there are MIN_SITES sites or
    more, and a last row with band "overall". Differences have the unit of their metric; `agree`
    counts the seeds, or sites, on the claimed side; p and p_opposite are adjusted (see decision).
    """
    evidence = Evidence(differences, scores, uncertainties, models, dated)
    rows = [row for name, claim in claims.items() for row in _judged(evidence, name, claim)]
    return pd.DataFrame(rows, columns=COLUMNS)


def judge_readings(
    claims: Mapping[str, Claim],
    differences: pd.DataFrame,
    scores: pd.DataFrame,
    uncertainties: pd.DataFrame | None = None,
    models: pd.DataFrame | None = None,
    dated: Collection[str] = (),
) -> pd.DataFrame:
    """Return the verdicts on each reading of the claims that have `readings`; see `judge`.

    A reading is the protocol of a claim, or another protocol that the claim may be about. Each is
    judged separately, in the region by which its protocol is judged: p-values are adjusted over the
    tests of one reading. A reading has no rows if the study lacks its protocol or all its models.
    """
    evidence = Evidence(differences, scores, uncertainties, models, dated)
    rows = []
    for name, claim in claims.items():
        protocols = [claim["protocol"], *claim["readings"]] if "readings" in claim else []
        for protocol in protocols:
            read = {**claim, "protocol": protocol, "region": HEADLINE[protocol]}
            found = _judged(evidence, name, read)
            if any(np.isfinite(row.get("difference", np.nan)) for row in found):
                rows += found
    return pd.DataFrame(rows, columns=COLUMNS)


def _judged(evidence: Evidence, name: str, claim: Claim) -> list[dict[str, Any]]:
    """Return the rows of one claim; the last row summarises it."""
    about = {"claim": name, **{key: claim[key] for key in ("text", "protocol", "region")}}
    families = _families(evidence, claim)
    tested = [{**about, **row} for family in families for row in decide(family)]
    counted = tested[-len(families[-1]) :] if families else []
    verdict, reason = overall(counted, claim["needs"])
    whole = {"site": OVERALL, "band": OVERALL, "verdict": verdict, "reason": reason}
    return [*tested, {**about, **whole}]


def _families(evidence: Evidence, claim: Claim) -> Sequence[Sequence[Mapping[str, Any]]]:
    """Return the tests of a claim in groups; p-values are adjusted over the tests of a group.

    The last group decides on the claim: it has all tests, or those over sites.
    """
    tests = [(test, band) for test in evidence.expand(claim) for band in claim["bands"]]
    by_site = [
        [
            {"site": site, "band": band, **test, **evidence.finding(claim, site, band, test)}
            for test, band in tests
        ]
        for site in evidence.sites
    ]
    if len(by_site) < MIN_SITES:
        return [[row for rows in by_site for row in rows]]
    pooled = [
        {"site": ALL_SITES, "band": band, **test, **over_sites(test, single)}
        for (test, band), *single in zip(tests, *by_site, strict=True)
    ]
    return [*by_site, pooled]
