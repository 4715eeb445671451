"""A small STAC API on loopback, and searching it."""

import json
import threading
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.remote import Remote

AREA = [105.6, 20.8, 106.0, 21.2]
PERIOD = date(2023, 11, 1), date(2024, 2, 29)
CORE = "https://api.stacspec.org/v1.0.0/core"
SEARCH = "https://api.stacspec.org/v1.0.0/item-search"
QUERY = "https://api.stacspec.org/v1.0.0/item-search#query"


def settings(url, query=None):
    """Resolved settings of a catalogue."""
    return {
        "url": str(url),
        "signing": "none",
        "allow_s3": False,
        "optical": {
            "collection": "landsat-c2-l2",
            "query": {"platform": {"eq": "landsat-9"}} if query is None else query,
            "assets": {"red": "red"},
        },
        "sar": {"collection": "sentinel-1-rtc", "query": {}, "assets": {"vv": "vv", "vh": "vh"}},
    }


def record(name, day="2023-11-09", bbox=(105.5, 20.7, 106.4, 21.3), **properties):
    """A STAC item of landsat-c2-l2."""
    west, south, east, north = (
        (*bbox[:2], *bbox[-2:]) if len(bbox) == 4 else (*bbox[:2], *bbox[3:5])
    )
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": ["https://stac-extensions.github.io/projection/v1.1.0/schema.json"],
        "id": name,
        "collection": "landsat-c2-l2",
        "bbox": list(bbox),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "datetime": f"{day}T03:23:31Z",
            "platform": "landsat-9",
            "eo:cloud_cover": 20,
            "proj:epsg": 32648,
            **properties,
        },
        "links": [],
        "assets": {"red": {"href": f"https://files.example/{name}/red.TIF"}},
    }


class Api:
    """A small STAC API on loopback that returns all its items, in pages.

    records: the items, in pages of `page`. Tests change its attributes to make it misbehave:
    `answers` maps a path to an answer (status, headers, body) or to a list of them, used one by
    one.
    """

    def __init__(self, records=(), page=2):
        self.records = list(records)
        self.page = page
        self.conforms = [CORE, SEARCH, QUERY]
        self.methods = ["POST"]
        self.collections = ["landsat-c2-l2", "sentinel-1-rtc"]
        self.answers = {}
        self.requests = []
        self.next_link = self.next_by_post

    def landing(self):
        links = [
            {"rel": "self", "href": f"{self.url}/", "type": "application/json"},
            {"rel": "root", "href": f"{self.url}/", "type": "application/json"},
            {"rel": "data", "href": f"{self.url}/collections", "type": "application/json"},
        ]
        links += [
            {
                "rel": "search",
                "href": f"{self.url}/search",
                "type": "application/geo+json",
                "method": method,
            }
            for method in self.methods
        ]
        return {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "id": "made-up",
            "description": "A catalogue",
            "conformsTo": self.conforms,
            "links": links,
        }

    def search(self, method, query, body):
        asked = dict(parse_qsl(query)) if method == "GET" else body
        start = int(asked.get("token", 0))
        end = start + self.page
        links = [self.next_link(asked, end)] if end < len(self.records) else []
        return {
            "type": "FeatureCollection",
            "features": self.records[start:end],
            "links": links,
        }

    def next_by_post(self, asked, end):
        return {
            "rel": "next",
            "href": f"{self.url}/search",
            "method": "POST",
            "body": {**asked, "token": str(end)},
        }

    def next_by_get(self, asked, end):
        return {"rel": "next", "href": f"{self.url}/search?token={end}", "method": "GET"}

    def answer(self, method, path, query, body):
        if path in self.answers:
            answer = self.answers[path]
            if isinstance(answer, list):
                answer = answer.pop(0) if answer else None
            if answer is not None:
                return answer
        if path == "/":
            return 200, {}, self.landing()
        if path == "/collections":
            ids = [{"id": name} for name in self.collections]
            return 200, {}, {"collections": ids, "links": []}
        if path == "/search":
            if method not in self.methods and "token" not in query:
                return 405, {}, {"code": "MethodNotAllowed"}
            return 200, {}, self.search(method, query, body)
        return 404, {}, {"code": "NotFound"}

    @property
    def searches(self):
        """The bodies, or parameters, of the searches."""
        return [body for _, path, _, body in self.requests if path == "/search"]


@contextmanager
def serve(site):
    """Run an Api (or another object with `answer`) in a thread, and set its `url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._respond(None)

        def do_POST(self):
            length = int(self.headers["Content-Length"])
            self._respond(json.loads(self.rfile.read(length)))

        def _respond(self, body):
            url = urlsplit(self.path)
            asked = dict(parse_qsl(url.query)) if body is None else body
            site.requests.append((self.command, url.path, dict(self.headers), asked))
            status, headers, content = site.answer(self.command, url.path, url.query, body)
            if not isinstance(content, bytes):
                content = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def search(url, query=None, sensor="optical", area=AREA, period=PERIOD):
    """Search a catalogue; return the ids of the items found."""
    made = settings(url, query)
    remote = Remote(made, timeout_s=10, attempts=2, delay_s=0.01, max_delay_s=0.01)
    catalogue = open_catalogue(made, remote)
    return [item.id for item in catalogue.search(sensor, area, *period)]


def failure(url, **asked):
    """The one-line message with which a search fails."""
    with pytest.raises(StudyError) as caught:
        search(url, **asked)
    line = str(caught.value)
    assert "\n" not in line
    return line
