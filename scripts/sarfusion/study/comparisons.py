"""Which methods are compared with each other, and which of their runs."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import TypeVar

from .inputs import DATED, Input, input_of
from .methods import METHODS, method_label

Value = TypeVar("Value")  # a score, or an array of scores

EACH = "each"  # in a claim: every trained model of the study
BEST = "best"  # ... the trained model and input with the lowest error on validation ground
UNTRAINED = "untrained"  # ... every method without training of the protocol that uses one date


def study_pairs(
    models: Sequence[str],
    inputs: Mapping[str, Input],
    baselines: Sequence[str] = (),
    against: str = "",
) -> list[list[str]]:
    """Return the comparisons of a study: [method, input, method, input] of left - right.

    These are inputs of each model that differ only in their SAR (see `_is_worth`), CAE against CNN
    for each input, and each model and input except controls against each of the `baselines`.
    against: METHOD-INPUT that every other model and input is also compared with (ranking.py).
    """
    worth = [
        [model, one, model, other]
        for model in models
        for one, other in permutations(inputs, 2)
        if _is_worth(inputs[one], inputs[other])
    ]
    kinds = [["cae", sar_input, "cnn", sar_input] for sar_input in inputs]
    real = [[model, name] for model in models for name in inputs if not inputs[name].control]
    untrained = [
        [*run, baseline, METHODS[baseline].input] for run in real for baseline in baselines
    ]
    chosen = against.rsplit("-", 1)
    is_there = chosen[0] in models and chosen[-1] in inputs
    ranked = [[*run, *chosen] for run in real if run != chosen] if is_there else []
    found = worth + (kinds if {"cae", "cnn"} <= set(models) else []) + untrained
    known = {tuple(pair) for pair in found}
    return found + [pair for pair in ranked if not {(*pair,), (*pair[2:], *pair[:2])} & known]


def _is_worth(one: Input, other: Input) -> bool:
    """Return whether one - other is the worth of SAR: the inputs are otherwise the same.

    The other input has fewer SAR bands, possibly none, or the same ones in the wrong places.
    """
    if one.control or set(one.channels) & set(DATED) != set(other.channels) & set(DATED):
        return False
    if other.control:
        return one.radar == other.radar
    return len(one.radar) > len(other.radar)


def paired_runs(left: Mapping[int, Value], right: Mapping[int, Value]) -> list[tuple[Value, Value]]:
    """Return [(left value, right value), ...] of the runs that are compared.

    left, right: {seed: value}. Runs of one seed form a pair, since they share its random draws. A
    single run, such as that of a method without training, is compared with each run of the other
    side.
    """
    if len(right) == 1:
        (other,) = right.values()
        return [(value, other) for value in left.values()]
    if len(left) == 1:
        (one,) = left.values()
        return [(one, value) for value in right.values()]
    return [(left[seed], right[seed]) for seed in sorted(left.keys() & right.keys())]


def run_label(run: str) -> str:
    """Return e.g. "CNN, with ratio" for "cnn-ratio", a method and its input."""
    if run in (BEST, UNTRAINED):
        return {BEST: "The best model", UNTRAINED: "Every method without training"}[run]
    method, sar_input = run.rsplit("-", 1)
    if method == EACH:
        return f"Every model, {input_of(sar_input).label}"
    return method_label(method, sar_input)
