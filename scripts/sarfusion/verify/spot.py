"""Spot checks: models without weights in a results folder, drawn by chance and trained here.

Whoever forges scores does not know which models will be drawn. If n of u models are drawn, forged
scores of m of them are missed with probability C(u - m, n) / C(u, n).
"""

import random
from collections.abc import Mapping, Set
from math import comb
from pathlib import Path
from typing import Any

import pandas as pd

from ..core.errors import StudyError
from ..study.layout import Layout
from ..study.protocols import FULL
from ..study.runs import is_long
from . import scores, tolerances
from .checks import Check, check
from .compared import same_weights
from .expected import every_model, rests_on, score_tables

RUN = ["band", "method", "input", "seed"]
FORGED = (1, 5, 20)  # numbers of forged models for which the chance of missing them is printed


def lacking(study: Mapping[str, Any], available: Set[str]) -> list[str]:
    """Return the names of the models that are not `available`, without those of transfers."""
    return [
        name
        for name, about in every_model(study).items()
        if about["site"] in study["sites"] and name not in available
    ]


def draw(names: list[str], count: int, dice: str) -> list[str]:
    """Return `count` of the names (all if there are fewer), drawn at random by `dice`, any text."""
    return sorted(random.Random(dice).sample(names, min(count, len(names))))


def draw_lacking(
    study: Mapping[str, Any], available: Set[str], count: int | None, dice: str
) -> list[str]:
    """Return `count` names of models that are not `available`, drawn by `dice`.

    count: None for as many as a reviewer can wait for, which are fewer if training is long.
    """
    if count is None:
        count = 1 if is_long(study["training"]) else 3
    return draw(lacking(study, available), count, dice)


def missed(models: int, drawn: int, forged: int) -> float:
    """Return the probability that none of `forged` out of `models` is among those drawn."""
    return comb(models - forged, drawn) / comb(models, drawn)


def check_spots(
    study: Mapping[str, Any], again: Path, folder: Path, limits: pd.DataFrame
) -> list[Check]:
    """Return the checks of the scores of models that were drawn and trained here.

    study: with the setting `spot`; again: results with the folder spot/ (rules/verify.smk). If the
    weights have the stated checksum, scores may move as they do with the same weights, else as
    they do with another seed.
    """
    here = again / "spot"
    same = same_weights(study, here, folder)
    return [
        check(f"spot: {name}", _compare_spots, study, name, here, folder, same, limits)
        for name in Layout(study).spot_tables()
    ]


def _compare_spots(study, name, here, folder, same, limits):
    """Return the note on the rows of one table whose models were trained here."""
    if not (here / name).exists():
        raise StudyError("not made here; see the log of its job")
    ours, theirs = (scores.read(path / name, scores.SCORES) for path in (here, folder))
    runs = set(_runs(ours))
    chosen = [run in runs for run in _runs(theirs)]
    behind = rests_on(ours, name, study)
    kinds = ["recompute" if models <= same else "retrain" for models in behind]
    allowed = tolerances.allowed(ours, scores.SCORES, limits, kinds)
    note = scores.compare(ours, theirs[chosen], scores.SCORES, allowed)
    again = sum(models <= same for models in {frozenset(models) for models in behind})
    return f"{len(runs)} models trained here, {again} of them with the stated weights: {note}"


def _runs(table):
    """Return the RUN of each row of a table."""
    return list(table.index.to_frame()[RUN].itertuples(index=False, name=None))


def coverage(
    study: Mapping[str, Any], available: Set[str], drawn: list[str], dice: str, folder: Path
) -> str:
    """Return in words what share of the scores was recomputed, and what may have been missed."""
    rows = again = spotted = 0
    for name, *_ in score_tables(study):
        table = scores.read(folder / name, scores.SCORES)
        rows += len(table)
        for models in rests_on(table, name, study):
            again += models <= available
            spotted += bool(models) and models <= set(drawn) and not Path(name).stem.endswith(FULL)
    unmade = len(lacking(study, available))
    text = f"Of {rows} scores, {again / rows:.0%} were recomputed with the models sent"
    if not unmade:
        return f"{text}."
    text += (
        f" and {spotted / rows:.1%} with {len(drawn)} of the other {unmade} models, drawn with"
        f" --dice {dice} and trained here; the rest were not recomputed."
    )
    chances = [
        f"{missed(unmade, len(drawn), forged):.0%} for {forged}"
        for forged in FORGED
        if forged <= unmade
    ]
    return f"{text} Chance of missing the forged scores of so many models: {', '.join(chances)}."
