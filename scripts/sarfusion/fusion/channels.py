"""The input channels of a network: their bands in rasters, their order and normalisation."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from ..core.grid import Grid
from ..core.raster import BandReader, open_bands
from ..ground.normalise import Scaling, apply, undo
from ..study.inputs import CHANNELS, DATE_AGE, DATE_CLEAR, OTHER_DATE, RADAR

GAP = "gap"
# Suffix of a channel: its difference, in gaps, from a surface made from its surroundings. A network
# gets this too, since it learns how the optical band differs from a start surface (start.py).
ANOMALY = "_anomaly"
OF_OTHER_DATE = f"_{OTHER_DATE}"  # suffix of an optical band, as it was on another date
WITHOUT = "without_"  # prefix of a channel that only other inputs of the protocol have: zeros
CLEAR, WITHHELD, NOT_VALID = range(3)  # values of the band GAP of a raster of start surfaces
# A pixel that no date shows has the age 0, so that the age alone does not distinguish it.
AGE_SCALING: Scaling = {"low": 0.0, "high": 365.0, "mean": 0.0, "std": 30.0}  # days
FLAG_SCALING: Scaling = {"low": 0.0, "high": 1.0, "mean": 0.0, "std": 1.0}
ZERO_SCALING: Scaling = {"low": 0.0, "high": 0.0, "mean": 0.0, "std": 1.0}


def channel_names(
    band: str,
    given: Sequence[str],
    with_gap: bool,
    places: Sequence[str] | None = None,
    gives_band: bool = True,
) -> list[str]:
    """Return the channels of a network, the optical band first, if it is given at all.

    given: the channels of its input; places: those of all inputs of its protocol (places_of), by
    default the same. with_gap: whether the band is given with gaps. Then the mask of the gaps is
    also a channel, since a zero in the band may be a dark pixel. So are the anomalies, in the gaps,
    of the SAR bands and of the band on another date.
    """
    names = {channel: RADAR.get(channel, channel) for channel in CHANNELS}
    names[OTHER_DATE] = band + OF_OTHER_DATE
    places = [channel for channel in CHANNELS if channel in (given if places is None else places)]
    whole = [("" if place in given else WITHOUT) + names[place] for place in places]
    if not with_gap:
        return [*[band] * gives_band, *whole]
    differing = [name + ANOMALY for name in whole if not name.endswith((DATE_AGE, DATE_CLEAR))]
    return [band, GAP, *whole, *differing]


def scaled_alone(names: Sequence[str]) -> list[str]:
    """Return those of the channels `names` that have their own scaling; see scaling_of."""
    return [name for name in names if is_optical(name) or name in RADAR.values()]


def is_optical(name: str) -> bool:
    """Return whether a channel is an optical band of the scene itself."""
    is_other = name == GAP or name.startswith(WITHOUT) or is_of_date(name) or is_radar(name)
    return not is_other


def is_radar(name: str) -> bool:
    """Return whether a channel is a SAR band or its anomaly."""
    return name.removesuffix(ANOMALY) in RADAR.values()


def is_of_date(name: str) -> bool:
    """Return whether a channel is of another date."""
    return OTHER_DATE in name and not name.startswith(WITHOUT)


def start_places(names: Sequence[str]) -> list[int]:
    """Return the places in `names` of the channels from which a network with gaps starts.

    The first is the band with its start surface. If there is another date, its anomaly is added:
    the date is then cloned into the gap, shifted by a smooth surface to match its surroundings, as
    Pérez et al. 2003 do (Poisson image editing, ACM Trans. Graph. 22), but with push_pull instead
    of their equation.
    """
    cloned = [
        place
        for place, name in enumerate(names)
        if is_of_date(name) and name.endswith(OF_OTHER_DATE + ANOMALY)
    ]
    return [0, *cloned]


def radar_places(names: Sequence[str]) -> list[int]:
    """Return the places in `names` of SAR bands and their anomalies, also if they are zeros."""
    return [place for place, name in enumerate(names) if is_radar(name.removeprefix(WITHOUT))]


def scaling_of(name: str, scalings: Mapping[str, Scaling]) -> Scaling:
    """Return the scaling of a channel.

    An anomaly is scaled like its band, but about 0; another date like the band, whose units it has.
    """
    if name.startswith(WITHOUT):
        return ZERO_SCALING
    if name == DATE_AGE:
        return AGE_SCALING
    if name in (GAP, DATE_CLEAR):
        return FLAG_SCALING
    band = scalings[name.removesuffix(ANOMALY).removesuffix(OF_OTHER_DATE)]
    if not name.endswith(ANOMALY):
        return band
    low, high = (
        None if limit is None else limit - band["mean"] for limit in (band["low"], band["high"])
    )
    return {"low": low, "high": high, "mean": 0.0, "std": band["std"]}


class ChannelReader:
    """Reads channels of rasters on one grid; channels that a network is without are zeros."""

    def __init__(self, bands: BandReader, names: Sequence[str]) -> None:
        self._bands = bands
        self._known = [not name.startswith(WITHOUT) for name in names]

    @property
    def grid(self) -> Grid:
        """The grid of the rasters."""
        return self._bands.grid

    def read(self, window: Window | None = None) -> np.ndarray:
        """Return the channels (channels, rows, columns; float32), in a window or whole."""
        values = self._bands.read(window)
        if all(self._known):
            return values
        channels = np.zeros((len(self._known), *values.shape[1:]), values.dtype)
        channels[self._known] = values
        return channels


@contextmanager
def open_channels(
    names: Sequence[str], optical: str | Path, sar: str | Path
) -> Iterator[ChannelReader]:
    """Yield the ChannelReader of the channels `names`.

    optical, sar: rasters with the optical and the SAR bands. If the band is given with gaps,
    `optical` is a raster of start surfaces, which has all channels except the SAR bands.
    """
    known = [name for name in names if not name.startswith(WITHOUT)]
    radar = set(RADAR.values())
    with open_bands([(sar if name in radar else optical, name) for name in known]) as bands:
        yield ChannelReader(bands, names)


def normalised(
    bands: np.ndarray, names: Sequence[str], scaling: Mapping[str, Scaling]
) -> np.ndarray:
    """Return `bands` (channels, rows, columns; float32) as input of a network.

    Each channel is normalised and NaN becomes 0, the training mean. The gap mask becomes 1 where a
    pixel is hidden, for whatever reason, and 0 elsewhere.
    """
    return np.stack(
        [
            (values != CLEAR).astype(np.float32)
            if name == GAP
            else apply(values, scaling_of(name, scaling))
            for values, name in zip(bands, names, strict=True)
        ]
    )


def is_lacking(bands: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return where a network lacks a value that it needs: bool (rows, columns).

    bands: the channels `names` (channels, rows, columns), in their own units. If the optical band
    is given with gaps, it is not needed: the mask, which follows it, says where it is hidden.
    Neither is another date, since a mask says where it is clear.
    """
    with_band = GAP not in names
    needed = [is_radar(name) or (with_band and is_optical(name)) for name in names]
    return ~np.isfinite(bands[needed]).all(axis=0)


def in_reflectance(outputs: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Return the outputs of a network (outputs, rows, columns) in reflectance.

    outputs: the normalised band and, if there is one, the logarithm of the variance of its error,
    which becomes a standard deviation.
    """
    band, log_variance = outputs[:1], outputs[1:]
    return np.concatenate(
        [undo(band, scaling), np.exp(log_variance / 2) * np.float32(scaling["std"])]
    )
