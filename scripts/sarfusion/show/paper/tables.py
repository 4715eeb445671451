"""The tables of the paper: networks, scores, and the tests behind the verdicts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...scoring.claims import OVERALL
from ...scoring.metrics import METRICS
from ...study.comparisons import run_label
from ...study.inputs import INPUTS
from ...study.methods import method_label, method_name
from ...study.protocols import PROTOCOLS
from ..tables import full_table, sections, short_table
from .sites import FEW_SITES
from .texts import MINUS, as_table, grouped, table_of, whole


def models_table(models: pd.DataFrame) -> dict[str, Any]:
    """Return the table of the trained networks; a protocol is named in its first row only."""
    rows: list[list[str]] = []
    last = None
    for row in models.to_dict("records"):
        name = row["protocol"].replace("_", " ")
        rows.append(
            [
                "" if name == last else name,
                method_label(row["model"], row["input"]),
                whole(row["parameters"]),
                *(str(row[key]) for key in ("receptive_field_px", "patch_px", "batch")),
                whole(row["training_patches"]),
            ]
        )
        last = name
    header = ["protocol", "network", "weights", "field", "patch", "batch", "places"]
    return table_of(header, rows, left=2)


def score_tables(
    summary: pd.DataFrame, protocol: str, numbers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return {"name", "caption", "short", "full"} for each scored region of a protocol.

    short: a table with a row per method, means over bands and sites. full: tables with a row per
    band and method and with intervals; none in studies of more than FEW_SITES sites. numbers:
    texts by name, for the captions.
    """
    tables = []
    sites = summary["site"].nunique()
    for _, section in sections(summary[summary["protocol"] == protocol], numbers):
        region = section["region"].iloc[0]
        short = short_table(section.assign(site="all", band="all"))
        is_triple = section["band"] == "rgb"
        by_bands = (section[~is_triple], section[is_triple])
        full = [full_table(scores) for scores in by_bands if len(scores)]
        tables.append(
            {
                "name": f"{protocol} {region}",
                "caption": PROTOCOLS[protocol].sections[region][1].format(**numbers),
                "short": as_table(short.rename(columns={"RMSE all": "RMSE"})),
                "full": [grouped(table) for table in full] if sites <= FEW_SITES else [],
            }
        )
    return tables


def claims_table(verdicts: pd.DataFrame) -> dict[str, Any]:
    """Return the table of the differences behind the verdicts.

    For several sites it counts verdicts instead, since a row per site would fill pages.
    """
    tests = verdicts[verdicts["band"] != OVERALL]
    if tests["site"].nunique() > 1:
        return _counted_claims(tests)
    rows: list[list[str]] = []
    last = None
    for row in tests.to_dict("records"):
        test = (row["claim"], METRICS[row["metric"]].label, _comparison(row))
        tested = np.isfinite(row["difference"])
        rows.append(
            [
                *(["", "", ""] if test == last else test),
                row["band"],
                _sign(row["direction"]),
                _signed(row, "difference") if tested else "",
                f"{_signed(row, 'low')} to {_signed(row, 'high')}" if tested else "",
                f"{row['seeds_agree']:.0f} of {row['seeds']:.0f}" if tested else "",
                row["verdict"] + (f" ({row['reason']})" if row["reason"] else ""),
            ]
        )
        last = test
    header = ["claim", "metric", "left − right", "band", "claimed", "difference"]
    # The last two columns, after the numbers, contain names too.
    return table_of([*header, "interval", "seeds", "verdict"], rows, 5, names=[7, 8], sites=False)


def _counted_claims(tests: pd.DataFrame) -> dict[str, Any]:
    """Return the table with the number of sites with each verdict."""
    keys = ["claim", "metric", "left", "right", "direction", "band"]
    order = list(dict.fromkeys(tests["verdict"]))
    rows = []
    for (claim, metric, left, right, direction, band), group in tests.groupby(keys, sort=False):
        comparison = _comparison({"left": left, "right": right})
        counts = [str((group["verdict"] == verdict).sum()) for verdict in order]
        rows.append([claim, METRICS[metric].label, comparison, band, _sign(direction), *counts])
    header = ["claim", "metric", "left − right", "band", "claimed"]
    return table_of([*header, *(f"sites {verdict}" for verdict in order)], rows, 5, sites=True)


def _comparison(row: Mapping[str, Any]) -> str:
    """Return e.g. "CAE − CNN, with ratio" or "U-Net, with ratio − optical only"."""
    (left, with_left), (right, with_right) = (
        row[side].rsplit("-", 1) for side in ("left", "right")
    )
    if left == "each":
        return f"{run_label(row['left'])} − {run_label(row['right'])}"
    if with_left == with_right:
        return f"{method_name(left)} − {method_name(right)}, {INPUTS[with_left].label}"
    if left == right:
        return f"{method_name(left)}, {INPUTS[with_left].label} − {INPUTS[with_right].label}"
    return f"{run_label(row['left'])} − {run_label(row['right'])}"


def _sign(direction: str) -> str:
    return "< 0" if direction == "lower" else "> 0"


def _signed(row: Mapping[str, Any], name: str) -> str:
    """Return a value of a row with its sign and the decimals of its metric."""
    digits = 4 if row["metric"] in ("rmse", "mae") else 3
    value = row[name]
    return f"{value:+.{digits}f}".replace("-", MINUS) if np.isfinite(value) else "unknown"
