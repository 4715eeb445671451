"""Compare tables of scores, differences and uncertainties cell by cell, within tolerances."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from ..show.tables import RUN_COLUMNS
from .files import plain_file

MAX_MB = 100
PLACE = ("protocol", "region", "metric")  # columns that a tolerance belongs to


@dataclass(frozen=True)
class Form:
    """The columns of a table.

    keys: identify a row; close: numbers that must agree within tolerances; exact: numbers that
    must be equal; about: numbers in other units, from which those in `close` follow (`derived`).
    """

    keys: tuple[str, ...]
    close: tuple[str, ...]
    exact: tuple[str, ...]
    about: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """All columns."""
        return [*self.keys, *self.close, *self.exact, *self.about]


SCORES = Form((*RUN_COLUMNS, "seed", "metric"), ("value",), ("n",))
DIFFERENCES = Form(
    (
        *("study", "site", "protocol", "region", "band", "metric"),
        *("left_method", "left_input", "right_method", "right_input"),
    ),
    ("difference", "low", "high", "seed_error", "ground_error"),
    ("seeds", "n"),
    ("blocks", "block_px"),
)
UNCERTAINTIES = Form(
    (*RUN_COLUMNS, "uncertainty", "metric"), ("value", "low", "high"), ("seeds", "n")
)
LAND_COVER = Form((*RUN_COLUMNS, "metric"), ("value", "low", "high"), ("seeds", "n"))
OF_ALL_SEEDS = (UNCERTAINTIES, LAND_COVER)  # forms whose rows come from all seeds together
PRODUCTS = Form(  # of the cloud-free scenes (product/score.py)
    ("study", "site", "region", "band", "method", "input", "metric"), ("value",), ("n",)
)
FORMS = {  # by end of a name
    ".differences.csv": DIFFERENCES,
    ".uncertainty.csv": UNCERTAINTIES,
    ".land_cover.csv": LAND_COVER,
}
NUMBERS = {"seed", "n", *SCORES.close, *(name for form in FORMS.values() for name in form.close)}
NUMBERS |= {*DIFFERENCES.exact, *DIFFERENCES.about}


def form_of(name: str | Path) -> Form:
    """Return the Form of a table by the name of its file."""
    return next((form for end, form in FORMS.items() if str(name).endswith(end)), SCORES)


def read(path: str | Path, form: Form) -> pd.DataFrame:
    """Return another person's table, indexed by its keys.

    Raises StudyError for other columns, text instead of numbers, and rows that lack a key or have
    the same keys as another row.
    """
    content = plain_file(path, MAX_MB).read_bytes()
    try:
        table = pd.read_csv(io.BytesIO(content))
    except ValueError as error:  # raised by pandas' parser and for bytes that are not UTF-8
        raise StudyError(f"{path}: not a table ({error})") from None
    if sorted(map(str, table.columns)) != sorted(form.columns):
        raise StudyError(f"{path}: the columns are {list(table.columns)}, not {form.columns}")
    for name in form.columns:
        if (name in NUMBERS) != pd.api.types.is_numeric_dtype(table[name]) and len(table):
            raise StudyError(f"{path}: column {name} does not contain {_kind(name)}")
    if table[list(form.keys)].isna().any(axis=None):
        raise StudyError(f"{path}: a row does not say what it is about")
    table = table.set_index(list(form.keys))
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0]
        raise StudyError(f"{path}: {describe_row(twice, form)} is listed twice")
    return table


def _kind(name: str) -> str:
    """Return what a column must contain, in words."""
    return "numbers" if name in NUMBERS else "text"


def describe_row(key: Sequence, form: Form) -> str:
    """Return the keys of a row in words."""
    about = dict(zip(form.keys, key, strict=True))
    place = [about.get("protocol", ""), f"region {about['region']}", about["band"]]
    where = ", ".join(filter(None, place))
    if form is SCORES:
        run = f"{about['method']}-{about['input']}, seed {about['seed']}"
    elif form in (PRODUCTS, LAND_COVER):
        run = "{method}-{input}".format(**about)
    elif form is UNCERTAINTIES:
        run = "{method}-{input}, {uncertainty}".format(**about)
    else:
        run = "{left_method}-{left_input} against {right_method}-{right_input}".format(**about)
    return f"{about['metric']} of {run} ({about['site']}: {where})"


def absolute_difference(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return |ours - theirs|; 0 for equal infinities and where both are NaN."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        return np.where(same, 0, np.abs(ours - theirs))


def compare(here: pd.DataFrame, there: pd.DataFrame, form: Form, allowed: np.ndarray) -> str:
    """Return a note if two tables (see `read`) agree; StudyError names the first cell that differs.

    allowed: tolerances of the rows of `here`. Both tables must have the same rows, in any order.
    NaN agrees with NaN.
    """
    for one, other, which in ((here, there, "there"), (there, here, "here")):
        missing = one.index.difference(other.index)
        if len(missing):
            raise StudyError(
                f"rows: {len(missing)} not {which}; the first is {describe_row(missing[0], form)}"
            )
    there = there.loc[here.index]
    largest, largest_share = 0.0, 0.0  # difference, and its share of the tolerance
    for name in (*form.close, *form.exact):
        tolerance = allowed if name in form.close else np.zeros(len(here))
        ours, theirs = (table[name].to_numpy(float) for table in (here, there))
        difference = absolute_difference(ours, theirs)
        beyond = np.flatnonzero(~(difference <= tolerance))
        if len(beyond):
            first = beyond[0]
            row = describe_row(here.index[first], form)
            raise StudyError(
                f"cells: {len(beyond)} of column {name} differ; the first is {row}:"
                f" {ours[first]:.9g} here, {theirs[first]:.9g} there, tolerance"
                f" {tolerance[first]:.2g}"
            )
        if len(difference):
            largest = max(largest, difference.max())
            with np.errstate(invalid="ignore", divide="ignore"):
                shares = np.nan_to_num(difference / tolerance)
            largest_share = max(largest_share, shares.max())
    cells = len(here) * len(form.close + form.exact)
    if not largest:
        return f"{cells} cells, all the same"
    return (
        f"{cells} cells, largest difference {largest:.1e}, at most {largest_share:.0%} of the"
        " tolerance"
    )
