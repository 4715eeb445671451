"""Sentinel-1 backscatter: units, averaging in linear power, and the VV/VH ratio in dB."""

import logging
import math
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import reproject
from rasterio.windows import Window
from scipy.ndimage import distance_transform_edt

from ..core.errors import StudyError
from ..core.pixel_sizes import is_larger
from ..core.raster import BandReader, Grid

BANDS = ("vv", "vh")
CHANNELS = ("vv_db", "vh_db", "ratio_db")
# SAR pixels read around a target. Edges are curved in another CRS; Grid.under finds their extent
# with a smaller error than this.
READ_MARGIN_PX = 4
MIN_POWER = -0.05  # subtracted noise is below -13 dB, so lower numbers mean no data
MAX_TURN_DEG = 6  # between two grids; up to this, GDAL's mean is over nearly the right area

Number = TypeVar("Number", float, np.ndarray)


def to_db(power: np.ndarray) -> np.ndarray:
    """Return linear power in dB: 10 log10(power)."""
    return 10 * np.log10(power)


def from_db(db: Number) -> Number:
    """Return dB as linear power: 10^(db / 10)."""
    return 10 ** (db / 10)


def count_power(power: np.ndarray) -> dict[str, int]:
    """Return the number of values of linear power, in total and of each kind that is not power.

    NaN is nodata, zero a border. Negative values come from the subtraction of noise (clean_power).
    """
    return {
        "pixels": int(power.size),
        "nodata": int(np.isnan(power).sum()),
        "infinite": int(np.isinf(power).sum()),
        "zero": int((power == 0).sum()),
        "negative": int(((power < 0) & np.isfinite(power)).sum()),
    }


def is_empty(numbers: np.ndarray) -> np.ndarray:
    """Return where backscatter, linear or in dB, is no data: 0 (fill), NaN and infinities."""
    return ~np.isfinite(numbers) | (numbers == 0)


def clean_power(power: np.ndarray) -> np.ndarray:
    """Return linear power (float32) with NaN for values that are not data.

    These are infinite values, zeros (a border), and values below MIN_POWER. Other negative values
    stay: where noise was subtracted, many pixels of dark ground have them, and a mean without them
    is too high, by 1 dB at -26 dB. They are never converted to dB; only the mean is, raised to the
    noise floor.
    """
    is_power = np.isfinite(power) & (power != 0) & (power >= MIN_POWER)
    return np.where(is_power, power, np.nan).astype(np.float32)


def mean_of_passes(passes: Iterable[np.ndarray]) -> np.ndarray:
    """Return the mean of the linear power of several passes (bands, rows, columns; float32).

    Only values that `clean_power` keeps are averaged; pixels without any are NaN. A single pass is
    returned unchanged.
    """
    rest = iter(passes)
    first = next(rest)
    second = next(rest, None)
    if second is None:
        return first
    total, count = np.zeros(first.shape, np.float32), np.zeros(first.shape, np.uint8)
    for power in chain((first, second), rest):
        cleaned = clean_power(power)
        known = np.isfinite(cleaned)
        total[known] += cleaned[known]
        count += known
    return np.divide(total, count, out=np.full(first.shape, np.nan, np.float32), where=count > 0)


def read_power(bands: BandReader, grid: Grid, window: Window) -> np.ndarray:
    """Return VV and VH (2, rows, columns) as clean linear power averaged onto a part of `grid`.

    bands: VV and VH on their own grid, of which only the part under `window` is read.
    window: of `grid`. Pixels without SAR data are NaN. Windows as wide as the grid give the same
    result as the whole grid, to rounding. Narrower ones do so only within one CRS: between two,
    GDAL interpolates positions along a row, to an eighth of a SAR pixel.
    """
    if bands.grid.alike(grid):
        return clean_power(bands.read(window))
    target = grid.part(window)
    under = covering(bands.grid, target)
    if under is None:
        return np.full((len(BANDS), *target.shape), np.nan, np.float32)
    source = bands.grid.part(under)
    return np.stack(
        [average_onto(power, source, target) for power in clean_power(bands.read(under))]
    )


def covering(source: Grid, target: Grid) -> Window | None:
    """Return the Window of `source` under `target` with a margin, None if they do not overlap."""
    spans = [
        (
            max(0, math.floor(least) - READ_MARGIN_PX),
            min(size, math.ceil(greatest) + READ_MARGIN_PX),
        )
        for (least, greatest), size in zip(
            source.under(target), (source.width, source.height), strict=True
        )
        if math.isfinite(greatest - least)
    ]
    if len(spans) < 2:
        return None
    (first, last), (upper, lower) = spans
    if first >= last or upper >= lower:
        return None
    return Window(first, upper, last - first, lower - upper)


def average_onto(power: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """Return linear power (rows, columns; float32) averaged onto `target`; NaN is left out.

    The mean over the area of a target pixel is taken in linear power, as a coarser sensor would
    measure it; speckle biases the mean of dB values low. GDAL assumes that the sides of the area
    are along the rows and columns of the source; if it is turned, the mean is taken over points
    half a source pixel apart instead.
    """
    if source.alike(target):
        return power.astype(np.float32)
    if source.turn_to(target) < MAX_TURN_DEG:
        return _resampled(power, source, target, Resampling.average)
    times = 2 * max(1, math.ceil(max(np.divide(target.pixel_m, min(source.pixel_m)))))
    cells = _resampled(power, source, target.finer(times), Resampling.nearest)
    cells = cells.reshape(target.height, times, target.width, times)
    known = np.isfinite(cells)
    count = known.sum(axis=(1, 3))
    total = np.where(known, cells, 0).sum(axis=(1, 3))
    return np.divide(total, count, out=np.full(target.shape, np.nan, np.float32), where=count > 0)


def _resampled(power: np.ndarray, source: Grid, target: Grid, resampling: Resampling) -> np.ndarray:
    """Return `power` (rows, columns) on `target` by a method of GDAL's warper; NaN is left out."""
    resampled = np.full(target.shape, np.nan, np.float32)
    reproject(
        power.astype(np.float32),
        resampled,
        src_transform=source.transform,
        src_crs=source.crs,
        src_nodata=np.nan,
        dst_transform=target.transform,
        dst_crs=target.crs,
        dst_nodata=np.nan,
        resampling=resampling,
    )
    return resampled


def warn_if_larger(sar: Grid, target: Grid, where: str, what: str) -> None:
    """Log a warning if SAR has larger pixels than the grid to which it is resampled.

    where: the site; what: the owner of the grid, as the message names it.
    """
    if is_larger(sar.pixel_m, target.pixel_m):
        logging.warning(
            "warning: %s: SAR has pixels of %.3g m; those of %s have %.3g m, but no finer SAR"
            " detail",
            where,
            math.sqrt(math.prod(sar.pixel_m)),
            what,
            math.sqrt(math.prod(target.pixel_m)),
        )


def check_overlap(sar: Grid, optical: Grid, where: str | Path) -> None:
    """Raise StudyError if the grids do not overlap. where: the site or file, for the message."""
    (left, right), (top, bottom) = sar.under(optical)
    if not (left < sar.width and right > 0 and top < sar.height and bottom > 0):  # NaN as well
        raise StudyError(
            f"{where}: SAR and optical do not overlap: SAR covers {sar.place()}, optical"
            f" {optical.place()}; check which scenes belong together"
        )


def channels_db(
    vv: np.ndarray, vh: np.ndarray, noise_floor_db: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, int]]:
    """Return (vv_db, vh_db, ratio_db, counts) from linear power (rows, columns).

    ratio_db = 10 log10(VV / VH), the *difference* of the two in dB. Power below the noise floor,
    such as a negative mean, is raised to it, so that the ratio over water is not a ratio of noise;
    counts: the number of such pixels per band. Channels are float32, NaN where VV or VH is not
    valid.
    """
    floor = from_db(noise_floor_db)
    valid = np.isfinite(vv) & np.isfinite(vh)
    counts = {
        "vv_at_noise_floor": int((vv[valid] < floor).sum()),
        "vh_at_noise_floor": int((vh[valid] < floor).sum()),
    }
    vv_db = np.where(valid, to_db(np.fmax(vv, floor)), np.nan).astype(np.float32)
    vh_db = np.where(valid, to_db(np.fmax(vh, floor)), np.nan).astype(np.float32)
    return vv_db, vh_db, vv_db - vh_db, counts


def shuffle(values: np.ndarray, seed: int) -> np.ndarray:
    """Return `values` with its valid pixels permuted at random; NaN stays in place.

    This keeps the distribution and removes the relation to the ground: a model's gain from this
    image is not due to what the radar observed.
    """
    valid = np.isfinite(values)
    shuffled = values.copy()
    moved = values[valid]
    np.random.default_rng(seed).shuffle(moved)
    shuffled[valid] = moved
    return shuffled


def move(values: np.ndarray) -> np.ndarray:
    """Return `values` (rows, columns) shifted circularly by half of the rows and columns.

    This also keeps the texture, and only removes the relation to the place. The same pixels stay
    valid: NaN stays in place, and a pixel to which NaN is moved takes the nearest value.
    """
    moved = np.roll(values, [size // 2 for size in values.shape], axis=(0, 1))
    empty = ~np.isfinite(moved)
    if empty.any() and not empty.all():
        nearest = distance_transform_edt(empty, return_distances=False, return_indices=True)
        moved = moved[tuple(nearest)]
    return np.where(np.isfinite(values), moved, np.nan).astype(values.dtype)
