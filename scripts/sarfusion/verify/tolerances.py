"""How far numbers may differ in a verification: what follows from an envelope, by one rule.

The rule:

    recompute  of a metric: SAFETY times its largest movement anywhere, under any variant with the
               same weights; at least FLOOR
    retrain    of a metric in a region of a protocol: TWICE the largest difference between two
               seeds of one model and band, or of a model that was trained again, if that is more

Training multiplies the last digits until its result is as if drawn anew, with another processor as
with another seed. The largest of so few differences is soon passed by the next; twice it is not.
"""

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from .files import plain_file
from .scores import DIFFERENCES, PLACE

SAME_WEIGHTS, TRAINED_AGAIN, OTHER_SEED = "same weights", "trained again", "other seed"
PIXEL = "pixel"  # the metric of a fused raster's pixels, of the region "scene"
KINDS = ["recompute", "retrain"]
COLUMNS = [*PLACE, *KINDS]
SAFETY = 10
TWICE = 2
FLOOR = 1e-9


def from_envelope(envelope):
    """Return the tolerances (COLUMNS) that follow from an envelope (envelope.COLUMNS)."""
    largest = envelope.pivot_table(
        index=list(PLACE), columns="kind", values="moved", aggfunc="max", sort=False
    ).reindex(columns=[SAME_WEIGHTS, TRAINED_AGAIN, OTHER_SEED])
    by_metric = largest[SAME_WEIGHTS].groupby("metric").transform("max")
    recompute = (SAFETY * by_metric).fillna(0).clip(lower=FLOOR)
    trained = TWICE * np.fmax(largest[OTHER_SEED], largest[TRAINED_AGAIN])
    table = {"recompute": recompute, "retrain": np.fmax(trained, recompute)}
    return pd.DataFrame(table).reset_index()


def read(path):
    """Return the tolerances (COLUMNS) in a file; StudyError where it is none."""
    plain_file(path, 1)
    try:
        table = pd.read_csv(path)
        table[KINDS] = table[KINDS].astype(float)
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
    ):
        raise StudyError(f"{stated}: does not follow from {envelope}")
    return "follows from the envelope"


def allowed(table, form, tolerances, kinds):
    """Return the tolerance of each row of a table (scores.read), an array.

    kinds: "recompute" or "retrain" of each row. A region that the envelope does not have gets the
    largest tolerance of its metric; a difference twice that of a score, for its two ends.
    """
    found = np.zeros(len(table))
    place = table.index.to_frame(index=False)[list(PLACE)]
    for kind in KINDS:
        exact = place.merge(tolerances, on=list(PLACE), how="left")[kind]
        of_metric = place["metric"].map(tolerances.groupby("metric")[kind].max())
        chosen = np.asarray(kinds) == kind
        found[chosen] = exact.fillna(of_metric).fillna(FLOOR).to_numpy()[chosen]
    return found * (2 if form is DIFFERENCES else 1)
