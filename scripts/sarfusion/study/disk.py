"""How much disk a study takes, before it runs; what this disk has free."""

import math
import shutil
from pathlib import Path

from ..core.errors import StudyError
from ..core.raster import METRES_PER_DEGREE, read_grid
from ..ground.degradation import RATIO
from .config import own_files

# Bytes per pixel of 30 m, measured on the demo's compressed rasters; speckle compresses least.
# Backscatter is taken to lie at 10 m, of which a site with files of its own may have less.
OPTICAL, SAR, TRUTH = 6, 65, 85
STACK, REDUCED, SHUFFLED = 19, 8.2, 3.4
FUSED = 3.1
FINE = RATIO**2  # pixels of 10 m in one of 30 m
# Bytes of a file whose size hardly depends on the scene's.
WEIGHTS = {"cnn": 250_000, "cae": 540_000, "unet": 910_000}  # of a network
OTHER_WEIGHTS = 1_000_000
FIGURE = 620_000
COPIES = 3  # of a figure: itself, in the provenance and in the report
GIGABYTE = 1e9
BIG = 5 * GIGABYTE  # from here on a person is told
MUCH = 0.5  # or from this share of what is free


def site_pixels(study, site):
    """Return the number of 30 m pixels of a site of the resolved `study`; 0 if unreadable."""
    settings = study["sites"][site]
    if settings["source"] == "simulated":
        return settings["size_px"] ** 2
    if settings["source"] == "files":
        try:
            grid = read_grid(own_files(study, site)["optical.red"])
        except StudyError:  # which the site's import says, too
            return 0
        return grid.height * grid.width
    west, south, east, north = settings["area"]
    height = (north - south) * METRES_PER_DEGREE
    width = (east - west) * METRES_PER_DEGREE * math.cos(math.radians((north + south) / 2))
    return round(height * width / 30**2)


def study_bytes(study, runs, figures):
    """Return {what: bytes} of all that a study writes, about.

    study: resolved; runs: {protocol: [(band, method, input, seed), ...]}, the fused rasters of a
    site; figures: the number of files of figures.
    """
    found = dict.fromkeys(("scenes", "stack", "fused", "models", "figures"), 0)
    sharpening = runs.get("sharpening", [])
    inputs = {sar_input for chosen in runs.values() for _, _, sar_input, _ in chosen}
    count = sum(map(len, runs.values()))
    networks = [
        study["models"][method]["network"]
        for chosen in runs.values()
        for _, method, *_ in chosen
        if method in study["models"]
    ]
    for site, settings in study["sites"].items():
        pixels = site_pixels(study, site)
        simulated = settings["source"] == "simulated"
        scenes = OPTICAL + SAR + TRUTH * simulated
        stack = STACK + SHUFFLED * ("shuffled" in inputs)
        if sharpening:
            own = {sar_input for _, _, sar_input, _ in sharpening}
            stack += REDUCED + FINE * (STACK + SHUFFLED * ("shuffled" in own))
        found["scenes"] += pixels * scenes
        found["stack"] += pixels * stack
        found["fused"] += pixels * FUSED * (count + FINE * len(sharpening))
    if "weights" not in study:
        weights = sum(WEIGHTS.get(network, OTHER_WEIGHTS) for network in networks)
        found["models"] = weights * len(study["sites"])
    found["figures"] = COPIES * FIGURE * figures
    return found


def written_bytes(folder):
    """Return the bytes of all files in a folder, 0 if there is none."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def told(parts, written, free):
    """Return the line that a person is told before a run, "" when there is no need to.

    parts: as study_bytes; written: bytes of it that are there; free: bytes that the disk has free.
    """
    needed = max(0, sum(parts.values()) - written)
    if needed < BIG and needed < MUCH * free:
        return ""
    of_what = ", ".join(f"{what} {size(many)}" for what, many in parts.items())
    line = f"disk: this study takes about {size(sum(parts.values()))} ({of_what})"
    if written:
        line += f", {size(written)} of it are there"
    line += f"; {size(free)} are free"
    if needed <= free:
        return line
    return (
        f"warning: {line}: it will stop with an error when the disk is full; free"
        f" {size(needed - free)} more, now or then: the same command goes on from there"
    )


def size(count):
    """Return a number of bytes for people."""
    number, unit = (count / GIGABYTE, "GB") if count >= GIGABYTE else (count / 1e6, "MB")
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.2g} {unit}"


def free_bytes(folder):
    """Return what the disk of a folder, or of the nearest above that exists, has free."""
    folder = Path(folder).absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
