"""A STAC API, queried by pystac-client through a Remote, which restricts what it may read."""

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from pystac import Item
from pystac_client import Client
from pystac_client.stac_api_io import StacApiIO
from pystac_client.warnings import PystacClientWarning
from requests import ReadTimeout, Response

from ...core.errors import StudyError
from .answers import Answers
from .hrefs import check_href
from .malformed import MALFORMED, reason_of
from .months import months
from .network import Unavailable
from .remote import Remote
from .snapshot import Snapshot, snapshot_of
from .text import printable

MAX_ITEMS = 1000
PAGE_ITEMS = 100  # per answer; an item takes about 10 to 40 kB
MAX_ANSWER_BYTES = 64_000_000
MAX_ANSWER_S = 300
REQUEST_ERRORS = (400, 404, 405, 422)  # statuses for requests that the API does not accept

# property -> {operator: operand}, as in the query extension of the STAC API
Query = Mapping[str, Mapping[str, Any]]


class RemoteIO(StacApiIO):
    """Reads only network addresses that check_href allows, whatever a catalogue links to."""

    def __init__(self, remote: Remote) -> None:
        super().__init__(max_retries=None)
        self._remote = remote
        self.patient = True  # with failures; see Remote.call

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
        """Return the answer to a request for an address or a Link; files are never opened."""
        if isinstance(source, str):
            return self.request(source, *args, **kwargs)
        return super().read_text(source, *args, **kwargs)

    def json_loads(self, txt: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return JSON as the standard library reads it; pystac would use orjson if installed."""
        return json.loads(txt)

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Return the text of an answer. `headers`, which come from a catalogue, are not sent."""
        address, query = check_href(href), urlsplit(href).query
        method = "POST" if (method or "GET").upper() == "POST" else "GET"
        content: dict[str, Any] = {"json" if method == "POST" else "params": parameters}

        def ask() -> str:
            with self._remote.session.request(
                method, f"{address}?{query}" if query else address, **content, stream=True
            ) as response:
                if response.status_code not in REQUEST_ERRORS:
                    response.raise_for_status()
                    return _body(response, address)
                raise StudyError(
                    f"{address}: the server answered {response.status_code}:"
                    f" {printable(_body(response, address), 150)}; check the address and the query"
                )

        return self._remote.call(ask, address, self.patient)


class ApiSource:
    """The items of the STAC API at an address.

    answers: stores its answers, so that a failed search can continue.
    """

    def __init__(self, url: str, remote: Remote, answers: Answers) -> None:
        self._url = url
        self._io = RemoteIO(remote)
        self._answers = answers
        self._remote = remote
        self._sends_query = True
        self._snapshots: dict[str, Snapshot] = {}

    def find(
        self,
        collection: str,
        area: Sequence[float],
        period: tuple[datetime, datetime],
        query: Query,
    ) -> list[Item]:
        """Return the pystac Items that match; malformed ones are left out with a warning.

        area: [west, south, east, north] in degrees. period: first and last time. It is searched
        month by month, since servers cut off long searches. The caller filters by `query`, which
        may not have been sent to the server. Raises StudyError for more than MAX_ITEMS, for an
        unknown collection, and for an answer that is not that of a STAC API.
        """
        records: dict[str, dict[str, Any]] = {}  # some servers ignore the period
        try:
            # pystac-client warns of undeclared capabilities; items are filtered later anyway.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PystacClientWarning)
                for part in months(*period):
                    found = self._month(collection, area, part, query)
                    if len(found) > MAX_ITEMS:
                        raise StudyError(
                            f"{self._url}: more than {MAX_ITEMS} items of {collection} from"
                            f" {part[0]:%Y-%m-%d} to {part[1]:%Y-%m-%d}; narrow the area"
                        )
                    records |= {json.dumps(one, sort_keys=True): one for one in found}
                if not records:
                    self._check_known(collection)
        except MALFORMED as error:
            raise StudyError(
                f"{self._url}: its answer is not that of a STAC API ({reason_of(error)});"
                " check the address"
            ) from error
        return [item for record in records.values() if (item := _item(record)) is not None]

    def _month(
        self,
        collection: str,
        area: Sequence[float],
        period: tuple[datetime, datetime],
        query: Query,
    ) -> list[dict[str, Any]]:
        """Return the records of a month, those of an earlier try if there are any.

        If the server fails repeatedly, the query is left out from then on: it may take the server
        too long. If the search also fails without the query, the snapshot of the items is read.
        """
        asked = [self._url, collection, list(area), [f"{time:%FT%T}" for time in period], query]
        records = self._answers.get(asked)
        if records is not None:
            return records
        snapshot = self._snapshots.get(collection)
        if snapshot is None:
            try:
                records = self._try_query(collection, area, period, query)
                if records is None:
                    records = self._search(collection, area, period, {})
                self._answers.keep(asked, records)
                return records
            except Unavailable:
                snapshot = self._open_snapshot(collection)
                if snapshot is None:
                    raise
        logging.warning(
            "warning: the search fails; items of %s from %s come from the snapshot %s",
            collection,
            f"{period[0]:%Y-%m}",
            printable(snapshot.href, 200),
        )
        found = snapshot.find(area, period)
        self._snapshots[collection] = snapshot
        return found

    def _open_snapshot(self, collection: str) -> Snapshot | None:
        """Return the snapshot of a collection's items, None if none can be opened."""
        self._io.patient = False
        try:
            document = self._io.read_text(f"{self._url}/collections/{collection}")
            return snapshot_of(json.loads(document), self._remote)
        except (StudyError, *MALFORMED):
            return None
        finally:
            self._io.patient = True

    @property
    def snapshots(self) -> dict[str, str]:
        """{collection: address} of the snapshots that were read because the search failed."""
        return {name: snapshot.href for name, snapshot in self._snapshots.items()}

    def _try_query(
        self,
        collection: str,
        area: Sequence[float],
        period: tuple[datetime, datetime],
        query: Query,
    ) -> list[dict[str, Any]] | None:
        """Return the records of a search with its query, None if there is none to send or it fails.

        There are few attempts, since a search without the query follows.
        """
        if not (self._sends_query and _without_in(query) and self._client.conforms_to("QUERY")):
            return None
        self._io.patient = False
        try:
            return self._search(collection, area, period, _without_in(query))
        except Unavailable:
            self._sends_query = False
            return None
        finally:
            self._io.patient = True

    @cached_property
    def _client(self) -> Client:
        """The API, opened at the first search."""
        return Client.from_file(self._url, stac_io=self._io)

    def _search(
        self,
        collection: str,
        area: Sequence[float],
        period: tuple[datetime, datetime],
        query: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """Return the records of the matching items, at most one more than MAX_ITEMS."""
        if not self._client.conforms_to("ITEM_SEARCH"):
            raise StudyError(
                f"{self._url}: it cannot be searched; name a static catalogue by the path of its"
                " JSON file on disk"
            )
        methods = {
            link.extra_fields.get("method", "GET")
            for link in self._client.links
            if link.rel == "search"
        }
        search = self._client.search(
            method="GET" if methods == {"GET"} else "POST",
            collections=[collection],
            bbox=list(area),
            datetime=list(period),
            query=query or None,  # as JSON: its text form drops items on real servers
            limit=PAGE_ITEMS,
        )
        return list(islice(search.items_as_dicts(), MAX_ITEMS + 1))

    def _check_known(self, collection: str) -> None:
        """Raise StudyError if the API lists its collections and this one is not among them."""
        link = self._client.get_single_link("data")
        if link is None:
            return
        pages = self._io.get_pages(link.absolute_href)
        known = {record["id"] for page in pages for record in page["collections"]}
        if collection not in known:
            names = printable(", ".join(sorted(known)), 300)
            raise StudyError(f"{self._url}: no collection {collection!r}; it has {names or 'none'}")


def _without_in(query: Query) -> dict[str, dict[str, Any]]:
    """Return a query without "in"; some servers do not know it and refuse the search."""
    known = {
        name: {key: value for key, value in conditions.items() if key != "in"}
        for name, conditions in query.items()
    }
    return {name: conditions for name, conditions in known.items() if conditions}


def _item(record: dict[str, Any]) -> Item | None:
    """Return the pystac Item in a record of an answer; None, with a warning, if it is malformed."""
    try:
        return Item.from_dict(record, preserve_dict=False)
    except MALFORMED as error:
        logging.warning(
            "left out of the catalogue's answer, since it is not an item: %s", reason_of(error)
        )
        return None


def _body(response: Response, address: str) -> str:
    """Return the text of a streamed answer.

    Raises StudyError if it exceeds MAX_ANSWER_BYTES, ReadTimeout if it takes over MAX_ANSWER_S.
    """
    deadline = monotonic() + MAX_ANSWER_S
    body = bytearray()
    for chunk in response.iter_content(1 << 16):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise StudyError(f"{address}: an answer of more than {MAX_ANSWER_BYTES} bytes")
        if monotonic() > deadline:
            raise ReadTimeout
    return body.decode("utf-8")
