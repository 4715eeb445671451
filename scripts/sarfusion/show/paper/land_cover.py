"""Sentences on the scores of maps made from filled gaps."""

import pandas as pd

from ...scoring.land_cover import BUILT_UP, MEASURED
from ...study.inputs import input_of
from ...study.methods import METHODS, method_name
from .texts import percent
from .wording import run_words


def map_sentences(rows: pd.DataFrame) -> list[str]:
    """Return sentences on maps of built-up ground, means over sites; none without such maps.

    rows: of evaluate_land_cover, of one protocol. Networks with shuffled SAR, which are controls,
    have no sentence.
    """
    chosen = rows[(rows["band"] == BUILT_UP) & (rows["metric"] == "iou")].dropna(subset=["value"])
    means = chosen.groupby(["method", "input"], sort=False)["value"].mean()
    if (MEASURED, "none") not in means:
        return []
    ceiling = means[MEASURED, "none"]
    sentences = [
        "From the measured bands, the classifier reaches an intersection over union of"
        f" {ceiling:.2f} on this ground, which is the best it can do."
    ]
    for (method, sar_input), value in means.items():
        if method not in (MEASURED, *METHODS) and not input_of(sar_input).control:
            sentences.append(
                f"From gaps filled by {run_words(f'{method}-{sar_input}')}, it reaches"
                f" {value:.2f}, {percent(value / ceiling)} of that."
            )
    untrained = means[[method in METHODS for method, _ in means.index]]
    if len(untrained):
        best, _ = untrained.idxmax()
        sentences.append(
            f"Among the methods without training, {method_name(best)} does best, with"
            f" {untrained.max():.2f}."
        )
    return sentences
