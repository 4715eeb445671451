"""From numbers to reflectance, as an item states it where that depends on its version.

Sentinel-2 numbers have 1000 added from processing baseline 04.00 on. Catalogues differ in what they
say of it, and in what they did. Planetary Computer keeps ESA's numbers and states the baseline
(s2:processing_baseline). Earth Search's sentinel-2-l2a takes the 1000 off some files and says so
(earthsearch:boa_offset_applied), while raster:bands go on to state an offset of -0.1: the first
counts (Element84/earth-search, issue 9), and is itself wrong of some items (issue 71), which
`check_offset` is for. Its sentinel-2-c1-l2a keeps ESA's numbers. The Copernicus Data Space states
the baseline (processing:version), and raster:scale and raster:offset of each asset.
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

    bands: {band: its asset}. settings: of the catalogue's optical scenes. None where these have an
    offset, or the sensor has one for all versions. Raises StudyError where the item does not say
    it, says it of its bands differently, or says an offset that the sensor does not have.
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
        raise StudyError(f"it states the offset {offset:g}, and not one of {known}")
    if not np.isclose(scale, sensor.scale, rtol=1e-6, atol=0):
        raise StudyError(f"it states the scale {scale:g}, and not {sensor.scale:g}")
    return sensor.scale, float(offset)


def check_offset(values: np.ndarray, bands: Sequence[str], where: str) -> None:
    """Raise StudyError if the offset that items state seems to be taken off their numbers already.

    values: reflectance (bands, pixels) of clear ground. A second offset of -0.1 leaves much ground
    below 0, which the atmospheric correction does to little of it, mostly dark water.
    """
    for band, numbers in zip(bands, values, strict=True):
        below = (numbers < 0).mean() if numbers.size else 0
        if below > MAX_DARK:
            raise StudyError(
                f"{where}: {below:.0%} of the clear ground has a reflectance below 0 in {band}, as"
                " where the offset that the item states was taken off its files already; take"
                " another catalogue or date, or state the right one (catalogue.optical.offset)"
            )


def _stated(fields: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return (scale, offset) as an asset states them in any version of STAC, None for neither."""
    places = [fields, *(_first(fields.get(name)) for name in ("bands", "raster:bands"))]
    found = (
        next((place[name] for place in places for name in names if name in place), None)
        for names in (("raster:scale", "scale"), ("raster:offset", "offset"))
    )
    scale, offset = (each if type(each) in (int, float) else None for each in found)
    return scale, offset


def _first(bands: Any) -> Mapping[str, Any]:
    """Return what is said of the first of several bands, {} where nothing is."""
    is_list = isinstance(bands, list) and bands and isinstance(bands[0], dict)
    return bands[0] if is_list else {}


def _baseline(item: pystac.Item) -> str:
    """Return the processing baseline of an item, "" if it does not state one."""
    stated = [str(item.properties.get(name, "")) for name in BASELINES]
    if found := [text for text in stated if re.fullmatch(r"\d\d\.\d\d", text)]:
        return found[0]
    names = (item.id, *(str(item.properties.get(name, "")) for name in PRODUCTS))
    return next(filter(None, map(baseline_named, names)), "")
