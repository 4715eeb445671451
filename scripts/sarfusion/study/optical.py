"""Settings of a site that come from the record of its optical sensor."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..core.errors import Keys, SettingError, StudyError
from ..core.gdal_names import located
from ..scenes.sensors import DEFAULT, SENSORS, baseline_named, is_named, sensor_of

Settings = dict[str, Any]

# Sizes in pixels whose defaults are for pixels of 30 m. Ground and clouds are not smaller where
# pixels are smaller, so a site with another sensor gets sizes in proportion.
SIZES = {
    "split": ("block_px",),
    "gaps": ("size_px", "dilation_px", "training_sizes_px", "window_px"),
}
CODED = {record.quality[0] for record in SENSORS.values() if record.coding}  # quality bands


def sensor_words(site: Mapping[str, Any]) -> str:
    """Return the setting `sensor` of a site's optical scenes, "" if it has none."""
    optical = site["catalogue"]["optical"] if "catalogue" in site else site.get("optical", {})
    return optical.get("sensor", "")


def complete_own_files(site: Settings, name: str, data: str) -> None:
    """Give a site with the user's own files, and its dates, the scale and offset of their sensor.

    data: folder that paths start from. Raises SettingError for an unknown sensor, for one whose
    offset depends on a version that is not stated, and for a quality band of another sensor.
    """
    scene = site["optical"]
    given = {key: scene[key] for key in ("scale", "offset") if key in scene}
    _complete(scene, ("sites", name, "optical"), data)
    for number, date in enumerate(site.get("other_dates", [])):
        if "sensor" not in date and is_named(scene["sensor"]):
            date |= given | date
        words = date.get("sensor", scene["sensor"])
        _complete(date, ("sites", name, "other_dates", number), data, words)


def _complete(optical: Settings, keys: Keys, data: str, words: str = "") -> None:
    """Give the settings of an optical scene the scale and offset of its sensor, if it names one."""
    words = words or optical["sensor"]
    try:
        named = is_named(words)
    except StudyError as error:
        raise SettingError.at((*keys, "sensor"), str(error)) from None
    sensor = sensor_of(words)
    _check_quality(optical, keys, sensor.quality[0])
    if "baseline" in optical and not sensor.has_versions:
        raise SettingError.at((*keys, "baseline"), f"only numbers of {_versioned()} depend on it")
    if not named:
        return
    optical.setdefault("scale", sensor.scale)
    if "offset" in optical:
        return
    baseline = optical.get("baseline") or baseline_named(located(optical["red"]["path"], data))
    offset = sensor.offset(baseline)
    if offset is None:
        raise SettingError.at(
            keys,
            f"the offset of {sensor.title} depends on the processing baseline, which the path of"
            ' red does not state (as in _N0510_); set baseline: "05.10", or whichever it is',
        )
    optical["offset"] = offset


def _check_quality(optical: Mapping[str, Any], keys: Keys, quality: str) -> None:
    """Raise SettingError for a quality band that the sensor does not have, or a second one."""
    for band in sorted(CODED & {*optical}):
        if band != quality:
            sensors = [name for name, record in SENSORS.items() if band in record.quality]
            raise SettingError.at(
                (*keys, band), f"it is a band of {' and '.join(sensors)}; set `sensor` accordingly"
            )
        if both := [name for name in SENSORS[DEFAULT].quality if name in optical]:
            raise SettingError.at((*keys, both[0]), f"{band} has the same flags; name one of them")


def _versioned() -> str:
    return ", ".join(name for name, record in SENSORS.items() if record.has_versions)


def scale_sizes(study: Settings, given: Mapping[str, Iterable[str]]) -> None:
    """Scale default sizes in pixels so that they are as large on the ground as with 30 m pixels.

    They change for the study if all sites have pixels of one size, else as overrides of sites.
    given: {section: keys that the study itself states}, which stay as they are, as do overrides.
    """
    sides = {name: sensor_of(sensor_words(site)).pixel_m for name, site in study["sites"].items()}
    places = [study] if len({*sides.values()}) == 1 else study["sites"].values()
    default = {section: dict(study[section]) for section in SIZES}
    for place, side in zip(places, sides.values(), strict=False):
        times = SENSORS[DEFAULT].pixel_m / side
        if times == 1:
            continue
        sections = study if place is study else place.setdefault("overrides", {})
        for section, keys in SIZES.items():
            there = sections.setdefault(section, {})
            for key in keys:
                if key not in given[section] and (place is study or key not in there):
                    there[key] = _times(default[section][key], times)
            if not there:
                del sections[section]


def _times(size: Any, times: float) -> Any:
    """Return a whole number of pixels, or a list of them, times a factor."""
    return [_times(each, times) for each in size] if isinstance(size, list) else round(times * size)
