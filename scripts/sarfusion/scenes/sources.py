"""The sources: where the raw scenes of a site come from. One record each.

For a source with a `script`, rules/scenes.smk makes a rule that runs it. The script writes the raw
scenes of a site in the form that docs/add-a-source.md describes.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from ..core.earth import METRES_PER_DEGREE
from ..core.errors import SettingError
from .days import simulated_date
from .sensors import sensor_of

Settings = Mapping[str, Any]
ShapeOf = Callable[[str], tuple[int, int]]
MANIFEST = "manifest.safe"  # in the folder of a Sentinel-1 product


@dataclass(frozen=True)
class Source:
    """One source of scenes.

    pixels: function that returns the number of optical pixels of a site, from its settings, its
        files and a function that returns (rows, columns) of a raster. The latter raises StudyError
        for a raster that cannot be read.
    script: name in scripts/ of the one script that makes the scenes, None if it takes several.
    schema: {setting: its JSON schema} of a site. A setting without a default is required. None
        where config/schema.yaml defines the settings under the name of the source.
    has_truth: whether the true reflectance is known at the finest pixels.
    files: function that returns the files of a site as {"optical.red": path, ...}, from its
        settings; None for a source without files of the user.
    dates: function that returns the other dates of a site (YYYY-MM-DD, in order), from its
        settings; None where the lock of the study has them.
    date_script: name in scripts/ of the script that makes one of them.
    passes: function that returns {SAR band: number of its rasters}, from the settings; None where
    only the setting sar.passes of the study says how many passes are averaged.
    land_script: name in scripts/ of the script that makes land.npz, from which the scene of a site,
    its other dates and its map of built-up ground are made; None where there is no such file.
    built_up_script: name in scripts/ of the script that maps the built-up ground of a site, where
        the classes are known; None where a site may name a mask of its own.
    check: function that raises StudyError for settings that no schema can refuse, from the settings
        and the name of a site.
    scaling: function that returns (scale, offset) from digital numbers to reflectance, from the
        settings; None for those of Landsat. If items of a catalogue state them, they are in
        scene.json.
    place: location of its sites, "" where an area or a grid gives it.
    verb: first word of the message of its job.
    bytes_a_pixel: memory of the script for each optical pixel; 0 where it does not grow.
    minutes: time limit of the script.
    """

    pixels: Callable[[Settings, Mapping[str, str], ShapeOf], int]
    script: str | None = None
    schema: Settings | None = None
    has_truth: bool = False
    files: Callable[[Settings], dict[str, str]] | None = None
    dates: Callable[[Settings], list[str]] | None = None
    date_script: str | None = None
    passes: Callable[[Settings], dict[str, int]] | None = None
    land_script: str | None = None
    built_up_script: str | None = None
    check: Callable[[Settings, str], None] = lambda settings, site: None
    scaling: Callable[[Settings], tuple[float, float]] | None = None
    place: str = ""
    verb: str = "Make"
    bytes_a_pixel: int = 0
    minutes: int = 30

    @property
    def is_generated(self) -> bool:
        """Whether the scenes follow from the settings of a site, so that anyone can make them."""
        return self.script is not None and self.files is None

    def shares_land(self, settings: Settings) -> bool:
        """Whether a site with these settings needs land.npz for more than its scene."""
        others = settings.get("other_dates") or settings.get("built_up")
        return self.land_script is not None and bool(others)


# Simulated cities


def _square(settings: Settings, files: Mapping[str, str], shape_of: ShapeOf) -> int:
    return settings["size_px"] ** 2


def _simulated_dates(settings: Settings) -> list[str]:
    return [simulated_date(day) for day in sorted(settings.get("other_dates", []))]


def _check_days(settings: Settings, site: str) -> None:
    if 0 in settings.get("other_dates", []):
        raise SettingError.at(
            ("sites", site, "other_dates"), "0 is the day of the scene itself; leave it out"
        )


# A user's own files


def files_of_band(name: str, given: Any) -> dict[str, Settings]:
    """Return {name: settings of its file} of a band; of several SAR passes name.1, name.2, ...

    given: the value under the name of the band, or under any other name, in the settings of a
    user's own files. Values other than bands have no file.
    """
    if isinstance(given, list) and given and isinstance(given[0], dict):
        return {f"{name}.{number}": entry for number, entry in enumerate(given, 1)}
    return {name: given} if isinstance(given, dict) else {}


def _own_passes(settings: Settings) -> dict[str, int]:
    counts = {band: len(files_of_band(band, given)) for band, given in settings["sar"].items()}
    return {band: count for band, count in counts.items() if count}


def _band_files(settings: Settings) -> dict[str, str]:
    entries = {
        name: entry
        for sensor in ("optical", "sar")
        for band, given in settings.get(sensor, {}).items()
        for name, entry in files_of_band(f"{sensor}.{band}", given).items()
    }
    for scene in settings.get("other_dates", []):
        of_date = {name: entry for name, entry in scene.items() if isinstance(entry, dict)}
        entries |= {f"{scene['date']}.{band}": entry for band, entry in of_date.items()}
    if "gap_mask" in settings:
        entries["gap_mask"] = settings["gap_mask"]
    return {name: entry["path"] for name, entry in entries.items()}


def _pixels_of_file(settings: Settings, files: Mapping[str, str], shape_of: ShapeOf) -> int:
    return math.prod(shape_of(files["optical.red"]))


def _own_dates(settings: Settings) -> list[str]:
    return sorted(scene["date"] for scene in settings.get("other_dates", []))


def _check_own_dates(settings: Settings, site: str) -> None:
    dates, keys = _own_dates(settings), ("sites", site, "other_dates")
    twice = [day for day, after in pairwise(dates) if day == after]
    if twice:
        raise SettingError.at(keys, f"{twice[0]} is listed twice; give each date once")
    try:
        if dates:
            date.fromisoformat(settings["optical"]["date"] or "")
    except ValueError:
        raise SettingError.at(
            ("sites", site, "optical", "date"),
            f"{settings['optical']['date']!r} is not a day, from which other_dates are counted;"
            " write it as YEAR-MONTH-DAY",
        ) from None


def _own_scaling(settings: Settings) -> tuple[float, float]:
    return settings["optical"]["scale"], settings["optical"]["offset"]


# A raw Sentinel-1 scene and a user's own optical files


def _grd_files(settings: Settings) -> dict[str, str]:
    sar = settings["sar"]
    elevation = {f"elevation.{number}": path for number, path in enumerate(sar["elevation"], 1)}
    geoid = {"geoid": sar["geoid"]} if "geoid" in sar else {}
    optical = _band_files({name: value for name, value in settings.items() if name != "sar"})
    return {**optical, "safe": f"{sar['safe']}/{MANIFEST}", **elevation, **geoid}


def _check_grd(settings: Settings, site: str) -> None:
    _check_own_dates(settings, site)
    sar, keys = settings["sar"], ("sites", site, "sar")
    if sar["safe"].lower().endswith(".zip"):
        raise SettingError.at(
            (*keys, "safe"), f"{sar['safe']} is an archive; unpack it, and name the folder X.SAFE"
        )
    if (sar["elevation_above"] == "geoid") != ("geoid" in sar):
        raise SettingError.at(
            (*keys, "geoid"),
            "name the raster of the geoid if elevation_above is geoid, and only then",
        )


def with_calibrated(settings: Settings) -> dict[str, Any]:
    """Return the settings of a site as those of own files, after its SAR is calibrated."""
    return {**settings, "sar": {"vv": {"band": 1}, "vh": {"band": 2}, "unit": "linear"}}


# Catalogues


def _pixels_of_area(settings: Settings, files: Mapping[str, str], shape_of: ShapeOf) -> int:
    west, south, east, north = settings["area"]
    height = (north - south) * METRES_PER_DEGREE
    width = (east - west) * METRES_PER_DEGREE * math.cos(math.radians((north + south) / 2))
    sensor = sensor_of(settings["catalogue"]["optical"]["sensor"])
    return round(height * width / sensor.pixel_m**2)


def _check_area_and_period(settings: Settings, site: str) -> None:
    west, south, east, north = settings["area"]
    if west >= east or south >= north:
        raise SettingError.at(
            ("sites", site, "area"),
            f"{settings['area']} is empty; write it as [west, south, east, north], not across the"
            " 180th meridian",
        )
    first, last = map(date.fromisoformat, settings["period"])
    if first > last:
        raise SettingError.at(("sites", site, "period"), f"{first} is later than {last}; swap them")


def _catalogue_scaling(settings: Settings) -> tuple[float, float]:
    optical = settings["catalogue"]["optical"]
    return optical["scale"], optical["offset"]


SOURCES = {
    "simulated": Source(
        pixels=_square,
        check=_check_days,
        script="simulate_scene",
        dates=_simulated_dates,
        date_script="simulate_date",
        land_script="simulate_land",
        built_up_script="simulate_built_up",
        verb="Simulate",
        has_truth=True,
        place="invented",
        bytes_a_pixel=5000,
        minutes=10,
    ),
    "files": Source(
        pixels=_pixels_of_file,
        script="import_scene",
        dates=_own_dates,
        date_script="import_date",
        passes=_own_passes,
        check=_check_own_dates,
        verb="Import",
        files=_band_files,
        scaling=_own_scaling,
    ),
    "stac": Source(
        pixels=_pixels_of_area,
        check=_check_area_and_period,
        scaling=_catalogue_scaling,
    ),
}
SOURCES["grd"] = replace(
    SOURCES["files"], files=_grd_files, check=_check_grd, passes=lambda settings: {"safe": 1}
)
