"""Which parts of a catalogue item are used."""

import copy
from datetime import UTC, datetime

import pystac
import pytest
from item_records import SETTINGS, box, landsat, radar, read
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.raster import Grid
from sarfusion.scenes.stac.hrefs import check_href
from sarfusion.scenes.stac.items import Asset, read_item


def test_a_landsat_item():
    item = read(landsat())
    assert item.id == "LC09_L2SP_127046_20231109_02_T1"
    assert item.collection == "landsat-c2-l2"
    assert item.datetime == datetime(2023, 11, 9, 3, 23, 31, 500000, UTC)
    assert item.track == "landsat-9 path 127"
    assert item.orbit is None
    assert item.cloud_cover == 12.5
    assert item.grid == Grid(
        CRS.from_epsg(32648), Affine(30, 0, 555000, 0, -30, 2350000), 2000, 3000
    )
    assert item.geometry["coordinates"][0][0] == (105.5, 20.7)
    assert list(item.assets) == ["red", "green", "blue", "qa_pixel", "qa_radsat"]
    assert item.assets["red"] == Asset("https://files.example/landsat/red.TIF", None, None)


def test_a_radar_item_whose_tokens_are_not_kept():
    item = read(radar())
    assert item.track == "sentinel-1a orbit 128 direction ascending take 404107"
    assert item.orbit == "ascending"
    assert item.cloud_cover is None
    assert item.grid == Grid(
        CRS.from_epsg(32648), Affine(10, 0, 555000, 0, -10, 2350000), 6000, 9000
    )
    assert item.assets == {
        "vv": Asset("https://files.example/s1/iw-vv.rtc.tiff", 1857486802, "1220a48477aea0f62f33"),
        "vh": Asset("https://files.example/s1/iw-vh.rtc.tiff", None, None),
    }


@pytest.mark.parametrize("spelling", [{"proj:epsg": 32648}, {"proj:code": "EPSG:32648"}])
@pytest.mark.parametrize("where", ["item", "assets"])
def test_both_spellings_of_the_projection_on_the_item_or_on_its_assets(spelling, where):
    record = landsat(**{"proj:epsg": None, "proj:shape": None, "proj:transform": None})
    stated = {
        **spelling,
        "proj:shape": [2000, 3000],
        "proj:transform": [30.0, 0.0, 555000.0, 0.0, -30.0, 2350000.0, 0.0, 0.0, 1.0],
    }
    for fields in [record["properties"]] if where == "item" else record["assets"].values():
        fields.update(stated)
    # Through pystac's migration, and without it as pystac-client reads pages of results.
    for migrate in (True, False):
        item = pystac.Item.from_dict(copy.deepcopy(record), migrate=migrate)
        assert read_item(item, "optical", SETTINGS, check_href).grid == read(landsat()).grid


def test_what_an_asset_states_counts_before_what_its_item_states():
    record = landsat()
    for asset in record["assets"].values():
        asset["proj:shape"] = [1999, 2998]
    assert read(record).grid.shape == (1999, 2998)


def test_an_item_that_states_no_grid_has_none():
    assert read(landsat(**{"proj:transform": None})).grid is None
    assert read(landsat(**{"proj:epsg": None})).grid is None


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"datetime": "2023-11-07T11:03:25.250000Z"}, (11, 3, 25, 250000)),
        ({"datetime": "2023-11-07 11:03:25.250000+00:00"}, (11, 3, 25, 250000)),
        ({"datetime": "2023-11-07T18:03:25+07:00"}, (11, 3, 25, 0)),
        ({"datetime": None, "start_datetime": "2023-11-07 11:03:12.75+00:00"}, (11, 3, 12, 750000)),
        ({"datetime": None, "start_datetime": "2023-11-07T11:03:12Z"}, (11, 3, 12, 0)),
    ],
)
def test_spellings_of_time(stated, expected):
    stated = {"end_datetime": "2023-11-07T11:03:37Z", **stated}
    assert read(radar(**stated)).datetime == datetime(2023, 11, 7, *expected, UTC)


def test_a_track_is_told_by_the_id_where_the_properties_do_not_say_the_path():
    record = landsat(**{"landsat:wrs_path": None, "landsat:wrs_row": None})
    assert read(record).track == "landsat-9 path 127"


def test_a_radar_track_without_data_take_is_told_by_the_absolute_orbit():
    record = radar(**{"s1:datatake_id": None})
    assert read(record).track == "sentinel-1a orbit 128 direction ascending take 051118"
    record = radar(**{"s1:datatake_id": None, "sat:absolute_orbit": None})
    assert read(record).track == "sentinel-1a orbit 128 direction ascending"


def test_text_of_the_server_does_not_get_into_a_track():
    record = radar(
        platform="s1\n<script>", **{"s1:datatake_id": "../x", "sat:relative_orbit": "128 or so"}
    )
    assert read(record).track == "unknown direction ascending take 051118"


def test_polarisations_may_be_spelt_in_small_letters():
    assert read(radar(**{"sar:polarizations": ["vv", "vh"]})).orbit == "ascending"


def test_bands_on_different_stated_grids_are_left_for_those_of_the_files():
    record = landsat()
    record["assets"]["red"]["proj:shape"] = [4000, 6000]
    assert read(record).grid_fault == "its bands are on different grids"


def test_an_item_may_state_a_projection_without_a_grid():
    assert read(radar(**{"proj:transform": None})).grid is None


def test_a_terrain_corrected_product_may_lie_on_a_geographic_grid():
    record = radar(
        **{
            "sar:product_type": "RTC",
            "proj:code": "EPSG:4326",
            "proj:transform": [0.0002, 0, 105.5, 0, -0.0002, 21.3],
        }
    )
    assert read(record).grid.crs == CRS.from_epsg(4326)


def test_a_footprint_in_several_pieces_with_heights():
    record = landsat()
    rings = box(105.5, 20.7, 106.4, 21.3)["coordinates"]
    high = [[[x, y, 100.0] for x, y in ring] for ring in rings]
    record["geometry"] = {"type": "MultiPolygon", "coordinates": [high]}
    assert read(record).geometry["coordinates"] == [
        [[tuple(place) for place in ring] for ring in rings]
    ]


@pytest.mark.parametrize("cover", [-1, 101, "12", float("nan"), None])
def test_a_cloud_cover_that_is_none_is_not_known(cover):
    assert read(landsat(**{"eo:cloud_cover": cover})).cloud_cover is None
