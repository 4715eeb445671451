"""Checks that numbers can be what a study says: reflectance, or backscatter (linear or dB)."""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.errors import StudyError
from .sar import to_db

# What sensors measure. Landsat's reflectance ends at 1.600, and 65535 stands for 1.602; no
# processor of Sentinel-1 writes less than about -50 dB, and corner reflectors reach 30 dB.
RANGES = {"reflectance": (-0.3, 1.602), "linear": (-0.5, 1e4), "db": (-60.0, 40.0)}
# Numbers that programs write where there is no data; so are all numbers from HUGE on. Unsigned
# files contain the negative ones wrapped (65535 for -1). They mean no data only outside the range
# above.
MARKS = (-1, -99, -999, -9999, -99999, 99999, -128, -32767, -32768, 32767, -(2**31), 2**31 - 1)
HUGE = 1e15
MAX_IMPOSSIBLE = 0.05  # of the ground; more are not outliers
MAX_ABOVE_1, MAX_BELOW_0 = 0.5, 0.8  # of the ground
MIN_BRIGHTEST = 0.01  # reflectance that one pixel in a hundred exceeds
DB_RANGE = (-35.0, 5.0)  # of the median backscatter
MAX_SAME = 0.9  # of the ground
MAX_VH_ABOVE = 0.6  # of the ground
# Of the ground: the same number in every band, or the same negative reflectance.
MAX_REPEATED = 0.05
FEW_NUMBERS = 256  # a band with fewer may repeat measurements; only its extremes are suspect
TRUST = "or, if you know better, set trust_values: true"


@dataclass(frozen=True)
class Sample:
    """The numbers of one band at some pixels, which are the same for all bands of a sensor.

    numbers: as in the file. values: reflectance or backscatter. known: where they are data,
    according to the study and the file. All 1-D. where: site and band, for messages.
    """

    where: str
    numbers: np.ndarray
    values: np.ndarray
    known: np.ndarray


def observed(numbers: np.ndarray, values: np.ndarray, quantity: str) -> np.ndarray:
    """Return where the bands of a sensor (bands, ...) can be measurements, as a bool array.

    quantity: of `values`, see RANGES. A pixel that is exactly 0 in every band is not a measurement.
    """
    return _possible(values, quantity) & (numbers != 0).any(axis=0)


def _possible(values: np.ndarray, quantity: str) -> np.ndarray:
    low, high = RANGES[quantity]
    return (values >= low) & (values <= high)


def check_reflectance(bands: Sequence[Sample]) -> None:
    """Raise StudyError if red, green and blue cannot be reflectance; warn of pixels left out."""
    bands = [_without_marks(band, "reflectance") for band in _without_zeros(bands)]
    for band in bands:
        values = band.values[band.known]
        if not values.size:
            continue
        above, below = (values > 1).mean(), (values < 0).mean()
        brightest = np.percentile(values, 99)
        if above > MAX_ABOVE_1:
            problem = f"{above:.0%} of the ground has a reflectance above 1"
        elif below > MAX_BELOW_0:
            problem = f"{below:.0%} of the ground has a reflectance below 0"
        elif brightest < MIN_BRIGHTEST:
            problem = f"99% of the ground has a reflectance below {brightest:.2g}"
        else:
            _check_rest(band, "reflectance")
            _check_repeated([_keep(band, band.values < 0)], band.known.sum())
            continue
        raise StudyError(
            f"{band.where}: {problem} (median {np.median(values):.3g}, of numbers"
            f" {_spread(band.numbers[band.known])}); correct scale and offset, {TRUST}"
        )
    _check_different(bands)
    _check_repeated(bands)


def check_backscatter(bands: Sequence[Sample], unit: str) -> None:
    """Raise StudyError if VV and VH cannot be backscatter in `unit`; warn of pixels left out."""
    bands = [_without_marks(band, unit) for band in bands]
    if unit == "db":
        bands = _without_zeros(bands)
    for band in bands:
        check_unit(band.values[band.known], unit, band.where)
    if unit == "linear":  # values without dB are masked later, and counted
        bands = [_keep(band, band.values > 0) for band in bands]
    for band in bands:
        _check_level(band, unit)
        _check_rest(band, unit)
    _check_different(bands)
    _check_repeated(bands)
    vv, vh = bands
    both = vv.known & vh.known
    above = (vh.values > vv.values)[both].mean() if both.any() else 0
    if above > MAX_VH_ABOVE:
        raise StudyError(
            f"{vh.where}: VH is above VV on {above:.0%} of the ground; it is 5 to 10 dB below on"
            f" most: swap vv and vh, {TRUST}"
        )


def _check_level(band: Sample, unit: str) -> None:
    """Raise StudyError if backscatter is too strong or weak for ground, or often exactly 0 dB."""
    values = band.values[band.known]
    if not values.size:
        return
    median = np.median(values if unit == "db" else to_db(values))
    low, high = DB_RANGE
    if not low <= median <= high:
        raise StudyError(
            f"{band.where}: the median backscatter is {median:+.1f} dB, outside {low:g} to"
            f" {high:+g} dB (numbers {_spread(band.numbers[band.known])}); give calibrated sigma or"
            f" gamma nought, or a scale tag (gdal_edit.py -scale), {TRUST}"
        )
    # Near 0 dB, in the tail of the distribution, values become rarer the higher they are.
    zeros, near = (values == 0).sum(), (np.abs(values) <= 1).sum()
    if unit == "db" and zeros > 0.01 * values.size and zeros > near / 2:
        raise StudyError(
            f"{band.where}: {zeros / values.size:.0%} of the values are exactly 0 dB; if that means"
            f" no data, set nodata: 0, {TRUST}"
        )


def check_unit(values: np.ndarray, unit: str, where: str) -> None:
    """Raise StudyError if backscatter `values` cannot be in `unit` ("linear" or "db").

    Linear power is positive except for a little noise; backscatter in dB is mostly below 0.
    where: the input, as the message names it.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return
    below = finite[finite < 0]
    share = below.size / finite.size
    if unit == "linear" and share > 0.5:
        number, repeats = most_frequent(below)
        if repeats > 0.5:
            raise StudyError(
                f"{where}: {share:.0%} of the values are negative, most of them {number:g}; if that"
                f" means no data, set nodata: {number:g}"
            )
        raise StudyError(
            f"{where}: declared linear, but {share:.0%} of the values are negative, as in dB;"
            " set unit: db"
        )
    if unit == "db" and share < 0.05:
        median = np.median(finite)
        advice = (
            "as in linear power; set unit: linear"
            if median < 10 ** (DB_RANGE[1] / 10)
            else f"and the median is {median:+.1f}; has the sign been lost, or is this not dB?"
        )
        raise StudyError(
            f"{where}: declared dB, but only {share:.0%} of the values are negative, {advice}"
        )


def _without_zeros(bands: Sequence[Sample]) -> list[Sample]:
    """Return the bands without the pixels that are exactly 0 in all of them, with a warning."""
    zero = np.logical_and.reduce([band.known & (band.numbers == 0) for band in bands])
    if zero.any():
        logging.warning(
            "warning: %s: %.2f%% of the pixels are 0 in %s, but not declared nodata; left out",
            _site(bands[0]),
            100 * zero.mean(),
            " and ".join(_name(band) for band in bands),
        )
    return [_keep(band, ~zero) for band in bands]


def _without_marks(band: Sample, quantity: str) -> Sample:
    """Return a band without usual marks of no data that cannot be values, with a warning."""
    usual = np.isin(band.numbers, np.array(MARKS).astype(band.numbers.dtype))
    if np.issubdtype(band.numbers.dtype, np.floating):
        usual |= np.abs(band.numbers) >= HUGE
    marked = band.known & usual & ~_possible(band.values, quantity)
    if marked.any():
        logging.warning(
            "warning: %s: %.2f%% of the pixels are %g, but not declared nodata; left out",
            band.where,
            100 * marked.mean(),
            most_frequent(band.numbers[marked])[0],
        )
    return _keep(band, ~marked)


def _site(band: Sample) -> str:
    return band.where.rsplit(": ", 1)[0]


def _name(band: Sample) -> str:
    return band.where.rsplit(": ", 1)[-1]


def _keep(band: Sample, kept: np.ndarray) -> Sample:
    return Sample(band.where, band.numbers, band.values, band.known & kept)


def _check_rest(band: Sample, quantity: str) -> None:
    """Raise StudyError if many values are out of range; log a warning about a few."""
    odd = band.known & ~_possible(band.values, quantity)
    share = odd.sum() / max(1, band.known.sum())
    if not share:
        return
    low, high = RANGES[quantity]
    number, repeats = most_frequent(band.numbers[odd])
    often = f", most often the number {number:g}" if repeats > 0.5 else ""
    message = (
        f"{band.where}: {share:.2%} of the values are outside {low:g} to {high:g} ({quantity};"
        f" {_spread(band.values[odd])}{often})"
    )
    if share > MAX_IMPOSSIBLE:
        raise StudyError(f"{message}; set nodata if these mean no data, correct the file, {TRUST}")
    logging.warning("warning: %s; they are left out", message)


def _check_different(bands: Sequence[Sample]) -> None:
    """Raise StudyError if two bands have the same numbers."""
    for one, other in itertools.combinations(bands, 2):
        both = one.known & other.known
        same = (one.values == other.values)[both].mean() if both.any() else 0
        if same > MAX_SAME:
            raise StudyError(
                f"{other.where}: has the values of {_name(one)} on {same:.0%} of the ground;"
                f" correct path or band, {TRUST}"
            )


def _check_repeated(bands: Sequence[Sample], ground: int | None = None) -> None:
    """Raise StudyError if much of the ground has one and the same number in every band.

    Measurements do not; a border or a saturated cloud does. ground: the number of pixels with data,
    by default those that are known in all bands.
    """
    known = np.logical_and.reduce([band.known for band in bands])
    if not known.any():
        return
    same, repeated = known, []
    for band in bands:
        numbers, counts = np.unique(band.numbers[known], return_counts=True)
        number = numbers[counts.argmax()]
        if numbers.size < FEW_NUMBERS and number not in (numbers[0], numbers[-1]):
            return
        same = same & (band.numbers == number)
        repeated.append(f"{number:.7g}")
    share = same.sum() / (ground or known.sum())
    if share <= MAX_REPEATED:
        return
    number = repeated[0]
    names, remedy = " and ".join(map(_name, bands)), f"set nodata: {number}"
    if set(repeated) != {number}:
        number, remedy = ", ".join(repeated), "correct the file"
    raise StudyError(
        f"{_site(bands[0])}: {share:.0%} of the ground is exactly {number} in {names}, which is"
        f" not a measurement; if it means no data, {remedy}, {TRUST}"
    )


def _spread(values: np.ndarray) -> str:
    """Return the least, the greatest and the median of some values, in words."""
    return f"{values.min():.5g} to {values.max():.5g}, median {np.median(values):.5g}"


def most_frequent(values: np.ndarray) -> tuple[float, float]:
    """Return the most frequent of some values, and its share of them."""
    found, counts = np.unique(values, return_counts=True)
    return found[counts.argmax()], counts.max() / values.size
