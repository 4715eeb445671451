"""The sites of a study: their scenes, where these are, and when they were taken."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ...core.earth import north_words
from ...scenes import landsat
from ...scenes.sources import SOURCES
from ..pixels import metres, pixel_size
from .texts import MINUS, TIMES, listed, number, percent, table_of

FEW_SITES = 3  # up to this number, each site is described in full
MAX_ROWS = 40  # of a table that must fit a page
FLAG_NAMES = {  # flag of QA_PIXEL, or of aerosol -> its name in a sentence
    "dilated_cloud": "dilated cloud",
    "cirrus": "cirrus",
    "cloud": "cloud",
    "cloud_shadow": "cloud shadow",
    "snow": "snow",
    "aerosol_high": "high aerosol",
    "aerosol_interpolated": "interpolated aerosol",
}
USES = {"train": "training", "validation": "validation", "test": "test", "buffer": "buffer"}
BRIEF = {  # property of a site -> its column, in the table with a row per site
    "Optical scene": "optical scene",
    "Radar scene": "radar scene",
    "Days between the two": "days",
    "Masked": "masked",
    "Valid in all channels": "valid",
    "Shift, SAR from optical": "shift (px)",
}


Record = Mapping[str, Any]  # content of a JSON file, or settings of a site


def place_words(scenes: Mapping[str, Record]) -> str:
    """Return e.g. "the simulated city simcity", "the sites a and b", "12 sites".

    scenes: {site: content of its scene.json}.
    """
    simulated = len(simulated_sites(scenes))
    if len(scenes) == 1:
        (site,) = scenes
        return f"the simulated city {site}" if simulated else f"the site {site}"
    kind = ""
    if simulated:
        kind = "simulated " if simulated == len(scenes) else "partly simulated "
    if len(scenes) <= FEW_SITES:
        return f"the {kind}sites {listed(list(scenes))}"
    return f"{len(scenes)} {kind}sites"


def days_apart(scene: Record) -> str:
    """Return the number of days between the optical and the radar scene as text.

    scene: content of scene.json.
    """
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


def sensor_text(scene: Record, name: str) -> str:
    """Return sensor, date and orbit of a scene as text; name: "optical" or "sar"."""
    about = scene[name]
    return ", ".join(
        str(part) for part in (about["sensor"], about["date"], about.get("orbit")) if part
    )


def scaling(settings: Record, scene: Record) -> tuple[float, float]:
    """Return a site's (scale, offset): reflectance = scale * digital number + offset."""
    if stated := scene["optical"].get("scaling"):
        return stated[0], stated[1]
    scaling = SOURCES[settings["source"]].scaling
    return scaling(settings) if scaling else (landsat.SCALE, landsat.OFFSET)


def shift_text(stack: Record) -> str:
    """Return the measured shift of SAR from optical in pixels, and any correction, as text.

    stack: content of stack/SITE.json.
    """
    corrected = stack["shift_corrected_px"]
    left = _shift_words(stack["shift_px"])
    return f"{left}, after correction of {_shift_words(corrected)}" if corrected else left


def _shift_words(shift: Record) -> str:
    """Return e.g. "+0.02 rows, -1.30 columns"."""
    if shift["distance"] is None:
        return "could not be measured"
    rows, columns = (f"{shift[name]:+.2f}".replace("-", MINUS) for name in ("rows", "columns"))
    return f"{rows} rows, {columns} columns"


def radar_text(scene: Record) -> str:
    """Return sensor, date and orbit of the radar scene, and the number of passes averaged."""
    passes = scene["sar"].get("passes", 1)
    mean = [f"mean of {passes} passes"] if passes > 1 else []
    return ", ".join([sensor_text(scene, "sar"), *mean])


def looks_text(stack: Record) -> str:
    """Return the estimated looks of VV and VH, and the remaining speckle of the ratio, as text.

    stack: content of stack/SITE.json.
    """
    looks = stack["sar"].get("looks")
    if looks is None:
        return "could not be estimated"
    spread = stack["normalisation"]["ratio_db"]["std"]
    return (
        f"{looks['vv']:.1f} in VV, {looks['vh']:.1f} in VH; of the ratio, speckle makes"
        f" {looks['ratio_speckle_db']:.1f} dB of {spread:.1f} dB"
    )


def location(settings: Record, stack: Record) -> str:
    """Return where a site is, as text: its area in degrees, else its upper left corner."""
    if place := SOURCES[settings["source"]].place:
        return place
    if "area" in settings:
        west, south, east, north = (number(value, 7) for value in settings["area"])
        return f"{west} to {east}° east, {south} to {north}° north"
    _, _, x, _, _, y = stack["grid"]["transform"]
    return f"upper left corner at {number(x, 8)}, {number(y, 8)} ({stack['grid']['crs']})"


def describe_site(settings: Record, scene: Record, stack: Record) -> dict[str, str]:
    """Return {property: text} of one site: its scenes, dates, grid, masks and shift."""
    optical, grid = stack["optical"], stack["grid"]
    pixels = optical["pixels"]
    flags = [
        f"{words} {percent(optical[flag] / pixels)}"
        for flag, words in FLAG_NAMES.items()
        if optical.get(flag)
    ]
    used = sum(stack["split"]["pixels"][name] for name in USES)
    scale, offset = scaling(settings, scene)
    side = metres(pixel_size(grid["pixel_m"]))
    return {
        "Optical scene": sensor_text(scene, "optical"),
        "Radar scene": radar_text(scene),
        "Looks of radar": looks_text(stack),
        "Days between the two": days_apart(scene),
        "Place": location(settings, stack),
        "Grid": ", ".join(
            [
                f"{grid['width']} {TIMES} {grid['height']} px of {side} m",
                grid["crs"],
                *filter(None, [north_words(grid["north_deg"])]),
            ]
        ),
        "Without data": percent(optical["fill"] / pixels),
        "Masked": percent((optical["masked"] - optical["fill"]) / pixels)
        + (f" ({', '.join(flags)})" if flags else ""),
        "Valid in all channels": percent(stack["valid_pixels"] / pixels),
        "Shift, SAR from optical": shift_text(stack),
        "Scale, offset": f"{number(scale)}, {number(offset)}",
        "Data range L": ", ".join(
            f"{band} {number(size)}" for band, size in stack["data_range"].items()
        ),
        "Use of valid ground": ", ".join(
            f"{words} {percent(stack['split']['pixels'][name] / used)}"
            for name, words in USES.items()
        ),
        "Licence": scene["licence"],
    }


def sites_table(
    study: Record, scenes: Mapping[str, Record], stacks: Mapping[str, Record]
) -> dict[str, Any]:
    """Return the table of the sites: a column per site for FEW_SITES, else a row per site."""
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


def simulated_sites(scenes: Mapping[str, Record]) -> list[str]:
    """Return the names of the sites whose scenes are simulated."""
    return [site for site, scene in scenes.items() if scene.get("simulated")]


def named(names: Sequence[str]) -> str:
    """Return the names of at most FEW_SITES sites, else their number, as text."""
    return listed(names) if len(names) <= FEW_SITES else f"{len(names)} sites"


def marks(scenes: Mapping[str, Record]) -> tuple[str, str]:
    """Return a line for the first page and a note for captions, on simulated scenes.

    Both are "" if no scene is simulated.
    """
    simulated = simulated_sites(scenes)
    if not simulated:
        return "", ""
    if len(simulated) == len(scenes):
        return "Simulated scenes: no satellite took them, and no place looks like them", (
            "Simulated scenes."
        )
    return f"Simulated scenes among them: {named(simulated)}", f"Simulated: {named(simulated)}."
