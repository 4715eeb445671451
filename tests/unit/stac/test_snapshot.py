"""Items from the GeoParquet snapshot of a collection, where the search of its catalogue fails."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from api_server import AREA, PERIOD, record, serve, settings
from pyarrow import parquet
from sarfusion.scenes.stac import snapshot as snapshots
from sarfusion.scenes.stac.items import read_item
from sarfusion.scenes.stac.network import Unavailable
from sarfusion.scenes.stac.snapshot import may_hold
from test_patience import Flaky, opened

ROWS = ("type", "stac_version", "stac_extensions", "id", "collection", "assets", "links")


def row(item, as_list=False):
    """A row of a snapshot: properties at the top level, times as times, footprints as WKB."""
    west, south, east, north = item["bbox"]
    box = {"xmin": west, "ymin": south, "xmax": east, "ymax": north}
    properties = {**item["properties"]}
    moment = datetime.fromisoformat(properties.pop("datetime")).replace(tzinfo=UTC)
    return {
        **{name: item[name] for name in ROWS},
        "bbox": item["bbox"] if as_list else box,
        "geometry": b"\x01",
        "datetime": moment,
        **properties,
    }


def write(path, *items, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist([row(item, **more) for item in items]), path)
    return path.read_bytes()


class Failing(Flaky):
    """An API whose searches all fail, with files beside it."""

    def __init__(self, files, href):
        super().__init__([], share=1.0)
        self.files, self.href = files, href

    def answer(self, method, path, query, body):
        if path == "/collections/landsat-c2-l2":
            asset = {
                **{"href": self.href.format(url=self.url), "type": "application/x-parquet"},
                **{"roles": ["stac-items"], "table:storage_options": {"account_name": "pcitems"}},
            }
            collection = {"type": "Collection", "assets": {"geoparquet-items": asset}}
            return 200, {}, collection if self.href else {"type": "Collection"}
        if path in self.files:
            return 200, {"Content-Type": "application/octet-stream"}, self.files[path]
        return super().answer(method, path, query, body)


def search(site, patience_s=0):
    catalogue = opened(site, patience_s)
    return catalogue, catalogue.search("optical", AREA, *PERIOD)


@pytest.mark.parametrize("as_list", [False, True])
def test_items_of_a_snapshot_in_one_file(tmp_path, caplog, as_list):
    items = [
        record("a", "2023-11-09"),
        record("b", "2024-01-12"),
        record("other", "2023-11-09", platform="landsat-8"),
        record("elsewhere", "2023-11-09", bbox=(10.0, 40.0, 11.0, 41.0)),
        record("later", "2024-03-01"),
    ]
    items[1]["assets"]["red"]["file:size"] = 77  # which other items lack
    body = write(tmp_path / "all.parquet", *items, as_list=as_list)
    with serve(Failing({"/all.parquet": body}, "{url}/all.parquet")) as site:
        catalogue, found = search(site)
        assert [item.id for item in found] == ["a", "b"]
        assert catalogue.snapshots == {"landsat-c2-l2": f"{site.url}/all.parquet"}
    assert "the search fails; items of landsat-c2-l2 from 2023-11 come from the" in caplog.text
    one, other = (read_item(item, "optical", settings(site.url), str) for item in found)
    assert one.datetime == datetime(2023, 11, 9, 3, 23, 31, tzinfo=UTC)
    assert (one.assets["red"].size, other.assets["red"].size) == (None, 77)
    assert one.assets["red"].href == "https://files.example/a/red.TIF"
    assert (one.track, one.cloud_cover, one.grid) == ("landsat-9", 20, None)


def test_only_the_months_that_are_asked_for_are_fetched(tmp_path, monkeypatch):
    """In files of a month each, in a container that lists them."""
    folder = "/items/landsat-c2-l2.parquet"
    names = {
        f"part-{number:04}_{first}T00:00:00+00:00_{last}T00:00:00+00:00.parquet": day
        for number, (first, last, day) in enumerate(
            [
                ("2023-09-01", "2023-10-01", "2023-09-09"),
                ("2023-11-01", "2023-12-01", "2023-11-09"),
                ("2023-12-01", "2024-01-01", "2023-12-09"),
                ("2024-01-01", "2024-02-01", "2024-01-09"),
                ("2024-02-01", "2024-03-01", "2024-02-09"),
            ]
        )
    }
    files = {
        f"{folder}/{name}".replace(":", "%3A").replace("+", "%2B"): write(
            tmp_path / name, record(day, day)
        )
        for name, day in names.items()
    }
    listed = "".join(f"<Blob><Name>{folder[7:]}/{name}</Name></Blob>" for name in names)
    files["/items"] = f"<EnumerationResults>{listed}</EnumerationResults>".encode()
    with serve(Failing(files, "abfs://items/landsat-c2-l2.parquet")) as site:
        monkeypatch.setattr(snapshots, "blob_url", lambda account: site.url)
        _, found = search(site)
        assert [item.id for item in found] == [
            *("2023-11-09", "2023-12-09", "2024-01-09", "2024-02-09")
        ]
        asked = [path for _, path, _, _ in site.requests]
        assert asked.count("/items") == 1
        assert not any("2023-09-01" in path for path in asked)


def test_without_a_snapshot_the_failure_of_the_search_stands():
    with serve(Failing({}, "")) as site, pytest.raises(Unavailable, match="answered 504"):
        search(site)


def test_a_snapshot_that_cannot_be_read_is_told():
    files = {"/all.parquet": b"<html>gone</html>"}
    with serve(Failing(files, "{url}/all.parquet")) as site:
        with pytest.raises(snapshots.Broken, match="not a GeoParquet of STAC items") as failed:
            search(site)
        assert "\n" not in str(failed.value)


def test_a_snapshot_elsewhere_on_this_machine_is_not_read():
    refused = pytest.raises(snapshots.StudyError, match="refused")
    with serve(Failing({}, "file:///etc/passwd")) as site, refused:
        search(site)


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("part-0001_2023-11-01T00%3A00%3A00_2023-12-01T00%3A00%3A00.parquet", True),
        ("items_20231101_20231201.parquet", True),
        ("items_20230901_20231001.parquet", False),
        ("items_20240101_20240201.parquet", False),
        ("items.parquet", True),
    ],
)
def test_the_days_in_a_name(name, held):
    november = datetime(2023, 11, 5, tzinfo=UTC), datetime(2023, 11, 30, tzinfo=UTC)
    assert may_hold(f"https://files.example/{name}", november) == held
