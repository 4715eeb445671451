"""Scale and offset from numbers to reflectance that an item states, if they depend on its version.

From processing baseline 04.00 on, 1000 is added to Sentinel-2 numbers. Catalogues differ in what
they state about it, and in what they do. Planetary Computer keeps ESA's numbers and states the
baseline (s2:processing_baseline). Earth Search's sentinel-2-l2a subtracts the 1000 in some files
and states this (earthsearch:boa_offset_applied), while raster:bands still state an offset of -0.1.
The former counts (Element84/earth-search, issue 9), but is itself wrong for some items (issue 71),
which `check_offset` is meant to detect. Its sentinel-2-c1-l2a keeps ESA's numbers. The Copernicus
Data Space states the baseline (processing:version), and raster:scale and raster:offset of each
asset.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pystac

from ...core.errors import StudyError
from ..bands import optical_of
from ..sensors import Sensor, baseline_named

APPLIED = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
BASELINES = ("s2:processing_baseline", "sentinel:processing_baseline", "processing:version")
MAX_DARK = 0.25  # of the clear ground of a band below 0
PRODUCTS = ("s2:product_uri", "sentinel:product_id")  # names of the product that ESA made


def stated_scaling(
    item: pystac.Item,
    bands: Mapping[str, pystac.Asset],
    settings: Mapping[str, Any],
    sensor: Sensor,
) -> tuple[float, float] | None:
    """Return (scale, offset) of an item's optical bands: reflectance = scale * number + offset.

    bands: {band: its asset}. settings: of the catalogue's optical scenes. None if these have an
    offset, or the sensor has one for all versions. Raises StudyError if the item does not state
    them, states different ones for its bands, or states an offset that the sensor does not have.
    """
    if not sensor.has_versions or "offset" in settings:
        return None
    stated = {_stated(bands[band].extra_fields) for band in optical_of(bands)}
    if len(stated) > 1:
        raise StudyError("its bands have different scales or offsets")
    scale, offset = stated.pop()
    scale = sensor.scale if scale is None else scale
    baseline = _baseline(item)
    by_baseline = sensor.offset(baseline)
    known = [*sensor.offsets.values()]
    if any(item.properties.get(name) is True for name in APPLIED) or by_baseline == 0:
        offset = 0.0
    elif offset is None:
        offset = by_baseline
    if offset is None:
        raise StudyError("it states neither its processing baseline nor its offset")
    if not np.isclose(offset, known, rtol=0, atol=1e-9).any():
        raise StudyError(f"it states the offset {offset:g}, not one of {known}")
    if not np.isclose(scale, sensor.scale, rtol=1e-6, atol=0):
        raise StudyError(f"it states the scale {scale:g}, not {sensor.scale:g}")
    return sensor.scale, float(offset)


def check_offset(values: np.ndarray, bands: Sequence[str], where: str) -> None:
    """Raise StudyError if the offset that items state seems to be subtracted already.

    values: reflectance (bands, pixels) of clear ground. A second offset of -0.1 puts much of the
    ground below 0. Atmospheric correction does so only for little of it, mostly dark water.
    """
    for band, numbers in zip(bands, values, strict=True):
        below = (numbers < 0).mean() if numbers.size else 0
        if below > MAX_DARK:
            raise StudyError(
                f"{where}: {below:.0%} of the clear ground has a reflectance below 0 in {band}, as"
                " if the offset that the item states had been subtracted in its files already; take"
                " another catalogue or date, or set the right offset (catalogue.optical.offset)"
            )


def _stated(fields: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return (scale, offset) that an asset states in any version of STAC, None for each missing."""
    places = [fields, *(_first(fields.get(name)) for name in ("bands", "raster:bands"))]
    found = (
        next((place[name] for place in places for name in names if name in place), None)
        for names in (("raster:scale", "scale"), ("raster:offset", "offset"))
    )
    scale, offset = (each if type(each) in (int, float) else None for each in found)
    return scale, offset


def _first(bands: Any) -> Mapping[str, Any]:
    """Return the fields of the first of several bands, {} if there are none."""
    is_list = isinstance(bands, list) and bands and isinstance(bands[0], dict)
    return bands[0] if is_list else {}


def _baseline(item: pystac.Item) -> str:
    """Return the processing baseline of an item, "" if it does not state one."""
    stated = [str(item.properties.get(name, "")) for name in BASELINES]
    if found := [text for text in stated if re.fullmatch(r"\d\d\.\d\d", text)]:
        return found[0]
    names = (item.id, *(str(item.properties.get(name, "")) for name in PRODUCTS))
    return next(filter(None, map(baseline_named, names)), "")
