"""How far numbers move for reasons that are none of science's, and the tolerances from it.

The rule of the tolerances:

    recompute  of a metric: SAFETY times its largest movement anywhere, under any variant with the
               same weights; at least FLOOR
    retrain    of a metric in a region of a protocol: the largest difference between two seeds of
               one model and band; at least twice the movement of a model that was trained again

The pixels of fused rasters count as a metric. A movement is the largest difference from the
reference of any band, method and input.
"""

import numpy as np
import pandas as pd

from ..errors import StudyError
from .checks import plain_file
from .scores import DIFFERENCES, PLACE

SAME_WEIGHTS, TRAINED_AGAIN, OTHER_SEED = "same weights", "trained again", "other seed"
FEWER_DIGITS = "trained with bfloat16 products"  # beside the others; no tolerance rests on it
COLUMNS = ["kind", "variant", *PLACE, "moved"]
TOLERANCES = [*PLACE, "recompute", "retrain"]
SAFETY = 10
FLOOR = 1e-9
PIXEL = "pixel"  # the metric of a fused raster's pixels, of the region "scene"


def movement(reference, variant):
    """Return the largest movement of each PLACE between two columns of tables (scores.read)."""
    both = reference.index.intersection(variant.index)
    one, other = reference.loc[both], variant.loc[both]
    moved = (one - other).abs().where(one != other, 0)  # inf - inf is no number
    moved = moved[~(one.isna() & other.isna())].fillna(np.inf)
    return moved.groupby(list(PLACE), sort=False).max().rename("moved").reset_index()


def seed_spread(reference):
    """Return the largest difference between two seeds of each PLACE in a column of scores."""
    runs = [name for name in reference.index.names if name != "seed"]
    values = reference.replace([np.inf, -np.inf], np.nan).groupby(runs, sort=False)
    spread = (values.max() - values.min())[values.size() > 1]
    return spread.groupby(list(PLACE), sort=False).max().rename("moved").reset_index()


def tolerances(envelope):
    """Return the table TOLERANCES that follows from an envelope (COLUMNS) by the rule."""
    largest = envelope.pivot_table(
        index=list(PLACE), columns="kind", values="moved", aggfunc="max", sort=False
    ).reindex(columns=[SAME_WEIGHTS, TRAINED_AGAIN, OTHER_SEED])
    by_metric = largest[SAME_WEIGHTS].groupby("metric").transform("max")
    recompute = (SAFETY * by_metric).fillna(0).clip(lower=FLOOR)
    trained = np.fmax(largest[OTHER_SEED], 2 * largest[TRAINED_AGAIN])
    table = {"recompute": recompute, "retrain": np.fmax(trained, recompute)}
    return pd.DataFrame(table).reset_index()


def read_tolerances(path):
    """Return the table TOLERANCES in a file; StudyError where it is none."""
    plain_file(path, 1)
    try:
        table = pd.read_csv(path)
        table[TOLERANCES[3:]] = table[TOLERANCES[3:]].astype(float)
    except (ValueError, KeyError) as error:
        raise StudyError(f"{path}: no table of tolerances ({error})") from None
    if list(table.columns) != TOLERANCES or not np.isfinite(table[TOLERANCES[3:]]).all(axis=None):
        raise StudyError(f"{path}: no table of tolerances")
    return table


def follow(envelope, stated):
    """Return a note on tolerances that follow from an envelope (paths); else raise StudyError."""
    wanted = tolerances(pd.read_csv(plain_file(envelope, 10)))
    found = read_tolerances(stated)
    if not (
        wanted[list(PLACE)].equals(found[list(PLACE)])
        and np.allclose(wanted[TOLERANCES[3:]], found[TOLERANCES[3:]], rtol=1e-9, atol=0)
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
    for kind in ("recompute", "retrain"):
        exact = place.merge(tolerances, on=list(PLACE), how="left")[kind]
        of_metric = place["metric"].map(tolerances.groupby("metric")[kind].max())
        chosen = np.asarray(kinds) == kind
        found[chosen] = exact.fillna(of_metric).fillna(FLOOR).to_numpy()[chosen]
    return found * (2 if form is DIFFERENCES else 1)
