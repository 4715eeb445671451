"""A STAC API, asked by pystac-client through a Remote, so that no answer leads it astray."""

import json
import logging
import warnings
from functools import cached_property
from itertools import islice
from time import monotonic
from urllib.parse import urlsplit

from pystac import Item
from pystac_client import Client
from pystac_client.stac_api_io import StacApiIO
from pystac_client.warnings import PystacClientWarning
from requests import ReadTimeout

from ...core.errors import StudyError
from .hrefs import check_href
from .malformed import MALFORMED, reason_of
from .text import printable

MOST_ITEMS = 1000
PAGE = 100  # items; one takes some 10 to 40 kB
LARGEST_ANSWER = 64_000_000  # bytes
LONGEST_ANSWER_S = 300
FAULTS_OF_OURS = (400, 404, 405, 422)  # statuses with which APIs refuse what was asked


class RemoteIO(StacApiIO):
    """Reads only what check_href allows of the network, whatever a catalogue links to."""

    def __init__(self, remote):
        super().__init__(max_retries=None)
        self._remote = remote

    def read_text(self, source, *args, **kwargs):
        """Return the answer to a request for an address or a Link; files are never opened."""
        if isinstance(source, str):
            return self.request(source, *args, **kwargs)
        return super().read_text(source, *args, **kwargs)

    def json_loads(self, txt, *args, **kwargs):
        """Return JSON as the standard library reads it; pystac takes orjson where it is there."""
        return json.loads(txt)

    def request(self, href, method=None, headers=None, parameters=None):
        """Return the text of an answer. Headers that a catalogue's link asks for are not sent."""
        address, query = check_href(href), urlsplit(href).query
        method = "POST" if (method or "GET").upper() == "POST" else "GET"
        content = {"json" if method == "POST" else "params": parameters}

        def ask():
            with self._remote.session.request(
                method, f"{address}?{query}" if query else address, **content, stream=True
            ) as response:
                if response.status_code not in FAULTS_OF_OURS:
                    response.raise_for_status()
                    return _body(response, address)
                raise StudyError(
                    f"{address}: the server answered {response.status_code}:"
                    f" {printable(_body(response, address), 150)}; check the address and the query"
                )

        return self._remote.call(ask, address)


class ApiSource:
    """The items of the STAC API at an address."""

    def __init__(self, url, remote):
        self._url = url
        self._io = RemoteIO(remote)

    def find(self, collection, area, period, query):
        """Return the pystac Items that the API finds; what is no item is left out with a warning.

        Raises StudyError for more than MOST_ITEMS, for an unknown collection, and for an answer
        that is not one of a STAC API.
        """
        try:
            # pystac-client warns of what a server does not declare; items are filtered later.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PystacClientWarning)
                records = self._search(collection, area, period, query)
                if not records:
                    self._check_known(collection)
        except MALFORMED as error:
            raise StudyError(
                f"{self._url}: its answer is not one of a STAC API ({reason_of(error)});"
                " check the address"
            ) from error
        if len(records) > MOST_ITEMS:
            raise StudyError(
                f"{self._url}: more than {MOST_ITEMS} items of {collection} from"
                f" {period[0]:%Y-%m-%d} to {period[1]:%Y-%m-%d}; narrow the period or the area"
            )
        return [item for record in records if (item := _item(record)) is not None]

    @cached_property
    def _client(self):
        """The API, opened when it is first asked."""
        return Client.from_file(self._url, stac_io=self._io)

    def _search(self, collection, area, period, query):
        """Return the records of the items found, and one more than MOST_ITEMS at most."""
        if not self._client.conforms_to("ITEM_SEARCH"):
            raise StudyError(
                f"{self._url}: it cannot be searched; a static catalogue is named by the path of"
                " its JSON file on disk"
            )
        methods = {
            link.extra_fields.get("method", "GET")
            for link in self._client.links
            if link.rel == "search"
        }
        query = _widely_known(query) if self._client.conforms_to("QUERY") else None
        search = self._client.search(
            method="GET" if methods == {"GET"} else "POST",
            collections=[collection],
            bbox=area,
            datetime=list(period),
            query=query or None,  # as JSON: its text form drops items on real servers
            limit=PAGE,
        )
        return list(islice(search.items_as_dicts(), MOST_ITEMS + 1))

    def _check_known(self, collection):
        """Raise StudyError where the API says that it has no such collection."""
        link = self._client.get_single_link("data")
        if link is None:
            return
        pages = self._io.get_pages(link.absolute_href)
        known = {record["id"] for page in pages for record in page["collections"]}
        if collection not in known:
            names = printable(", ".join(sorted(known)), 300)
            raise StudyError(f"{self._url}: no collection {collection!r}; it has {names or 'none'}")


def _widely_known(query):
    """Return a query without "in"; some servers refuse a search for not knowing it."""
    known = {
        name: {key: value for key, value in conditions.items() if key != "in"}
        for name, conditions in query.items()
    }
    return {name: conditions for name, conditions in known.items() if conditions}


def _item(record):
    """Return the pystac Item in a record of an answer; None, with a warning, when it is none."""
    try:
        return Item.from_dict(record, preserve_dict=False)
    except MALFORMED as error:
        logging.warning(
            "left out of the catalogue's answer, since it is no item: %s", reason_of(error)
        )
        return None


def _body(response, address):
    """Return the text of a streamed answer.

    Raises StudyError when it is absurdly long, ReadTimeout when it does not come to its end.
    """
    deadline = monotonic() + LONGEST_ANSWER_S
    body = bytearray()
    for chunk in response.iter_content(1 << 16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise StudyError(f"{address}: an answer of more than {LARGEST_ANSWER} bytes")
        if monotonic() > deadline:
            raise ReadTimeout
    return body.decode("utf-8")
