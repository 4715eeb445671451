"""Scale and offset of Sentinel-2 items, as each catalogue states them, and items of HLS."""

import copy

import numpy as np
import pystac
import pytest
from item_records import box
from sarfusion.core.errors import StudyError
from sarfusion.scenes.sensors import SENSORS
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.items import read_item
from sarfusion.scenes.stac.remote import Remote
from sarfusion.scenes.stac.scaling import check_offset
from sarfusion.study.config import resolve

OFFSET, NONE = (1e-4, -0.1), (1e-4, 0.0)
KEYS = {"red": "B04", "green": "B03", "blue": "B02", "nir": "B08", "swir16": "B11", "scl": "SCL"}


def catalogue(name):
    """The resolved optical settings of a catalogue that a study names."""
    site = {"source": "stac", "area": [105.6, 20.8, 106.0, 21.2], "catalogue": name}
    site["period"] = ["2023-11-01", "2024-02-29"]
    return resolve({"study": "a", "sites": {"b": site}})["sites"]["b"]["catalogue"]


def record(name, keys, properties=None, fields=None, collection="sentinel-2-l2a"):
    """An item with assets `keys`; fields: of each optical asset."""
    steps = {key: 20.0 if key in ("SCL", "scl", "B11", "swir16") else 10.0 for key in keys}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": name,
        "collection": collection,
        "bbox": [105.5, 20.7, 106.4, 21.3],
        "geometry": box(105.5, 20.7, 106.4, 21.3),
        "properties": {"datetime": "2023-11-09T03:23:31Z", **(properties or {})},
        "links": [],
        "assets": {
            key: {
                "href": f"https://files.example/{key}.tif",
                "proj:epsg": 32648,
                "proj:shape": [int(60_000 / step), int(90_000 / step)],
                "proj:transform": [step, 0.0, 555000.0, 0.0, -step, 2350000.0],
                **({} if key in ("SCL", "scl") else copy.deepcopy(fields or {})),
            }
            for key, step in steps.items()
        },
    }


def read(item, settings):
    check = open_catalogue(settings, Remote(settings)).check_href
    return read_item(pystac.Item.from_dict(item), "optical", settings, check)


# The items of each catalogue

ESA = "S2B_MSIL2A_20231109T032331_N0509_R018_T48QWJ_20231109T055512"
OLD = "S2B_MSIL2A_20191228T210519_R071_T01CCV_20201003T104658"
FIRST = {"raster:bands": [{"nodata": 0, "scale": 0.0001, "offset": -0.1}]}
C1 = "S2B_T48QWJ_20231109T032331_L2A"


def planetary_computer(baseline, name=ESA):
    about = {"platform": "Sentinel-2B", "s2:processing_baseline": baseline}
    return record(name, KEYS.values(), about | {"sat:relative_orbit": 18})


def earth_search(fields, **about):
    properties = {"platform": "sentinel-2b", **about}
    keys = ("red", "green", "blue", "nir", "swir16", "scl")
    return record(C1, keys, properties, fields, "sentinel-2-c1-l2a")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (planetary_computer("05.09"), OFFSET),
        (planetary_computer("04.00"), OFFSET),
        (planetary_computer("03.01"), NONE),
        (planetary_computer("02.12", OLD), NONE),
        (record(ESA, KEYS.values()), OFFSET),  # by its name alone
        (record("S2A_x_N0214_R1_y", KEYS.values()), NONE),
        (record("a", KEYS.values(), {"s2:product_uri": f"{ESA}.SAFE"}), OFFSET),
        # What the catalogue subtracted in files counts, whatever raster:bands say (the trap) ...
        (record("a", KEYS.values(), {"earthsearch:boa_offset_applied": True}, FIRST), NONE),
        (
            record(
                ESA,
                KEYS.values(),
                {"s2:processing_baseline": "05.09", "sentinel:boa_offset_applied": True},
                FIRST,
            ),
            NONE,
        ),
        # ... and so does what it did not subtract.
        (record("a", KEYS.values(), {"earthsearch:boa_offset_applied": False}, FIRST), OFFSET),
        (
            record(
                "a",
                KEYS.values(),
                {"earthsearch:boa_offset_applied": False, "s2:processing_baseline": "05.09"},
            ),
            OFFSET,
        ),
        # ESA's numbers had no offset at that time.
        (record("a", KEYS.values(), {"s2:processing_baseline": "03.01"}, FIRST), NONE),
        # STAC 1.1, as of the Copernicus Data Space; and an offset of 0 that is stated.
        (record(ESA, KEYS.values(), {}, {"raster:scale": 1e-4, "raster:offset": -0.1}), OFFSET),
        (record("a", KEYS.values(), {}, {"bands": [{"raster:offset": -0.1}]}), OFFSET),
        (record("a", KEYS.values(), {"processing:version": "05.11"}), OFFSET),
        (record(ESA, KEYS.values(), {"processing:version": "V210"}), OFFSET),
        (record(ESA, KEYS.values(), {}, {"raster:bands": [{"offset": 0}]}), NONE),
    ],
)
def test_what_items_state(item, expected):
    found = read(item, catalogue("planetary_computer_sentinel2"))
    assert found.scaling == expected


def test_earth_search_collection_1():
    settings = catalogue("earth_search_sentinel2")
    assert "offset" not in settings["optical"]
    found = read(earth_search(FIRST, **{"s2:processing_baseline": "05.00"}), settings)
    assert found.scaling == OFFSET
    assert found.assets["scl"].href == "https://files.example/scl.tif"
    assert {*found.assets} == {"red", "green", "blue", "scl"}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (record("a", KEYS.values()), "neither its processing baseline nor its offset"),
        (record("a", KEYS.values(), {}, {"raster:offset": -1000}), "states the offset -1000, not"),
        (record(ESA, KEYS.values(), {}, {"raster:scale": 1.0}), "states the scale 1, not"),
        (record(ESA.replace("L2A", "L1C"), KEYS.values()), "it is Level-1 .L1C."),
        (record(ESA, KEYS.values(), {"s2:product_type": "S2MSI1C"}), "it is Level-1"),
    ],
)
def test_items_that_are_refused(item, message):
    with pytest.raises(StudyError, match=message):
        read(item, catalogue("planetary_computer_sentinel2"))


def test_bands_with_different_offsets_are_refused():
    item = planetary_computer("05.09")
    item["assets"]["B04"]["raster:offset"] = 0
    with pytest.raises(StudyError, match="its bands have different scales or offsets"):
        read(item, catalogue("planetary_computer_sentinel2"))


def test_an_offset_of_the_study_counts():
    own = {"url": "https://files.example/", "optical": {"sensor": "sentinel2_l2a", "offset": 0}}
    own["optical"]["collection"] = "sentinel-2-l2a"
    settings = catalogue(own)
    assert settings["optical"]["scale"] == 1e-4
    assert read(planetary_computer("05.09"), settings).scaling is None


def test_coarser_bands_are_no_fault_of_the_grid():
    found = read(planetary_computer("05.09"), catalogue("planetary_computer_sentinel2"))
    assert found.grid_fault is None
    assert found.grid.pixel_m == (10, 10)
    assert found.track == "sentinel-2b orbit 018"
    named = record(ESA, KEYS.values(), {"platform": "sentinel-2b"})
    assert read(named, catalogue("planetary_computer_sentinel2")).track == "sentinel-2b orbit 018"


# HLS


@pytest.mark.parametrize(
    ("name", "collection", "keys"),
    [
        ("planetary_computer_hls_l30", "hls2-l30", ("B02", "B03", "B04", "B05", "Fmask")),
        ("planetary_computer_hls_s30", "hls2-s30", ("B02", "B03", "B04", "B8A", "Fmask")),
        ("lpdaac_hls_l30", "HLSL30_2.0", ("B02", "B03", "B04", "B05", "Fmask")),
        ("lpdaac_hls_s30", "HLSS30_2.0", ("B02", "B03", "B04", "B8A", "Fmask")),
    ],
)
def test_items_of_hls(name, collection, keys):
    settings = catalogue(name)
    assert (settings["optical"]["scale"], settings["optical"]["offset"]) == (1e-4, 0)
    granule = "HLS.L30.T48QWJ.2023313T032331.v2.0"
    item = record(granule, keys, {"platform": "landsat-9"}, collection=collection)
    found = read(item, settings)
    assert found.scaling is None
    assert found.assets["fmask"].href == "https://files.example/Fmask.tif"
    assert found.track == "landsat-9"


def test_landsat_s_settings_are_those_of_its_record():
    optical = catalogue("planetary_computer")["optical"]
    assert (optical["scale"], optical["offset"]) == (2.75e-5, -0.2)
    files = SENSORS["landsat_c2_l2"].files
    assert optical["assets"] == {band: files[band] for band in files if band not in KEYS} | {
        band: files[band] for band in ("red", "green", "blue")
    }


@pytest.mark.parametrize(
    ("optical", "message"),
    [
        ({"sensor": "sentinel2_l2b"}, "optical.sensor: no sensor 'sentinel2_l2b'; known are"),
        (
            {"sensor": "sentinel2_l2a", "assets": {"qa_pixel": "QA"}},
            "optical.assets.qa_pixel: Sentinel-2 MSI, Level-2A has no qa_pixel; it has red",
        ),
        ({"assets": {"scl": "SCL"}}, "Landsat 8 or 9 OLI, Collection 2 Level-2 has no scl"),
    ],
)
def test_settings_that_are_refused(optical, message):
    with pytest.raises(StudyError, match=message):
        catalogue({"url": "https://files.example/", "optical": optical})


def test_aerosol_is_landsat_s():
    site = {"source": "stac", "area": [105.6, 20.8, 106.0, 21.2], "period": ["2023-11-01"] * 2}
    site["catalogue"] = "planetary_computer_hls_l30"
    study = {"study": "a", "sites": {"b": site}, "optical": {"mask_aerosol": ["high"]}}
    with pytest.raises(StudyError, match="sites.b: hls_l30 has no SR_QA_AEROSOL"):
        resolve(study)


# Statements that the numbers contradict


def test_an_offset_that_was_taken_off_already_is_told():
    """Reflectance of a street is 0.08; read with a second offset of -0.1 it is below 0."""
    numbers = np.full((3, 1000), 800.0)
    numbers[:, :500] = 2500  # bright ground
    check_offset(1e-4 * numbers, ["red", "green", "blue"], "site a")
    check_offset(1e-4 * (numbers + 1000) - 0.1, ["red", "green", "blue"], "site a")
    with pytest.raises(StudyError, match="site a: 50% of the clear ground .* below 0 in red"):
        check_offset(1e-4 * numbers - 0.1, ["red", "green", "blue"], "site a")
    check_offset(np.zeros((3, 0)), ["red", "green", "blue"], "site a")
