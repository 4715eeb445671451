"""Records of catalogue items like the real ones, and reading them."""

import copy

import pystac
import pytest
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.hrefs import check_href
from sarfusion.scenes.stac.items import read_item

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
    """The fields that are not None, and datetime, which may be null."""
    return {
        name: value for name, value in fields.items() if value is not None or name == "datetime"
    }


def read(record, settings=SETTINGS, check=check_href, href=None):
    """Read a record as an item of the sensor that its id names."""
    item = pystac.Item.from_dict(copy.deepcopy(record), href=href)
    return read_item(item, "sar" if record["id"].startswith("S1") else "optical", settings, check)


def refusal(record, **more):
    """The reason why a record is refused."""
    with pytest.raises(StudyError) as caught:
        read(record, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)
