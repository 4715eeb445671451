"""Filling gaps with a model of the year, fitted to each pixel's clear dates."""

import numpy as np

from .dates import Dates

MIN_DATES = 10  # clear at a pixel, to fit a model there
YEAR = 365.2425  # days
HUBER = 1.345  # residuals beyond this many standard deviations count less: 95 % efficiency
MAD_TO_STD = 1.4826  # standard deviation of a normal distribution in median absolute deviations
MIN_SCALE = 1e-4  # reflectance; a smaller spread of residuals is rounding
STEPS = 10  # of the reweighting
CHUNK_PX = 20_000  # pixels at a time, which bounds the memory


def harmonic(optical: np.ndarray, gap: np.ndarray, dates: Dates, train: np.ndarray) -> np.ndarray:
    """Fill each pixel with offset + trend * t + a cos(2 pi t) + b sin(2 pi t) at t = 0.

    t: years from the scene. The four numbers are fitted to the clear dates of the pixel, of which
    MIN_DATES are needed, after Zhu & Woodcock 2014, Remote Sensing of Environment 144, 152-171,
    with one pair of terms per year. The fit is robust: least squares, reweighted by Huber's weights
    min(1, HUBER s / |residual|), where s is the median absolute deviation, scaled to a standard
    deviation.
    """
    values, clear = dates.bands[..., gap], dates.clear[:, gap]
    design = terms(dates.days / YEAR)
    found = np.full(values.shape[1:], np.nan)
    enough = np.flatnonzero(clear.sum(axis=0) >= MIN_DATES)
    for start in range(0, len(enough), CHUNK_PX):
        pixels = enough[start : start + CHUNK_PX]
        for band in range(values.shape[1]):
            fitted = huber_fit(design, values[:, band, pixels].T, clear[:, pixels].T)
            found[band, pixels] = fitted @ terms(np.zeros(1))[0]
    return found


def terms(years: np.ndarray) -> np.ndarray:
    """Return the terms (times, 4) of the model: 1, t, cos 2 pi t, sin 2 pi t."""
    angle = 2 * np.pi * years
    return np.stack([np.ones_like(years), years, np.cos(angle), np.sin(angle)], axis=1)


def huber_fit(design: np.ndarray, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the coefficients (pixels, terms) of a robust fit of each pixel separately.

    design: (times, terms). values, known: (pixels, times); values that are not known do not count.
    If the times do not determine all coefficients, those of least norm are returned.
    """
    values = np.where(known, values, 0).astype(np.float64)
    weights = known.astype(np.float64)
    for _ in range(STEPS):
        weighted = weights[..., None] * design
        coefficients = (
            np.linalg.pinv(weighted.transpose(0, 2, 1) @ design, hermitian=True)
            @ (weighted.transpose(0, 2, 1) @ values[..., None])
        )[..., 0]
        residual = np.abs(values - coefficients @ design.T)
        middle = np.nanmedian(np.where(known, residual, np.nan), axis=1, keepdims=True)
        limit = HUBER * np.maximum(MAD_TO_STD * middle, MIN_SCALE)
        weights = known * np.minimum(1, limit / np.maximum(residual, limit))
    return coefficients
