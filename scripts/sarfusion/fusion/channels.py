"""The input channels of a network: bands of which rasters, their order and normalisation."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from ..core.raster import BandReader, open_bands
from ..ground.normalise import Scaling, apply
from ..study.inputs import INPUTS

GAP = "gap"


def channel_names(band: str, sar_input: str, with_gap: bool) -> list[str]:
    """Return the channels of a network, the optical band first.

    with_gap: whether the band is given with gaps. Their mask is then a channel of its own, since a
    zero in the band may also be a dark pixel.
    """
    mask = [GAP] if with_gap else []
    return [band, *mask, *INPUTS[sar_input].bands]


def open_channels(
    names: Sequence[str],
    optical: str | Path,
    sar: str | Path,
    gaps: str | Path | None = None,
) -> AbstractContextManager[BandReader]:
    """Open the rasters with the channels `names`; see raster.open_bands.

    optical, sar: rasters with the optical and the SAR bands; gaps: raster with the gap mask.
    """
    paths = {GAP: gaps, **{name: sar for choice in INPUTS.values() for name in choice.bands}}
    return open_bands([(paths.get(name) or optical, name) for name in names])


def normalised(
    bands: np.ndarray, names: Sequence[str], scaling: Mapping[str, Scaling]
) -> np.ndarray:
    """Return `bands` (channels, rows, columns; float32) as input of a network.

    Each channel is normalised and NaN becomes 0, the training mean. The gap mask keeps 0 and 1;
    the optical band is set to 0 where it is withheld.
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
