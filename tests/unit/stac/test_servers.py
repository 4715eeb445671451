"""The servers and scenes that other tests rely on are as described."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psycopg
import pystac
import pystac_client
import pytest
import rasterio
import requests
from rasterio.warp import transform_bounds
from rasterio.windows import from_bounds
from sarfusion.scenes import landsat
from servers.items import LANDSAT, SENTINEL
from servers.pgstac import find_postgres, require_postgres
from servers.scenes import (
    BEST,
    BEST_DESCENDING,
    NEEDS_TWO_ROWS,
    OPTICAL,
    PERIOD,
    SAR,
    make_archive,
)

BASE = "http://127.0.0.1/scenes"


@pytest.fixture
def catalogue(stac_api, archive):
    """A client of the API, which contains the whole archive."""
    stac_api.load(archive.collections(), archive.items(BASE))
    return pystac_client.Client.open(stac_api.url)


def found(archive, search):
    """The names of the scenes that a search finds, in its order."""
    names = {record["id"]: name for name, record in archive.records.items()}
    return [names[item.id] for item in search.items()]


class TestSearch:
    def test_by_place_time_and_platform(self, archive, catalogue):
        search = catalogue.search(
            collections=[LANDSAT],
            bbox=archive.area,
            datetime="/".join(PERIOD),
            query={"platform": {"eq": "landsat-9"}},
        )
        others = {"landsat_8", "later"}
        assert set(found(archive, search)) == {scene.name for scene in OPTICAL} - others

    def test_elsewhere_finds_nothing(self, archive, catalogue):
        west, south, east, north = archive.area
        search = catalogue.search(collections=[SENTINEL], bbox=(west + 1, south, east + 1, north))
        assert found(archive, search) == []

    def test_pages_hold_every_item_once(self, archive, catalogue):
        pages = list(catalogue.search(collections=[SENTINEL], limit=3).pages())
        assert [len(page) for page in pages] == [3, 3, 2]
        assert {item.id for page in pages for item in page} == {archive.id(sar.name) for sar in SAR}

    def test_sorted_by_time(self, archive, catalogue):
        catalogue.add_conforms_to("SORT")  # the client does not know the server's 1.1.0 of it
        search = catalogue.search(collections=[SENTINEL], sortby=["-properties.datetime"])
        names = [scene.name for scene in sorted(SAR, key=lambda scene: scene.start, reverse=True)]
        assert found(archive, search) == names

    def test_items_come_back_as_they_were_put(self, archive, catalogue):
        answered = catalogue.get_collection(SENTINEL).get_item(archive.id("slice_2"))
        sent = next(item for item in archive.items(BASE) if item["id"] == answered.id)
        returned = answered.to_dict(transform_hrefs=False)
        for key in ("properties", "assets", "geometry"):
            assert json.loads(json.dumps(returned[key])) == json.loads(json.dumps(sent[key]))

    def test_loading_replaces_what_was_there(self, stac_api, archive, catalogue):
        others = archive.items(BASE, leave_out=["clear"])
        stac_api.load(archive.collections(), others)
        assert "clear" not in found(archive, catalogue.search(collections=[LANDSAT]))

    def test_an_item_may_have_any_id(self, stac_api, archive, catalogue):
        item = archive.items(BASE)[0]
        stac_api.load(archive.collections(), [{**item, "id": "../../x"}])
        assert [item.id for item in catalogue.search(collections=[LANDSAT]).items()] == ["../../x"]


class TestStaticCatalogue:
    def test_holds_every_scene_by_relative_paths(self, archive, tmp_path):
        copy = make_archive(tmp_path / "copy", size_px=64)
        root = copy.write_static(leave_out=["later"])
        moved = (tmp_path / "copy").rename(tmp_path / "moved")
        items = list(pystac.Catalog.from_file(moved / root.name).get_items(recursive=True))
        assert len(items) == len(OPTICAL) + len(SAR) - 1
        for item in items:
            assert not any("://" in asset.href for asset in item.assets.values())
            missing = [
                key
                for key, asset in item.assets.items()
                if not Path(asset.get_absolute_href()).is_file()
            ]
            assert missing == (["nir08"] if item.collection_id == LANDSAT else [])


class TestScenes:
    def test_each_file_is_a_cog_on_the_grid_that_its_item_tells(self, archive):
        for name, record in archive.records.items():
            properties = record["properties"]
            for band in set(record["assets"]) - {"nir08"}:
                with rasterio.open(archive.path(name, band)) as dataset:
                    assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
                    assert dataset.overviews(1)
                    assert list(dataset.shape) == properties["proj:shape"]
                    assert list(dataset.transform)[:6] == properties["proj:transform"][:6]
                    code = properties.get("proj:epsg") or properties["proj:code"]
                    assert dataset.crs == rasterio.CRS.from_user_input(code)
                    assert dataset.dtypes == (
                        "uint16" if record["collection"] == LANDSAT else "float32",
                    )

    def test_masked_shares_over_the_area(self, archive):
        shares = {}
        for scene in OPTICAL:
            with rasterio.open(archive.path(scene.name, "qa_pixel")) as dataset:
                bounds = transform_bounds("EPSG:4326", dataset.crs, *archive.area)
                window = from_bounds(*bounds, dataset.transform).round()
                quality = dataset.read(1, window=window, boundless=True, fill_value=1)
            flags = [landsat.flagged(quality, bit) for bit in landsat.QA_PIXEL_BITS.values()]
            shares[scene.name] = np.any(flags, axis=0).mean()
        # The area in degrees is a little larger than the square of pixels it was made from.
        assert shares == pytest.approx(archive.masked, abs=0.02)

    def test_the_archive_holds_the_quirks_it_promises(self, archive):
        cover = {scene.name: scene.cloud_cover for scene in OPTICAL}
        assert cover["clouded_inside"] < 5 < 20 < cover["clear_inside"]
        assert archive.masked["clouded_inside"] > 0.3 > 0.02 > archive.masked["clear_inside"]
        assert archive.masked["half"] == 0.5
        assert archive.masked[BEST[0]] == min(archive.masked.values()) == 0
        assert "vh" not in archive.records["without_vh"]["assets"]
        takes = {
            archive.records[name]["properties"]["s1:datatake_id"] for name in BEST_DESCENDING[1:]
        }
        assert len(takes) == 1
        for names in (NEEDS_TWO_ROWS, BEST_DESCENDING[1:]):
            parts = [scene.part for scene in OPTICAL + SAR if scene.name in names]
            tops, _, bottoms, _ = zip(*parts, strict=True)
            assert min(tops) < 0.2 < 0.8 < max(bottoms)
            assert all(bottom - top < 0.65 for top, bottom in zip(tops, bottoms, strict=True))

    def test_clouds_are_bright_and_fill_is_zero(self, archive):
        def read(name, band):
            with rasterio.open(archive.path(name, band)) as dataset:
                return dataset.read(1)

        cloud = landsat.flagged(read("clouded_inside", "qa_pixel"), 3)
        assert read("clouded_inside", "red")[cloud].min() > read("clear", "red")[cloud].mean()
        fill = landsat.flagged(read("half", "qa_pixel"), 0)
        assert np.array_equal(fill, read("half", "blue") == landsat.FILL)
        assert (read("partial", "vh")[:, -100:] == -32768).all()

    def test_made_twice_they_are_the_same(self, tmp_path):
        first, second = (make_archive(tmp_path / name, size_px=64) for name in "ab")
        for name, record in first.records.items():
            for band in set(record["assets"]) - {"nir08"}:
                assert first.path(name, band).read_bytes() == second.path(name, band).read_bytes()


class TestPostgres:
    def test_the_newest_with_postgis_is_taken(self, tmp_path):
        for version in ("9", "15", "17", "common"):
            (tmp_path / "lib/postgresql" / version / "bin").mkdir(parents=True)
        for version in ("9", "15"):
            control = tmp_path / f"share/postgresql/{version}/extension/postgis.control"
            control.parent.mkdir(parents=True)
            control.touch()
        assert find_postgres(tmp_path) == tmp_path / "lib/postgresql/15/bin"

    def test_without_it_tests_are_skipped_but_fail_in_ci(self, tmp_path, monkeypatch):
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="apt-get install postgresql"):
            require_postgres(tmp_path)
        monkeypatch.setenv("CI", "true")
        with pytest.raises(pytest.fail.Exception, match="apt-get install postgresql"):
            require_postgres(tmp_path)

    @pytest.mark.second_tier
    def test_it_ends_with_a_killed_test_run(self):
        require_postgres()
        code = """
import time
from servers.pgstac import require_postgres, run_server
with run_server(require_postgres()) as server:
    print(server.url, server.dsn, sep="|", flush=True)
    time.sleep(600)
"""
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            url, dsn = child.stdout.readline().strip().split("|")
            psycopg.connect(dsn).close()
            child.send_signal(signal.SIGKILL)
        assert gone(lambda: requests.get(url, timeout=5), requests.ConnectionError)
        assert gone(lambda: psycopg.connect(dsn).close(), psycopg.OperationalError)
        folder = Path(psycopg.conninfo.conninfo_to_dict(dsn)["host"])
        # PostgreSQL refuses connections before it has removed its own files.
        assert gone(lambda: next(folder.rglob("postmaster.pid")), StopIteration)
        shutil.rmtree(folder)


def gone(ask, refused, within_s=30):
    """Whether `ask` raises `refused` before the time is over."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            ask()
        except refused:
            return True
        time.sleep(0.05)
    return False
