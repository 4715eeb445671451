"""Searching a catalogue. Whatever its server ignores of what was asked is filtered again here."""

import operator
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path

from pystac import Item

from ...core.errors import StudyError
from .api import ApiSource
from .folder import FolderSource
from .hrefs import check_href
from .items import time_of

OPERATORS = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "in": lambda value, among: value in among,
}


class Catalogue:
    """A catalogue that can be searched; `check_href` is the rule for hrefs of its items."""

    def __init__(self, settings, source, check_href):
        self._settings = settings
        self._source = source
        self.check_href = check_href

    def search(self, sensor, area, start, end):
        """Return the pystac Items of a sensor ("optical" or "sar") in an area and a period.

        area: [west, south, east, north] in degrees. start, end: first and last day, as dates.
        Raises StudyError when the catalogue cannot be searched, or finds too many.
        """
        collection = self._settings[sensor]["collection"]
        query = self._settings[sensor]["query"]
        period = (
            datetime.combine(start, time.min, UTC),
            datetime.combine(end, time.max, UTC),
        )
        fitting: dict[str, Item] = {}  # an item that stands on two pages counts once
        for item in self._source.find(collection, area, period, query):
            if fits(item, collection, area, period, query):
                fitting.setdefault(repr(item.id), item)
        return list(fitting.values())


def open_catalogue(settings, remote):
    """Return the Catalogue of resolved `settings`: a STAC API, or a static catalogue on disk.

    remote: the Remote that an API is asked through. Nothing is asked before a search.
    """
    url, allow_s3 = settings["url"], settings["allow_s3"]
    if "://" in url:
        source = ApiSource(url, remote)
        return Catalogue(settings, source, partial(check_href, allow_s3=allow_s3))
    path = Path(url).resolve()
    if not path.is_file():
        raise StudyError(
            f"catalogue {url}: no such file; a catalogue is the address of a STAC API (https://...)"
            " or the path of a static catalogue's JSON file"
        )
    check = partial(check_href, local_root=path.parent, allow_s3=allow_s3)
    return Catalogue(settings, FolderSource(path, check), check)


def fits(item, collection, area, period, query):
    """Return whether a pystac Item is what was asked for; what it does not say is let pass.

    Missing places and times are left to read_item, which says so; a property that the query
    names must be there.
    """
    moment = time_of(item)
    return (
        item.collection_id in (None, collection)
        and (moment is None or period[0] <= moment <= period[1])
        and _touches(item.bbox, area)
        and all(
            _holds(item.properties.get(name), name_of, wanted)
            for name, conditions in query.items()
            for name_of, wanted in conditions.items()
        )
    )


def _touches(bbox, area):
    """Return whether a STAC bbox (2-D or 3-D) and the area have ground in common."""
    try:
        west, south, east, north = bbox if len(bbox) == 4 else [*bbox[:2], *bbox[3:5]]
        if south > area[3] or north < area[1]:
            return False
        # A box that crosses the antimeridian has its west east of its east.
        beside = west > area[2], east < area[0]
        return not (all(beside) if west > east else any(beside))
    except (TypeError, ValueError):
        return True


def _holds(value, name, wanted):
    """Return whether a property is as the condition {name: wanted} of a query wants it."""
    try:
        return OPERATORS[name](value, wanted)
    except TypeError:  # a text and a number, or no value at all
        return False
