"""A table of sites: one row each, as a spreadsheet saves it."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..scenes.sources import SOURCES
from .schemas import Rules, part, violation

# Columns of the items of one key, so that each cell has one item.
TOGETHER = {"area": ("west", "south", "east", "north"), "period": ("start", "end")}
OWN = ("name", "source", *(column for columns in TOGETHER.values() for column in columns))


def read_table(path: str | Path) -> dict[str, dict[str, Any]]:
    """Return {name: settings} of the sites in the CSV file `path`, in the order of its rows.

    The first line names the columns: `name`, `source`, and any key of a site, nested ones with
    dots (sar.unit, overrides.split.block_px). `area` may be given as west, south, east, north, and
    `period` as start, end. An empty cell leaves its key out. Commas, semicolons or tabs separate
    the columns. Raises StudyError, in one line with file, line and column.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: not readable as a table in UTF-8 ({error})") from None
    header = lines[0] if lines else ""
    rows = csv.reader(lines, delimiter=max(",;\t", key=header.count), strict=True)
    try:
        columns = [name.strip() for name in next(rows, [])]
        _check_columns(path, columns)
        sites = {}
        for cells in rows:
            if any(cell.strip() for cell in cells):
                row = _Row(path, rows.line_num, columns, cells)
                if row.name in sites:
                    raise row.error("name", f"{row.name!r} stands in the table twice")
                sites[row.name] = row.site()
    except csv.Error as error:
        raise StudyError(f"{path}: line {rows.line_num}: {error}") from None
    if not sites:
        raise StudyError(f"{path}: no site in the table")
    return sites


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    """Raise StudyError for an unknown, duplicate or missing column."""
    for number, column in enumerate(columns, 1):
        if column not in OWN and not any(_rules(source, column) for source in SOURCES):
            raise StudyError(
                f"{path}: line 1, column {number}: unknown column {column!r};"
                f" known are {', '.join(_known())}"
            )
        if columns.count(column) > 1:
            raise StudyError(f"{path}: line 1: column {column} stands there twice")
    for column in ("name", "source"):
        if column not in columns:
            raise StudyError(f"{path}: line 1: no column {column}")


def _known() -> list[str]:
    """Return the names of columns, nested keys as KEY.KEY."""
    keys = {key for source in SOURCES for key in part("$defs", source, "properties")}
    nested = {"optical", "sar", "gap_mask", "overrides"}
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
        for option in rules.get("anyOf", [rules]):
            if "$ref" in option:
                option = part("$defs", option["$ref"].rsplit("/", 1)[1])
            if key in option.get("properties", {}):
                rules = option["properties"][key]
                break
        else:
            return None
    return rules


class _Row:
    """One site of a table."""

    def __init__(self, path: Path, line: int, columns: Sequence[str], cells: Sequence[str]) -> None:
        if len(cells) > len(columns):
            raise StudyError(f"{path}: line {line}: {len(cells)} cells for {len(columns)} columns")
        self._path, self._line = path, line
        stripped = (cell.strip() for cell in cells)
        self._cells = {name: cell for name, cell in zip(columns, stripped, strict=False) if cell}
        self.name = self._cells.get("name", "")
        if violation(self.name, "$defs", "name"):
            raise self.error(
                "name", f"{self.name!r} is no name: small letters, digits, - and _, for file names"
            )

    def error(self, column: str, message: str) -> StudyError:
        """Return the error for a cell of this row."""
        return StudyError(f"{self._path}: line {self._line}, column {column}: {message}")

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
                raise self.error(given[0], f"say {', '.join(parts)}, or {key} alone")
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
            raise self.error(column, f"no key of a site from {source}; leave the cell empty")
        return rules

    def _check(self, values: Mapping[str, Any], columns: Mapping[tuple, str], *place: str) -> None:
        """Raise StudyError where the part of the schema at `place` refuses settings of the site.

        columns: {(key, number of an item): column} of keys whose items have a column each.
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
            raise self.error(column, error.message)
        raise StudyError(f"{self._path}: line {self._line}: {error.message}")

    def _value(self, column: str, text: str, rules: Rules) -> Any:
        """Return the value of a cell in the type that the schema requires."""
        kind = rules.get("type")
        if "$ref" in rules:
            kind = part("$defs", rules["$ref"].rsplit("/", 1)[1]).get("type")
        if kind == "array":
            return [self._item(column, item, rules) for item in text.replace(",", " ").split()]
        try:
            if kind == "integer":
                return int(text)
            if kind == "number":
                return float(text)
        except ValueError:
            article = "an integer" if kind == "integer" else "a number (with a point)"
            raise self.error(column, f"{text!r} is not {article}") from None
        if kind == "boolean":
            if text.lower() not in ("true", "false"):
                raise self.error(column, f"{text!r} is not true or false")
            return text.lower() == "true"
        return text

    def _item(self, column: str, text: str, rules: Rules) -> Any:
        """Return one item of a cell with several."""
        item = rules.get("items") or rules.get("prefixItems", [{}])[0]
        return self._value(column, text, item)
