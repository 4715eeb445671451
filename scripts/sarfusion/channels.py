"""What a network sees: which bands of the stack, normalised, in which order."""

import numpy as np

from .normalise import apply

# `input` of the study -> SAR bands of the stack that stand beside the optical band.
SAR_BANDS = {"ratio": ("ratio_db",), "vvvh": ("vv_db", "vh_db"), "none": ()}


def channel_names(band, sar_input):
    """Return the stack's bands that a network of `band` with `sar_input` takes, optical first."""
    return [band, *SAR_BANDS[sar_input]]


def normalised(bands, names, normalisation):
    """Return `bands` (channels, rows, columns) scaled channel by channel; NaN becomes 0."""
    return np.stack(
        [apply(values, normalisation[name]) for values, name in zip(bands, names, strict=True)]
    )
