"""The methods of a study in the order of their error, each compared with one of them.

The error is the RMSE in the region by which a protocol is judged, averaged over seeds. Whether a
method differs from the one that it is compared with follows from the paired difference, whose
interval covers seeds and ground, by the rule of decision.py: p-values are adjusted by Holm's method
over all methods of a site, protocol and band.
"""

import pandas as pd

from ..study.inputs import input_of
from ..study.protocols import HEADLINE
from .decision import CONTRADICTED, REPRODUCED, decide
from .definitions import BETTER, CANNOT_TELL, ITSELF, WORSE
from .evidence import Evidence
from .support import in_headline

COLUMNS = (
    *("site", "protocol", "band", "rank", "method", "input", "rmse"),
    *("against", "difference", "low", "high", "finding", "reason"),
)
FINDINGS = {REPRODUCED: BETTER, CONTRADICTED: WORSE}


def rank(scores: pd.DataFrame, differences: pd.DataFrame, against: str) -> pd.DataFrame:
    """Return the methods of each site, protocol and band as a table (COLUMNS), best first.

    scores: the tidy table of metrics, seed by seed (METRIC_COLUMNS). differences: rows of
    compare_methods of the same study. against: METHOD-INPUT that the others are compared with;
    protocols without it have no rows. Controls are not ranked. Errors and differences are in
    reflectance; a difference is method - against.
    """
    evidence = Evidence(differences, scores)
    shown = scores[(scores["metric"] == "rmse") & in_headline(scores)]
    shown = shown[[not input_of(name).control for name in shown["input"]]]
    rows = []
    for place, group in shown.groupby(["site", "protocol", "band"], sort=False):
        means = group.groupby(["method", "input"], sort=False)["value"].mean().sort_values()
        runs = [f"{method}-{sar_input}" for method, sar_input in means.index]
        if against in runs:
            found = _compared(evidence, place, runs, against)
            rows += [
                {
                    **dict(zip(("site", "protocol", "band"), place, strict=True)),
                    **{"rank": number, "method": method, "input": sar_input, "rmse": rmse},
                    **{"against": against, **row},
                }
                for number, ((method, sar_input), rmse), row in zip(
                    range(1, len(means) + 1), means.items(), found, strict=True
                )
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _compared(evidence, place, runs, against):
    """Return {difference, low, high, finding, reason} of each of `runs` at a place."""
    site, protocol, band = place
    claim = {"protocol": protocol, "region": HEADLINE[protocol], "smallest_effect": 0}
    others = [run for run in runs if run != against]
    about = {"metric": "rmse", "right": against, "direction": "lower"}
    tests = [evidence.finding(claim, site, band, {**about, "left": run}) for run in others]
    found = dict(zip(others, decide(tests), strict=True))
    return [
        {"finding": ITSELF}
        if run == against
        else {
            **{name: found[run].get(name) for name in ("difference", "low", "high", "reason")},
            "finding": FINDINGS.get(found[run]["verdict"], CANNOT_TELL),
        }
        for run in runs
    ]
