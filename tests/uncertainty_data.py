"""Made-up tables of uncertainties, as evaluate_uncertainty writes them."""

import numpy as np
import pandas as pd
from evaluate_uncertainty import COLUMNS
from sarfusion.scoring.definitions import LEVELS, REMOVED
from sarfusion.scoring.uncertainty import METRICS, ause

INTERVAL = (0.94, 0.96)


def make_uncertainties(
    sites=("here",),
    inputs=("ratio", "none"),
    interval=INTERVAL,
    bands=("red", "green", "blue"),
    seeds=3,
):
    """Rows of a U-Net, which learned a variance, and of a CNN without, whose seeds agree too much.

    interval: of the calibrated coverage of 95 %, in every band.
    """
    runs = [
        ("unet", sar_input, kind)
        for sar_input in inputs
        for kind in ("seeds", "ensemble", "calibrated")
    ]
    runs += [("cnn", "ratio", kind) for kind in ("seeds", "calibrated")]
    rows = []
    for site in sites:
        for band in bands:
            for method, sar_input, kind in runs:
                place = ("s", site, "cloud_gap")
                run = (band, method, sar_input, kind, seeds)
                for metric, value in values(kind, np.mean(interval)).items():
                    is_shown = metric.startswith("coverage") and kind == "calibrated"
                    ends = interval if is_shown else (np.nan, np.nan)
                    rows.append((*place, "gap", *run, metric, value, *ends, 1000))
                if kind == "calibrated":
                    rows.append((*place, "validation", *run, "scale", 1.3, np.nan, np.nan, 900))
    return pd.DataFrame(rows, columns=COLUMNS)


def values(kind, covered):
    """{metric: value} whose curves look like those of a real model."""
    power = {"seeds": 3, "ensemble": 1.3, "calibrated": 1}[kind]
    levels = np.array(LEVELS) / 100
    coverage = levels**power * (covered / 0.95 if kind == "calibrated" else 1)
    left = 1 - np.array(REMOVED) / 100
    curve, oracle = left**0.4, left
    found = [0.02, 0.08 / power, 0.011, ause(curve, oracle), *coverage, *curve, *oracle]
    return dict(zip(METRICS, found, strict=True))
