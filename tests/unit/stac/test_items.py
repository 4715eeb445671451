"""What of a catalogue item is used, and why an item is refused."""

import copy
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pystac
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.errors import StudyError
from sarfusion.raster import Grid
from sarfusion.stac.hrefs import check_href
from sarfusion.stac.items import Asset, read_item, read_items

SETTINGS = {
    "url": "https://catalogue.example/v1",
    "optical": {
        "collection": "landsat-c2-l2",
        "assets": {name: name for name in ("red", "green", "blue", "qa_pixel", "qa_radsat")},
    },
    "sar": {"collection": "sentinel-1-rtc", "assets": {"vv": "vv", "vh": "vh"}},
}
GRD_SETTINGS = {**SETTINGS, "sar": {**SETTINGS["sar"], "collection": "sentinel-1-grd"}}


def landsat(**properties):
    """A record like those of landsat-c2-l2; a property that is None is left out."""
    # UTM zone 48 north; easting 555 000 to 645 000 is 105.51 to 106.38 degrees east, northing
    # 2 290 000 to 2 350 000 is 20.71 to 21.25 degrees north.
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": "LC09_L2SP_127046_20231109_02_T1",
        "collection": "landsat-c2-l2",
        "bbox": [105.5, 20.7, 106.4, 21.3],
        "geometry": box(105.5, 20.7, 106.4, 21.3),
        "properties": given(
            {
                "datetime": "2023-11-09T03:23:31.500000Z",
                "platform": "landsat-9",
                "eo:cloud_cover": 12.5,
                "landsat:correction": "L2SP",
                "landsat:wrs_path": "127",
                "landsat:wrs_row": "046",
                "proj:epsg": 32648,
                "proj:shape": [2000, 3000],
                "proj:transform": [30.0, 0.0, 555000.0, 0.0, -30.0, 2350000.0],
                **properties,
            }
        ),
        "links": [],
        "assets": {
            key: {"href": f"https://files.example/landsat/{key}.TIF"}
            for key in ("red", "green", "blue", "qa_pixel", "qa_radsat", "nir08")
        },
    }


def radar(**properties):
    """A record like those of sentinel-1-rtc, whose product type is that of its source."""
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": "S1A_IW_GRDH_1SDV_20231107T110312_20231107T110337_051118_062A8B_rtc",
        "collection": "sentinel-1-rtc",
        "bbox": [105.5, 20.7, 106.4, 21.3],
        "geometry": box(105.5, 20.7, 106.4, 21.3),
        "properties": given(
            {
                "datetime": "2023-11-07T11:03:25.250000Z",
                "start_datetime": "2023-11-07 11:03:12.750000+00:00",
                "platform": "SENTINEL-1A",
                "sat:orbit_state": "ascending",
                "sat:relative_orbit": 128,
                "sat:absolute_orbit": 51118,
                "s1:datatake_id": "404107",
                "sar:product_type": "GRD",
                "sar:polarizations": ["VV", "VH"],
                "proj:code": "EPSG:32648",
                "proj:shape": [6000, 9000],
                "proj:transform": [10, 0, 555000, 0, -10, 2350000, 0, 0, 1],
                **properties,
            }
        ),
        "links": [],
        "assets": {
            "vv": {
                "href": "https://files.example/s1/iw-vv.rtc.tiff?st=2023&sig=secret",
                "file:size": 1857486802,
                "file:checksum": "1220a48477aea0f62f33",
            },
            "vh": {"href": "https://files.example/s1/iw-vh.rtc.tiff"},
        },
    }


def box(west, south, east, north):
    """A GeoJSON rectangle."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def given(fields):
    """The fields that are not None, but for datetime, which may be null."""
    return {
        name: value for name, value in fields.items() if value is not None or name == "datetime"
    }


def read(record, settings=SETTINGS, check=check_href, href=None):
    """Read a record as an item of the sensor that its id speaks of."""
    item = pystac.Item.from_dict(copy.deepcopy(record), href=href)
    return read_item(item, "sar" if record["id"].startswith("S1") else "optical", settings, check)


def refusal(record, **more):
    """The reason for which a record is refused."""
    with pytest.raises(StudyError) as caught:
        read(record, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../x", "../../x"),
        ("..", ".."),
        ("a/b", "a/b"),
        ("a b", "a b"),
        ("", ""),
        ("LC09\n", "LC09\\n"),
        ("caf\u00e9", "caf\\xe9"),
        ("x" * 201, "x" * 37 + "..."),
    ],
)
def test_an_id_that_is_no_plain_name_is_refused(name, shown):
    assert refusal({**landsat(), "id": name}) == f"the id {shown} is not a plain name"


def test_an_id_of_200_characters_is_not_refused():
    assert read({**landsat(), "id": "x" * 200}).id == "x" * 200


@pytest.mark.parametrize(
    "href",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "../../etc/passwd",
        "http://files.example/red.TIF",
        "ftp://files.example/red.TIF",
        "s3://usgs-landsat/red.TIF",
        "/vsicurl/https://files.example/red.TIF",
        "https://user:password@files.example/red.TIF",
    ],
)
def test_an_unsafe_href_is_refused(href):
    record = landsat()
    record["assets"]["red"]["href"] = href
    assert "password@" not in refusal(record)


def test_s3_is_read_only_where_it_is_allowed():
    record = landsat()
    record["assets"]["red"]["href"] = "s3://usgs-landsat/red.TIF"
    item = read(record, check=partial(check_href, allow_s3=True))
    assert item.assets["red"].href == "s3://usgs-landsat/red.TIF"


def test_a_relative_href_starts_from_the_item():
    record = landsat()
    record["assets"]["red"]["href"] = "./red.TIF"
    item = read(record, href="https://files.example/items/one/item.json")
    assert item.assets["red"].href == "https://files.example/items/one/red.TIF"


def test_a_self_link_does_not_open_the_disk():
    record = landsat()
    record["assets"]["red"]["href"] = "./passwd"
    record["links"] = [{"rel": "self", "href": "file:///etc/item.json"}]
    assert "passwd" in refusal(record)


def test_files_of_a_local_catalogue_lie_in_its_folder(tmp_path):
    folder = tmp_path / "catalogue"
    (folder / "one").mkdir(parents=True)
    record = landsat()
    for key, asset in record["assets"].items():
        asset["href"] = f"./{key}.TIF"
        (folder / "one" / f"{key}.TIF").touch()
    check = partial(check_href, local_root=folder)
    item = read(record, check=check, href=str(folder / "one" / "item.json"))
    assert item.assets["red"].href == str(folder / "one" / "red.TIF")
    (tmp_path / "secret.TIF").touch()
    for href in ("../../secret.TIF", str(tmp_path / "secret.TIF"), "../link.TIF"):
        record["assets"]["red"]["href"] = href
        if href == "../link.TIF":
            (folder / "link.TIF").symlink_to(tmp_path / "secret.TIF")
        assert "TIF" in refusal(record, check=check, href=str(folder / "one" / "item.json"))


SQUARE = [[105, 20], [106, 20], [106, 21], [105, 20]]


def without(record, key):
    """The record without one of its assets."""
    assets = {name: asset for name, asset in record["assets"].items() if name != key}
    return {**record, "assets": assets}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            without(landsat(), "green"),
            "it has no asset 'green' (it has blue, nir08, qa_pixel, qa_radsat, red)",
        ),
        (without(radar(), "vh"), "it has no asset 'vh' (it has vv)"),
        (
            radar(**{"sar:polarizations": ["HH", "HV"]}),
            "it has the polarisations HH, HV, not VV and VH",
        ),
        (
            radar(**{"sar:polarizations": ["VV"]}),
            "it has the polarisations VV, not VV and VH",
        ),
        (
            radar(**{"proj:transform": None}),
            "it is not terrain corrected (GRD without a projected grid)",
        ),
        (
            radar(
                **{
                    "proj:code": "EPSG:4326",
                    "proj:transform": [0.0001, 0, 105.5, 0, -0.0001, 21.3],
                }
            ),
            "it is not terrain corrected (GRD without a projected grid)",
        ),
        (
            radar(**{"sar:product_type": None, "product:type": "SLC", "proj:code": None}),
            "it is not terrain corrected (SLC without a projected grid)",
        ),
        (
            landsat(**{"landsat:correction": "L1TP"}),
            "it is Level-1 (L1TP), not surface reflectance",
        ),
        (
            {**landsat(**{"landsat:correction": None}), "id": "LC09_L1GT_127046_20231109_02_T1"},
            "it is Level-1 (L1GT), not surface reflectance",
        ),
        ({**landsat(), "collection": "landsat-c2-l1"}, "it is of the collection landsat-c2-l1"),
        ({**landsat(), "geometry": None}, "its footprint is no polygon"),
        (
            {**landsat(), "geometry": {"type": "Point", "coordinates": [105, 21]}},
            "its footprint is no polygon",
        ),
        (
            {**landsat(), "geometry": {"type": "Polygon", "coordinates": [[["west", 20]] * 4]}},
            "its footprint is no polygon",
        ),
        (
            {**landsat(), "geometry": box(105.5, 20.7, float("nan"), 21.3)},
            "its footprint is no polygon",
        ),
        (
            {**landsat(), "geometry": box(105.5, 20.7, 10**400, 21.3)},
            "its footprint is no polygon",
        ),
        (
            {**landsat(), "geometry": {"type": "Polygon", "coordinates": []}},
            "its footprint is empty",
        ),
        (
            {**landsat(), "geometry": {"type": "MultiPolygon", "coordinates": []}},
            "its footprint is empty",
        ),
        (
            {
                **landsat(),
                "geometry": {"type": "Polygon", "coordinates": [[*SQUARE[:3], [105, 21]]]},
            },
            "its footprint has a ring that is not closed",
        ),
        (
            {
                **landsat(),
                "geometry": {"type": "Polygon", "coordinates": [[[105, 20], [106, 20], [105, 20]]]},
            },
            "its footprint has a ring that is not closed",
        ),
        (
            {**landsat(), "geometry": box(555000, 2290000, 645000, 2350000)},
            "its footprint is not in longitude and latitude",
        ),
        (
            {**landsat(), "geometry": box(-179, 20.7, 179, 21.3)},
            "its footprint crosses the antimeridian in one piece",
        ),
        (
            {**landsat(), "geometry": box(10.5, 40.7, 11.4, 41.3)},
            "its grid and its footprint lie in different places",
        ),
        (
            {**landsat(), "geometry": box(95.5, 20.7, 96.4, 21.3)},
            "its grid and its footprint lie in different places",
        ),
        (
            {**landsat(), "geometry": box(105.5, 30.7, 106.4, 31.3)},
            "its grid and its footprint lie in different places",
        ),
        # A CRS that PROJ knows no way to degrees from.
        (landsat(**{"proj:epsg": 2301}), "its grid and its footprint lie in different places"),
        (landsat(**{"proj:shape": [0, 3000]}), "its proj:shape, [0, 3000], is no size in pixels"),
        (
            landsat(**{"proj:shape": [2000.0, 3000]}),
            "its proj:shape, [2000.0, 3000], is no size in pixels",
        ),
        (
            landsat(**{"proj:shape": [2000, 10**30]}),
            f"its proj:shape, [2000, {10**30}], is no size in pixels",
        ),
        (landsat(**{"proj:shape": [2000]}), "its grid is not stated in numbers"),
        (landsat(**{"proj:transform": "30 m"}), "its grid is not stated in numbers"),
        (
            landsat(**{"proj:transform": [30, 0, 555000, 0, -30, 10**400]}),
            "its grid is not stated in numbers",
        ),
        (
            landsat(**{"proj:transform": [30, 0, 555000, 0, -30]}),
            "its proj:transform is not 6 numbers, nor 9 that end in 0, 0, 1",
        ),
        (
            landsat(**{"proj:transform": [30, 0, 555000, 0, -30, 2350000, 0, 0, 2]}),
            "its proj:transform is not 6 numbers, nor 9 that end in 0, 0, 1",
        ),
        (
            landsat(**{"proj:transform": [30, 0, 555000, 0, 30, 2290000]}),
            "its grid is not north up",
        ),
        (
            landsat(**{"proj:transform": [30, 1, 555000, 0, -30, 2350000]}),
            "its grid is not north up",
        ),
        (
            landsat(**{"proj:transform": [1e-6, 0, 555000, 0, -1e-6, 2350000]}),
            "its pixels are 1e-06 m by 1e-06 m",
        ),
        (landsat(**{"proj:epsg": 99999}), "its CRS, EPSG:99999, is not known"),
        (
            landsat(**{"proj:epsg": None, "proj:code": "+proj=merc +nadgrids=/etc/passwd"}),
            "its CRS, +proj=merc +nadgrids=/etc/passwd, is not known",
        ),
        (
            landsat(**{"proj:epsg": None, "proj:code": "EPSG: 32648"}),
            "its CRS, EPSG: 32648, is not known",
        ),
        (landsat(**{"proj:epsg": 4978}), "its CRS, EPSG:4978, is not one of maps"),
    ],
)
def test_an_item_that_cannot_be_used_is_refused_with_its_reason(record, reason):
    assert refusal(record) == reason


def test_an_item_that_does_not_say_when_it_was_taken_is_refused():
    item = pystac.Item.from_dict(radar())
    item.datetime = None
    for start in (None, "yesterday", 5, "0001-01-01T00:00:00+07:00"):
        item.properties["start_datetime"] = start
        with pytest.raises(StudyError, match="^it does not say when it was taken$"):
            read_item(item, "sar", SETTINGS, check_href)


@pytest.mark.parametrize("size", [0, -1, 1.5, "1857486802", True, 10**13])
def test_a_size_that_is_no_count_of_bytes_is_refused(size):
    record = radar()
    record["assets"]["vv"]["file:size"] = size
    assert refusal(record) == f"an asset's size, {size}, is no count of bytes"


def test_a_checksum_that_is_none_is_refused():
    record = radar()
    record["assets"]["vv"]["file:checksum"] = "abc\nerror: all is lost"
    assert refusal(record) == "an asset's checksum is abc\\nerror: all is lost"


def test_polarisations_may_be_spelt_in_small_letters():
    assert read(radar(**{"sar:polarizations": ["vv", "vh"]})).orbit == "ascending"


def test_bands_on_different_grids_are_refused():
    record = landsat()
    record["assets"]["red"]["proj:shape"] = [4000, 6000]
    assert refusal(record) == "its bands lie on different grids"


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


def test_usable_and_refused_items_are_told_apart():
    records = [landsat(), {**landsat(), "id": "../../x"}, without(landsat(), "red")]
    found = [pystac.Item.from_dict(record) for record in records]
    usable, refused = read_items(found, "optical", SETTINGS, check_href)
    assert [item.id for item in usable] == ["LC09_L2SP_127046_20231109_02_T1"]
    assert [(item.sensor, item.id, item.reason.split(" (")[0]) for item in refused] == [
        ("optical", "../../x", "the id ../../x is not a plain name"),
        ("optical", "LC09_L2SP_127046_20231109_02_T1", "it has no asset 'red'"),
    ]
    assert refused[0].datetime == datetime(2023, 11, 9, 3, 23, 31, 500000, UTC)


# The answers of real servers, where they are at hand. The tests above hold the same facts.

REAL = Path(__file__).parents[4] / "shared" / "real-data" / "stac-items"
BLOB = (
    "https://sentinel1euwestrtc.blob.core.windows.net/sentinel1-grd-rtc/GRD/2024/3/25/IW/DV/"
    "S1A_IW_GRDH_1SDV_20240325T055038_20240325T055103_053134_066FC4_F9DE/measurement"
)
USGS = (
    "s3://usgs-landsat/collection02/level-2/standard/oli-tirs/2023/145/060/"
    "LC09_L2SR_145060_20230307_20230309_02_T1/LC09_L2SR_145060_20230307_20230309_02_T1"
)


def real_items():
    """The real items by the name of their file."""
    records = {path.name: json.loads(path.read_text("utf-8")) for path in REAL.glob("*.json")}
    return {name: record for name, record in records.items() if record["type"] == "Feature"}


def real_rtc(records):
    item = read(records["mspc-s1-rtc.json"])
    assert item.id == "S1A_IW_GRDH_1SDV_20240325T055038_20240325T055103_053134_066FC4_rtc"
    assert item.datetime == datetime(2024, 3, 25, 5, 50, 50, 645981, UTC)
    assert item.track == "sentinel-1a orbit 037 direction descending take 421828"
    assert item.orbit == "descending"
    assert item.grid == Grid(
        CRS.from_epsg(32632), Affine(10, 0, 130640, 0, -10, 5840600), 22203, 29533
    )
    assert item.assets == {
        "vv": Asset(f"{BLOB}/iw-vv.rtc.tiff", 1857486802, "a48477aea0f62f33a5d43cc565743222"),
        "vh": Asset(f"{BLOB}/iw-vh.rtc.tiff", 1847263622, "6c832532aabac8696383749d552b46cb"),
    }


def real_landsat_on_s3(records):
    record = records["stac-extension-landsat-item.json"]
    assert USGS in refusal(record)
    item = read(record, check=partial(check_href, allow_s3=True))
    assert item.datetime == datetime(2023, 3, 7, 5, 20, 49, 435064, UTC)
    assert item.track == "landsat-9 path 145"
    assert item.cloud_cover == 3.57
    assert item.grid == Grid(
        CRS.from_epsg(32643), Affine(30, 0, 155085, 0, -30, 115515), 7731, 7591
    )
    assert {band: asset.href for band, asset in item.assets.items()} == {
        "red": f"{USGS}_SR_B4.TIF",
        "green": f"{USGS}_SR_B3.TIF",
        "blue": f"{USGS}_SR_B2.TIF",
        "qa_pixel": f"{USGS}_QA_PIXEL.TIF",
        "qa_radsat": f"{USGS}_QA_RADSAT.TIF",
    }


def real_landsat_with_relative_paths(records):
    record = records["stactools-LC09_L2SP_010065_20220129_02_T1.json"]
    assert "data-files/oli-tirs" in refusal(record)
    item = read(record, href="https://files.example/examples/landsat-c2-l2/one/item.json")
    assert item.track == "landsat-9 path 010"
    assert item.cloud_cover == 21.12
    assert item.grid == Grid(
        CRS.from_epsg(32617), Affine(30, 0, 491985, 0, -30, -683685), 7741, 7611
    )
    name = "LC09_L2SP_010065_20220129_20220131_02_T1_SR_B4.TIF"
    assert item.assets["red"].href == f"https://files.example/tests/data-files/oli-tirs/{name}"


def real_grd(records):
    corrected = "it is not terrain corrected (GRD without a projected grid)"
    assert refusal(records["mspc-s1-grd.json"], settings=GRD_SETTINGS) == corrected
    raw = records["planetary-computer-tasks-sentinel-1-grd-item-raw.json"]
    assert refusal(raw, settings=GRD_SETTINGS) == corrected
    assert refusal(records["earthsearch-s1-grd.json"], settings=GRD_SETTINGS) == (
        "it has the polarisations HH, HV, not VV and VH"
    )


def test_real_items():
    records = real_items()
    if not records:
        return
    assert len(records) == 6
    real_rtc(records)
    real_landsat_on_s3(records)
    real_landsat_with_relative_paths(records)
    real_grd(records)
