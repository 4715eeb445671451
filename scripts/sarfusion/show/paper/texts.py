"""Numbers, tables and lists as text."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

MINUS, TIMES, DASH = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with `digits` significant digits and a typographic minus sign."""
    return f"{value:.{digits}g}".replace("-", MINUS)


def whole(value: int) -> str:
    """Return an integer with its thousands separated."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", MINUS)


def percent(share: float) -> str:
    """Return a share (0 to 1) as "12.3 %"; a positive one that rounds to 0 as "< 0.1 %"."""
    if 0 < share < 0.0005:
        return "< 0.1\N{NO-BREAK SPACE}%"
    return f"{100 * share:.1f}".removesuffix(".0") + "\N{NO-BREAK SPACE}%"


def listed(words: Sequence[str], conjunction: str = "and") -> str:
    """Return "a", "a and b", "a, b and c"; "" without words."""
    if len(words) < 2:
        return "".join(words)
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Return e.g. "1 site", "3 sites"."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def cell(value: Any) -> str:
    """Return a cell of a table of show.tables as printed: a real minus, no -0, a dash for nan."""
    text = str(value)
    if text in ("nan", "nan ± nan"):
        return DASH
    if text.startswith("-") and not text.strip("-0. ±"):
        text = text[1:]
    return text.replace("-", MINUS) if text[:1] == "-" and text[1:2].isdigit() else text


def table_of(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: int | None = None, **more: Any
) -> dict[str, Any]:
    """Return a table for the template.

    left: number of leading columns that contain names and are aligned left; None for all. more:
    further values for the template.
    """
    return {"header": header, "rows": rows, "left": len(header) if left is None else left, **more}


def as_table(frame: pd.DataFrame, left: int | None = 1) -> dict[str, Any]:
    """Return a data frame of texts as a table for the template; see `table_of`."""
    rows = [[cell(text) for text in row] for row in frame.itertuples(index=False, name=None)]
    return table_of([str(name) for name in frame.columns], rows, left)


def grouped(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a data frame of texts as a table for the template, without repeated names.

    Columns left of "method" are dropped if they have only one value; the others show a value only
    in the first of consecutive rows with the same values.
    """
    titles = list(frame.columns)
    places = [name for name in titles[: titles.index("method")] if frame[name].nunique() > 1]
    frame = frame[places + titles[titles.index("method") :]]
    table = as_table(frame, len(places) + 1)
    last = None
    for row in table["rows"]:
        place = row[: len(places)]
        if place == last:
            row[: len(places)] = [""] * len(places)
        last = place
    return table
