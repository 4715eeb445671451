"""The tables of the paper: networks, scores, and the tests behind the verdicts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...scoring.decision import ALL_SITES, OVERALL
from ...scoring.definitions import WITHIN, coverage_label
from ...scoring.metrics import METRICS
from ...study.comparisons import run_label
from ...study.inputs import input_of
from ...study.methods import method_label, method_name
from ...study.protocols import PROTOCOLS
from ..land_cover import short_table as short_land_cover
from ..readings import verdict_with_reason
from ..tables import full_table, sections, short_table
from ..uncertainty import short_table as short_uncertainties
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
    header = ["protocol", "network", "parameters", "field", "patch", "batch", "patches"]
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


def uncertainty_table(uncertainties: pd.DataFrame, protocol: str) -> dict[str, Any] | None:
    """Return the table of uncertainties in a protocol, means over bands; None if there are none.

    uncertainties: rows of evaluate_uncertainty.
    """
    rows = uncertainties[uncertainties["protocol"] == protocol]
    return as_table(short_uncertainties(rows), left=2) if len(rows) else None


def land_cover_table(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Return the table of scores of maps made from filled gaps, None if there are none.

    rows: of evaluate_land_cover, of one protocol.
    """
    return as_table(short_land_cover(rows)) if len(rows) else None


def claims_table(verdicts: pd.DataFrame) -> dict[str, Any]:
    """Return the table of the differences and levels behind the verdicts.

    For several sites it counts verdicts instead, since a row per site would fill pages.
    """
    tests = verdicts[(verdicts["band"] != OVERALL) & (verdicts["site"] != ALL_SITES)]
    if tests["site"].nunique() > 1:
        return _counted_claims(tests, verdicts[verdicts["site"] == ALL_SITES])
    rows: list[list[str]] = []
    last = None
    for row in tests.to_dict("records"):
        test = (row["claim"], _label(row), _comparison(row))
        value = "level" if row["direction"] == WITHIN else "difference"
        tested = np.isfinite(row[value])
        rows.append(
            [
                *(["", "", ""] if test == last else test),
                row["band"],
                _claimed(row),
                _signed(row, value) if tested else "",
                f"{_signed(row, 'low')} to {_signed(row, 'high')}" if tested else "",
                _seeds(row) if tested else "",
                verdict_with_reason(row),
            ]
        )
        last = test
    header = ["claim", "metric", "left − right", "band", "claimed", "value"]
    # The last two columns, after the numbers, contain names too.
    return table_of([*header, "interval", "seeds", "verdict"], rows, 5, names=[7, 8], sites=False)


def _counted_claims(tests: pd.DataFrame, pooled: pd.DataFrame) -> dict[str, Any]:
    """Return the table with the number of sites with each verdict.

    pooled: the rows over all sites, empty if there are too few sites.
    """
    keys = ["claim", "metric", "left", "right", "direction", "band"]
    tests, pooled = (table.fillna({"right": ""}) for table in (tests, pooled))
    order = list(dict.fromkeys(tests["verdict"]))
    rows = []
    for _, group in tests.groupby(keys, sort=False, dropna=False):
        row = group.iloc[0].to_dict()
        counts = [str((group["verdict"] == verdict).sum()) for verdict in order]
        whole = pooled[(pooled[keys] == group[keys].iloc[0]).all(axis=1)]
        over = (
            [verdict_with_reason(found) for found in whole.to_dict("records")]
            if len(pooled)
            else []
        )
        about = [row["claim"], _label(row), _comparison(row), row["band"], _claimed(row)]
        rows.append([*about, *counts, *over])
    header = ["claim", "metric", "left − right", "band", "claimed"]
    header += [f"sites {verdict}" for verdict in order]
    if not len(pooled):
        return table_of(header, rows, 5, sites=True)
    return table_of([*header, ALL_SITES], rows, 5, names=[len(header)], sites=True)


def _label(row: Mapping[str, Any]) -> str:
    """Return the metric of a test in words."""
    metric = row["metric"]
    return coverage_label(metric) if row["direction"] == WITHIN else METRICS[metric].label


def _seeds(row: Mapping[str, Any]) -> str:
    """Return e.g. "1 of 2" seeds that agree; for a level the number of seeds."""
    if row["direction"] == WITHIN:
        return f"{row['seeds']:.0f}"
    return f"{row['agree']:.0f} of {row['seeds']:.0f}"


def _comparison(row: Mapping[str, Any]) -> str:
    """Return e.g. "CAE − CNN, with ratio" or "U-Net, with ratio − optical only"."""
    if row["direction"] == WITHIN:
        return run_label(row["left"])
    (left, with_left), (right, with_right) = (
        row[side].rpartition("-")[::2] for side in ("left", "right")
    )
    if left in ("each", ""):
        return f"{run_label(row['left'])} − {run_label(row['right'])}"
    if with_left == with_right:
        return f"{method_name(left)} − {method_name(right)}, {input_of(with_left).label}"
    if left == right:
        return f"{method_name(left)}, {input_of(with_left).label} − {input_of(with_right).label}"
    return f"{run_label(row['left'])} − {run_label(row['right'])}"


def _claimed(row: Mapping[str, Any]) -> str:
    """Return e.g. "< 0" or "0.93 to 0.97"."""
    if row["direction"] == WITHIN:
        return f"{row['least']:g} to {row['most']:g}"
    return "< 0" if row["direction"] == "lower" else "> 0"


def _signed(row: Mapping[str, Any], name: str) -> str:
    """Return a value of a row, with its sign if it is a difference, and its metric's decimals."""
    if row["direction"] == WITHIN:
        return f"{row[name]:.3f}" if np.isfinite(row[name]) else "unknown"
    digits = 4 if METRICS[row["metric"]].unit == "reflectance" else 3
    value = row[name]
    return f"{value:+.{digits}f}".replace("-", MINUS) if np.isfinite(value) else "unknown"
