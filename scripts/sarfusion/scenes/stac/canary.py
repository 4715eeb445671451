"""Checks that an archive works today: one search, one header, one window of each sensor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Any

import numpy as np
from rasterio.windows import Window, intersection

from ...core.errors import StudyError
from ...core.grid import Grid, crs_name
from .catalogue import Catalogue
from .cog import read_window, window_of
from .inspection import check_header
from .items import Item, read_items
from .months import months_back
from .remote import Remote

WINDOW_PX = 256
FILES = {"optical": "red", "sar": "vv"}  # the file of each sensor that is read
MAX_MONTHS = 12  # of the period, from its end


@dataclass(frozen=True)
class Step:
    """One request to an archive, and its result."""

    sensor: str
    step: str  # search, header or window
    works: bool
    seconds: float
    result: str  # in one line


def probe(
    sensor: str,
    settings: Mapping[str, Any],
    catalogue: Catalogue,
    remote: Remote,
    area: Sequence[float],
    period: tuple[date, date],
) -> list[Step]:
    """Return the Steps of a search, a header and a window of one sensor, up to the first failure.

    sensor: "optical" or "sar". settings: of the catalogue. area: [west, south, east, north] in
    degrees. period: first and last day; months are searched back from its end until one has an
    item. Nothing is written.
    """
    steps: list[Step] = []

    def attempt(step: str, work: Callable[[], tuple[Any, str]]) -> Any:
        started = monotonic()
        try:
            value, result = work()
        except StudyError as error:
            steps.append(Step(sensor, step, False, monotonic() - started, str(error)))
            return None
        steps.append(Step(sensor, step, True, monotonic() - started, result))
        return value

    item = attempt("search", lambda: _search(sensor, settings, catalogue, area, period))
    if item is None:
        return steps
    href = item.assets[FILES[sensor]].href
    grid = attempt("header", lambda: _header(remote, href))
    if grid is not None:
        attempt("window", lambda: _window(remote, href, grid, area))
    return steps


def _search(
    sensor: str,
    settings: Mapping[str, Any],
    catalogue: Catalogue,
    area: Sequence[float],
    period: tuple[date, date],
) -> tuple[Item, str]:
    """Return the newest usable item of the newest month that has one."""
    first, last = period
    reasons = []
    for number, (start, end) in enumerate(months_back(last)):
        if end < first or number == MAX_MONTHS:
            break
        found = catalogue.search(sensor, area, max(start, first), end)
        usable, refused = read_items(found, sensor, settings, catalogue.check_href)
        if usable:
            newest = max(usable, key=lambda item: (item.datetime, item.id))
            return newest, f"{len(usable)} items from {start:%Y-%m}, such as {newest.id}"
        reasons += [f"; {item.id}: {item.reason}" for item in refused]
    raise StudyError(f"no usable item from {first} to {last}{(reasons or [''])[0]}")


def _header(remote: Remote, href: str) -> tuple[Grid, str]:
    with remote.open(href) as dataset:
        grid = check_header(dataset, href)
        across, _ = grid.pixel_m
        size = f"{grid.height} x {grid.width} px of {across:.4g} m in {crs_name(grid.crs)}"
        return grid, f"{size}, {dataset.dtypes[0]}, nodata {dataset.nodata}"


def _window(remote: Remote, href: str, grid: Grid, area: Sequence[float]) -> tuple[np.ndarray, str]:
    """Read WINDOW_PX pixels a side at the centre of the area, or fewer at the edge of the file."""
    inside = window_of(grid, area)
    if inside is None:
        raise StudyError(f"{href}: it has no pixel in the area")
    column = int(inside.col_off + inside.width // 2) - WINDOW_PX // 2
    row = int(inside.row_off + inside.height // 2) - WINDOW_PX // 2
    whole = Window(0, 0, grid.width, grid.height)
    window = intersection(whole, Window(column, row, WINDOW_PX, WINDOW_PX))
    numbers, _, nodata = read_window(remote, href, window)
    values = numbers.astype(np.float64)
    if nodata is not None:
        values[values == nodata] = np.nan
    values = values[np.isfinite(values) & (values != 0)]
    shares = f"{values.size / numbers.size:.0%} with data"
    if not values.size:
        return numbers, f"{numbers.shape[0]} x {numbers.shape[1]} px, {shares}"
    return numbers, (
        f"{numbers.shape[0]} x {numbers.shape[1]} px, {shares}, median {np.median(values):.4g}"
    )
