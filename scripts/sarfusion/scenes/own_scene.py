"""A user's own rasters as raw scenes: digital numbers with quality bits, and linear power."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window

from ..core.errors import StudyError
from ..core.grid import Grid
from . import landsat, sar
from .bands import optical_bands
from .coding import as_quality, check_quality
from .own_rasters import OwnBand, measured_band, own_band, spread
from .plausibility import Sample, check_backscatter, check_reflectance, observed
from .qa_plausibility import check_fill, check_qa_pixel
from .sensors import is_named, sensor_of
from .sources import files_of_band

AEROSOL = "qa_aerosol"
# Flags of pixels that are not used to check whether numbers are plausible: bright ones saturate.
NOT_GROUND = ("dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow")
NO_SCALING = (1.0, 0.0)

Rasters = Mapping[str, DatasetReader]  # {"optical.red": open raster, ...}
Bands = Sequence[OwnBand]


class OwnOptical:
    """The optical bands of a site on one grid, and quality bits where it has them.

    rasters: the open rasters of the site. settings: the site of the config. Raises StudyError if
    files and settings contradict each other; with `trust_values`, the settings count. The bands are
    red, green, blue and those of the setting `infrared`, which rules add.
    """

    def __init__(self, rasters: Rasters, settings: Mapping[str, Any], site: str) -> None:
        optical = settings["optical"]
        self.names = optical_bands(settings.get("infrared", ()))
        self._trusted = settings["trust_values"]
        self._sensor = sensor_of(optical["sensor"])
        self._bands = _measured(rasters, settings, "optical", self.names, site)
        if is_named(optical["sensor"]):
            self._bands = [band.without(self._sensor.nodata) for band in self._bands]
        self._bands = [
            self._on_pixels_of_red(name, band)
            for name, band in zip(self.names, self._bands, strict=True)
        ]
        if not _on_one_grid(self._bands):
            *first, last = self.names
            named = f"{', '.join(first)} and {last}"
            raise StudyError(f"site {site}: {named} are on different grids; align them")
        self.grid = self._bands[0].grid
        self._scaling = optical["scale"], optical["offset"]
        if not self._trusted:
            for band in self._bands:
                _check_scaling(band, self._scaling)
        self._saturation = optical.get("saturation", np.inf)
        self._quality = {}
        for name in dict.fromkeys((*landsat.QUALITY, AEROSOL, *self._sensor.quality)):
            if name not in optical:
                continue
            where = f"site {site}: {name}"
            band = own_band(rasters[f"optical.{name}"], optical[name]["band"], where)
            band = self._on_pixels_of_red(name, band)
            if not _on_one_grid([self._bands[0], band]):
                raise StudyError(f"{where} is on another grid than red; align them")
            self._quality[name] = band
        if "qa_radsat" in optical:
            band = self._quality["qa_radsat"] = self._quality["qa_radsat"].with_zero()
            self._radsat_sensor = optical["qa_radsat"]["bits"]
            about = f"{optical['sensor']} {optical['qa_radsat']['path']}"
            landsat.check_radsat_sensor(self._radsat_sensor, about, band.where)

    def _on_pixels_of_red(self, name: str, band: OwnBand) -> OwnBand:
        """Return a band on the grid of red, if the sensor has coarser pixels in it."""
        times = self._sensor.coarser.get(name, 1)
        return band.on_pixels_of(self._bands[0].grid, times) if times > 1 else band

    @property
    def dtype(self) -> np.dtype:
        """The number type of a file of all bands: the optical one, widened for quality bits."""
        return np.result_type(*(band.dtype for band in self._bands), np.uint16)

    def check(self) -> None:
        """Raise StudyError unless the numbers can be what the settings say."""
        if self._trusted:
            return
        parts, filled = [], []
        for window in spread(self.grid.shape):
            numbers, known = _read(self._bands, window)
            is_data, qa_pixel, _ = self._read_quality(window)
            if "qa_pixel" in self._quality:
                check_qa_pixel(qa_pixel, self._quality["qa_pixel"].where)
                has_numbers = known.all(axis=0) & (numbers != 0).any(axis=0)
                filled.append((qa_pixel.ravel(), has_numbers.ravel()))
            elif (coded := self._sensor.quality[0]) in self._quality:
                bits, is_data = self._quality[coded].read_bits(window)
                check_quality(self._sensor, bits[is_data], self._quality[coded].where)
            known &= is_data & ~self._saturated(numbers)
            known &= known.all(axis=0) & ~landsat.any_flagged(qa_pixel, NOT_GROUND)
            parts.append((numbers, self._reflectance(numbers), known))
        if filled:
            qa_pixel, has_numbers = (np.concatenate(part) for part in zip(*filled, strict=True))
            check_fill(qa_pixel, has_numbers, self._quality["qa_pixel"].where)
        check_reflectance(_samples(self._bands, parts))

    def read(self, window: Window) -> np.ndarray:
        """Return the optical bands, qa_pixel and qa_radsat (bands, rows, columns) of a window.

        A pixel without data in one band is fill in all; it keeps its flags in qa_pixel, such as
        cloud, unless its quality band says fill. Without quality files, a pixel is saturated if its
        number reaches the setting `saturation`, and otherwise clear.
        """
        numbers, known = _read(self._bands, window)
        is_data, qa_pixel, qa_radsat = self._read_quality(window)
        known &= is_data
        saturated = self._saturated(numbers)
        if not self._trusted:
            known &= observed(numbers, self._reflectance(numbers), "reflectance") | saturated
        fill = ~known.all(axis=0)
        qa_pixel[landsat.is_fill(qa_pixel)] = landsat.QA_FILL
        qa_pixel[fill] |= landsat.QA_FILL
        for band, over in zip(self.names, saturated, strict=True):
            qa_radsat[over] |= 1 << landsat.QA_RADSAT_BITS[band]
        raw = np.stack([*numbers, qa_pixel, qa_radsat]).astype(self.dtype)
        raw[: len(numbers), fill] = landsat.FILL
        return raw

    def read_aerosol(self, window: Window) -> np.ndarray:
        """Return SR_QA_AEROSOL (rows, columns; uint8) of a window; the site must have a file."""
        bits, known = self._quality[AEROSOL].read_bits(window)
        return np.where(known, bits, landsat.AEROSOL_FILL).astype(np.uint8)

    def _reflectance(self, numbers: np.ndarray) -> np.ndarray:
        return _scaled(numbers, [self._scaling] * len(numbers))

    def _read_quality(self, window: Window) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (known, qa_pixel, qa_radsat) of a window, each (rows, columns).

        known: where every quality file has data, and none says fill.
        """
        shape = (int(window.height), int(window.width))
        known = np.ones(shape, bool)
        bits = dict.fromkeys(landsat.QUALITY, np.zeros(shape, np.uint16))
        for name in landsat.QUALITY:
            if name in self._quality:
                bits[name], is_data = self._quality[name].read_bits(window)
                known &= is_data
        qa_pixel, qa_radsat = (bits[name].copy() for name in landsat.QUALITY)
        coded = self._sensor.quality[0]
        if coded in self._quality and coded not in landsat.QUALITY:
            classes, is_data = self._quality[coded].read_bits(window)
            known &= is_data
            qa_pixel, qa_radsat = as_quality(self._sensor, classes[np.newaxis], self.names)
        if "qa_radsat" in self._quality:
            qa_radsat = landsat.radsat_as_oli(qa_radsat, self._radsat_sensor, self.names)
        return known & ~landsat.is_fill(qa_pixel), qa_pixel, qa_radsat

    def _saturated(self, numbers: np.ndarray) -> np.ndarray:
        return numbers >= self._saturation


class OwnSar:
    """VV and VH of a site on one grid, as linear power; only the part of it under `ground`.

    Several passes are averaged. ground: the optical grid. Other arguments and errors: as for
    OwnOptical; also StudyError if SAR and optical do not overlap.
    """

    def __init__(
        self, rasters: Rasters, settings: Mapping[str, Any], site: str, ground: Grid
    ) -> None:
        self._trusted = settings["trust_values"]
        self._unit = settings["sar"]["unit"]
        bands = _measured(rasters, settings, "sar", sar.BANDS, site)
        if not _on_one_grid(bands):
            raise StudyError(f"site {site}: VV and VH are on different grids; align them")
        sar.check_overlap(bands[0].grid, ground, f"site {site}")
        bands = [band.under(ground) for band in bands]
        self.grid = bands[0].grid
        count = self.passes = len(bands) // len(sar.BANDS)
        self._passes = [bands[number::count] for number in range(count)]  # of each, VV and VH

    def check(self) -> None:
        """Raise StudyError unless the numbers can be what the settings say."""
        if self._trusted:
            return
        for bands in self._passes:
            parts = []
            for window in spread(self.grid.shape):
                numbers, known = _read(bands, window)
                parts.append((numbers, _scaled(numbers, [band.scaling for band in bands]), known))
            check_backscatter(_samples(bands, parts), self._unit)

    def read(self, window: Window) -> np.ndarray:
        """Return VV and VH (2, rows, columns) of a window: linear power (float32), NaN: no data."""
        return sar.mean_of_passes(self._read_pass(bands, window) for bands in self._passes)

    def _read_pass(self, bands: Bands, window: Window) -> np.ndarray:
        """Return the same for one pass."""
        numbers, known = _read(bands, window)
        values = _scaled(numbers, [band.scaling for band in bands])
        if not self._trusted:
            known &= observed(numbers, values, self._unit)
        values[~known] = np.nan
        return sar.from_db(values) if self._unit == "db" else values


def _measured(
    rasters: Rasters, settings: Mapping[str, Any], sensor: str, names: Iterable[str], site: str
) -> list[OwnBand]:
    """Return the bands of a sensor that the settings name; for each, all passes in order."""
    chosen = settings[sensor]
    return [
        measured_band(
            rasters[file],
            entry["band"],
            f"site {site}: {file.removeprefix(f'{sensor}.')}",
            chosen.get("nodata"),
            settings["trust_values"],
        )
        for name in names
        for file, entry in files_of_band(f"{sensor}.{name}", chosen[name]).items()
    ]


def _on_one_grid(bands: Bands) -> bool:
    return all(band.grid.alike(bands[0].grid) for band in bands)


def _check_scaling(band: OwnBand, chosen: tuple[float, float]) -> None:
    """Raise StudyError if the file's tags of scale and offset contradict the study's."""
    tags = band.scaling
    if tags == NO_SCALING or np.allclose(tags, chosen, rtol=1e-6, atol=1e-12):
        return
    raise StudyError(
        f"{band.where}: the study says scale {chosen[0]:g} and offset {chosen[1]:g}, but"
        f" {band.dataset.name} says scale {tags[0]:g} and offset {tags[1]:g}; correct the one that"
        " is wrong (in the file: gdal_edit.py -scale, -offset)"
    )


def _read(bands: Bands, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Return (numbers, known) of a window, both (bands, rows, columns)."""
    numbers, known = zip(*(band.read(window) for band in bands), strict=True)
    return np.stack(numbers), np.stack(known)


def _scaled(numbers: np.ndarray, scalings: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return scale * number + offset of each band as float32, infinite where it is too large."""
    values = np.empty(numbers.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for index, (scale, offset) in enumerate(scalings):
            values[index] = numbers[index] * np.float64(scale) + offset
    return values


def _samples(bands: Bands, parts: Sequence[tuple[np.ndarray, ...]]) -> list[Sample]:
    """Return a Sample of each band. parts: (numbers, values, known) of several windows."""
    joined = [
        np.concatenate([part.reshape(len(bands), -1) for part in kind], axis=1)
        for kind in zip(*parts, strict=True)
    ]
    return [
        Sample(band.where, numbers.astype(band.dtype), values, known)
        for band, numbers, values, known in zip(bands, *joined, strict=True)
    ]
