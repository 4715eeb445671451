"""The disk space that a study needs, estimated before it runs, and the free space of the disk."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..core.pixel_sizes import RATIO
from ..core.raster import read_grid
from ..scenes.bands import BANDS
from ..scenes.sources import SOURCES
from .inputs import CONTROLS
from .layout import Layout
from .protocols import NOISY, PROTOCOLS, REDUCED
from .resolved import own_files, setting

# Bytes per optical pixel, measured on the compressed rasters of the demo and, with noise, of Porto
# Velho; speckle compresses least.
# Backscatter is assumed to have pixels of a third of that size; a user's own files may have larger
# ones.
OPTICAL_BYTES, SAR_BYTES, TRUTH_BYTES = 6, 65, 85
LAND_BYTES = 21
DATE_BYTES, DATE_TRUTH_BYTES = 6.6, 10  # another date, and its truth
STACK_BYTES, REDUCED_BYTES, NOISY_BYTES = 20, 9.6, 10
CONTROL_BYTES = 3.5  # each SAR band in the wrong places
MATCHED_BYTES = 10  # other dates, matched to the scene
FUSED_BYTES = 3.6
PRODUCT_BYTES = 15  # with standard deviations where clouds were filled, and overviews
START_BYTES = 9  # start surfaces under clouds
FINE = RATIO**2  # finest pixels in an optical one
# Bytes of files whose size hardly depends on the size of the scene.
WEIGHTS = {"cnn": 250_000, "cae": 540_000, "unet": 910_000}  # of a network
OTHER_WEIGHTS = 1_000_000
FIGURE = 620_000
COPIES = 3  # of a figure: the file, and copies in the provenance and in the report
GIGABYTE = 1e9
BIG = 5 * GIGABYTE  # studies of this size or more are announced
MUCH = 0.5  # and those that need this share of the free space


def site_pixels(study: Mapping[str, Any], site: str) -> int:
    """Return the number of optical pixels of a site; 0 if its files cannot be read."""
    settings = study["sites"][site]
    try:
        return SOURCES[settings["source"]].pixels(
            settings, own_files(study, site), lambda path: read_grid(path).shape
        )
    except StudyError:  # the site's own job reports it
        return 0


def study_bytes(layout: Layout) -> dict[str, float]:
    """Return {what: approximate bytes} of all that a study writes."""
    study = layout.study
    protocols = [] if layout.fills_only else study["protocols"]
    runs = {protocol: layout.runs(protocol) for protocol in protocols}
    fine = {name: chosen for name, chosen in runs.items() if PROTOCOLS[name].full_scale}
    count, fine_count = (sum(map(len, chosen.values())) for chosen in (runs, fine))
    infrared = len(layout.optical_bands) - len(BANDS)
    of_bands = 1 + infrared / len(BANDS)
    of_stack = STACK_BYTES + FUSED_BYTES * infrared
    stack = of_stack + CONTROL_BYTES * _control_bands(layout, runs)
    stack += MATCHED_BYTES * layout.uses_dates * of_bands
    for raster, size_of_pixel in ((REDUCED, REDUCED_BYTES), (NOISY, NOISY_BYTES)):
        if any(PROTOCOLS[name].optical == raster for name in runs):
            stack += size_of_pixel * of_bands
    if fine:
        stack += FINE * (of_stack + CONTROL_BYTES * _control_bands(layout, fine))
    total = dict.fromkeys(("scenes", "stack", "fused", "products", "models", "figures"), 0.0)
    product = (PRODUCT_BYTES + START_BYTES) * bool(layout.products())
    for site, settings in study["sites"].items():
        pixels = site_pixels(study, site)
        source = SOURCES[settings["source"]]
        has_truth = source.has_truth
        of_scene = SAR_BYTES + of_bands * (OPTICAL_BYTES + TRUTH_BYTES * has_truth)
        of_scene += LAND_BYTES * source.shares_land(settings)
        if settings["source"] == "stac":  # further passes are kept until their mean is written
            of_scene += SAR_BYTES * (setting(study, site, "sar")["passes"] - 1)
        of_date = of_bands * (DATE_BYTES + DATE_TRUTH_BYTES * has_truth)
        total["scenes"] += pixels * (of_scene + of_date * len(layout.other_dates(site)))
        total["stack"] += pixels * stack
        total["fused"] += pixels * FUSED_BYTES * (count + FINE * fine_count)
        total["products"] += pixels * product
    if "weights" not in study:
        networks = [
            study["models"][method]["network"]
            for chosen in runs.values()
            for _, method, *_ in chosen
            if method in study["models"]
        ]
        weights = sum(WEIGHTS.get(network, OTHER_WEIGHTS) for network in networks)
        total["models"] = weights * len(study["sites"])
    if not layout.fills_only:
        total["figures"] = COPIES * FIGURE * len(layout.figures())
    return total


def _control_bands(layout: Layout, protocols: Iterable[str]) -> int:
    """Return how many SAR bands in the wrong places some protocols need."""
    names = list(protocols)
    return sum(len(layout.radar_of(names, control)) for control in CONTROLS)


def written_bytes(folder: str | Path) -> int:
    """Return the bytes of all files in a folder, 0 if it does not exist."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def announcement(parts: Mapping[str, float], written: int, free: int) -> str:
    """Return the line to print before a run, "" for a small study.

    parts: as study_bytes returns them. written: bytes of these that exist already. free: free
    bytes of the disk.
    """
    needed = max(0, sum(parts.values()) - written)
    if needed < BIG and needed < MUCH * free:
        return ""
    of_what = ", ".join(f"{what} {size(many)}" for what, many in parts.items())
    line = f"disk: this study takes about {size(sum(parts.values()))} ({of_what})"
    if written:
        line += f", of which {size(written)} are already written"
    line += f"; {size(free)} are free"
    if needed <= free:
        return line
    return (
        f"warning: {line}: it will stop with an error when the disk is full; free"
        f" {size(needed - free)} more, now or then; the same command continues from there"
    )


def size(count: float) -> str:
    """Return a number of bytes as text, e.g. "2.1 GB"."""
    number, unit = (count / GIGABYTE, "GB") if count >= GIGABYTE else (count / 1e6, "MB")
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.2g} {unit}"


def free_bytes(folder: str | Path) -> int:
    """Return the free bytes of the disk of a folder, or of the nearest parent that exists."""
    folder = Path(folder).absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
