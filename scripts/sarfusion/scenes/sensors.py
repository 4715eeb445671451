"""The optical sensors whose products a study may use: one record each.

A raw scene has the same form for every sensor (landsat.raw_form): numbers with scale and offset of
each band, and quality bits as in Landsat Collection 2. A record says what the files of a product
contain, and how its quality band is coded; scenes.coding converts it into those bits. `sensor` in
the settings names a record, or describes the sensor in words; then the scene is coded as Landsat's.

Sources: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619). ESA, SentiWiki,
S2 Products: scale 1/10000, classes of SCL, BOA_ADD_OFFSET of -1000 from processing baseline 04.00
on. NASA, Harmonized Landsat Sentinel-2 Product User Guide, version 2: scale 0.0001, fill -9999,
bits of Fmask.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..core.errors import StudyError

NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")  # of records; words for a sensor look different
BASELINE = re.compile(r"_N(\d\d)(\d\d)_")  # in the names of Sentinel-2 products


@dataclass(frozen=True)
class Bits:
    """A quality band of 8 bits.

    flags: {flag of landsat.QA_PIXEL_BITS: its bit}. fill: the number that means no data.
    """

    name: str
    flags: Mapping[str, int]
    fill: int


@dataclass(frozen=True)
class Classes:
    """A quality band of classes, in which 0 means no data.

    flags: {flag of landsat.QA_PIXEL_BITS: its classes}. saturated: class of pixels that are
    saturated in some band. count: of classes.
    """

    name: str
    flags: Mapping[str, tuple[int, ...]]
    saturated: int
    count: int


@dataclass(frozen=True)
class Sensor:
    """The product of one sensor.

    title: in words. files: {band: its usual name}, of optical bands and quality bands; a catalogue
    may use other names. quality: which of them are quality bands, that of clouds first. scale,
    offsets: reflectance = scale * number + offset; offsets are {first processing baseline: offset
    from it on}, in order. nodata: the number that means no data in optical bands. pixel_m: side of
    a pixel of red. coarser: {band: how many times larger its pixels are}. coding: of the quality
    band; None if it is QA_PIXEL itself.
    """

    title: str
    files: Mapping[str, str]
    quality: tuple[str, ...]
    scale: float
    offsets: Mapping[str, float]
    nodata: int
    pixel_m: int
    coding: Bits | Classes | None = None
    coarser: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_versions(self) -> bool:
        """Whether the offset depends on the processing baseline."""
        return len(self.offsets) > 1

    def offset(self, baseline: str = "") -> float | None:
        """Return the offset of a processing baseline, None if it depends on one that is unknown.

        baseline: two digits, a point and two digits, "" if unknown.
        """
        if self.has_versions and not baseline:
            return None
        return [offset for first, offset in self.offsets.items() if first <= baseline][-1]


# The "dark area" (2, mostly shadows of terrain) and "unclassified" (7) of SCL are ground.
SCL = Classes(
    "SCL",
    {"cirrus": (10,), "cloud": (8, 9), "cloud_shadow": (3,), "snow": (11,)},
    saturated=1,
    count=12,
)
# Bit 0, cirrus, is reserved in version 2 and not used; bit 5 is water, 6 and 7 are the aerosol.
FMASK = Bits("Fmask", {"cloud": 1, "dilated_cloud": 2, "cloud_shadow": 3, "snow": 4}, fill=255)
HLS = {"blue": "B02", "green": "B03", "red": "B04", "fmask": "Fmask"}
HLS_L30 = Sensor(
    "Harmonized Landsat Sentinel-2 L30 (OLI), version 2",
    {**HLS, "nir": "B05", "swir16": "B06"},
    quality=("fmask",),
    scale=1e-4,
    offsets={"": 0.0},
    nodata=-9999,
    pixel_m=30,
    coding=FMASK,
)

DEFAULT = "landsat_c2_l2"
SENSORS = {
    DEFAULT: Sensor(
        "Landsat 8 or 9 OLI, Collection 2 Level-2",
        {
            **{"red": "red", "green": "green", "blue": "blue", "nir": "nir08", "swir16": "swir16"},
            **{"qa_pixel": "qa_pixel", "qa_radsat": "qa_radsat"},
        },
        quality=("qa_pixel", "qa_radsat"),
        scale=2.75e-5,
        offsets={"": -0.2},
        nodata=0,
        pixel_m=30,
    ),
    "sentinel2_l2a": Sensor(
        "Sentinel-2 MSI, Level-2A",
        {
            **{"red": "B04", "green": "B03", "blue": "B02", "nir": "B08", "swir16": "B11"},
            "scl": "SCL",
        },
        quality=("scl",),
        scale=1e-4,
        offsets={"00.00": 0.0, "04.00": -0.1},
        nodata=0,
        pixel_m=10,
        coding=SCL,
        coarser={"scl": 2, "swir16": 2},
    ),
    "hls_l30": HLS_L30,
    "hls_s30": replace(
        HLS_L30,
        title="Harmonized Landsat Sentinel-2 S30 (MSI), version 2",
        files={**HLS, "nir": "B8A", "swir16": "B11"},
    ),
}


def is_named(text: str) -> bool:
    """Return whether the setting `sensor` names a record; raise StudyError for an unknown name.

    A text that looks like the name of a record, but is not one, is taken for a typing error.
    """
    if text not in SENSORS and NAME.fullmatch(text):
        raise StudyError(
            f"no sensor {text!r}; known are {', '.join(SENSORS)}, or describe it in your own words"
        )
    return text in SENSORS


def sensor_of(text: str) -> Sensor:
    """Return the record that the setting `sensor` names, Landsat's if it is in words."""
    return SENSORS.get(text, SENSORS[DEFAULT])


def title_of(text: str) -> str:
    """Return the setting `sensor` in words."""
    return SENSORS[text].title if text in SENSORS else text


def baseline_named(name: str) -> str:
    """Return the processing baseline in the name of a Sentinel-2 product, "" without one."""
    found = BASELINE.search(name)
    return f"{found[1]}.{found[2]}" if found else ""
