"""What a network sees: which bands of which rasters, normalised, in which order."""

import numpy as np

from ..core.raster import open_bands
from ..ground.normalise import apply

# `input` of the study -> SAR bands of the stack that stand beside the optical band.
SAR_BANDS = {
    "ratio": ("ratio_db",),
    "vvvh": ("vv_db", "vh_db"),
    "none": (),
    "shuffled": ("ratio_db",),
}
GAP = "gap"


def channel_names(protocol, band, sar_input):
    """Return the channels of a network, the optical band first.

    In `cloud_gap` the mask of what is withheld is a channel of its own: a zero in the band may
    also be a dark pixel.
    """
    mask = [GAP] if protocol == "cloud_gap" else []
    return [band, *mask, *SAR_BANDS[sar_input]]


def open_channels(names, optical, sar, gaps=None):
    """Open the rasters that hold the channels `names`; see raster.open_bands.

    optical, sar: paths of rasters with the optical and the SAR bands; gaps: of the gap mask.
    """
    places = {"gap": gaps, **{name: sar for names in SAR_BANDS.values() for name in names}}
    return open_bands([(places.get(name, optical), name) for name in names])


def normalised(bands, names, scaling):
    """Return `bands` (channels, rows, columns; float32) as a network takes them.

    Channels are scaled one by one and NaN becomes 0, the training mean. The gap mask stays 0 and
    1, and what it withholds of the optical band is set to 0 as well.
    """
    channels = np.stack(
        [
            np.nan_to_num(values) if name == GAP else apply(values, scaling[name])
            for values, name in zip(bands, names, strict=True)
        ]
    )
    if GAP in names:
        channels[0][channels[names.index(GAP)] == 1] = 0
    return channels
