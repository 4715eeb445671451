"""Conversion of the files of a sensor into the form of a raw scene, which is Landsat's."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..core.errors import StudyError
from . import landsat
from .sensors import Bits, Classes, Sensor


def as_raw(sensor: Sensor, numbers: np.ndarray, bands: Sequence[str], added: int = 0) -> np.ndarray:
    """Return the bands of a raw scene: the optical `bands` and landsat.QUALITY.

    numbers: as in the files (bands, rows, columns), optical bands before quality bands; those of
    Landsat are returned unchanged. added: a number that is added to all data. A pixel without data
    in one band is fill in all.
    """
    if sensor.coding is None:
        return numbers
    optical = numbers[: len(bands)]
    qa_pixel, qa_radsat = as_quality(sensor, numbers[len(bands) :], bands)
    fill = landsat.is_fill(qa_pixel) | (optical == sensor.nodata).any(axis=0)
    if added:
        most = np.iinfo(optical.dtype).max
        optical = np.minimum(optical.astype(np.int64) + added, most).astype(optical.dtype)
    return np.stack(
        [
            *np.where(fill, optical.dtype.type(landsat.FILL), optical),
            np.where(fill, np.uint16(landsat.QA_FILL), qa_pixel),
            np.where(fill, np.uint16(0), qa_radsat),
        ]
    )


def as_quality(sensor: Sensor, quality: np.ndarray, bands: Sequence[str]) -> np.ndarray:
    """Return (QA_PIXEL, QA_RADSAT) as uint16 (2, rows, columns) of the quality bands.

    quality: integers (quality bands, rows, columns); those of Landsat are returned unchanged.
    bands: optical bands of the scene. Numbers that the coding lacks are fill.
    """
    if sensor.coding is None:
        return quality
    flags = _decoded(sensor.coding, quality[0])
    saturated = flags.pop("saturated", np.zeros(quality[0].shape, bool))
    every = sum(1 << landsat.QA_RADSAT_BITS[band] for band in bands)
    radsat = np.where(saturated & ~flags["fill"], every, 0)
    return np.stack([landsat.as_qa_pixel(flags), radsat]).astype(np.uint16)


def as_qa_pixel(sensor: Sensor, quality: np.ndarray) -> np.ndarray:
    """Return QA_PIXEL (rows, columns) of the first quality band.

    quality: (rows, columns), as in its file; returned unchanged if it is not of integers.
    """
    if sensor.coding is None or not np.issubdtype(quality.dtype, np.integer):
        return quality
    return as_quality(sensor, quality[np.newaxis], [])[0]


def check_quality(sensor: Sensor, numbers: np.ndarray, where: str) -> None:
    """Raise StudyError for numbers that the coding of the quality band lacks.

    numbers: integers that are data. where: as messages name the input.
    """
    if sensor.coding is None or not (odd := _odd(sensor.coding, numbers)).any():
        return
    named = ", ".join(map(str, np.unique(numbers[odd])[:6]))
    raise StudyError(
        f"{where}: contains {named}, which {sensor.coding.name} of {sensor.title} does not; give"
        " the quality band of this sensor, or name the sensor of the file"
    )


def _decoded(coding: Bits | Classes, numbers: np.ndarray) -> dict[str, np.ndarray]:
    """Return where the flags are, as bool arrays of the shape of numbers.

    The flags include `fill` and, of classes, `saturated`.
    """
    odd = _odd(coding, numbers)
    if isinstance(coding, Bits):
        fill = (numbers == coding.fill) | odd
        bits: Mapping[str, int] = coding.flags
        found = {flag: landsat.flagged(numbers, bit) & ~fill for flag, bit in bits.items()}
        return {"fill": fill, **found}
    found = {flag: np.isin(numbers, classes) for flag, classes in coding.flags.items()}
    return {"fill": (numbers == 0) | odd, **found, "saturated": numbers == coding.saturated}


def _odd(coding: Bits | Classes, numbers: np.ndarray) -> np.ndarray:
    """Return where integers are not valid in the band."""
    count = 256 if isinstance(coding, Bits) else coding.count
    return (numbers < 0) | (numbers >= count)
