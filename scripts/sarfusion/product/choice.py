"""Which of a study's methods fills the clouds of a site, and how its uncertainty is scaled."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from ..scenes.bands import BANDS
from ..scoring.definitions import SCALE
from ..study.inputs import input_of

FACTOR_COLUMNS = ("band", "method", "input", "metric", "value")  # of a table of uncertainties


class Method(NamedTuple):
    """A trained method by its model and its input; error: validation RMSE, in reflectance."""

    model: str
    input: str
    error: float


def best_method(records: Iterable[Mapping[str, Any]]) -> Method:
    """Return the method of the lowest RMSE in gaps on validation ground, mean over bands and seeds.

    records: of trained models of one site and protocol. Test ground plays no part in the choice. A
    method with SAR in the wrong places is a control, and one without all three bands makes no
    picture: neither is chosen. If errors are equal, the first method is chosen. Raises StudyError
    if no method is left.
    """
    errors: dict[tuple[str, str], dict[str, list[float]]] = {}
    for record in records:
        if not input_of(record["input"]).control:
            bands = errors.setdefault((record["model"], record["input"]), {})
            bands.setdefault(record["band"], []).append(record["validation_rmse"])
    methods = [
        Method(*run, float(np.mean([np.mean(bands[band]) for band in BANDS])))
        for run, bands in errors.items()
        if bands.keys() >= set(BANDS)
    ]
    if not methods:
        raise StudyError("no method was trained for red, green and blue, so none fills the clouds")
    return min(methods, key=lambda method: method.error)


def is_of(method: Method, record: Mapping[str, Any]) -> bool:
    """Return whether a record is of a network of a method."""
    return (record["model"], record["input"]) == (method.model, method.input)


def std_factors(table: pd.DataFrame | None, method: Method) -> dict[str, float]:
    """Return {band: factor on the standard deviation} of a method, as fitted on validation ground.

    table: the rows of metrics/SITE/PROTOCOL.uncertainty.csv, None if there are none. NaN for a band
    without a factor, whose uncertainty is then unknown.
    """
    found: dict[str, float] = {}
    if table is not None:
        chosen = table[
            (table["metric"] == SCALE)
            & (table["method"] == method.model)
            & (table["input"] == method.input)
        ]
        found = dict(zip(chosen["band"], chosen["value"], strict=True))
    return {band: float(found.get(band, np.nan)) for band in BANDS}


def read_factors(path: str | Path | None, method: Method) -> dict[str, float]:
    """Return the `std_factors` of a method from the table in a file, None if there is none.

    Raises StudyError for a file that is no such table, or with a factor that is no positive number.
    """
    if path is None:
        return std_factors(None, method)
    try:
        table = pd.read_csv(path)
    except ValueError as error:  # not a table, empty, or not text
        raise StudyError(f"{path}: not a table of uncertainties: {error}") from None
    lacking = [name for name in FACTOR_COLUMNS if name not in table]
    if lacking:
        raise StudyError(f"{path}: not a table of uncertainties: has no {', '.join(lacking)}")
    for row in table[table["metric"] == SCALE].itertuples():
        if not (pd.isna(row.value) or _is_factor(row.value)):
            raise StudyError(f"{path}, line {row.Index + 2}: value is {row.value}, not a factor")
    return std_factors(table, method)


def _is_factor(value: Any) -> bool:
    """Return whether a value of a table is a number to multiply a standard deviation by."""
    try:
        return 0 < float(value) < np.inf
    except (ValueError, OverflowError):
        return False
