"""What is requested from an API, page by page, and what is used of its answers."""

import json
from datetime import date

import pytest
from api_server import AREA, CORE, SEARCH, Api, failure, record, search, serve

MONTH = date(2023, 11, 1), date(2023, 11, 30)


def test_what_is_asked():
    with serve(Api([record("a")])) as site:
        assert search(site.url, period=(date(2023, 12, 15), date(2024, 2, 29))) == []
        assert search(site.url, period=(date(2023, 11, 9), date(2023, 11, 9))) == ["a"]
        days = [
            "2023-12-15T00:00:00Z/2023-12-31T23:59:59.999999Z",
            "2024-01-01T00:00:00Z/2024-01-31T23:59:59.999999Z",
            "2024-02-01T00:00:00Z/2024-02-29T23:59:59.999999Z",
            "2023-11-09T00:00:00Z/2023-11-09T23:59:59.999999Z",
        ]
        assert site.searches == [
            {
                "collections": ["landsat-c2-l2"],
                "bbox": AREA,
                "datetime": day,
                "query": {"platform": {"eq": "landsat-9"}},
                "limit": 100,
            }
            for day in days
        ]


@pytest.mark.parametrize("way", ["next_by_post", "next_by_get"])
def test_pages_are_followed_to_the_last(way):
    with serve(Api([record(f"i{n}") for n in range(7)])) as site:
        site.next_link = getattr(site, way)
        assert search(site.url, period=MONTH) == [f"i{n}" for n in range(7)]
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
        assert site.searches[0]["query"] == {"eo:cloud_cover": {"lt": 50}}
        site.requests.clear()
        assert search(site.url, {"platform": {"in": ["landsat-7"]}}, period=MONTH) == ["b"]
        (asked,) = site.searches
        assert "query" not in asked


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
            f"{site.url}: more than 1000 items of landsat-c2-l2 from 2023-11-01 to 2023-11-30;"
            " narrow the area"
        )
        assert len(site.searches) == 11
        site.records = records[:1000]
        if not endless:
            assert search(site.url) == ["a"]
