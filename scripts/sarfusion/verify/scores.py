"""Tables of scores and of differences, compared cell by cell within tolerances."""

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from ..show.tables import RUN_COLUMNS
from .files import plain_file

MOST_MB = 100
PLACE = ("protocol", "region", "metric")  # what a tolerance belongs to


@dataclass(frozen=True)
class Form:
    """What a table consists of: `keys` name a row, `close` may move, `exact` may not."""

    keys: tuple
    close: tuple
    exact: tuple

    @property
    def columns(self):
        return [*self.keys, *self.close, *self.exact]


SCORES = Form((*RUN_COLUMNS, "seed", "metric"), ("value",), ("n",))
DIFFERENCES = Form(
    (
        *("study", "site", "protocol", "region", "band", "metric"),
        *("left_method", "left_input", "right_method", "right_input"),
    ),
    ("difference", "low", "high"),
    ("seeds", "n"),
)
NUMBERS = {"seed", "value", "n", "difference", "low", "high", "seeds"}


def form_of(name):
    """Return the Form of a table by its file's name."""
    return DIFFERENCES if str(name).endswith(".differences.csv") else SCORES


def read(path, form):
    """Return a table of another person, its rows by their keys.

    Raises StudyError for what is no such table: other columns, text where numbers belong, a row
    without its keys or twice.
    """
    content = plain_file(path, MOST_MB).read_bytes()
    try:
        table = pd.read_csv(io.BytesIO(content))
    except ValueError as error:  # of pandas' parser and of UTF-8 alike
        raise StudyError(f"{path}: not a table ({error})") from None
    if sorted(map(str, table.columns)) != sorted(form.columns):
        raise StudyError(f"{path}: the columns are {list(table.columns)}, not {form.columns}")
    for name in form.columns:
        if (name in NUMBERS) != pd.api.types.is_numeric_dtype(table[name]) and len(table):
            raise StudyError(f"{path}: column {name} holds no {_kind(name)}")
    if table[list(form.keys)].isna().any(axis=None):
        raise StudyError(f"{path}: a row does not say what it is of")
    table = table.set_index(list(form.keys))
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0]
        raise StudyError(f"{path}: {told(twice, form)} stands there twice")
    return table


def _kind(name):
    return "numbers" if name in NUMBERS else "text"


def told(key, form):
    """Return a row's keys as people say them."""
    about = dict(zip(form.keys, key, strict=True))
    where = f"{about['protocol']}, region {about['region']}, {about['band']}"
    if form is SCORES:
        run = f"{about['method']}-{about['input']}, seed {about['seed']}"
    else:
        run = "{left_method}-{left_input} against {right_method}-{right_input}".format(**about)
    return f"{about['metric']} of {run} ({about['site']}: {where})"


def compare(here, there, form, allowed):
    """Return a note on two tables (see `read`) that agree; StudyError names the first cell, if not.

    allowed: the tolerance of each row of `here`, an array. The rows must be the same, in any
    order; NaN agrees with NaN.
    """
    for one, other, which in ((here, there, "there"), (there, here, "here")):
        lacking = one.index.difference(other.index)
        if len(lacking):
            raise StudyError(
                f"rows: {len(lacking)} not {which}; the first is {told(lacking[0], form)}"
            )
    there = there.loc[here.index]
    largest, used = 0.0, 0.0
    for name in (*form.close, *form.exact):
        tolerance = allowed if name in form.close else np.zeros(len(here))
        ours, theirs = (table[name].to_numpy(float) for table in (here, there))
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
        with np.errstate(invalid="ignore"):
            moved = np.where(same, 0, np.abs(ours - theirs))
        bad = np.flatnonzero(~(moved <= tolerance))
        if len(bad):
            first = bad[0]
            raise StudyError(
                f"cells: {len(bad)} of column {name} differ; the first is"
                f" {told(here.index[first], form)}: {ours[first]:.9g} here, {theirs[first]:.9g}"
                f" there, tolerance {tolerance[first]:.2g}"
            )
        if len(moved):
            largest = max(largest, moved.max())
            with np.errstate(invalid="ignore", divide="ignore"):
                used = max(used, np.nan_to_num(moved / tolerance).max())
    cells = len(here) * len(form.close + form.exact)
    if not largest:
        return f"{cells} cells, all the same"
    return f"{cells} cells, largest difference {largest:.1e}, {used:.0%} of its tolerance at most"
