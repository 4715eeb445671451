"""Searching a catalogue. Items are filtered again here, since servers ignore parts of a query."""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from pystac import Item

from ...core.errors import StudyError
from .answers import Answers
from .api import MAX_ITEMS, ApiSource, Query
from .folder import FolderSource
from .hrefs import check_href
from .items import time_of
from .remote import Remote

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "in": lambda value, among: value in among,
}


class Catalogue:
    """A catalogue that can be searched.

    settings: of the catalogue, resolved. check_href: checks the hrefs of its items, see hrefs.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        source: ApiSource | FolderSource,
        check_href: Callable[[str], str],
    ) -> None:
        self._settings = settings
        self._source = source
        self.check_href = check_href

    @property
    def snapshots(self) -> Mapping[str, str]:
        """{collection: address} of the snapshots that were read because the search failed."""
        return self._source.snapshots

    def search(self, sensor: str, area: Sequence[float], start: date, end: date) -> list[Item]:
        """Return the pystac Items of a sensor ("optical" or "sar") in an area and a period.

        area: [west, south, east, north] in degrees. start, end: first and last day. Raises
        StudyError if the catalogue cannot be searched or returns too many items.
        """
        settings = self._settings[sensor]
        return self.search_collection(settings["collection"], settings["query"], area, start, end)

    def search_collection(
        self, collection: str, query: Query, area: Sequence[float], start: date, end: date
    ) -> list[Item]:
        """Return the pystac Items of any collection; see `search`."""
        period = (
            datetime.combine(start, time.min, UTC),
            datetime.combine(end, time.max, UTC),
        )
        items: dict[str, Item] = {}  # by id: an item may be listed on two pages
        for item in self._source.find(collection, area, period, query):
            if matches(item, collection, area, period, query):
                items.setdefault(repr(item.id), item)
        if len(items) > MAX_ITEMS:
            raise StudyError(
                f"{self._settings['url']}: more than {MAX_ITEMS} items of {collection} from"
                f" {start} to {end}; narrow the period or the area"
            )
        return list(items.values())


def open_catalogue(
    settings: Mapping[str, Any], remote: Remote, answers: Answers | None = None
) -> Catalogue:
    """Return the Catalogue of resolved `settings`: a STAC API, or a static catalogue on disk.

    remote: sends requests to an API. answers: stores the answers of an API, if given. No request is
    made before a search.
    """
    url, allow_s3 = settings["url"], settings["allow_s3"]
    s3_region = settings.get("s3_region")
    if "://" in url:
        source = ApiSource(url, remote, answers or Answers())
        return Catalogue(
            settings, source, partial(check_href, allow_s3=allow_s3, s3_region=s3_region)
        )
    path = Path(url).resolve()
    if not path.is_file():
        raise StudyError(
            f"catalogue {url}: no such file; a catalogue is the address of a STAC API (https://...)"
            " or the path of a static catalogue's JSON file"
        )
    check = partial(check_href, local_root=path.parent, allow_s3=allow_s3, s3_region=s3_region)
    return Catalogue(settings, FolderSource(path, check), check)


def matches(
    item: Item,
    collection: str,
    area: Sequence[float],
    period: tuple[datetime, datetime],
    query: Query,
) -> bool:
    """Return whether a pystac Item matches a search.

    An item without place or time matches, so that read_item can report it; a property that the
    query names must be present.
    """
    moment = time_of(item)
    return (
        item.collection_id in (None, collection)
        and (moment is None or period[0] <= moment <= period[1])
        and _overlaps(item.bbox, area)
        and all(
            _satisfies(item.properties.get(name), operation, operand)
            for name, conditions in query.items()
            for operation, operand in conditions.items()
        )
    )


def _overlaps(bbox: Any, area: Sequence[float]) -> bool:
    """Return whether a STAC bbox (2-D or 3-D) overlaps the area; True if it is malformed."""
    try:
        west, south, east, north = bbox if len(bbox) == 4 else [*bbox[:2], *bbox[3:5]]
        if south > area[3] or north < area[1]:
            return False
        # The west of a box that crosses the antimeridian is greater than its east.
        beside = west > area[2], east < area[0]
        return not (all(beside) if west > east else any(beside))
    except (TypeError, ValueError):
        return True


def _satisfies(value: Any, operation: str, operand: Any) -> bool:
    """Return whether the value of a property satisfies a condition of a query."""
    try:
        return OPERATORS[operation](value, operand)
    except TypeError:  # a text compared with a number, or no value
        return False
