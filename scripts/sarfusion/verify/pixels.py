"""Compare rasters pixel by pixel, and compute the means of their blocks."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from rasterio import DatasetReader

from ..core.errors import StudyError
from ..core.raster import Grid, open_raster
from .files import plain_file
from .scores import absolute_difference

MAX_MB = 4000
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # first bytes of a TIFF; + is BigTIFF
BLOCKS_PER_SIDE = 8  # of a scene


@contextmanager
def open_tiff(path: str | Path) -> Iterator[DatasetReader]:
    """Open another person's raster; StudyError unless it is a TIFF.

    Other formats that GDAL reads can refer to further files or to servers.
    """
    with plain_file(path, MAX_MB).open("rb") as stream:
        if stream.read(4) not in TIFF:
            raise StudyError(f"{path}: not a TIFF; it was not opened")
    with open_raster(path) as dataset:
        yield dataset


def compare_rasters(here: str | Path, there: str | Path, tolerance: float) -> float:
    """Return the largest difference between two rasters; StudyError if it exceeds `tolerance`.

    Grid, band names, number types and missing data must be the same.
    """
    with open_raster(here) as ours, open_tiff(there) as theirs:
        for what, our_value, their_value in (
            ("grid", Grid.of(ours), Grid.of(theirs)),
            ("bands", ours.descriptions, theirs.descriptions),
            ("number types", ours.dtypes, theirs.dtypes),
        ):
            if our_value != their_value:
                raise StudyError(f"{there}: {what}: {their_value} there, {our_value} here")
        largest = 0.0
        for number, name in enumerate(ours.descriptions, start=1):
            our_band, their_band = (
                dataset.read(number).astype(np.float64) for dataset in (ours, theirs)
            )
            difference = _largest_difference(our_band, their_band, tolerance, f"{there}: {name}")
            largest = max(largest, difference)
    return largest


def _largest_difference(
    ours: np.ndarray, theirs: np.ndarray, tolerance: float, where: str
) -> float:
    """Return the largest difference of two bands; StudyError names the first above `tolerance`."""
    difference = absolute_difference(ours, theirs)
    beyond = np.argwhere(~(difference <= tolerance))
    if len(beyond):
        row, column = beyond[0]
        raise StudyError(
            f"{where}: {len(beyond)} pixels differ; the first is row {row}, column {column}:"
            f" {ours[row, column]:.9g} here, {theirs[row, column]:.9g} there,"
            f" tolerance {tolerance:.2g}"
        )
    return difference.max(initial=0)


def block_means(path: str | Path) -> dict[str, list[list[float | None]]]:
    """Return {band: means of blocks} of a raster, BLOCKS_PER_SIDE x BLOCKS_PER_SIDE of them.

    A mean is None where a block has no data.
    """
    means = {}
    with open_tiff(path) as dataset:
        for number, name in enumerate(dataset.descriptions, start=1):
            band = dataset.read(number).astype(np.float64)
            rows, columns = (
                np.linspace(0, size, BLOCKS_PER_SIDE + 1).astype(int) for size in band.shape
            )
            means[name] = [
                [_mean(band[top:bottom, left:right]) for left, right in pairwise(columns)]
                for top, bottom in pairwise(rows)
            ]
    return means


def _mean(values: np.ndarray) -> float | None:
    """Return the mean of the finite values, None if there are none."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else None
