"""Scaling of the channels, fitted on training ground only."""

import numpy as np

from ..core.raster import open_bands, strips

RANGE_PERCENTILES = (0.1, 99.9)
LARGEST_SAMPLE = 4_000_000  # pixels; a percentile of so many is off by less than 0.03 percents


def training_sample(path, names, train, largest=LARGEST_SAMPLE):
    """Return the bands `names` (bands, pixels) of a raster on training ground.

    train: bool (rows, columns). All its pixels while they are at most `largest`; of more, every
    n-th in the order of the raster, with the least n that leaves no more than `largest`. The
    sample is the same in every run and does not depend on how the raster is read.
    """
    step = max(1, -(-int(train.sum()) // largest))
    sample, seen = [], 0
    with open_bands([(path, name) for name in names]) as bands:
        for window in strips(train.shape):
            values = bands.read(window)[:, train[window.toslices()]]
            sample.append(values[:, -seen % step :: step].copy())  # a view would keep all of it
            seen += values.shape[1]
    return np.concatenate(sample, axis=1)


def even_sample(values, count):
    """Return `count` of the pixels of `values` (bands, pixels), evenly taken from their order."""
    return values[:, np.linspace(0, values.shape[1] - 1, count).round().astype(int)]


def fit(values, clip_percentiles=None):
    """Return {"low", "high", "mean", "std"} of the 1-D `values` of a channel.

    With `clip_percentiles` (low, high) the values are clipped there first, and `low` and `high`
    say where; without, both are None. A constant channel gets std 1, so that it scales to 0.
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


def apply(values, scaling):
    """Return float32 `values` clipped, centred and scaled; NaN becomes 0, the training mean."""
    if scaling["low"] is not None:
        values = np.clip(values, scaling["low"], scaling["high"])
    scaled = (values - np.float32(scaling["mean"])) / np.float32(scaling["std"])
    return np.nan_to_num(scaled.astype(np.float32), nan=0.0)


def undo(scaled, scaling):
    """Return centred and scaled values in their own unit."""
    return scaled * np.float32(scaling["std"]) + np.float32(scaling["mean"])


def data_range(values):
    """Return L, the data range of SSIM and PSNR: the central 99.8 % of the 1-D `values`.

    The extremes of a city (one mirror-like roof) would set L by themselves otherwise.
    """
    low, high = np.percentile(values.astype(np.float64), RANGE_PERCENTILES)
    return float(high - low)
