"""The STAC catalogue of the products of a run.

The core of STAC is validated with the schemas that pystac ships. Those of extensions are only
on the network, so what their specifications require is asserted here.
"""

import json
from datetime import UTC, datetime

import catalogue_products
import numpy as np
import pystac
import pytest
from product_data import GRID
from pystac.validation import validate_dict
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.cog import create_cog
from sarfusion.core.files import sha256, write_json, write_text
from sarfusion.core.raster import Grid
from sarfusion.product.bands import NAMES
from sarfusion.product.catalogue import (
    ANY_TIME,
    day_of,
    footprint,
    item_of,
    licence_code,
    proj_code,
    source_links,
    span_of,
    write_catalogue,
)

FACTS = {
    "study": "s",
    "model": "unet",
    "input": "ratio",
    "seeds": [1, 2],
    "filled_flags": ["cloud"],
    "pixels": {"no_data": 10, "measured": 75, "filled": 15, "from_date": 10},
}
ITEMS = [
    {"id": "LC09 one", "collection": "landsat-c2-l2"},
    {"id": "S1A_two", "collection": "sentinel-1-rtc"},
]
PLACES = {
    "pictures": "cloud_free.tif",
    "styles": "cloud_free.qml",
    "source_styles": "source.qml",
    "facts": "cloud_free.json",
    "metadata": "scene.json",
}
WORDS = "Landsat courtesy of the U.S. Geological Survey; contains Copernicus Sentinel data"
API = "https://me:secret@stac.example/api/v1/?token=secret"


@pytest.fixture
def catalogue(tmp_path):
    """The path of a catalogue of two sites: one from a STAC API, one simulated."""
    sites = {"town": ("2024-03-31T03:10:00Z", ITEMS, WORDS), "simcity": (None, [], "CC0-1.0")}
    files = {name: [] for name in (*PLACES, "entries")}
    for site, (date, items, licence) in sites.items():
        folder = tmp_path / "products" / site
        with create_cog(folder / "cloud_free.tif", GRID, NAMES, {}) as target:
            target.write(np.zeros((len(NAMES), *GRID.shape), np.float32))
        for style in ("cloud_free.qml", "source.qml"):
            write_text(folder / style, "<qgis/>")
        write_json(folder / "cloud_free.json", FACTS | {"site": site})
        seen = {"date": date, "sensor": "Landsat 9 OLI-2"}
        scene = {"items": items, "licence": licence, "optical": seen}
        write_json(folder / "scene.json", scene)
        for name, file in PLACES.items():
            files[name].append(folder / file)
        files["entries"].append(folder / f"{site}.json")
    path = tmp_path / "products/catalog.json"
    catalogue_products.main(
        catalogue=path, study="s", sites=list(sites), catalogue_urls={"town": API}, **files
    )
    return path


def read(path):
    return json.loads(path.read_text())


def test_the_catalogue_is_valid_and_moves_as_a_whole(catalogue, tmp_path):
    moved = tmp_path / "elsewhere"
    catalogue.parent.rename(moved)
    found = pystac.Catalog.from_file(str(moved / "catalog.json"))
    items = {item.id: item for item in found.get_items()}
    assert items.keys() == {"town", "simcity"}
    for thing in (found, *items.values()):
        assert validate_dict(read(moved / thing.get_self_href()), extensions=[])
    for item in items.values():
        assert item.get_parent() is found
        for asset in item.assets.values():
            assert (moved / item.id / asset.href).is_file()
    hrefs = [link["href"] for path in moved.rglob("*.json") for link in read(path).get("links", [])]
    assert all(href.startswith(("./", "../", "https://stac.example")) for href in hrefs)
    assert str(tmp_path) not in (moved / "catalog.json").read_text()


def test_a_licence_in_words_is_no_identifier(catalogue):
    found = {
        site: read(catalogue.parent / site / f"{site}.json")["properties"]
        for site in ("town", "simcity")
    }
    assert [found["town"][key] for key in ("license", "sarfusion:licence")] == ["other", WORDS]
    assert found["simcity"]["license"] == found["simcity"]["sarfusion:licence"] == "CC0-1.0"
    assert licence_code("unknown") == licence_code("MIT OR Apache-2.0") == "other"


@pytest.mark.parametrize(
    ("sensors", "kind"),
    [
        (["Landsat 9 OLI-2", "simulated Landsat 9 OLI-2"], "Landsat"),
        (["Landsat 9 OLI-2", "Sentinel-2 MSI, Level-2A"], "Optical"),
    ],
)
def test_the_catalogue_tells_of_what_sensors_it_is(tmp_path, sensors, kind):
    write_catalogue(tmp_path / "catalog.json", "s", {}, sensors)
    told = read(tmp_path / "catalog.json")["description"]
    assert told.startswith(f"{kind} scenes whose clouds were filled")


def test_an_item_tells_what_extensions_ask(catalogue):
    folder = catalogue.parent / "town"
    item = read(folder / "town.json")
    names = [uri.split("/")[-3] for uri in item["stac_extensions"]]
    assert names == ["projection", "raster", "processing", "file"]
    about = item["properties"]
    assert about["datetime"] == "2024-03-31T03:10:00Z"
    assert about["proj:code"] == "EPSG:32648"
    assert about["proj:shape"] == [300, 340]
    assert about["proj:transform"] == [30, 0, 500_000, 0, -30, 1_000_000]
    assert about["proj:bbox"] == [500_000, 991_000, 510_200, 1_000_000]
    assert "filled by U-Net, with ratio" in about["processing:lineage"]
    assert list(about["processing:software"]) == ["sarfusion"]
    assert (about["sarfusion:method"], about["sarfusion:filled_percent"]) == ("unet-ratio", 25)
    assert about["sarfusion:from_date_percent"] == 10
    west, south, east, north = item["bbox"]
    assert 104.9 < west < east < 105.2
    assert 8.9 < south < north < 9.1
    picture = item["assets"]["cloud_free"]
    assert picture["type"] == "image/tiff; application=geotiff; profile=cloud-optimized"
    assert picture["file:size"] == (folder / "cloud_free.tif").stat().st_size
    # A multihash: 12 is SHA-256, 20 its 32 bytes.
    assert picture["file:checksum"] == "1220" + sha256(folder / "cloud_free.tif")
    assert (picture["data_type"], picture["nodata"]) == ("float32", "nan")
    assert [band["name"] for band in picture["bands"]] == [*NAMES]
    assert "3 filled from another date" in picture["bands"][-1]["description"]
    assert item["assets"]["source_style"]["href"] == "./source.qml"
    assert {band["raster:sampling"] for band in picture["bands"]} == {"area"}
    assert {band["raster:spatial_resolution"] for band in picture["bands"]} == {30}


def test_an_item_leads_to_its_source_items_without_secrets(catalogue):
    text = (catalogue.parent / "town/town.json").read_text()
    links = [link for link in json.loads(text)["links"] if link["rel"] == "derived_from"]
    api = "https://stac.example/api/v1/collections"
    assert [link["href"] for link in links] == [
        f"{api}/landsat-c2-l2/items/LC09%20one",
        f"{api}/sentinel-1-rtc/items/S1A_two",
    ]
    assert "secret" not in text
    assert not source_links(ITEMS, "catalogues/mine/catalog.json")


def test_a_scene_without_a_date_may_be_of_any_time(catalogue):
    about = read(catalogue.parent / "simcity/simcity.json")["properties"]
    assert about["datetime"] is None
    assert about["start_datetime"] < "1900"
    assert about["end_datetime"] > "2900"


def test_a_day_is_utc_and_other_words_are_none():
    assert day_of("2024-03-31") == datetime(2024, 3, 31, tzinfo=UTC)
    assert day_of("2024-03-31T10:00:00+07:00") == datetime(2024, 3, 31, 3, tzinfo=UTC)
    assert day_of("the dry season") is None


@pytest.mark.parametrize(
    ("date", "start", "end"),
    [
        ("July 2024", "2024-07-01T00:00:00Z", "2024-07-31T23:59:59Z"),
        ("feb 2024", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59Z"),
        ("2023-12", "2023-12-01T00:00:00Z", "2023-12-31T23:59:59Z"),
        ("2024", "2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z"),
        ("the dry season", *ANY_TIME.values()),
        ("2024-13", *ANY_TIME.values()),
    ],
)
def test_a_month_and_a_year_are_spans_and_words_are_kept(date, start, end):
    span = {"start_datetime": start, "end_datetime": end}
    assert span_of(date) == {**span, "sarfusion:date": date}


def test_a_day_has_no_span_and_no_date_has_no_words():
    assert span_of("2024-03-31") == {}
    assert span_of(None) == ANY_TIME


def test_an_item_of_a_month_is_valid(catalogue):
    folder = catalogue.parent / "town"
    scene = read(folder / "scene.json")
    scene["optical"]["date"] = "July 2024"
    picture = folder / "cloud_free.tif"
    item = item_of("town", picture, {}, FACTS, scene, {"sarfusion": "1"}).to_dict()
    assert item["properties"]["datetime"] is None
    assert item["properties"]["start_datetime"] == "2024-07-01T00:00:00Z"
    assert validate_dict(item, extensions=[])


def test_a_footprint_is_in_degrees_and_a_crs_may_lack_a_code():
    local = CRS.from_proj4("+proj=laea +lat_0=10 +lon_0=20 +datum=WGS84")
    grid = Grid(local, from_origin(-1500, 1500, 30, 30), 100, 100)
    (ring,) = footprint(grid)["coordinates"]
    assert ring[0] == ring[-1]
    assert len(ring) == 5
    assert np.mean(ring[:4], axis=0) == pytest.approx([20, 10], abs=1e-4)
    assert proj_code(grid) is None
