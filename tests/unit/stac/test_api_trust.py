"""APIs that lead elsewhere, answer garbage, or do not answer."""

import logging

import pytest
from api_server import AREA, PERIOD, Api, failure, record, search, serve, settings
from sarfusion.scenes.stac import api
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.network import Unavailable
from sarfusion.scenes.stac.remote import Remote

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
            f"{site.url}: its answer is not that of a STAC API (JSONDecodeError: Expecting value:"
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
    assert all("\n" not in line and "since it is not an item" in line for line in warnings)


def test_an_answer_without_end_is_not_read_to_the_end(monkeypatch):
    monkeypatch.setattr(api, "MAX_ANSWER_BYTES", 2000)
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
        assert len(site.searches) == 4  # two attempts with the query, two without


def test_an_answer_that_comes_too_slowly_is_given_up(monkeypatch):
    monkeypatch.setattr(api, "MAX_ANSWER_S", -1)
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
