"""Items over a small area whose shares can be counted by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.raster import Grid
from sarfusion.scenes.stac.choice import Files
from sarfusion.scenes.stac.items import Item
from sarfusion.scenes.stac.passes import in_footprint

# An eighth of a degree in pixels of 1/1024 of a degree: 128 x 128, without any rounding.
AREA = [105.0, 21.0, 105.125, 21.125]
SIDE = 128
STEP = 1 / 1024
CLEAR, FILL, CLOUD, CIRRUS = 1 << 6, 1, 1 << 3, 1 << 2
NOON = datetime(2023, 11, 1, 12, tzinfo=UTC)
SITE = {
    "area": AREA,
    "period": ["2023-11-01", "2024-02-29"],
    "orbit": "any",
    "max_masked": 0.1,
    "max_days_apart": 12,
    "gap_shapes": "cloudy_date",
}
MASK = ["dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow"]


def box(west=104.0, south=20.0, east=106.0, north=22.0):
    """A GeoJSON rectangle; by default it reaches beyond the area on all sides."""
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [ring]}


def grid(row=0, column=0, height=SIDE, width=SIDE, crs=4326):
    """A Grid that starts at a pixel of the area."""
    corner = AREA[0] + column * STEP, AREA[3] - row * STEP
    return Grid(CRS.from_epsg(crs), Affine(STEP, 0, corner[0], 0, -STEP, corner[1]), height, width)


def optical(name, days=0.0, cloud=10.0, track="landsat-9 path 127", geometry=None):
    """An optical Item taken `days` after the first of November at noon."""
    return Item(
        id=name,
        collection="landsat-c2-l2",
        datetime=NOON + timedelta(days=days),
        geometry=geometry or box(),
        track=track,
        orbit=None,
        cloud_cover=cloud,
        grid=None,
        assets={},
    )


def radar(name, days=0.0, geometry=None, orbit="ascending", track=None, where=None):
    """A SAR Item taken `days` after the first of November at noon."""
    return Item(
        id=name,
        collection="sentinel-1-rtc",
        datetime=NOON + timedelta(days=days),
        geometry=geometry or box(),
        track=track or f"sentinel-1a {name}",
        orbit=orbit,
        cloud_cover=None,
        grid=where or grid(),
        assets={},
    )


def quality(flagged=0.0, flag=CLOUD, fill=0.0):
    """QA_PIXEL of the whole area: the first rows are fill, the next ones flagged, all else clear.

    Shares are counted in whole rows: multiples of 1/128 are exact.
    """
    numbers = np.full((SIDE, SIDE), CLEAR, np.uint16)
    bare, seen = round(fill * SIDE), round((fill + flagged) * SIDE)
    numbers[bare:seen] = flag
    numbers[:bare] = FILL
    return numbers, grid()


class Reader:
    """A read_quality that answers from a dictionary and records the order of the requests."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def __call__(self, item):
        self.asked.append(item.id)
        answer = self.answers[item.id]
        if isinstance(answer, Exception):
            raise answer
        return answer


def see(item):
    """A read_radar for files that match what their item says."""
    return item.grid, in_footprint(item.geometry, AREA)


def files(reader, radar=see, faults=()):
    """The Files of a Reader. faults: {name of a pass: what is wrong with its files}."""
    return Files(reader, radar, lambda chosen: dict(faults).get(chosen.name))
