"""A table of sites, one row each, as saved by a spreadsheet."""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..core.files import read_text, shown
from ..scenes.sources import SOURCES
from .plain import MAX_TEXT
from .schemas import NUMBERS, Rules, options_of, part, said, violation

# Columns for the items of one key, so that each cell has one item.
TOGETHER = {"area": ("west", "south", "east", "north"), "period": ("start", "end")}
OWN = ("name", "source", *(column for columns in TOGETHER.values() for column in columns))
# Texts that R, pandas and spreadsheets write into a cell without a value.
NO_VALUE = re.compile(r"(?i)n/?a|nan|null|(?-i:None)|#[A-Z0-9/]+[!?]?")
INTEGER = re.compile(r"([-+]?[0-9]{1,20})(\.0*)?")  # pandas writes 1.0 if other cells are empty
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def read_table(path: str | Path) -> dict[str, dict[str, Any]]:
    """Return {name: settings} of the sites in the CSV file `path`, in the order of its rows.

    The first line names the columns: `name`, `source`, and any key of a site, nested ones with
    dots (sar.unit, overrides.split.block_px). `area` may be given as west, south, east, north, and
    `period` as start, end. An empty cell leaves its key out, and an empty column has no meaning.
    Commas, semicolons or tabs separate the columns. Raises StudyError, in one line with file, line
    and column.
    """
    path = Path(path)
    sites = {}
    for row in _rows(path):
        if row.name in sites:
            raise row.error("name", f"{row.name!r} is in the table twice")
        sites[row.name] = row.site()
    if not sites:
        raise StudyError(f"{shown(path)}: no site in the table")
    return sites


def line_of_site(path: Path, name: str) -> int:
    """Return the number of the line of a site in a table."""
    return next(row.line for row in _rows(path) if row.name == name)


def _rows(path: Path) -> Iterator["_Row"]:
    """Yield the rows of a table that are not empty; raise StudyError if it is not a table."""
    lines = io.StringIO(read_text(path), newline=None)
    header = lines.readline()
    lines.seek(0)
    table = csv.reader(lines, delimiter=max(",;\t", key=header.count), strict=True)
    try:
        columns = [name.strip() for name in next(table, [])]
        _check_columns(path, columns)
        for cells in table:
            if any(cell.strip() for cell in cells):
                yield _Row(path, table.line_num, columns, cells)
    except csv.Error as error:
        raise StudyError(f"{shown(path)}, line {table.line_num}: {error}") from None


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    """Raise StudyError for an unknown, duplicate or missing column; columns may lack a name."""
    for number, column in enumerate(columns, 1):
        if not column:
            continue
        if column not in OWN and not any(_rules(source, column) for source in SOURCES):
            raise StudyError(
                f"{shown(path)}, line 1, column {number}: unknown column {column!r};"
                f" known are {', '.join(_known())}"
            )
        if columns.count(column) > 1:
            raise StudyError(f"{shown(path)}, line 1: column {column} is there twice")
    for column in ("name", "source"):
        if column not in columns:
            raise StudyError(f"{shown(path)}, line 1: no column {column}")


def _known() -> list[str]:
    """Return the names of columns, nested keys as KEY.KEY."""
    keys = {key for source in SOURCES for key in part("$defs", source, "properties")}
    nested = {"optical", "sar", "gap_mask", "built_up", "overrides"}
    return [*OWN, *sorted(keys - {"source"} - nested), *(f"{key}.KEY" for key in sorted(nested))]


def _rules(source: str, column: str) -> Rules | None:
    """Return the part of the schema for the key of a column, None if there is no such key."""
    rules = part("$defs", source)
    keys = column.split(".")
    if (
        keys[0] == "overrides"
        and len(keys) > 2
        and keys[1] in part("$defs", "overrides", "properties")
    ):
        rules, keys = part("properties", keys[1]), keys[2:]
    for key in keys:
        for option in options_of(rules):
            if key in option.get("properties", {}):
                rules = option["properties"][key]
                break
        else:
            return None
    return rules


class _Row:
    """One site of a table."""

    def __init__(self, path: Path, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        self._path, self.line, self._columns = path, line, columns
        if len(cells) > len(columns):
            raise StudyError(
                f"{shown(path)}, line {line}: {len(cells)} cells for {len(columns)} columns;"
                " numbers have a decimal point, and texts with commas need quotes"
            )
        self._cells: dict[str, str] = {}
        for number, (column, cell) in enumerate(zip(columns, cells, strict=False), 1):
            if cell.strip():
                self._cells[column or f"{number} without a name"] = cell.strip()
        for column, cell in self._cells.items():
            self._check_cell(column, cell)
        self.name = self._cells.get("name", "")
        wrong = violation(self.name, "properties", "sites", "propertyNames")
        if wrong:
            raise self.error("name", said(wrong))

    def _check_cell(self, column: str, cell: str) -> None:
        """Raise StudyError for a cell that would be wrong in any column."""
        if column not in self._columns:
            raise self.error(column, f"{cell!r}; name the column in line 1, or leave it empty")
        if column != "name" and NO_VALUE.fullmatch(cell):
            raise self.error(column, f"{cell!r} is not a value; leave the cell empty")
        if len(cell) > MAX_TEXT:
            raise self.error(column, f"a text of {len(cell)} characters; at most {MAX_TEXT}")

    def error(self, column: str, message: str) -> StudyError:
        """Return the error for a cell of this row."""
        return StudyError(f"{shown(self._path)}, line {self.line}, column {column}: {message}")

    def site(self) -> dict[str, Any]:
        """Return the settings of the site; raise StudyError for a cell that the schema refuses."""
        source = self._cells.get("source", "")
        if source not in SOURCES:
            raise self.error("source", f"{source!r} is not one of {', '.join(SOURCES)}")
        settings: dict[str, Any] = {"source": source}
        columns: dict[tuple, str] = {}
        for key, parts in TOGETHER.items():
            given = [column for column in parts if column in self._cells]
            if not given:
                continue
            if key in self._cells or len(given) < len(parts):
                raise self.error(given[0], f"give {', '.join(parts)}, or only {key}")
            rules = self._rules(source, given[0], key)
            settings[key] = [self._item(column, self._cells[column], rules) for column in parts]
            columns.update({(key, number): column for number, column in enumerate(parts)})
        for column, text in self._cells.items():
            if column in OWN:
                continue
            rules = self._rules(source, column, column)
            *outer, key = column.split(".")
            inner = settings
            for step in outer:
                inner = inner.setdefault(step, {})
            inner[key] = self._value(column, text, rules)
        self._check(settings, columns, "$defs", source)
        for section, values in settings.get("overrides", {}).items():
            self._check(values, columns, "properties", section)
        return settings

    def _rules(self, source: str, column: str, key: str) -> Rules:
        """Return the part of the schema for a key of the site, which is in `column`."""
        rules = _rules(source, key)
        if rules is None:
            raise self.error(column, f"not a key of a site from {source}; leave the cell empty")
        return rules

    def _check(self, values: Mapping[str, Any], columns: Mapping[tuple, str], *place: str) -> None:
        """Raise StudyError if the part of the schema at `place` refuses settings of the site.

        columns: {(key, number of an item): column} for keys whose items have a column each.
        """
        error = violation(values, *place)
        if error is None:
            return
        prefix = ["overrides", place[1]] if place[0] == "properties" else []
        path = (*prefix, *error.absolute_path)
        names = [
            columns.get(path[:2]),
            *(".".join(map(str, path[:n])) for n in range(len(path), 0, -1)),
        ]
        column = next((name for name in names if name in self._cells), names[-1] if path else None)
        if column:
            raise self.error(column, said(error))
        raise StudyError(f"{shown(self._path)}, line {self.line}: {said(error)}")

    def _value(self, column: str, text: str, rules: Rules) -> Any:
        """Return the value of a cell in the type that the schema requires."""
        kind = rules.get("type")
        if "$ref" in rules:
            kind = part("$defs", rules["$ref"].rsplit("/", 1)[1]).get("type")
        if kind == "array":
            return [self._item(column, item, rules) for item in text.replace(",", " ").split()]
        if kind == "integer":
            whole = INTEGER.fullmatch(text)
            if not whole:
                raise self.error(column, f"{text!r} is not an integer, such as 1000")
            return int(whole[1])
        if kind == "number":
            if not NUMBER.fullmatch(text) or not math.isfinite(float(text)):
                raise self.error(column, f"{text!r} is not a number; {NUMBERS}")
            return float(text)
        if kind == "boolean":
            if text.lower() not in ("true", "false"):
                raise self.error(column, f"{text!r} is not true or false")
            return text.lower() == "true"
        return text

    def _item(self, column: str, text: str, rules: Rules) -> Any:
        """Return one item of a cell with several."""
        item = rules.get("items") or rules.get("prefixItems", [{}])[0]
        return self._value(column, text, item)
