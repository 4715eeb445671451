"""The scores that a viewer shows beside its layers."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...study.protocols import FULL, HEADLINE

Method = tuple[str, str, str, str, int]  # protocol, scale, method, input, seed

METRICS = {"rmse": "RMSE", "bias": "Bias", "cc": "CC", "ssim": "SSIM", "uiqi": "UIQI"}
REGIONS = {  # headline region of a protocol -> its name; pixel sizes are in braces
    "test": "test ground, against the measured band",
    "gap": "inside gaps on test ground, against the measured band",
    "truth": "test ground, against the true {fine} m reflectance",
    "consistency": "test ground, degraded to {native} m again, against the measured band",
}


def read_scores(
    paths: Iterable[str | Path], full_region: str, sizes: Mapping[str, str]
) -> dict[Method, dict[str, Any]]:
    """Return {(protocol, scale, method, input, seed): {"region", "n", "bands"}}.

    bands: {band: {metric: value}}, in the headline region of each protocol, or in `full_region` for
    products at the finest pixels. sizes: pixel sizes.
    """
    table = pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
    is_full = table["region"].isin(["truth", "consistency"])
    table["scale"] = np.where(is_full, FULL, "")
    wanted = table["protocol"].map(HEADLINE).mask(is_full, full_region)
    table = table[(table["region"] == wanted) & table["metric"].isin(METRICS)]
    found: dict[tuple, dict[str, Any]] = {}
    for row in table[table["value"].notna()].itertuples():
        run = found.setdefault(
            (row.protocol, row.scale, row.method, row.input, row.seed),
            {"region": REGIONS[row.region].format(**sizes), "bands": {}},
        )
        run["bands"].setdefault(row.band, {})[row.metric] = float(f"{row.value:.6g}")
        if row.metric == "rmse":
            run["n"] = row.n
    return found


def full_region(has_truth: bool) -> str:
    """Return the region whose scores are shown for products at the finest pixels."""
    return "truth" if has_truth else "consistency"
