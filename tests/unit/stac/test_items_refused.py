"""Why a catalogue item is refused."""

from datetime import UTC, datetime
from functools import partial

import pystac
import pytest
from item_records import SETTINGS, box, landsat, radar, read, refusal
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.hrefs import check_href
from sarfusion.scenes.stac.items import read_item, read_items


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
    expected = " ".join(f"the id {shown} is not a plain name".split())
    assert refusal({**landsat(), "id": name}) == expected


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
        ({**landsat(), "geometry": None}, "its footprint is not a polygon"),
        (
            {**landsat(), "geometry": {"type": "Point", "coordinates": [105, 21]}},
            "its footprint is not a polygon",
        ),
        (
            {**landsat(), "geometry": {"type": "Polygon", "coordinates": [[["west", 20]] * 4]}},
            "its footprint is not a polygon",
        ),
        (
            {**landsat(), "geometry": box(105.5, 20.7, float("nan"), 21.3)},
            "its footprint is not a polygon",
        ),
        (
            {**landsat(), "geometry": box(105.5, 20.7, 10**400, 21.3)},
            "its footprint is not a polygon",
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
    ],
)
def test_an_item_that_cannot_be_used_is_refused_with_its_reason(record, reason):
    assert refusal(record) == reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            {**landsat(), "geometry": box(10.5, 40.7, 11.4, 41.3)},
            "its grid and its footprint are in different places",
        ),
        (
            {**landsat(), "geometry": box(95.5, 20.7, 96.4, 21.3)},
            "its grid and its footprint are in different places",
        ),
        (
            {**landsat(), "geometry": box(105.5, 30.7, 106.4, 31.3)},
            "its grid and its footprint are in different places",
        ),
        # A CRS that PROJ cannot transform to degrees.
        (landsat(**{"proj:epsg": 2301}), "its grid and its footprint are in different places"),
        (
            landsat(**{"proj:shape": [0, 3000]}),
            "its proj:shape, [0, 3000], is not a size in pixels",
        ),
        (
            landsat(**{"proj:shape": [2000.0, 3000]}),
            "its proj:shape, [2000.0, 3000], is not a size in pixels",
        ),
        (
            landsat(**{"proj:shape": [2000, 10**30]}),
            f"its proj:shape, [2000, {10**30}], is not a size in pixels",
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
        (landsat(**{"proj:epsg": 4978}), "its CRS, EPSG:4978, is not for maps"),
    ],
)
def test_a_stated_grid_that_cannot_be_used_is_left_for_that_of_the_file(record, reason):
    item = read(record)
    assert item.grid is None
    assert item.grid_fault == reason


def test_sentinel_1c_before_its_calibration_is_refused():
    early = radar(platform="SENTINEL-1C", datetime="2025-05-19T11:03:25Z")
    assert refusal(early) == "Sentinel-1C before 2025-05-20 is not calibrated"
    unnamed = {**radar(platform=None, datetime="2025-04-01T11:03:25Z"), "id": "S1C_IW_GRDH_1SDV"}
    assert refusal(unnamed) == "Sentinel-1C before 2025-05-20 is not calibrated"
    assert read(radar(platform="sentinel-1c", datetime="2025-05-20T00:00:00Z")).grid is not None
    assert read(radar(platform="SENTINEL-1A", datetime="2025-04-01T11:03:25Z")).grid is not None


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
    assert refusal(record) == f"an asset's size, {size}, is not a number of bytes"


def test_a_checksum_that_is_none_is_refused():
    record = radar()
    record["assets"]["vv"]["file:checksum"] = "abc\nerror: all is lost"
    assert refusal(record) == "an asset's checksum is abc\\nerror: all is lost"


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
