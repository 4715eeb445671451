"""How far numbers may differ in a verification: tolerances derived from an envelope by one rule.

The rule:

    recompute  of a metric: SAFETY times its largest movement anywhere, or in that region alone if
               it changes in steps, in any variant with the same weights; at least FLOOR
    retrain    of a metric in a region of a protocol: TWICE the largest difference between two
               seeds of one model and band, or of a model that was trained again, if that is more

Training amplifies rounding until its result is as different on another processor as with another
seed. The largest of a few measured differences is easily exceeded by a further one; twice that
difference is not. A table of tolerances states the margin (SAFETY or TWICE) of each.

The entropies (HISTOGRAMS) come from a histogram, and change in steps: a value within rounding of
the edge of a bin may fall on either side. With c values in a bin and n in all,

    H = log2 n - (1 / n) sum c log2 c

and one value that passes from a bin with a values to one with b (without it) moves n H by

    a log2 a - (a - 1) log2 (a - 1) - (b + 1) log2 (b + 1) + b log2 b,

about log2 (a / b), at most log2 n + 1.45. So n times the movement, in bits, is a sum over the
values that passed an edge. It depends little on n, whereas the movement itself is larger in smaller
regions. The envelope therefore contains n times the movement too, as the metric with the suffix
TIMES_N, and the tolerance of an entropy of n values is the larger of

    the recompute tolerance of the metric in that region, and that of n times the metric, over n

The first may be the larger one in large scenes, in which more values are near an edge.

The coverage of an interval and the scores of maps of built-up ground (COUNTS) change in steps too,
when a pixel passes an end of the interval or changes its class. Each has the same two tolerances,
and at least that of SAFETY pixels. Points of a curve, such as the coverages of several levels,
share the tolerance of the curve (`family`).

The other metrics are means over n pixels or windows, without edges. Rounding moves each of these
on its own, so a mean moves by about 1 / sqrt(n) of that, and most of all in a region of a few. The
envelope therefore also contains sqrt(n) times the movement, with the suffix TIMES_ROOT_N, and the
tolerance of a mean over n is the larger of

    the recompute tolerance of the metric, and that of sqrt(n) times the metric, over sqrt(n)

A study that fuses with bfloat16 products (`fusing.precision`) is verified with tolerances
"recompute" that follow from the movements FUSED_BFLOAT16 too: SAFETY times these, if that is more.
Every value then moves, and two machines each differ from float32 by about as much. The envelope has
no n times movement of these, since it would grow with n.

The numbers n are exact, since what is counted depends on masks and, for uiqi_textured, on the
variance of the measured band, computed in float64 from numbers that are the same everywhere.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from .files import plain_file
from .scores import DIFFERENCES, PLACE, Form

SAME_WEIGHTS, TRAINED_AGAIN, OTHER_SEED = "same weights", "trained again", "other seed"
FUSED_BFLOAT16 = "fused with bfloat16 products"
PIXEL = "pixel"  # stands for the pixels of fused rasters as a metric, in the region "scene"
MAX_TABLE_MB = 10
KINDS = ["recompute", "retrain"]
MARGINS = ["recompute_margin", "retrain_margin"]
COLUMNS = [*PLACE, *KINDS, *MARGINS]
# The widest tolerances (recompute, retrain) of each metric, in its unit, so that an edited table
# cannot hide a larger forgery. They are about ten times the measured values.
BOUNDS = {
    PIXEL: (1e-4, 0.5),
    "rmse": (1e-6, 0.05),
    "mae": (1e-6, 0.05),
    "bias": (1e-6, 0.1),
    "psnr": (1e-4, 20),
    "cc": (1e-4, 2),
    "gradient_cc": (1e-4, 4),
    "ssim": (1e-4, 0.5),
    "uiqi": (1e-4, 0.5),
    "uiqi_textured": (1e-4, 0.5),
    "q_af": (1e-4, 1),
    "sf_ratio": (1e-4, 1),
    "sam": (1e-4, 10),
    "ergas": (1e-3, 20),
    "entropy_difference": (1e-2, 5),
    "entropy_difference_times_n": (100, 100),
    "coverage": (1e-2, 1),
    "coverage_times_n": (100, 100),
    "iou": (1e-2, 1),
    "iou_times_n": (100, 100),
    "area": (1e-2, 1),
    "area_times_n": (100, 100),
    "sparsified": (1e-3, 1),  # its pixels are sorted by their uncertainty, which rounding reorders
}
OTHER_BOUND = (1e-4, 1)  # of a metric that is not listed above
SAFETY = 10
TWICE = 2
FLOOR = 1e-9
HISTOGRAMS = ("entropy_difference",)
COUNTS = ("coverage", "iou", "area")
TIMES_N, TIMES_ROOT_N = "_times_n", "_times_root_n"


def family(metric: str) -> str:
    """Return the name that the points of a curve have in common, e.g. "coverage" of coverage_95."""
    return re.sub(r"_\d+$", "", metric)


def from_envelope(
    envelope: pd.DataFrame, recomputed: Sequence[str] = (SAME_WEIGHTS,)
) -> pd.DataFrame:
    """Return the tolerances (COLUMNS) that follow from an envelope (envelope.COLUMNS).

    recomputed: the kinds of movements that the tolerances "recompute" follow from.
    """
    largest = envelope.pivot_table(
        index=list(PLACE), columns="kind", values="moved", aggfunc="max", sort=False
    ).reindex(columns=[*recomputed, TRAINED_AGAIN, OTHER_SEED])
    here = largest[[*recomputed]].max(axis=1)
    in_steps = here.index.get_level_values("metric").isin([*HISTOGRAMS, *COUNTS])
    moved = here.where(in_steps, here.groupby("metric").transform("max"))
    recompute = (SAFETY * moved).fillna(0).clip(lower=FLOOR)
    trained = TWICE * np.fmax(largest[OTHER_SEED], largest[TRAINED_AGAIN])
    table = {
        "recompute": recompute,
        "retrain": np.fmax(trained, recompute),
        "recompute_margin": SAFETY,
        "retrain_margin": np.where(trained >= recompute, TWICE, SAFETY),
    }
    return pd.DataFrame(table).reset_index()


def of_study(study: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    """Return the tolerances (COLUMNS) for the results of a study, from the folder of an envelope.

    Raises StudyError if a table there cannot be used, or if the study fuses with bfloat16 products
    and the envelope has no such movements.
    """
    if study["fusing"]["precision"] == "float32":
        return read(folder / "tolerances.csv")
    path = folder / "envelope.csv"
    envelope = pd.read_csv(plain_file(path, MAX_TABLE_MB))
    if FUSED_BFLOAT16 not in envelope["kind"].unique():
        raise StudyError(
            f"{path}: no movements {FUSED_BFLOAT16!r}, from which the tolerances of a study with"
            " fusing.precision: bfloat16 follow; measure them on a processor that has bfloat16"
            " instructions (./reproduce envelope) and commit them"
        )
    table = from_envelope(envelope, [SAME_WEIGHTS, FUSED_BFLOAT16])
    _check_bounds(path, table, ["retrain"])  # "recompute" is no wider than this
    return table


def read(path: str | Path) -> pd.DataFrame:
    """Return the tolerances (COLUMNS) in a file.

    Raises StudyError if it is not such a table, or if one is wider than BOUNDS.
    """
    plain_file(path, 1)
    try:
        table = pd.read_csv(path)
        table[[*KINDS, *MARGINS]] = table[[*KINDS, *MARGINS]].astype(float)
    except (ValueError, KeyError) as error:
        raise StudyError(f"{path}: not a table of tolerances ({error})") from None
    if list(table.columns) != COLUMNS or not np.isfinite(table[KINDS]).all(axis=None):
        raise StudyError(f"{path}: not a table of tolerances")
    _check_bounds(path, table, KINDS)
    return table


def _check_bounds(path: str | Path, table: pd.DataFrame, kinds: Sequence[str]) -> None:
    """Raise StudyError if a tolerance of these kinds is wider than BOUNDS. path: its file."""
    for metric, *found in table[["metric", *kinds]].itertuples(index=False):
        of_metric = dict(zip(KINDS, bounds_of(metric), strict=True))
        bounds = [of_metric[kind] for kind in kinds]
        if any(value > bound for value, bound in zip(found, bounds, strict=True)):
            raise StudyError(
                f"{path}: tolerances {found} of {metric} are wider than {bounds}, the"
                " bounds in verify/tolerances.py; measure them again (./reproduce envelope)"
            )


def bounds_of(metric: str) -> tuple[float, float]:
    """Return the widest tolerances (recompute, retrain) of a metric.

    Those of sqrt(n) times a metric are the metric's for n = 10 000.
    """
    of_metric = BOUNDS.get(metric.removesuffix(TIMES_ROOT_N), OTHER_BOUND)
    factor = 100 if metric.endswith(TIMES_ROOT_N) else 1
    return factor * of_metric[0], factor * of_metric[1]


def check_derived(envelope: str | Path, stated: str | Path) -> str:
    """Return a note if the `stated` tolerances follow from an envelope (both paths).

    Raises StudyError otherwise.
    """
    derived = from_envelope(pd.read_csv(plain_file(envelope, MAX_TABLE_MB)))
    tolerances = read(stated)
    if not (
        derived[list(PLACE)].equals(tolerances[list(PLACE)])
        and np.allclose(derived[KINDS], tolerances[KINDS], rtol=1e-9, atol=0)
        and (derived[MARGINS] == tolerances[MARGINS]).all(axis=None)
    ):
        raise StudyError(f"{stated}: the tolerances do not follow from {envelope}")
    return "the tolerances follow from the envelope"


def allowed(
    table: pd.DataFrame, form: Form, tolerances: pd.DataFrame, kinds: Sequence[str]
) -> np.ndarray:
    """Return the tolerance of each row of a table (scores.read).

    kinds: "recompute" or "retrain" for each row. A region that the envelope does not have gets the
    largest tolerance of its metric; a difference gets twice that of a score, since both scores may
    move; otherwise a metric gets what its number of values allows, if that is more.
    """
    limits = np.zeros(len(table))
    place = table.index.to_frame(index=False)[list(PLACE)]
    place["metric"] = place["metric"].map(family)
    for kind in KINDS:
        exact = place.merge(tolerances, on=list(PLACE), how="left")[kind]
        of_metric = place["metric"].map(tolerances.groupby("metric")[kind].max())
        chosen = np.asarray(kinds) == kind
        limits[chosen] = exact.fillna(of_metric).fillna(FLOOR).to_numpy()[chosen]
    if form is not DIFFERENCES:
        of_metric = tolerances.groupby("metric")["recompute"].max()
        n = np.fmax(table["n"].to_numpy(float), 1)
        times_n = (place["metric"] + TIMES_N).map(of_metric).fillna(0).to_numpy()
        times_n = np.fmax(times_n, np.where(place["metric"].isin(COUNTS), SAFETY, 0))
        times_root_n = (place["metric"] + TIMES_ROOT_N).map(of_metric).fillna(0).to_numpy()
        widest = place["metric"].map(lambda metric: bounds_of(metric)[0]).to_numpy(float)
        of_mean = np.fmin(times_root_n / np.sqrt(n), widest)
        limits = np.maximum.reduce([limits, times_n / n, of_mean])
    return limits * (2 if form is DIFFERENCES else 1)
