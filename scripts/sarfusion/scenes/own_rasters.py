"""A user's own rasters, read by windows: numbers, north up, and where they are data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader
from rasterio.transform import Affine
from rasterio.windows import Window

from ..core.errors import StudyError
from ..core.grid import Grid
from ..core.raster import coarser, reading, repeated
from .sar import covering

BITS = (-(2**15), 2**16 - 1)  # the numbers of a 16-bit field, signed or not
# What `spread` yields at most: a scene of 16 000 columns has 8 million pixels there.
PLACES, PLACE_ROWS = 32, 16


@dataclass(frozen=True)
class OwnBand:
    """One band of a raster, or a part of it, with windows and pixels of `grid`, which is north up.

    nodata: the numbers that mean no data, in the study or the file.
    where: site and band, as messages name them. times: how many pixels of `grid` fit along the
    side of one of the file's.
    """

    dataset: DatasetReader
    number: int
    grid: Grid
    nodata: tuple[np.generic, ...]
    where: str
    times: int = 1

    @property
    def dtype(self) -> np.dtype:
        """The number type of the file."""
        return np.dtype(self.dataset.dtypes[self.number - 1])

    @property
    def scaling(self) -> tuple[float, float]:
        """(scale, offset) of the file's tags; (1, 0) without tags."""
        return self.dataset.scales[self.number - 1], self.dataset.offsets[self.number - 1]

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return (numbers, known) of a window, both (rows, columns).

        known: where a number is finite, and neither nodata nor masked by the file (mask, .msk,
        alpha).
        """
        if self.times > 1:
            of_file = replace(self, grid=Grid.of(self.dataset).north_up(), times=1)
            numbers, known = of_file.read(coarser(window, self.times))
            return repeated(numbers, window, self.times), repeated(known, window, self.times)
        inside = self._in_file(window)
        with reading(self.dataset):
            numbers = self.dataset.read(self.number, window=inside)
            known = np.isfinite(numbers)
            if self._has_mask:
                known &= self.dataset.read_masks(self.number, window=inside) > 0
            for alpha in _alphas(self.dataset):
                known &= self.dataset.read(alpha, window=inside) > 0
        for number in self.nodata:
            known &= numbers != number
        return self._turned(numbers), self._turned(known)

    def read_bits(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return (bits, known) of a window: a 16-bit field in any number type, as uint16.

        Raises StudyError for numbers that are not whole.
        """
        numbers, known = self.read(window)
        known = known & (numbers >= BITS[0]) & (numbers <= BITS[1])
        numbers = np.where(known, numbers, 0)
        broken = numbers != np.floor(numbers)
        if broken.any():
            raise StudyError(
                f"{self.where}: contains {numbers[broken][0]:g}, which is not a bit field; bits do"
                " not survive averaging: resample by nearest neighbour"
            )
        return numbers.astype(np.int32).astype(np.uint16), known

    def under(self, grid: Grid) -> OwnBand:
        """Return the part of the band under another grid, all of it if they do not overlap."""
        part = covering(self.grid, grid)
        return replace(self, grid=self.grid.part(part)) if part else self

    def on_pixels_of(self, grid: Grid, times: int) -> OwnBand:
        """Return the band with pixels as fine as those of another grid, if it is `times` coarser.

        Otherwise it is returned unchanged.
        """
        fine = self.grid.finer(times)
        return replace(self, grid=fine, times=times) if fine.alike(grid) else self

    def without(self, number: float) -> OwnBand:
        """Return the band with one more number that means no data, if the file can hold it."""
        held = _held(number, self.dtype)
        return self if held is None else replace(self, nodata=(*self.nodata, held))

    def with_zero(self) -> OwnBand:
        """Return the band with 0 as data ("nothing is flagged"), even if declared nodata."""
        return replace(self, nodata=tuple(number for number in self.nodata if number != 0))

    @property
    def _has_mask(self) -> bool:
        """Whether the file has a mask besides nodata and alpha."""
        flags = set(self.dataset.mask_flag_enums[self.number - 1])
        other = flags & {MaskFlags.all_valid, MaskFlags.alpha}
        return not other and flags != {MaskFlags.nodata}

    @cached_property
    def _steps(self) -> Affine:
        """The Affine from pixels of `grid` to those of the file: mirrors and quarter turns."""
        return ~self.dataset.transform @ self.grid.transform

    def _in_file(self, window: Window) -> Window:
        """Return the Window of the file with the pixels of a window of `grid`."""
        left, top = window.col_off, window.row_off
        ends = [(left, top), (left + window.width, top + window.height)]
        (x0, x1), (y0, y1) = zip(*(self._steps @ end for end in ends), strict=True)
        first, last = round(min(x0, x1)), round(max(x0, x1))
        upper, lower = round(min(y0, y1)), round(max(y0, y1))
        return Window(first, upper, last - first, lower - upper)

    def _turned(self, pixels: np.ndarray) -> np.ndarray:
        """Return pixels of the file (rows, columns) in the orientation of `grid`."""
        across, down = self._steps.a + self._steps.d, self._steps.b + self._steps.e
        if abs(self._steps.b) > abs(self._steps.e):
            pixels = pixels.T
        return pixels[:: 1 if down > 0 else -1, :: 1 if across > 0 else -1]


def own_band(dataset: DatasetReader, number: int, where: str) -> OwnBand:
    """Return band `number` of an open raster. where: site and band, for messages.

    Raises StudyError if there is no such band, or if it is an alpha band or complex.
    """
    if number > dataset.count:
        raise StudyError(
            f"{where}: {dataset.name} has no band {number}, it has {dataset.count}; correct `band`"
        )
    if number in _alphas(dataset):
        raise StudyError(
            f"{where}: band {number} of {dataset.name} is its alpha band, a mask and not a"
            " measurement; correct `band`, or the file (gdal_edit.py"
            f" -colorinterp_{number} undefined)"
        )
    dtype = dataset.dtypes[number - 1]
    if dtype.startswith("complex"):
        raise StudyError(
            f"{where}: {dataset.name} contains complex numbers ({dtype}), as single-look products"
            " do; give calibrated and terrain-corrected backscatter"
        )
    scale, offset = dataset.scales[number - 1], dataset.offsets[number - 1]
    if scale == 0 or not np.isfinite([scale, offset]).all():
        raise StudyError(
            f"{where}: {dataset.name} declares scale {scale:g} and offset {offset:g}, which give no"
            " usable numbers; correct them (gdal_edit.py -scale, -offset)"
        )
    declared = _held(dataset.nodatavals[number - 1], np.dtype(dtype))
    nodata = () if declared is None else (declared,)
    return OwnBand(dataset, number, Grid.of(dataset).north_up(), nodata, where)


def measured_band(
    dataset: DatasetReader, number: int, where: str, nodata: float | None, trusted: bool
) -> OwnBand:
    """Return a band of measurements, like `own_band`. nodata: of the study, None if it names none.

    trusted: whether the study may contradict the file; both numbers then mean no data. Raises
    StudyError if it contradicts the file without being trusted, and for a band of colour indices.
    """
    band = own_band(dataset, number, where)
    if dataset.colorinterp[number - 1] == ColorInterp.palette:
        raise StudyError(
            f"{where}: band {number} of {dataset.name} contains the indices of a colour table, not"
            " measurements; give the data from which the picture was made"
        )
    if nodata is None:
        return band
    held = _held(nodata, band.dtype)
    if held is None:
        raise StudyError(
            f"{where}: nodata is {nodata:g}, which {dataset.name} cannot hold ({band.dtype});"
            " correct nodata, or leave it out"
        )
    for declared in band.nodata:
        if not (trusted or np.isnan(declared) or declared == held):
            raise StudyError(
                f"{where}: the study's nodata is {nodata:g}, but {dataset.name} declares"
                f" {declared:g}; leave nodata out, or correct the file (gdal_edit.py -a_nodata)"
            )
    return replace(band, nodata=(*band.nodata, held))


def _held(number: float | None, dtype: np.dtype) -> np.generic | None:
    """Return a number as a file of this type stores it, None if it cannot."""
    if number is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        held = dtype.type(np.asarray(number).astype(dtype))
    if np.issubdtype(dtype, np.floating):  # which rounds, and overflows to infinity
        return None if np.isinf(held) and not np.isinf(number) else held
    return held if held == number else None


def _alphas(dataset: DatasetReader) -> list[int]:
    """Return the numbers of the alpha bands."""
    kinds = enumerate(dataset.colorinterp, 1)
    return [number for number, kind in kinds if kind == ColorInterp.alpha]


def spread(shape: tuple[int, int]) -> Iterator[Window]:
    """Yield Windows of full width, evenly spread over a raster of `shape`: all of a small one."""
    height, width = shape
    count = -(-height // PLACE_ROWS)
    for index in np.linspace(0, count - 1, min(count, PLACES)).round().astype(int):
        row = int(index) * PLACE_ROWS
        yield Window(0, row, width, min(PLACE_ROWS, height - row))
