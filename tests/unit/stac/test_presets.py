"""Catalogues that a study may name, compared with records of the shape that each returns."""

from functools import partial

import pytest
from item_records import box, landsat, read
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.items import read_item
from sarfusion.scenes.stac.remote import Remote, remotes
from sarfusion.scenes.stac.servers import radar_files, server_of
from sarfusion.study.config import resolve

BURST = "OPERA_L2_RTC-S1_T128-273441-IW1_20231107T110312Z_20231107T151502Z_S1A_30_v1.0"
ASF = "https://datapool.asf.alaska.edu/RTC/OPERA-S1"
SCENE = "LC09_L2SP_127046_20231109_20231111_02_T1"
USGS = f"collection02/level-2/standard/oli-tirs/2023/127/046/{SCENE}"


def preset(optical, sar=None):
    """The resolved settings of a catalogue that a study names, or of one for each sensor."""
    catalogue = optical if sar is None else {"optical": optical, "sar": sar}
    site = {"source": "stac", "area": [105.6, 20.8, 106.0, 21.2], "catalogue": catalogue}
    site["period"] = ["2023-11-01", "2024-02-29"]
    return resolve({"study": "a", "sites": {"b": site}})["sites"]["b"]["catalogue"]


def taken(record, sensor, catalogue):
    """The Item in a record, read as a search with these settings reads it."""
    server = server_of(catalogue, sensor)
    check = open_catalogue(server, Remote(server)).check_href
    read_as = partial(read_item, sensor=sensor, settings=server)
    import pystac

    return read_as(pystac.Item.from_dict(record), check_href=check)


def burst(**properties):
    """A burst as in CMR-STAC: no projection, no platform, no orbit; HTTPS on ASF's datapool."""
    files = {"0_VV": "VV.tif", "0_VH": "VH.tif", "0_mask": "mask.tif"}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": BURST,
        "collection": "OPERA_L2_RTC-S1_V1_1",
        "bbox": [105.5, 20.9, 106.4, 21.1],
        "geometry": box(105.5, 20.9, 106.4, 21.1),
        "properties": {
            "datetime": "2023-11-07T11:03:12.000Z",
            "start_datetime": "2023-11-07T11:03:12.000Z",
            "end_datetime": "2023-11-07T11:03:15.000Z",
            **properties,
        },
        "links": [],
        "assets": {
            key: {"href": f"{ASF}/{BURST}_{ending}", "title": f"Download {BURST}_{ending}"}
            for key, ending in files.items()
        }
        | {"metadata": {"href": "https://cmr.earthdata.nasa.gov/search/concepts/G1-ASF.xml"}},
    }


def test_opera_beside_planetary_computer():
    catalogue = preset("planetary_computer", "opera_rtc")
    item = taken(burst(), "sar", catalogue)
    assert item.track == "sentinel-1a orbit 128"
    assert (item.grid, item.grid_fault, item.orbit) == (None, None, None)  # read from the file
    assert radar_files(catalogue["sar"]) == ["vv", "vh", "mask"]
    assert {band: asset.href for band, asset in item.assets.items()} == {
        "vv": f"{ASF}/{BURST}_VV.tif",
        "vh": f"{ASF}/{BURST}_VH.tif",
        "mask": f"{ASF}/{BURST}_mask.tif",
    }
    assert server_of(catalogue, "sar")["url"] == "https://cmr.earthdata.nasa.gov/stac/ASF"
    assert catalogue["licence"].count("Copernicus") == 2
    servers = remotes(catalogue)
    assert servers("sar") is servers("sar 2023-11-07")
    assert servers("optical") is servers("clouds") is servers("2023-11-09")
    assert servers("optical") is not servers("sar")


def test_an_early_burst_of_sentinel_1c_is_refused():
    early = {**burst(), "id": BURST.replace("_S1A_", "_S1C_")}
    with pytest.raises(StudyError, match="Sentinel-1C before 2025-05-20 is not calibrated"):
        taken(early, "sar", preset("planetary_computer", "opera_rtc"))


def test_digital_earth_africa():
    catalogue = preset("digital_earth_africa")
    record = {**landsat(), "collection": "ls9_sr"}
    folder = f"s3://deafrica-landsat/{USGS}"
    record["assets"] = {
        key: {"href": f"{folder}/{SCENE}_{key}.TIF"}
        for key in ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "QA_PIXEL", "QA_RADSAT")
    }
    item = taken(record, "optical", catalogue)
    assert item.assets["red"].href == (
        f"https://deafrica-landsat.s3.af-south-1.amazonaws.com/{USGS}/{SCENE}_SR_B4.TIF"
    )
    radar = {
        **burst(platform="sentinel-1a", **{"sat:relative_orbit": 128}),
        "id": "aa9a1c0c-7b4b-5b9b-8d6a-0a3a0e0d4d7f",
        "collection": "s1_rtc",
    }
    radar["properties"] |= {
        **{"sat:orbit_state": "ascending", "sar:product_type": "RTC", "proj:epsg": 4326},
        "proj:shape": [5000, 5000],
        "proj:transform": [0.0002, 0, 105.4, 0, -0.0002, 21.4, 0, 0, 1],
    }
    place = "s3://deafrica-sentinel-1/s1_rtc/N21E105/2023/11/07/062A8B/s1_rtc_062A8B_N21E105"
    radar["assets"] = {key: {"href": f"{place}_{key.upper()}.tif"} for key in ("vv", "vh", "mask")}
    item = taken(radar, "sar", catalogue)
    assert item.grid.crs.is_geographic
    assert item.grid.pixel_m[1] == pytest.approx(22.2, abs=0.1)
    assert item.track == "sentinel-1a orbit 128 direction ascending"
    assert item.assets["vh"].href.startswith(
        "https://deafrica-sentinel-1.s3.af-south-1.amazonaws.com/s1_rtc/N21E105/"
    )
    scrambled = {**radar, "properties": {**radar["properties"]}}
    scrambled["properties"]["proj:transform"] = [105.4, 0.0002, 0, 21.4, 0, -0.0002, 0, 0, 1]
    assert taken(scrambled, "sar", catalogue).grid_fault == "its grid is not north up"


def test_earth_search_is_read_at_the_reader_s_cost():
    record = landsat()
    for key, asset in record["assets"].items():
        asset["href"] = f"s3://usgs-landsat/{USGS}_{key}.TIF"
    item = taken(record, "optical", preset("earth_search"))
    assert item.assets["red"].href == f"s3://usgs-landsat/{USGS}_red.TIF"


def test_usgs_spells_its_satellites_its_own_way():
    catalogue = preset("usgs")
    record = {**landsat(platform="LANDSAT_9"), "collection": "landsat-c2l2-sr"}
    for key, asset in record["assets"].items():
        asset["href"] = f"https://landsatlook.usgs.gov/data/{USGS}_{key}.TIF"
        asset["alternate"] = {"s3": {"href": f"s3://usgs-landsat/{USGS}_{key}.TIF"}}
    assert catalogue["optical"]["query"]["platform"] == {"eq": "LANDSAT_9"}
    item = taken(record, "optical", catalogue)
    assert item.track == "landsat-9 path 127"
    assert item.assets["red"].href.startswith("https://landsatlook.usgs.gov/data/")


def test_copernicus_data_space():
    catalogue = preset("planetary_computer", "copernicus_dataspace")
    product = "S1A_IW_GRDH_1SDV_20231107T110312_20231107T110337_051118_062A8B_4F2A_COG"
    place = "download.dataspace.copernicus.eu/odata/v1/Products(0e6b1d3c)/Nodes(x)/$value"
    record = {**burst(platform="sentinel-1a"), "id": product, "collection": "sentinel-1-grd"}
    record["properties"] |= {"product:type": "IW_GRDH_1S-COG", "sat:orbit_state": "ascending"}
    record["assets"] = {
        key: {
            "href": f"s3://eodata/Sentinel-1/SAR/IW_GRDH_1S-COG/2023/11/07/{product}/{key}.tiff",
            "alternate": {"https": {"href": f"https://{place}"}},
        }
        for key in ("vv", "vh")
    }
    with pytest.raises(StudyError, match="not terrain corrected .IW_GRDH_1S-COG without"):
        taken(record, "sar", catalogue)
    # What would be read of its files if they had a projection.
    record["properties"]["proj:code"] = "EPSG:32648"
    assert taken(record, "sar", catalogue).assets["vv"].href == f"https://{place}"


def test_planetary_computer():
    assert read(landsat()).track == "landsat-9 path 127"
    assert preset("planetary_computer")["sar"]["source_collection"] == "sentinel-1-grd"
