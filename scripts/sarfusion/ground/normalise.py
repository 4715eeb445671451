"""Normalisation of channels (clip, centre, scale), fitted on training ground only."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np

from ..core.raster import open_bands, strips

RANGE_PERCENTILES = (0.1, 99.9)
DOMAIN_PERCENTILES = (0.1, 5, 50, 95, 99.9)
MAX_SAMPLE = 4_000_000  # pixels; the rank of a percentile is then off by less than 0.03 percent


class Scaling(TypedDict):
    """Normalisation of a channel: clip to [low, high] (None: no clipping), then (x - mean) / std.

    All numbers have the unit of the channel.
    """

    low: float | None
    high: float | None
    mean: float
    std: float


def training_sample(
    path: str | Path, names: Sequence[str], train: np.ndarray, max_pixels: int = MAX_SAMPLE
) -> np.ndarray:
    """Return the bands `names` of a raster on training ground, (bands, pixels).

    train: bool (rows, columns). If it has more than `max_pixels` pixels, every n-th is taken in
    raster order, with the smallest n that gives at most `max_pixels`. The sample is the same in
    every run and does not depend on the strips in which the raster is read.
    """
    step = max(1, -(-int(train.sum()) // max_pixels))
    sample, count = [], 0
    with open_bands([(path, name) for name in names]) as bands:
        for window in strips(train.shape):
            values = bands.read(window)[:, train[window.toslices()]]
            sample.append(values[:, -count % step :: step].copy())  # a view would keep the strip
            count += values.shape[1]
    return np.concatenate(sample, axis=1)


def even_sample(values: np.ndarray, count: int) -> np.ndarray:
    """Return `count` evenly spaced pixels of `values` (bands, pixels)."""
    return values[:, np.linspace(0, values.shape[1] - 1, count).round().astype(int)]


def fit(values: np.ndarray, clip_percentiles: Sequence[float] | None = None) -> Scaling:
    """Return the Scaling of the 1-D `values` of a channel.

    With `clip_percentiles` (low, high) the values are clipped at these percentiles before mean and
    standard deviation are taken. The std of a constant channel is 1, so that it scales to 0.
    """
    values = values.astype(np.float64)
    low = high = None
    if clip_percentiles is not None:
        low, high = (float(x) for x in np.percentile(values, clip_percentiles))
        values = np.clip(values, low, high)
    return {
        "low": low,
        "high": high,
        "mean": float(values.mean()),
        "std": float(values.std()) or 1.0,
    }


def apply(values: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Return float32 `values` clipped, centred and scaled; NaN becomes 0, the training mean."""
    if scaling["low"] is not None:
        values = np.clip(values, scaling["low"], scaling["high"])
    scaled = (values - np.float32(scaling["mean"])) / np.float32(scaling["std"])
    return np.nan_to_num(scaled.astype(np.float32), nan=0.0)


def undo(scaled: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Return centred and scaled values in their own unit."""
    return scaled * np.float32(scaling["std"]) + np.float32(scaling["mean"])


def percentiles(values: np.ndarray) -> list[float]:
    """Return the DOMAIN_PERCENTILES of the 1-D `values` of a channel, in its unit."""
    return [float(x) for x in np.percentile(values.astype(np.float64), DOMAIN_PERCENTILES)]


def data_range(values: np.ndarray) -> float:
    """Return L, the data range of SSIM and PSNR: the central 99.8 % of the 1-D `values`.

    With the full range, a single mirror-like roof in a city would determine L.
    """
    low, high = np.percentile(values.astype(np.float64), RANGE_PERCENTILES)
    return float(high - low)
