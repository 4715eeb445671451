"""How far numbers may differ in a verification: what follows from an envelope, by one rule.

The rule:

    recompute  of a metric: SAFETY times its largest movement anywhere, under any variant with the
               same weights; at least FLOOR
    retrain    of a metric in a region of a protocol: TWICE the largest difference between two
               seeds of one model and band, or of a model that was trained again, if that is more

Training multiplies the last digits until its result is as if drawn anew, with another processor as
with another seed. The largest of so few differences is soon passed by the next; twice it is not.
A table of tolerances states the margin (SAFETY or TWICE) of each.

The entropies (HISTOGRAMS) come from a histogram, and move in jumps: a value that lies within
rounding of a bin's edge may fall on either side. With c values in a bin and n in all,

    H = log2 n - (1 / n) sum c log2 c

and one value that passes from a bin with a values to one with b (without it) moves n H by

    a log2 a - (a - 1) log2 (a - 1) - (b + 1) log2 (b + 1) + b log2 b,

about log2 (a / b), at most log2 n + 1.45. So n times the movement, in bits, adds up over the
values that passed an edge: it measures how many there were and depends little on n, whereas the
movement itself is the larger, the smaller the region. It is measured too, as the metric with the
suffix TIMES_N, and a score of n values may move by whichever of the two allows more:

    recompute tolerance of the metric,  or that of n times the metric, divided by n

The first holds in large scenes, in which more values lie near an edge. The other metrics are sums
over pixels or windows, without edges, and their numbers n are exact: what they count is decided by
masks, and by the variance of the measured band (uiqi_textured), computed in float64 of numbers
that are the same everywhere.
"""

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from .files import plain_file
from .scores import DIFFERENCES, PLACE, SCORES

SAME_WEIGHTS, TRAINED_AGAIN, OTHER_SEED = "same weights", "trained again", "other seed"
PIXEL = "pixel"  # the metric of a fused raster's pixels, of the region "scene"
KINDS = ["recompute", "retrain"]
MARGINS = ["recompute_margin", "retrain_margin"]
COLUMNS = [*PLACE, *KINDS, *MARGINS]
SAFETY = 10
TWICE = 2
FLOOR = 1e-9
HISTOGRAMS = ("entropy_difference",)
TIMES_N = "_times_n"


def from_envelope(envelope):
    """Return the tolerances (COLUMNS) that follow from an envelope (envelope.COLUMNS)."""
    largest = envelope.pivot_table(
        index=list(PLACE), columns="kind", values="moved", aggfunc="max", sort=False
    ).reindex(columns=[SAME_WEIGHTS, TRAINED_AGAIN, OTHER_SEED])
    by_metric = largest[SAME_WEIGHTS].groupby("metric").transform("max")
    recompute = (SAFETY * by_metric).fillna(0).clip(lower=FLOOR)
    trained = TWICE * np.fmax(largest[OTHER_SEED], largest[TRAINED_AGAIN])
    table = {
        "recompute": recompute,
        "retrain": np.fmax(trained, recompute),
        "recompute_margin": SAFETY,
        "retrain_margin": np.where(trained >= recompute, TWICE, SAFETY),
    }
    return pd.DataFrame(table).reset_index()


def read(path):
    """Return the tolerances (COLUMNS) in a file; StudyError where it is none."""
    plain_file(path, 1)
    try:
        table = pd.read_csv(path)
        table[[*KINDS, *MARGINS]] = table[[*KINDS, *MARGINS]].astype(float)
    except (ValueError, KeyError) as error:
        raise StudyError(f"{path}: no table of tolerances ({error})") from None
    if list(table.columns) != COLUMNS or not np.isfinite(table[KINDS]).all(axis=None):
        raise StudyError(f"{path}: no table of tolerances")
    return table


def check_follow(envelope, stated):
    """Return a note on tolerances that follow from an envelope (paths); else raise StudyError."""
    wanted = from_envelope(pd.read_csv(plain_file(envelope, 10)))
    found = read(stated)
    if not (
        wanted[list(PLACE)].equals(found[list(PLACE)])
        and np.allclose(wanted[KINDS], found[KINDS], rtol=1e-9, atol=0)
        and (wanted[MARGINS] == found[MARGINS]).all(axis=None)
    ):
        raise StudyError(f"{stated}: does not follow from {envelope}")
    return "follows from the envelope"


def allowed(table, form, tolerances, kinds):
    """Return the tolerance of each row of a table (scores.read), an array.

    kinds: "recompute" or "retrain" of each row. A region that the envelope does not have gets the
    largest tolerance of its metric; a difference twice that of a score, for its two ends; a metric
    of HISTOGRAMS what its number of values allows, if that is more.
    """
    found = np.zeros(len(table))
    place = table.index.to_frame(index=False)[list(PLACE)]
    for kind in KINDS:
        exact = place.merge(tolerances, on=list(PLACE), how="left")[kind]
        of_metric = place["metric"].map(tolerances.groupby("metric")[kind].max())
        chosen = np.asarray(kinds) == kind
        found[chosen] = exact.fillna(of_metric).fillna(FLOOR).to_numpy()[chosen]
    if form is SCORES:
        of_metric = tolerances.groupby("metric")["recompute"].max()
        times_n = (place["metric"] + TIMES_N).map(of_metric).fillna(0).to_numpy()
        found = np.fmax(found, times_n / np.fmax(table["n"].to_numpy(float), 1))
    return found * (2 if form is DIFFERENCES else 1)
