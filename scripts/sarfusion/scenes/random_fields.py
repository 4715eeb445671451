"""Random Gaussian fields: white noise, filtered in the frequency domain."""

from collections.abc import Callable

import numpy as np
from scipy.fft import fft, ifft, irfft, rfft

from .elementary import exp


def random_field(
    rng: np.random.Generator, side: int, gain: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return a random Gaussian field (side, side), float32, of zero mean and unit variance.

    gain: function of an array of frequencies in cycles per cell, 0 at the origin. Once it is 0 in
    float32, it is 0 at all higher frequencies. The field is periodic.

    The result has the same bytes as the filter by rfft2 and irfft2. A smooth field has few
    frequencies, so only these are transformed along the columns.
    """
    frequency = np.fft.rfftfreq(side)
    passed = frequency[: 1 + np.flatnonzero(gain(frequency).astype(np.float32))[-1]]
    filter_ = np.zeros((frequency.size, passed.size), np.float32)
    filter_[: passed.size] = gain(np.sqrt(passed[:, None] ** 2 + passed**2))
    row = np.arange(side)

    noise = rng.standard_normal((side, side), dtype=np.float32)
    spectrum = fft(rfft(noise)[:, : passed.size], axis=0, overwrite_x=True)
    spectrum *= filter_[np.minimum(row, side - row)]  # negative frequencies follow the positive
    field = irfft(ifft(spectrum, axis=0, norm="forward"), side, norm="forward")
    field *= np.float32(1 / side**2)
    mean, deviation = field.mean(), field.std()
    field -= mean
    field /= deviation
    return field


def smooth_field(rng: np.random.Generator, side: int, scale: float) -> np.ndarray:
    """Return a random field smoothed by a Gaussian of standard deviation `scale` cells."""
    return random_field(rng, side, lambda f: exp(-2 * (np.pi * scale * f) ** 2))
