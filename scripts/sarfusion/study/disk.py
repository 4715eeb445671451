"""The disk space that a study takes, estimated before it runs, and what the disk has free."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import StudyError
from ..core.pixel_sizes import RATIO
from ..core.raster import read_grid
from ..scenes.sources import SOURCES
from .config import own_files
from .inputs import INPUTS
from .layout import Layout
from .methods import Run
from .protocols import PROTOCOLS, REDUCED

# Bytes per optical pixel, measured on the demo's compressed rasters; speckle compresses least.
# Backscatter is taken to have a third of its size, and may have larger pixels in a person's files.
OPTICAL_BYTES, SAR_BYTES, TRUTH_BYTES = 6, 65, 85
STACK_BYTES, REDUCED_BYTES, SHUFFLED_BYTES = 19, 8.2, 3.4
FUSED_BYTES = 3.1
FINE = RATIO**2  # finest pixels in an optical one
# Bytes of a file whose size hardly depends on the scene's.
WEIGHTS = {"cnn": 250_000, "cae": 540_000, "unet": 910_000}  # of a network
OTHER_WEIGHTS = 1_000_000
FIGURE = 620_000
COPIES = 3  # of a figure: itself, in the provenance and in the report
GIGABYTE = 1e9
BIG = 5 * GIGABYTE  # studies from this size on are announced
MUCH = 0.5  # and those that take this share of what is free


def site_pixels(study: Mapping[str, Any], site: str) -> int:
    """Return the number of optical pixels of a site; 0 where its files cannot be read."""
    settings = study["sites"][site]
    try:
        return SOURCES[settings["source"]].pixels(
            settings, own_files(study, site), lambda path: read_grid(path).shape
        )
    except StudyError:  # which the site's own job reports
        return 0


def study_bytes(layout: Layout) -> dict[str, float]:
    """Return {what: bytes} of all that a study writes, about."""
    study = layout.study
    runs = {protocol: layout.runs(protocol) for protocol in study["protocols"]}
    fine = {name: chosen for name, chosen in runs.items() if PROTOCOLS[name].full_scale}
    count, fine_count = (sum(map(len, chosen.values())) for chosen in (runs, fine))
    stack = STACK_BYTES + SHUFFLED_BYTES * _is_shuffled(runs)
    if any(PROTOCOLS[name].optical == REDUCED for name in runs):
        stack += REDUCED_BYTES
    if fine:
        stack += FINE * (STACK_BYTES + SHUFFLED_BYTES * _is_shuffled(fine))
    total = dict.fromkeys(("scenes", "stack", "fused", "models", "figures"), 0.0)
    for site, settings in study["sites"].items():
        pixels = site_pixels(study, site)
        truth = TRUTH_BYTES * SOURCES[settings["source"]].has_truth
        total["scenes"] += pixels * (OPTICAL_BYTES + SAR_BYTES + truth)
        total["stack"] += pixels * stack
        total["fused"] += pixels * FUSED_BYTES * (count + FINE * fine_count)
    if "weights" not in study:
        networks = [
            study["models"][method]["network"]
            for chosen in runs.values()
            for _, method, *_ in chosen
            if method in study["models"]
        ]
        weights = sum(WEIGHTS.get(network, OTHER_WEIGHTS) for network in networks)
        total["models"] = weights * len(study["sites"])
    total["figures"] = COPIES * FIGURE * len(layout.figures())
    return total


def _is_shuffled(runs: Mapping[str, Sequence[Run]]) -> bool:
    """Tell whether any run gets shuffled SAR. runs: {protocol: runs of a site}."""
    return any(
        INPUTS[sar_input].shuffled for chosen in runs.values() for _, _, sar_input, _ in chosen
    )


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
        line += f", {size(written)} of it are there"
    line += f"; {size(free)} are free"
    if needed <= free:
        return line
    return (
        f"warning: {line}: it will stop with an error when the disk is full; free"
        f" {size(needed - free)} more, now or then: the same command goes on from there"
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
