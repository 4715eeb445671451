"""Reading the other dates of a site: raw scenes on the grid of its scene."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ..core.errors import StudyError
from ..core.files import read_json
from ..core.raster import Grid, band_numbers, open_raster
from . import landsat
from .bands import BANDS


def read_dates(
    dates: Sequence[str | Path],
    calendar: Sequence[str | Path],
    grid: Grid,
    mask: Iterable[str],
    bands: Sequence[str] = BANDS,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (days from the scene (dates,), reflectance (dates, bands, rows, columns)).

    bands: names of the optical bands. dates: their rasters, with the bands of raw optical scenes.
    calendar: the description of each, with its `days`. grid: of the scene. mask: QA_PIXEL flags
    that invalidate a pixel, which is NaN then; see landsat.to_reflectance. Raises StudyError for a
    raster on another grid.
    """
    mask = list(mask)
    days = np.array([read_json(path)["days"] for path in calendar], np.float64)
    images = np.empty((len(dates), len(bands), *grid.shape), np.float32)
    for image, path in zip(images, dates, strict=True):
        with open_raster(path) as raster:
            if not Grid.of(raster).alike(grid):
                raise StudyError(f"{path}: is on another grid than the scene; make it again")
            at = band_numbers(raster, (*bands, *landsat.QUALITY))
            raw = raster.read(at)
            scale, offset = (
                [of_all[number - 1] for number in at[: len(bands)]]
                for of_all in (raster.scales, raster.offsets)
            )
        qa_pixel, qa_radsat = raw[len(bands) :].astype(np.uint16)
        numbers = raw[: len(bands)]
        image[:], _ = landsat.to_reflectance(
            numbers, qa_pixel, qa_radsat, scale, offset, mask, bands
        )
    return days, images
