"""What a study's tables say about a test of a claim; see claims, and decision for the verdict."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..study.comparisons import BEST, EACH, UNTRAINED, paired_runs
from ..study.inputs import input_of
from ..study.methods import METHODS
from .decision import too_few
from .definitions import CALIBRATED, ENSEMBLE, LEAST_N, MIN_SEEDS, MIN_SITES, WITHIN
from .differences import error_of
from .intervals import level_p_values, mean_error, p_above, t_interval

SIGNS = {"lower": -1, "higher": 1}
FOUND = ["difference", "low", "high", "seed_error", "ground_error", "blocks", "block_px", "n"]
NO_GROUND = "too little ground for an interval"


class Evidence:
    """The differences and scores of a study, by site, protocol, region, band, metric, methods."""

    def __init__(
        self,
        differences: pd.DataFrame,
        scores: pd.DataFrame,
        uncertainties: pd.DataFrame | None = None,
        models: pd.DataFrame | None = None,
        dated: Collection[str] = (),
    ) -> None:
        self._dated = set(dated)
        self.sites = list(dict.fromkeys([*scores["site"], *differences["site"]]))
        place = ["site", "protocol", "region", "band", "metric"]
        self._differences = {
            (*key, f"{left[0]}-{left[1]}", f"{right[0]}-{right[1]}"): found
            for key, left, right, found in zip(
                _rows(differences, place),
                _rows(differences, ["left_method", "left_input"]),
                _rows(differences, ["right_method", "right_input"]),
                _rows(differences, FOUND),
                strict=True,
            )
        }
        self._scores: dict[tuple, dict[int, float]] = {}
        for key, (method, sar_input, seed, value) in zip(
            _rows(scores, place), _rows(scores, ["method", "input", "seed", "value"]), strict=True
        ):
            self._scores.setdefault((*key, f"{method}-{sar_input}"), {})[seed] = value
        self._best = {} if models is None else best_runs(models)
        self._levels: dict[tuple, tuple[float, float, float, int]] = {}
        self._uncertain: dict[tuple[str, str], None] = {}  # (protocol, run) that learned variances
        if uncertainties is not None:
            chosen = uncertainties[uncertainties["uncertainty"] == CALIBRATED]
            for key, run, found in zip(
                _rows(chosen, place),
                _rows(chosen, ["method", "input"]),
                _rows(chosen, ["value", "low", "high", "seeds"]),
                strict=True,
            ):
                self._levels[(*key, "-".join(run))] = found
            learned = uncertainties[uncertainties["uncertainty"] == ENSEMBLE]
            for protocol, *run in _rows(learned, ["protocol", "method", "input"]):
                self._uncertain[protocol, "-".join(run)] = None

    def expand(self, claim: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the tests of a claim; a test of "each" model becomes one for every such model."""
        tests = []
        for test in claim["tests"]:
            if WITHIN in test:
                tests += self._expand_level(claim["protocol"], test)
                continue
            if test["left"] == BEST:
                tests += self._expand_best(claim["protocol"], test)
                continue
            (method, sar_input), (other, other_input) = (
                test[side].rsplit("-", 1) for side in ("left", "right")
            )
            models = self._models(claim["protocol"], sar_input) if method == EACH else []
            for model in models or [method]:
                against = model if other == EACH else other
                sides = {"left": f"{model}-{sar_input}", "right": f"{against}-{other_input}"}
                tests.append({**test, **sides})
        return tests

    def _expand_best(self, protocol, test):
        """Return the tests of the best model, against every method without training if asked.

        Methods that fill from other dates are left out unless the network is given one too.
        """
        best = self._best.get(protocol, BEST)
        others = [test["right"]]
        if test["right"] == UNTRAINED:
            pairs = dict.fromkeys(key[-2:] for key in self._differences if key[1] == protocol)
            found = [right for left, right in pairs if left == best]
            is_dated = best.rsplit("-", 1)[-1] in self._dated
            methods = {name for name, about in METHODS.items() if is_dated or not about.over_time}
            others = [run for run in found if run.rsplit("-", 1)[0] in methods] or others
        return [{**test, "left": best, "right": other} for other in others]

    def _expand_level(self, protocol, test):
        """Return the tests of a level with the columns of a table of verdicts."""
        method, sar_input = test["of"].rsplit("-", 1)
        runs = [
            run
            for name, run in self._uncertain
            if method == EACH and name == protocol and run.rsplit("-", 1)[1] == sar_input
        ]
        least, most = test[WITHIN]
        about = {"metric": test["metric"], "right": "", "direction": WITHIN}
        return [
            {**about, "left": run, "least": least, "most": most} for run in runs or [test["of"]]
        ]

    def _models(self, protocol, sar_input):
        """Return the models compared with themselves, `sar_input` against another input."""
        sides = [key[-2:] for key in self._differences if key[1] == protocol]
        names = [[side.rsplit("-", 1) for side in pair] for pair in sides]
        return list(
            dict.fromkeys(
                left[0] for left, right in names if left[0] == right[0] and left[1] == sar_input
            )
        )

    def finding(
        self, claim: Mapping[str, Any], site: str, band: str, test: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the result of a test at one site in one band.

        It has difference or level, low, high, seeds, agree (the seeds on the claimed side),
        smallest (the smallest effect of interest, in units of the metric), block_px, and p,
        p_opposite (see decision), not adjusted. If there is no p, `reason` says why.
        """
        place = (site, claim["protocol"], claim["region"], band, test["metric"])
        if test["direction"] == WITHIN:
            return self._level_finding(place, test)
        left, right = test["left"], test["right"]
        found = self._found(place, left, right)
        if found is None:
            return {"reason": "the study makes no such comparison"}
        sides = [self._scores.get((*place, side), {}) for side in (left, right)]
        sign = SIGNS[test["direction"]]
        signed = [sign * (one - other) for one, other in paired_runs(*sides)]
        seeds = len(signed)
        about = {
            **{name: found[name] for name in ("difference", "low", "high", "block_px")},
            "seeds": seeds,
            "agree": sum(difference > 0 for difference in signed),
            "smallest": claim["smallest_effect"] * abs(_mean([*sides[1].values()])),
            "reason": "",
        }
        if seeds < MIN_SEEDS:
            return {**about, "reason": too_few(seeds)}
        least_n = LEAST_N.get(test["metric"], 0)
        if found["n"] < least_n:
            reason = f"too few windows: {found['n']:.0f}; at least {least_n} are needed"
            return {**about, "reason": reason}
        if not (np.isfinite([found["low"], found["high"]]).all() and np.isfinite(signed).all()):
            return {**about, "reason": NO_GROUND}
        error, freedom = error_of({**found, "seeds": seeds})
        return {**about, **_p_values(sign * found["difference"], error, freedom)}

    def _level_finding(self, place, test):
        """Return the same for a test of a level, with the level instead of a difference."""
        found = self._levels.get((*place, test["left"]))
        if found is None:
            return {"reason": "the study has no such uncertainty"}
        level, low, high, seeds = found
        about = {"level": level, "low": low, "high": high, "seeds": seeds, "reason": ""}
        if seeds < MIN_SEEDS:
            return {**about, "reason": too_few(seeds)}
        if not np.isfinite([low, high]).all():
            return {**about, "reason": NO_GROUND}
        p, opposite = level_p_values(level, (low, high), (test["least"], test["most"]))
        return {**about, "p": p, "p_opposite": opposite}

    def _found(self, place, left, right):
        """Return the row {FOUND: number} of left - right, whichever way round it was computed."""
        if (found := self._differences.get((*place, left, right))) is not None:
            return dict(zip(FOUND, found, strict=True))
        if (found := self._differences.get((*place, right, left))) is not None:
            row = dict(zip(FOUND, found, strict=True))
            return {
                **row,
                "difference": -row["difference"],
                "low": -row["high"],
                "high": -row["low"],
            }
        return None


def over_sites(test: Mapping[str, Any], single: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the result of a test over all sites in one band, from the `finding` of each.

    Each site counts once, with its mean over seeds; the interval and the p-values are Student's t
    over sites. `agree` counts the sites on the claimed side, `sites` those with a result.
    """
    name = "level" if test["direction"] == WITHIN else "difference"
    tested = [row for row in single if np.isfinite(row.get(name, np.nan))]
    if len(tested) < MIN_SITES:
        return {"reason": f"tested at {len(tested)} sites; at least {MIN_SITES} are needed"}
    values = np.array([row[name] for row in tested], float)
    error, freedom = mean_error(values)
    mean, seeds = float(values.mean()), min(row["seeds"] for row in tested)
    low, high = t_interval(mean, error, freedom)
    about = {name: mean, "low": low, "high": high, "seeds": seeds, "sites": len(values)}
    if seeds < MIN_SEEDS:
        return {**about, "reason": too_few(seeds)}
    if name == "level":
        claimed = (test["least"], test["most"])
        p, opposite = level_p_values(mean, (low, high), claimed, freedom)
        agree = sum(claimed[0] <= value <= claimed[1] for value in values)
        return {**about, "agree": agree, "p": p, "p_opposite": opposite, "reason": ""}
    sign = SIGNS[test["direction"]]
    return {
        **about,
        "agree": int(np.sum(sign * values > 0)),
        "smallest": float(np.mean([row["smallest"] for row in tested])),
        **_p_values(sign * mean, error, freedom),
        "reason": "",
    }


def _p_values(signed, error, freedom):
    """Return p and p_opposite of a difference whose claimed side is above 0."""
    sides = {"p": signed, "p_opposite": -signed}
    return {name: p_above(value, error, freedom) for name, value in sides.items()}


def best_runs(models: pd.DataFrame) -> dict[str, str]:
    """Return {protocol: METHOD-INPUT} of the trained models with the lowest validation_rmse.

    models: the table of models. Controls are left out, since nobody would choose displaced SAR.
    """
    real = models[[not input_of(name).control for name in models["input"]]]
    ordered = real.sort_values("validation_rmse", kind="stable")
    return {
        protocol: f"{rows['model'].iloc[0]}-{rows['input'].iloc[0]}"
        for protocol, rows in ordered.groupby("protocol", sort=False)
    }


def _mean(values):
    """Return the mean of some numbers, NaN if there are none."""
    return float(np.mean(values)) if values else np.nan


def _rows(table, columns):
    """Return the rows of some columns as plain tuples."""
    return list(zip(*(table[column].tolist() for column in columns), strict=True))
