"""The sizes of a study's pixels as words for tables, figures, the viewer and the paper."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.pixel_sizes import RATIO, is_larger

Record = Mapping[str, Any]  # content of stack/SITE.json
Sides = Sequence[float]  # of a pixel in metres, across columns and across rows
FACTORS = {"coarse": RATIO, "native": 1, "fine": 1 / RATIO}
FEW_SITES = 3  # up to this number, sites are named


def pixel_size(pixel_m: Sides) -> float:
    """Return the side of a pixel in metres, the mean of both sides."""
    return float(np.mean(pixel_m))


def pixel_sizes(pixels: Iterable[Sides]) -> dict[str, str]:
    """Return the pixel sizes (metres) of a study's sites, as text by name.

    pixels: of the optical scene of each site. "native" is their size, "coarse" that of the degraded
    bands, "fine" that of the products at the finest pixels: a number such as "30", or a range such
    as "10–30" if sites differ.
    """
    sides = [pixel_size(pixel_m) for pixel_m in pixels]
    ends = {
        name: [metres(factor * end(sides)) for end in (min, max)]
        for name, factor in FACTORS.items()
    }
    return {name: "–".join(dict.fromkeys(pair)) for name, pair in ends.items()}


def metres(size: float) -> str:
    """Return a size with three significant digits, without an exponent below 1000 km."""
    return f"{float(f'{size:.3g}'):g}"


def coarse_sar_note(stacks: Mapping[str, Record]) -> str:
    """Return a sentence on the sites whose products have smaller pixels than SAR, "" if none has.

    stacks: {site: content of its stack/SITE.json}.
    """
    found = {
        site: stack
        for site, stack in stacks.items()
        if is_larger(stack["sar"]["pixel_m"], [side / RATIO for side in stack["grid"]["pixel_m"]])
    }
    if not found:
        return ""
    fine = pixel_sizes(stack["grid"]["pixel_m"] for stack in found.values())["fine"]
    sar = pixel_sizes(stack["sar"]["pixel_m"] for stack in found.values())["native"]
    where = ", ".join(found) if len(found) <= FEW_SITES else f"{len(found)} sites"
    return f"At {where}, SAR has pixels of {sar} m, so it adds no detail at {fine} m."
