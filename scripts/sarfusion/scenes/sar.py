"""Sentinel-1 backscatter: units, averaging in linear power, and the VV/VH ratio in dB."""

import math

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window

from ..core.errors import StudyError

BANDS = ("vv", "vh")
CHANNELS = ("vv_db", "vh_db", "ratio_db")
MARGIN = 4  # pixels read around a target: the bounds of curved edges are known to less than that


def to_db(power):
    """Return linear power in dB: 10 log10(power)."""
    return 10 * np.log10(power)


def from_db(db):
    """Return dB as linear power: 10^(db / 10)."""
    return 10 ** (db / 10)


def check_unit(values, unit, where):
    """Raise StudyError when backscatter `values` cannot be in `unit` ("linear" or "db").

    Linear power is positive but for a little noise; backscatter in dB lies mostly below 0.
    `where` names the input in the message.
    """
    finite = values[np.isfinite(values)]
    negative = float((finite < 0).mean()) if finite.size else 0.0
    if unit == "linear" and negative > 0.5:
        raise StudyError(
            f"{where}: declared linear, but {negative:.0%} of the values are negative, as in dB;"
            " say unit: db"
        )
    if unit == "db" and finite.size and negative < 0.05:
        raise StudyError(
            f"{where}: declared dB, but only {negative:.0%} of the values are negative, as in"
            " linear power; say unit: linear"
        )


def count_power(power):
    """Return how many values of linear power there are, and how many are no backscatter.

    NaN is no data; infinite, zero and negative values (borders, noise subtraction) have no dB.
    """
    return {
        "pixels": int(power.size),
        "nodata": int(np.isnan(power).sum()),
        "infinite": int(np.isinf(power).sum()),
        "zero_or_negative": int(((power <= 0) & np.isfinite(power)).sum()),
    }


def clean_power(power):
    """Return linear power (float32) with NaN for all that `count_power` calls no backscatter.

    It is masked before averaging.
    """
    return np.where((power > 0) & (power < np.inf), power, np.nan).astype(np.float32)


def read_power(bands, grid, window):
    """Return VV and VH (2, rows, columns) as clean linear power averaged onto a part of `grid`.

    bands: an open BandReader of VV and VH on a grid of their own, of which no more is read than
    what lies under the Window `window` of `grid`. NaN where that is nothing. Strips get what the
    whole grid would (to rounding); narrower windows do too in one CRS, but between two of them
    GDAL interpolates places along a row, to an eighth of a SAR pixel.
    """
    if bands.grid == grid:
        return clean_power(bands.read(window))
    target = grid.part(window)
    under = covering(bands.grid, target)
    if under is None:
        return np.full((len(BANDS), *target.shape), np.nan, np.float32)
    source = bands.grid.part(under)
    return np.stack(
        [average_onto(power, source, target) for power in clean_power(bands.read(under))]
    )


def covering(source, target):
    """Return the Window of the Grid `source` that the Grid `target` lies on, None if on nothing."""
    left, bottom, right, top = transform_bounds(target.crs, source.crs, *target.bounds)
    corners = [~source.transform @ (x, y) for x in (left, right) for y in (bottom, top)]
    spans = [
        (max(0, math.floor(min(along)) - MARGIN), min(size, math.ceil(max(along)) + MARGIN))
        for along, size in zip(
            zip(*corners, strict=True), (source.width, source.height), strict=True
        )
    ]
    (first, last), (upper, lower) = spans
    if first >= last or upper >= lower:
        return None
    return Window(first, upper, last - first, lower - upper)


def average_onto(power, source, target):
    """Return linear power (rows, columns) averaged onto the Grid `target`; NaN is left out.

    The mean over the area of a target pixel is taken in linear power, which is what a coarser
    sensor would have measured; the mean of dB values is biased low by speckle.
    """
    if source == target:
        return power.astype(np.float32)
    averaged = np.full(target.shape, np.nan, np.float32)
    reproject(
        power.astype(np.float32),
        averaged,
        src_transform=source.transform,
        src_crs=source.crs,
        src_nodata=np.nan,
        dst_transform=target.transform,
        dst_crs=target.crs,
        dst_nodata=np.nan,
        resampling=Resampling.average,
    )
    return averaged


def check_overlap(sar, optical, where):
    """Raise StudyError when the Grids `sar` and `optical` have no ground in common."""
    left, bottom, right, top = transform_bounds(sar.crs, optical.crs, *sar.bounds)
    o_left, o_bottom, o_right, o_top = optical.bounds
    if left >= o_right or right <= o_left or bottom >= o_top or top <= o_bottom:
        raise StudyError(
            f"{where}: SAR and optical do not overlap: SAR covers"
            f" {left:.6g} {bottom:.6g} {right:.6g} {top:.6g}, optical"
            f" {o_left:.6g} {o_bottom:.6g} {o_right:.6g} {o_top:.6g}"
            f" ({optical.crs.to_string()}); check which scenes belong together"
        )


def channels_db(vv, vh, noise_floor_db):
    """Return (vv_db, vh_db, ratio_db) from linear power, and how much was at the noise floor.

    ratio_db = 10 log10(VV / VH), the *difference* of the two in dB. Power below the noise floor
    is raised to it, so that noise over water does not make the ratio.
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


def shuffle(values, seed):
    """Return `values` with its valid pixels moved to random valid places; NaN stays.

    The distribution is kept and every link to the ground is cut: what a model gains from this
    image it does not owe to what the radar saw.
    """
    valid = np.isfinite(values)
    shuffled = values.copy()
    moved = values[valid]
    np.random.default_rng(seed).shuffle(moved)
    shuffled[valid] = moved
    return shuffled
