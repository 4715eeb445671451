"""Which methods stand against each other, and which of their runs."""

from .inputs import INPUTS, REFERENCES, TESTED
from .methods import method_label

EACH = "each"  # in a claim: every model that the study trained


def study_pairs(models, inputs):
    """Return the comparisons the study talks about: [method, input, method, input], left - right.

    What SAR is worth (the ratio against no SAR and against shuffled SAR, for each model), and
    CAE against CNN for each input.
    """
    worth = [
        [model, TESTED, model, other]
        for model in models
        for other in REFERENCES
        if {TESTED, other} <= set(inputs)
    ]
    kinds = [["cae", sar_input, "cnn", sar_input] for sar_input in inputs]
    return worth + (kinds if {"cae", "cnn"} <= set(models) else [])


def paired_runs(left, right):
    """Return [(left value, right value), ...] of the runs that belong together.

    left, right: {seed: value}. Runs of one seed belong together, as they share its draws; a
    side of one run alone, such as a method without training, stands against each of the other.
    """
    if len(right) == 1:
        return [(value, *right.values()) for value in left.values()]
    if len(left) == 1:
        return [(*left.values(), value) for value in right.values()]
    return [(left[seed], right[seed]) for seed in sorted(left.keys() & right.keys())]


def run_label(run):
    """Return e.g. "CNN, with ratio" for "cnn-ratio", a method and its input."""
    method, sar_input = run.rsplit("-", 1)
    if method == EACH:
        return f"Every model, {INPUTS[sar_input].label}"
    return method_label(method, sar_input)
