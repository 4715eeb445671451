"""Landsat Collection 2 Level-2: digital numbers to surface reflectance, and quality flags.

Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.errors import StudyError
from .bands import BANDS
from .sensors import DEFAULT, sensor_of

LANDSAT = sensor_of(DEFAULT)
QUALITY = LANDSAT.quality
RAW_BANDS = (*BANDS, *QUALITY)
FILL = LANDSAT.nodata  # digital number
SCALE, OFFSET = LANDSAT.scale, LANDSAT.offsets[""]  # reflectance = SCALE * digital number + OFFSET
UNSCALED = [1.0, 1.0], [0.0, 0.0]  # scale and offset of the quality bands

QA_PIXEL_BITS = {
    "fill": 0,
    "dilated_cloud": 1,
    "cirrus": 2,
    "cloud": 3,
    "cloud_shadow": 4,
    "snow": 5,
}
QA_CLEAR_BIT = 6  # set where neither dilated_cloud nor cloud is
QA_FILL = 1 << QA_PIXEL_BITS["fill"]  # the QA_PIXEL of a pixel that is fill
# Four confidences of two bits each (cloud, shadow, snow, cirrus) follow the flags: 01 is low.
QA_ALL_LOW = 0b01010101 << 8
# SR_QA_AEROSOL of Landsat 8 and 9: how reflectance was corrected for aerosol. Each flag is a value
# of some bits, given as (first bit, number of bits, value).
AEROSOL_FLAGS = {"high": (6, 2, 3), "interpolated": (5, 1, 1)}
AEROSOL_FILL = 1
# Bit n - 1 of QA_RADSAT is set if band n is saturated. Landsat 4 to 7 (TM, ETM+) number their bands
# differently from Landsat 8 and 9 (OLI).
RADSAT_BITS = {
    "oli": {"blue": 1, "green": 2, "red": 3, "nir": 4, "swir16": 5},
    "tm": {"blue": 0, "green": 1, "red": 2, "nir": 3, "swir16": 4},
}
QA_RADSAT_BITS = RADSAT_BITS["oli"]  # of every raw scene in the study
# Names of the satellites and sensors in texts and in the names of products.
SENSORS = {
    "oli": re.compile(r"landsat[ _-]*[89]\b|\bL[89]\b|\bOLI(-?2)?\b|\bL[CO]0[89]_", re.IGNORECASE),
    "tm": re.compile(r"landsat[ _-]*[4-7]\b|\bL[4-7]\b|\bE?TM\b|\bL[ET]0[4-7]_", re.IGNORECASE),
}


def raw_form(
    scale: float = SCALE, offset: float = OFFSET, bands: Sequence[str] = BANDS
) -> dict[str, Any]:
    """Return how a raw scene is written, as arguments of core.raster.create_raster.

    scale, offset: reflectance = scale * digital number + offset. bands: its optical bands, before
    QUALITY, which has neither scale nor offset.
    """
    scales, offsets = UNSCALED
    return {
        "names": (*bands, *QUALITY),
        "nodata": FILL,
        "scale": [scale] * len(bands) + scales,
        "offset": [offset] * len(bands) + offsets,
    }


def flagged(qa: np.ndarray, bit: int) -> np.ndarray:
    """Return where `bit` is set in the bit field `qa` (integers)."""
    return (qa >> bit) & 1 == 1


def is_fill(qa_pixel: np.ndarray) -> np.ndarray:
    """Return where a QA_PIXEL band (integers) is fill: nothing was observed."""
    return flagged(qa_pixel, QA_PIXEL_BITS["fill"])


def is_unseen(numbers: np.ndarray, qa_pixel: np.ndarray) -> np.ndarray:
    """Return where nothing was observed: fill, or a band without a number.

    numbers: digital numbers (bands, rows, columns); qa_pixel: integers (rows, columns).
    """
    return is_fill(qa_pixel) | ~np.isfinite(numbers).all(axis=0)


def any_flagged(qa_pixel: np.ndarray, flags: Iterable[str]) -> np.ndarray:
    """Return where a QA_PIXEL band (integers) has at least one of `flags`; see QA_PIXEL_BITS."""
    marked = np.zeros(qa_pixel.shape, bool)
    for name in flags:
        marked |= flagged(qa_pixel, QA_PIXEL_BITS[name])
    return marked


def as_qa_pixel(flags: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return a QA_PIXEL band (uint16) with `flags`, {name in QA_PIXEL_BITS: where it is set}.

    All confidences are low, and ground is clear where there is no cloud. Fill has no other bit.
    """
    set_bits = sum(where.astype(np.uint16) << QA_PIXEL_BITS[name] for name, where in flags.items())
    value = (QA_ALL_LOW | np.asarray(set_bits)).astype(np.uint16)
    value[~any_flagged(value, ("dilated_cloud", "cloud"))] |= 1 << QA_CLEAR_BIT
    value[is_fill(value)] = QA_FILL
    return value


def aerosol_flagged(qa_aerosol: np.ndarray, flag: str) -> np.ndarray:
    """Return where an SR_QA_AEROSOL band (integers) has a flag of AEROSOL_FLAGS.

    high: there is much aerosol, so that its correction is uncertain. interpolated: it was not
    retrieved at the pixel, but taken from others. It is retrieved in the middle of windows of 3 x 3
    pixels, so that most pixels have this flag.
    """
    first, count, value = AEROSOL_FLAGS[flag]
    return (qa_aerosol >> first) & ((1 << count) - 1) == value


def sensor_named(text: str) -> str | None:
    """Return the key of RADSAT_BITS whose satellite or sensor is named in a text, None if none."""
    named = [sensor for sensor, names in SENSORS.items() if names.search(text)]
    return named[0] if len(named) == 1 else None


def check_radsat_sensor(sensor: str, about: str, where: str) -> None:
    """Raise StudyError if a text about the scene names another sensor than that of its bits.

    sensor: key of RADSAT_BITS. where: the input, as the message names it.
    """
    named = sensor_named(about)
    if named not in (None, sensor):
        raise StudyError(
            f"{where}: its bits are read as those of {sensor}, but this scene is of {named}, which"
            f" numbers its bands differently ({about}); set qa_radsat.bits: {named}"
        )


def radsat_as_oli(qa_radsat: np.ndarray, sensor: str, bands: Iterable[str] = BANDS) -> np.ndarray:
    """Return QA_RADSAT (uint16) with the bits of optical bands where OLI has them.

    sensor: key of RADSAT_BITS; bits of other bands are lost, unless it is OLI itself.
    """
    if sensor == "oli":
        return qa_radsat
    bits = np.zeros_like(qa_radsat)
    for band in bands:
        bit = RADSAT_BITS[sensor][band]
        bits |= flagged(qa_radsat, bit).astype(bits.dtype) << QA_RADSAT_BITS[band]
    return bits


def to_reflectance(
    numbers: np.ndarray,
    qa_pixel: np.ndarray,
    qa_radsat: np.ndarray,
    scale: Sequence[float],
    offset: Sequence[float],
    mask: Iterable[str],
    bands: Sequence[str] = BANDS,
) -> tuple[np.ndarray, dict[str, int]]:
    """Return surface reflectance (bands, rows, columns; float32, NaN where masked) and counts.

    numbers: digital numbers (bands, rows, columns) of the optical `bands`. qa_pixel, qa_radsat:
    integers (rows, columns). scale, offset: one per band, reflectance = scale * number + offset.
    mask: QA_PIXEL flags that invalidate a pixel. Fill always does; it is excluded before scaling,
    which would turn it into a plausible -0.2.
    Saturated values are masked band by band. Reflectance below 0 or above 1, an artefact of
    atmospheric correction, is kept and counted.
    """
    fill = is_unseen(numbers, qa_pixel)
    counts = {"pixels": int(fill.size), "fill": int(fill.sum())}
    masked = fill.copy()
    for name in mask:
        flag = flagged(qa_pixel, QA_PIXEL_BITS[name]) & ~fill
        counts[name] = int(flag.sum())
        masked |= flag
    counts["masked"] = int(masked.sum())

    reflectance = np.full(numbers.shape, np.nan, np.float32)
    for index, band in enumerate(bands):
        saturated = flagged(qa_radsat, QA_RADSAT_BITS[band]) & ~masked
        keep = ~masked & ~saturated
        values = numbers[index].astype(np.float64) * scale[index] + offset[index]
        np.copyto(reflectance[index], values, where=keep, casting="same_kind")
        counts[f"{band}_saturated"] = int(saturated.sum())
        counts[f"{band}_below_0"] = int(((values < 0) & keep).sum())
        counts[f"{band}_above_1"] = int(((values > 1) & keep).sum())
    return reflectance, counts
