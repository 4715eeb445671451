"""Real items, if they are available; the tests of made ones check the same facts."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from item_records import GRD_SETTINGS, read, refusal
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.raster import Grid
from sarfusion.scenes.stac.hrefs import check_href
from sarfusion.scenes.stac.items import Asset

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
