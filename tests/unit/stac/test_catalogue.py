"""Searching APIs, well-behaved and other ones, and catalogues on disk."""

import json
import logging
import threading
from contextlib import contextmanager
from copy import deepcopy
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from sarfusion.errors import StudyError
from sarfusion.stac import api
from sarfusion.stac.catalogue import open_catalogue
from sarfusion.stac.items import read_item
from sarfusion.stac.network import Unavailable
from sarfusion.stac.remote import Remote

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
    """A small STAC API on loopback that pages, and otherwise answers everything it has.

    records: the items, in pages of `page`. Tests change its attributes to make it misbehave:
    `answers` has an answer (status, headers, body) or a list of them, used up one by one, for a
    path.
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
    """Run an Api (or what has its `answer`) in a thread; it gets its `url`."""

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
    """Search a catalogue; the ids of what is found."""
    made = settings(url, query)
    remote = Remote(made, timeout_s=10, attempts=2, delay_s=0.01, longest_delay_s=0.01)
    catalogue = open_catalogue(made, remote)
    return [item.id for item in catalogue.search(sensor, area, *period)]


def failure(url, **asked):
    """The one line with which a search fails."""
    with pytest.raises(StudyError) as caught:
        search(url, **asked)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_what_is_asked():
    with serve(Api([record("a")])) as site:
        assert search(site.url) == ["a"]
        assert site.searches == [
            {
                "collections": ["landsat-c2-l2"],
                "bbox": AREA,
                "datetime": "2023-11-01T00:00:00Z/2024-02-29T23:59:59.999999Z",
                "query": {"platform": {"eq": "landsat-9"}},
                "limit": 100,
            }
        ]


@pytest.mark.parametrize("way", ["next_by_post", "next_by_get"])
def test_pages_are_followed_to_the_last(way):
    with serve(Api([record(f"i{n}") for n in range(7)])) as site:
        site.next_link = getattr(site, way)
        assert search(site.url) == [f"i{n}" for n in range(7)]
        assert len(site.searches) == 4


def test_an_api_that_takes_only_get_is_asked_so():
    with serve(Api([record("a"), record("b")], page=1)) as site:
        site.methods = ["GET"]
        site.next_link = site.next_by_get
        assert search(site.url) == ["a", "b"]
        asked = site.searches[0]
        assert json.loads(asked["query"]) == {"platform": {"eq": "landsat-9"}}
        assert asked["bbox"] == "105.6,20.8,106.0,21.2"


def test_an_api_that_declares_little_is_asked_where_apis_are():
    with serve(Api([record("a")])) as site:
        landing = site.landing()
        landing["links"] = []
        site.answers["/"] = 200, {}, landing
        assert search(site.url) == ["a"]
        site.records = []
        assert search(site.url) == []


def test_a_query_is_not_sent_where_it_is_not_understood_and_holds_all_the_same():
    with serve(Api([record("a"), record("b", platform="landsat-8")])) as site:
        site.conforms = [CORE, SEARCH]
        assert search(site.url) == ["a"]
        assert "query" not in site.searches[0]


def test_what_the_server_ignores_is_filtered():
    inside = [
        record("ok"),
        record("first", "2023-11-01"),
        record("last", "2024-02-29"),
        record("touching", bbox=(106.0, 20.0, 107.0, 20.9)),
        record("three-d", bbox=(105.5, 20.7, 0, 106.4, 21.3, 100)),
        {**record("no-bbox"), "bbox": None},
        {**record("odd-bbox"), "bbox": ["west", 1, 2]},
    ]
    no_time = record("no-time", start_datetime="then", end_datetime="later")
    no_time["properties"]["datetime"] = None
    outside = [
        record("early", "2023-10-31"),
        record("late", "2024-03-01"),
        record("west", bbox=(104.0, 20.0, 105.5, 22.0)),
        record("east", bbox=(106.1, 20.0, 107.0, 22.0)),
        record("north", bbox=(105.0, 21.3, 107.0, 22.0)),
        record("south", bbox=(105.0, 20.0, 107.0, 20.7)),
        record("south-3d", bbox=(105.0, 20.0, 0, 107.0, 20.7, 100)),
        record("other", platform="landsat-8"),
        {**record("elsewhere"), "collection": "landsat-c2-l1"},
        {**record("listed"), "collection": ["landsat-c2-l2"]},
    ]
    with serve(Api([*outside, *inside, no_time])) as site:
        found = search(site.url)
    assert found == [item["id"] for item in inside] + ["no-time"]


@pytest.mark.parametrize(
    ("west", "east", "found"),
    [(179.0, -179.0, []), (100.0, -170.0, ["a"]), (170.0, 105.7, ["a"]), (170.0, 105.5, [])],
)
def test_a_bbox_across_the_antimeridian(west, east, found):
    item = record("a")
    item["bbox"] = [west, 20.0, east, 22.0]
    with serve(Api([item])) as site:
        assert search(site.url) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"eq": 20}, "b"),
        ({"lt": 20}, "a"),
        ({"lte": 20}, "ab"),
        ({"gt": 20}, "c"),
        ({"gte": 20}, "bc"),
        ({"in": [10, 30]}, "ac"),
        ({"gt": 10, "lt": 30}, "b"),
        ({"lt": "20"}, ""),
        ({"in": 5}, ""),
    ],
)
def test_conditions_of_a_query(condition, found):
    items = [record(name, **{"eo:cloud_cover": 10 * (1 + n)}) for n, name in enumerate("abc")]
    unknown, null = record("d"), record("e", **{"eo:cloud_cover": None})
    del unknown["properties"]["eo:cloud_cover"]
    with serve(Api([*items, unknown, null])) as site:
        assert search(site.url, {"eo:cloud_cover": condition}) == list(found)


def test_a_condition_that_some_servers_refuse_is_not_sent():
    query = {"platform": {"in": ["landsat-8", "landsat-9"]}, "eo:cloud_cover": {"lt": 50}}
    with serve(Api([record("a"), record("b", platform="landsat-7")])) as site:
        assert search(site.url, query) == ["a"]
        assert search(site.url, {"platform": {"in": ["landsat-7"]}}) == ["b"]
        assert site.searches[0]["query"] == {"eo:cloud_cover": {"lt": 50}}
        assert "query" not in site.searches[1]


def test_an_item_on_two_pages_counts_once():
    with serve(Api([record("a"), record("b"), record("a")])) as site:
        assert search(site.url) == ["a", "b"]


@pytest.mark.parametrize("endless", [False, True])
def test_more_than_a_thousand_items_are_too_many(endless):
    records = [record("a")] * 1001
    with serve(Api(records, page=100)) as site:
        if endless:
            site.next_link = lambda asked, end: site.next_by_get(asked, 0)
        assert failure(site.url) == (
            f"{site.url}: more than 1000 items of landsat-c2-l2 from 2023-11-01 to 2024-02-29;"
            " narrow the period or the area"
        )
        assert len(site.searches) == 11
        site.records = records[:1000]
        if not endless:
            assert search(site.url) == ["a"]


UNSAFE = [
    "file:///etc/passwd",
    "/etc/passwd",
    "etc/passwd",
    "http://198.51.100.7/search",
    "ftp://127.0.0.1/search",
    "s3://bucket/search",
    "https://user:secret@files.example/search",
]


@pytest.mark.parametrize("href", UNSAFE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_next_page_elsewhere_is_refused(href, method):
    with serve(Api([record("a")] * 3)) as site:
        site.next_link = lambda asked, end: {"rel": "next", "href": href, "method": method}
        line = failure(site.url)
        assert "refused: " in line
        assert "secret" not in line
        assert len(site.searches) == 1


@pytest.mark.parametrize("rel", ["search", "data"])
@pytest.mark.parametrize("href", UNSAFE[:1] + UNSAFE[3:])
def test_links_of_the_landing_page_lead_nowhere_else(rel, href):
    with serve(Api()) as site:
        landing = site.landing()
        for link in landing["links"]:
            if link["rel"] == rel:
                link["href"] = href
        site.answers["/"] = 200, {}, landing
        line = failure(site.url)
        assert "refused: " in line
        assert "secret" not in line


@pytest.mark.parametrize("location", UNSAFE[:1] + UNSAFE[3:5])
@pytest.mark.parametrize("path", ["/", "/search"])
def test_a_redirect_elsewhere_is_refused(location, path):
    with serve(Api([record("a")])) as site:
        site.answers[path] = 302, {"Location": location}, b""
        failure(site.url)


def test_headers_and_methods_that_a_link_asks_for_are_not_obeyed():
    with serve(Api([record(name) for name in "abc"])) as site:

        def next_link(asked, end):
            link = site.next_by_get(asked, end)
            return {**link, "method": "DELETE", "headers": {"Authorization": "mine"}}

        site.next_link = next_link
        assert search(site.url) == ["a", "b", "c"]
        method, _, headers, _ = site.requests[-1]
        assert method == "GET"
        assert "Authorization" not in headers


def deep(levels):
    """JSON that no parser likes."""
    return b"[" * levels + b"]" * levels


EMPTY = [  # JSON objects without items
    b'{"type": "Feature", "stac_version": "0.8.0", "links": [], "properties": {}}',
    b'{"type": "Catalog", "links": 5}',
]


@pytest.mark.parametrize("path", ["/", "/search"])
@pytest.mark.parametrize(
    "body",
    [
        *EMPTY,
        b"<html><body>Sign in</body></html>",
        b"",
        b"[1, 2]",
        b'"text"',
        b"null",
        b'{"features": [1], "links": [{"rel": "next"}]}',
        b'{"features": 5}',
        b"\xff\xfe",
        deep(100_000),
    ],
)
def test_garbage_is_told_in_one_line(path, body):
    with serve(Api([record("a")])) as site:
        site.answers[path] = 200, {"Content-Type": "text/html"}, body
        if path == "/search" and body in EMPTY:
            assert search(site.url) == []
        else:
            line = failure(site.url)
            assert line.startswith(f"{site.url}: ")
            assert len(line) < 300


def test_html_instead_of_an_api():
    with serve(Api()) as site:
        site.answers["/"] = 200, {}, b"<html>Sign in</html>"
        assert failure(site.url) == (
            f"{site.url}: its answer is not one of a STAC API (JSONDecodeError: Expecting value:"
            " line 1 column 1 (char 0)); check the address"
        )


def test_an_old_landing_page_that_names_a_collection_opens_no_file(tmp_path):
    """pystac would merge properties from a collection into items of STAC 0.8."""
    secret = tmp_path / "collection.json"
    secret.write_text('{"id": "secret", "properties": {"token": "secret"}}')
    old = record("a")
    old["stac_version"] = "0.8.0"
    old["links"] = [{"rel": "collection", "href": str(secret)}]
    with serve(Api([old])) as site:
        made = settings(site.url)
        (item,) = open_catalogue(made, Remote(made)).search("optical", AREA, *PERIOD)
        assert "token" not in item.properties
        site.answers["/"] = 200, {}, old
        assert "secret" not in failure(site.url)


def test_what_is_no_item_is_left_out_with_a_warning(caplog):
    broken = record("broken")
    broken["properties"]["datetime"] = "the ninth\nerror: of November"
    with serve(Api([record("a"), broken, 5, {"type": "Feature"}, record("b")])) as site:
        assert search(site.url) == ["a", "b"]
    warnings = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING]
    assert len(warnings) == 3
    assert all("\n" not in line and "since it is no item" in line for line in warnings)


def test_an_answer_without_end_is_not_read_to_the_end(monkeypatch):
    monkeypatch.setattr(api, "LARGEST_ANSWER", 2000)
    with serve(Api([record("a")])) as site:
        assert search(site.url) == ["a"]
        site.answers["/search"] = 200, {}, b" " * 5_000_000
        assert failure(site.url) == f"{site.url}/search: an answer of more than 2000 bytes"


def test_an_unknown_collection_is_told_with_the_known_ones():
    with serve(Api()) as site:
        site.collections = ["sentinel-2-l2a", "landsat-c2-l1"]
        assert failure(site.url) == (
            f"{site.url}: no collection 'landsat-c2-l2'; it has landsat-c2-l1, sentinel-2-l2a"
        )


def test_nothing_found_in_a_known_collection_is_an_empty_list():
    with serve(Api()) as site:
        assert search(site.url) == []
        assert search(site.url, sensor="sar") == []


def test_a_static_catalogue_behind_an_address_cannot_be_searched():
    with serve(Api()) as site:
        landing = site.landing()
        del landing["conformsTo"]
        site.answers["/"] = 200, {}, landing
        assert "it cannot be searched" in failure(site.url)


@pytest.mark.parametrize("path", ["/", "/search"])
def test_a_busy_server_is_asked_again(path):
    with serve(Api([record("a")])) as site:
        site.answers[path] = [(429, {"Retry-After": "0"}, b"slow down \xff")]
        assert search(site.url) == ["a"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_stays_busy_is_given_up(status):
    with serve(Api([record("a")])) as site:
        site.answers["/search"] = status, {"Retry-After": "0"}, b"slow down"
        with pytest.raises(Unavailable):
            search(site.url)
        assert len(site.searches) == 2


def test_an_answer_that_comes_too_slowly_is_given_up(monkeypatch):
    monkeypatch.setattr(api, "LONGEST_ANSWER_S", -1)
    with serve(Api([record("a")])) as site, pytest.raises(Unavailable, match="in time"):
        search(site.url)


def test_a_search_that_the_server_refuses_is_told_in_its_words():
    with serve(Api([record("a")])) as site:
        site.answers["/search"] = 400, {}, b'{"description": "bbox\nis odd"}'
        assert failure(site.url) == (
            f"{site.url}/search: the server answered 400:"
            ' {"description": "bbox\\nis odd"}; check the address and the query'
        )
        assert len(site.searches) == 1


def test_a_server_that_is_not_there():
    with serve(Api()) as site:
        pass
    assert site.url in failure(site.url)


# Static catalogues on disk


def write(path, content):
    """Write JSON, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def catalog(links, kind="Catalog", name="made-up"):
    """A catalogue or collection document."""
    document = {
        "type": kind,
        "stac_version": "1.0.0",
        "id": name,
        "description": "A catalogue",
        "links": links,
    }
    if kind == "Collection":
        document["license"] = "proprietary"
        document["extent"] = {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]},
        }
    return document


def child(href):
    return {"rel": "child", "href": href}


def item_link(href):
    return {"rel": "item", "href": href}


@pytest.fixture
def folder(tmp_path):
    """A catalogue of two collections; one item lies a level deeper than the others."""
    root = tmp_path / "catalogue"
    write(root / "catalog.json", catalog([child("./landsat/collection.json"), child("s1/c.json")]))
    landsat = catalog(
        [item_link("./a.json"), item_link("b.json"), child("./2024/catalog.json")],
        "Collection",
        "landsat-c2-l2",
    )
    write(root / "landsat" / "collection.json", landsat)
    write(root / "landsat" / "2024" / "catalog.json", catalog([item_link("../c.json")]))
    for name, day in (("a", "2023-11-09"), ("b", "2023-10-01"), ("c", "2024-02-01")):
        item = record(name, day)
        item["assets"]["red"]["href"] = f"./{name}-red.TIF"
        write(root / "landsat" / f"{name}.json", item)
        (root / "landsat" / f"{name}-red.TIF").touch()
    unnamed = record("r")
    del unnamed["collection"]
    write(root / "s1" / "c.json", catalog([child("2023.json")], "Collection", "sentinel-1-rtc"))
    write(root / "s1" / "2023.json", catalog([item_link("r.json")]))
    write(root / "s1" / "r.json", unnamed)
    return root


def test_a_catalogue_on_disk_is_searched_like_an_api(folder):
    root = folder / "catalog.json"
    assert sorted(search(root)) == ["a", "c"]
    assert search(root, sensor="sar") == ["r"]
    assert search(root, {"platform": {"eq": "landsat-8"}}) == []
    assert search(root, area=[0, 0, 1, 1]) == []
    assert search(folder / "landsat" / "collection.json") == ["c", "a"]


def test_files_of_a_catalogue_on_disk_get_their_whole_path(folder):
    made = settings(folder / "catalog.json")
    catalogue = open_catalogue(made, Remote(made))
    found = {item.id: item for item in catalogue.search("optical", AREA, *PERIOD)}
    item = read_item(found["a"], "optical", made, catalogue.check_href)
    assert item.assets["red"].href == str(folder / "landsat" / "a-red.TIF")


def test_links_into_the_network_are_not_followed(folder):
    with serve(Api([record("x")])) as site:
        links = [
            child(f"{site.url}/"),
            item_link(f"{site.url}/search"),
            item_link("landsat/a.json"),
        ]
        links += [child("s3://bucket/catalog.json")]
        old = record("old")
        old["stac_version"] = "0.8.0"
        old["links"] = [{"rel": "collection", "href": f"{site.url}/collections/landsat-c2-l2"}]
        write(folder / "old.json", old)
        write(folder / "catalog.json", catalog([*links, item_link("old.json")]))
        assert sorted(search(folder / "catalog.json")) == ["a", "old"]
        assert site.requests == []


@pytest.mark.parametrize("kind", ["up", "absolute", "file", "symlink"])
def test_nothing_outside_the_folder_is_read(folder, kind):
    secret = folder.parent / "secret.json"
    write(secret, record("secret"))
    (folder / "inside.json").symlink_to(secret)
    href = {
        "up": "../secret.json",
        "absolute": str(secret),
        "file": f"file://{secret}",
        "symlink": "inside.json",
    }[kind]
    write(folder / "catalog.json", catalog([item_link(href)]))
    assert "refused: it lies outside" in failure(folder / "catalog.json")


def test_a_catalogue_that_links_in_a_circle_ends(folder):
    circle = catalog(
        [child("catalog.json"), child("./landsat/../catalog.json"), item_link("landsat/a.json")]
    )
    write(folder / "catalog.json", circle)
    assert search(folder / "catalog.json") == ["a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<html>", "not a catalogue, collection or item (JSONDecodeError"),
        ([1, 2], "not a catalogue, collection or item (TypeError"),
        ({"type": "FeatureCollection", "features": []}, "not a catalogue, collection or item"),
        ({"type": "Feature"}, "not a catalogue, collection or item"),
        (None, "No such file or directory; mend the catalogue's links"),
    ],
)
def test_damaged_documents_are_told_in_one_line(folder, content, said):
    if content is None:
        (folder / "landsat" / "a.json").unlink()
    else:
        write(folder / "landsat" / "a.json", content)
    line = failure(folder / "catalog.json")
    assert line.startswith(f"{folder / 'landsat' / 'a.json'}: ")
    assert said in line


def test_an_unknown_collection_on_disk_is_told_with_the_known_ones(folder):
    made = settings(folder / "catalog.json")
    made["optical"]["collection"] = "landsat-c2-l3"
    with pytest.raises(StudyError, match="landsat-c2-l3.*landsat-c2-l2, sentinel-1-rtc"):
        open_catalogue(made, Remote(made)).search("optical", AREA, *PERIOD)


@pytest.mark.parametrize("url", ["nowhere/catalog.json", ".", "s3://bucket/catalog.json"])
def test_what_is_no_catalogue_at_all(url):
    assert url in failure(url)


def test_a_file_address_is_not_an_api(folder):
    assert "catalog.json" in failure(f"file://{folder}/catalog.json")


def test_documents_are_not_changed_by_reading_them(folder):
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    search(folder / "catalog.json")
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == deepcopy(before)
