"""Which methods are compared with each other, and which of their runs."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from .inputs import INPUTS, REFERENCES, TESTED
from .methods import method_label

Value = TypeVar("Value")  # a score, or an array of scores

EACH = "each"  # in a claim: every trained model of the study


def study_pairs(models: Sequence[str], inputs: Sequence[str]) -> list[list[str]]:
    """Return the comparisons of a study: [method, input, method, input] of left - right.

    These are the ratio against no SAR and against shuffled SAR for each model, and CAE against CNN
    for each input.
    """
    worth = [
        [model, TESTED, model, other]
        for model in models
        for other in REFERENCES
        if {TESTED, other} <= set(inputs)
    ]
    kinds = [["cae", sar_input, "cnn", sar_input] for sar_input in inputs]
    return worth + (kinds if {"cae", "cnn"} <= set(models) else [])


def paired_runs(left: Mapping[int, Value], right: Mapping[int, Value]) -> list[tuple[Value, Value]]:
    """Return [(left value, right value), ...] of the runs that are compared.

    left, right: {seed: value}. Runs of one seed form a pair, as they share its random draws. A
    single run, such as that of a method without training, is compared with each of the other side.
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
    method, sar_input = run.rsplit("-", 1)
    if method == EACH:
        return f"Every model, {INPUTS[sar_input].label}"
    return method_label(method, sar_input)
