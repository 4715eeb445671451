"""The domain of a trained network: the sensors, pixel sizes and values that it was trained on.

A network has learned nothing about other scenes, and its outputs do not show this. A scene is
therefore compared with the domain before it is filled with networks of another place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from ..ground.normalise import DOMAIN_PERCENTILES
from ..scenes import landsat

SENSORS = ("optical", "sar")
PIXEL_TOLERANCE = 0.05  # share by which a pixel may be smaller or larger
SENTINEL_1 = re.compile(r"sentinel[ _-]*1[a-d]?\b|\bS1[A-D]\b", re.IGNORECASE)


class Domain(TypedDict):
    """The data on which a network was trained.

    sensors: {"optical": names, "sar": names} of the training scenes. is_simulated: whether one of
    them is simulated. pixel_m: the smallest and the largest side of an optical pixel, in metres on
    the ground. percentiles: {channel: the normalise.DOMAIN_PERCENTILES of its values on training
    ground}, in the unit of the channel. preparation: {setting: its values at the training sites} of
    the network's input: `noise_floor_db` of the SAR channels and, for a network that fills gaps,
    `start`, the method of the start surfaces.
    """

    sensors: dict[str, list[str]]
    is_simulated: bool
    pixel_m: list[float]
    percentiles: dict[str, list[float]]
    preparation: dict[str, list[Any]]


def domain_of(
    scenes: Sequence[Mapping[str, Any]],
    pixels_m: Sequence[Sequence[float]],
    percentiles: Mapping[str, list[float]],
    preparation: Mapping[str, list[Any]],
) -> Domain:
    """Return the Domain of scenes.

    scenes: the contents of scene.json of all sites. pixels_m: the pixel sizes of their stacks.
    percentiles: of each channel. preparation: see Domain.
    """
    sides = [side for pixel in pixels_m for side in pixel]
    return {
        "sensors": {
            kind: sorted({str(scene[kind]["sensor"]) for scene in scenes}) for kind in SENSORS
        },
        "is_simulated": any(scene["simulated"] for scene in scenes),
        "pixel_m": [min(sides), max(sides)],
        "percentiles": dict(percentiles),
        "preparation": dict(preparation),
    }


def misfits(scene: Domain, trained: Domain) -> list[str]:
    """Return in words how a scene is outside the domain of a network; nothing if it is inside.

    scene: the domain of the scene alone, with all channels; only those of the network count. A
    scene is inside if its sensors are those on which the network was trained, and its pixel size is
    the same, within PIXEL_TOLERANCE. In addition, at most 5 % of the pixels of each channel must be
    below, and at most 5 % above, the central 99.8 % of the training ground, and their median must
    be within its central 90 %. Ground of another kind fails this test, as does reflectance or
    backscatter in another unit or at another level of processing.
    """
    return [
        *_other_sensors(scene, trained),
        *_other_pixels(scene["pixel_m"], trained["pixel_m"]),
        *_other_values(scene["percentiles"], trained["percentiles"]),
        *_other_preparation(scene["preparation"], trained["preparation"]),
    ]


def sensor_family(name: str) -> str:
    """Return the family of a sensor: scenes of one family may replace each other.

    All Sentinel-1 satellites are one, as are Landsat 8 and 9, and Landsat 4 to 7. Any other sensor
    is a family by its name.
    """
    if SENTINEL_1.search(name):
        return "sentinel-1"
    return landsat.sensor_named(name) or name.casefold().strip()


def _other_sensors(scene: Domain, trained: Domain) -> Iterator[str]:
    if scene["is_simulated"] != trained["is_simulated"]:
        kinds = {True: "simulated", False: "real"}
        yield f"it is {kinds[scene['is_simulated']]}, not {kinds[trained['is_simulated']]}"
    has_sar = any(name.endswith("_db") for name in trained["percentiles"])
    for kind in SENSORS if has_sar else SENSORS[:1]:
        known = {sensor_family(name) for name in trained["sensors"][kind]}
        for name in scene["sensors"][kind]:
            if sensor_family(name) not in known:
                yield f"its {kind} sensor is {name!r}, not {' or '.join(trained['sensors'][kind])}"


def _other_pixels(scene: Sequence[float], trained: Sequence[float]) -> Iterator[str]:
    smallest, largest = trained[0] * (1 - PIXEL_TOLERANCE), trained[1] * (1 + PIXEL_TOLERANCE)
    if scene[0] < smallest or scene[1] > largest:
        yield f"its pixels are {_sizes(scene)}, not {_sizes(trained)}"


def _sizes(sides: Sequence[float]) -> str:
    """Return the smallest and the largest side in words, once if they are alike."""
    return " to ".join(dict.fromkeys(f"{side:.3g}" for side in sides)) + " m"


def _other_values(
    scene: Mapping[str, Sequence[float]], trained: Mapping[str, Sequence[float]]
) -> Iterator[str]:
    few, many = DOMAIN_PERCENTILES[1], DOMAIN_PERCENTILES[-2]
    for channel, (lowest, low, _, high, highest) in trained.items():
        _, bottom, median, top, _ = scene[channel]
        if bottom < lowest:
            share = f"{few:g}% of its {channel} is below {bottom:.3g}"
            yield f"{share}, where the networks saw at least {lowest:.3g}"
        if top > highest:
            share = f"{100 - many:g}% of its {channel} is above {top:.3g}"
            yield f"{share}, where the networks saw at most {highest:.3g}"
        if not low <= median <= high:
            yield f"the median of its {channel} is {median:.3g}, not in {low:.3g} to {high:.3g}"


def _other_preparation(
    scene: Mapping[str, Sequence[Any]], trained: Mapping[str, Sequence[Any]]
) -> Iterator[str]:
    for name, known in trained.items():
        for value in scene[name]:
            if value not in known:
                yield f"its {name} is {value}, not {' or '.join(map(str, known))}"
