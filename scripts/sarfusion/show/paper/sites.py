"""The sites of a study: what their scenes are, and where and when they were taken."""

from datetime import datetime

import numpy as np

from ...scenes import landsat
from ...scenes.sources import SOURCES
from .texts import MINUS, TIMES, listed, number, percent, table_of

FEW_SITES = 3  # of so many sites, each is described in full
MAX_ROWS = 40  # of a table that must fit a page
FLAGS = {  # flag of QA_PIXEL -> its name in a sentence
    "dilated_cloud": "dilated cloud",
    "cirrus": "cirrus",
    "cloud": "cloud",
    "cloud_shadow": "cloud shadow",
    "snow": "snow",
}
GROUND = {"train": "training", "validation": "validation", "test": "test", "buffer": "buffer"}
BRIEF = {  # properties of a site where each has but a row
    "Optical scene": "optical scene",
    "Radar scene": "radar scene",
    "Days between the two": "days",
    "Masked": "masked",
    "Valid in all channels": "valid",
    "Shift, SAR from optical": "shift (px)",
}


def days_apart(scene):
    """Return the days between the two scenes as text."""
    if scene.get("simulated"):
        return "none (simulated)"
    if (days := scene["sar"].get("days_apart")) is not None:
        return f"{abs(days):.1f}"
    try:
        optical, sar = (
            datetime.fromisoformat(scene[sensor]["date"]).replace(tzinfo=None)
            for sensor in ("optical", "sar")
        )
    except (TypeError, ValueError):  # no date, or one in words
        return "unknown"
    return f"{abs((sar - optical).total_seconds()) / 86400:.1f}"


def sensor(scene, name):
    """Return sensor, date and orbit of one of the two scenes as text."""
    about = scene[name]
    return ", ".join(
        str(part) for part in (about["sensor"], about["date"], about.get("orbit")) if part
    )


def scaling(settings):
    """Return (scale, offset) from digital numbers to reflectance of a site."""
    scaling = SOURCES[settings["source"]].scaling
    return scaling(settings) if scaling else (landsat.SCALE, landsat.OFFSET)


def shift(stack):
    """Return the measured shift between SAR and optical, in pixels, as text."""
    measured = stack["shift_px"]
    if measured["distance"] is None:
        return "could not be measured"
    rows, columns = (f"{measured[name]:+.2f}".replace("-", MINUS) for name in ("rows", "columns"))
    return f"{rows} rows, {columns} columns"


def pixel(stack):
    """Return the side of a pixel in metres, the mean of both sides."""
    return float(np.mean(stack["grid"]["pixel_m"]))


def place(settings, stack):
    """Return where a site lies, as text: its area in degrees, else its upper left corner."""
    if place := SOURCES[settings["source"]].place:
        return place
    if "area" in settings:
        west, south, east, north = (number(value, 7) for value in settings["area"])
        return f"{west} to {east}° east, {south} to {north}° north"
    _, _, x, _, _, y = stack["grid"]["transform"]
    return f"upper left corner at {number(x, 8)}, {number(y, 8)} ({stack['grid']['crs']})"


def describe_site(settings, scene, stack):
    """Return {property: text} of one site: its scenes, dates, grid, masks and shift."""
    optical, grid = stack["optical"], stack["grid"]
    pixels = optical["pixels"]
    flags = [
        f"{words} {percent(optical[flag] / pixels)}"
        for flag, words in FLAGS.items()
        if optical.get(flag)
    ]
    used = sum(stack["split"]["pixels"][name] for name in GROUND)
    scale, offset = scaling(settings)
    return {
        "Optical scene": sensor(scene, "optical"),
        "Radar scene": sensor(scene, "sar"),
        "Days between the two": days_apart(scene),
        "Place": place(settings, stack),
        "Grid": f"{grid['width']} {TIMES} {grid['height']} px of {number(pixel(stack))} m, "
        f"{grid['crs']}",
        "Without data": percent(optical["fill"] / pixels),
        "Masked": percent((optical["masked"] - optical["fill"]) / pixels)
        + (f" ({', '.join(flags)})" if flags else ""),
        "Valid in all channels": percent(stack["valid_pixels"] / pixels),
        "Shift, SAR from optical": shift(stack),
        "Scale, offset": f"{number(scale)}, {number(offset)}",
        "Data range L": ", ".join(
            f"{band} {number(size)}" for band, size in stack["data_range"].items()
        ),
        "Use of valid ground": ", ".join(
            f"{words} {percent(stack['split']['pixels'][name] / used)}"
            for name, words in GROUND.items()
        ),
        "Licence": scene["licence"],
    }


def sites_table(study, scenes, stacks):
    """Return the table of the sites: a column for each of a few, a row for each of many."""
    described = {
        site: describe_site(study["sites"][site], scenes[site], stacks[site]) for site in scenes
    }
    if len(described) <= FEW_SITES:
        properties = next(iter(described.values()))
        rows = [[name, *(about[name] for about in described.values())] for name in properties]
        return table_of(["", *described], rows, tall=True, rest=[])
    rows = [
        [site, *(about[name].split(" (")[0] for name in BRIEF)] for site, about in described.items()
    ]
    rest = [row[0] for row in rows[MAX_ROWS:]]
    return table_of(["site", *BRIEF.values()], rows[:MAX_ROWS], tall=False, rest=rest)


def simulated_sites(scenes):
    """Return the names of the sites whose scenes are simulated."""
    return [site for site, scene in scenes.items() if scene.get("simulated")]


def named(names):
    """Return a few sites by name, more by number, as text."""
    return listed(names) if len(names) <= FEW_SITES else f"{len(names)} sites"


def marks(scenes):
    """Return (line of the first page, note of captions) on simulated scenes, "" without any."""
    made = simulated_sites(scenes)
    if not made:
        return "", ""
    if len(made) == len(scenes):
        return "Simulated scenes: no satellite took them, and no place looks like them", (
            "Simulated scenes."
        )
    return f"Simulated scenes among them: {named(made)}", f"Simulated: {named(made)}."
