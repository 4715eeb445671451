"""The inputs: a record for each choice of what a network is given besides the optical band.

A study may add inputs of its own, as lists of channels (its setting `input_channels`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Channels that inputs are composed of, in the order in which networks get them. From another date:
# the band on the nearest date on which a pixel is clear, how many days away that is, and whether
# there is one (scripts/match_dates.py). From SAR: bands of the stack, in dB.
OTHER_DATE, DATE_AGE, DATE_CLEAR = "other_date", "other_date_age", "other_date_clear"
DATED = (OTHER_DATE, DATE_AGE, DATE_CLEAR)
RADAR = {"ratio": "ratio_db", "vv": "vv_db", "vh": "vh_db"}  # channel -> band of the stack
CHANNELS = (*DATED, *RADAR)

# Controls: SAR in the wrong places. Each is the part of a raster's name that says so.
SHUFFLED, MOVED = "shuffled", "moved"
CONTROLS = (SHUFFLED, MOVED)


@dataclass(frozen=True)
class Input:
    """One choice of channels, and its names.

    channels: some of CHANNELS, in any order.
    label: name in tables and figures, after that of a network.
    phrase: words in a sentence, after a network.
    noun: words in a list.
    dashes: style of its line in a chart, as matplotlib takes it.
    control: one of CONTROLS if SAR comes from such a raster, else "".
    """

    channels: tuple[str, ...]
    label: str
    phrase: str
    noun: str
    dashes: Any = "-"
    control: str = ""

    @property
    def radar(self) -> tuple[str, ...]:
        """The bands of the stack that it has, in the order of CHANNELS."""
        return tuple(band for channel, band in RADAR.items() if channel in self.channels)

    @property
    def is_dated(self) -> bool:
        """Whether it has a channel of another date."""
        return not set(self.channels).isdisjoint(DATED)


INPUTS = {  # in the order of tables
    "ratio": Input(("ratio",), "with ratio", "with the ratio", "the ratio"),
    "vvvh": Input(
        ("vv", "vh"), "VV+VH", "with VV and VH", "VV and VH", dashes=(0, (6, 1.5, 1, 1.5))
    ),
    "none": Input((), "optical only", "without SAR", "no radar", dashes=(0, (3, 1.5))),
    "shuffled": Input(
        ("ratio",),
        "shuffled SAR",
        "with shuffled SAR",
        "shuffled radar",
        dashes=":",
        control=SHUFFLED,
    ),
    "moved": Input(
        ("ratio",),
        "moved SAR",
        "with moved SAR",
        "moved radar",
        dashes=(0, (1, 3)),
        control=MOVED,
    ),
    "date": Input(
        DATED,
        "other date",
        "with another date",
        "another date",
        dashes=(0, (8, 2)),
    ),
    "date_ratio": Input(
        (*DATED, "ratio"),
        "other date, ratio",
        "with another date and the ratio",
        "another date with the ratio",
        dashes=(0, (8, 1.5, 1, 1.5, 1, 1.5)),
    ),
    "date_vvvh": Input(
        (*DATED, "vv", "vh"),
        "other date, VV+VH",
        "with another date, VV and VH",
        "another date with VV and VH",
        dashes=(0, (4, 1, 1, 1, 1, 1)),
    ),
}

# The default inputs of a study: those that need no other date.
DEFAULT = [name for name, about in INPUTS.items() if not about.is_dated]

# The worth of the ratio, the subject of the paper, is the difference of TESTED from REFERENCES: no
# SAR, and the same values in other places.
TESTED, REFERENCES = "ratio", ("none", *CONTROLS)


def input_of(name: str, channels: Sequence[str] = ()) -> Input:
    """Return the record of an input, by its name.

    The words for a study's own input are made from its name; `channels` are those that the study
    names.
    """
    if name in INPUTS:
        return INPUTS[name]
    words = name.replace("_", " ")
    return Input(tuple(channels), words, f"with {words}", words, dashes=(0, (2, 1)))


def inputs_of(study: Mapping[str, Any]) -> dict[str, Input]:
    """Return {name: record} of all inputs that a resolved study may name."""
    own = study["input_channels"]
    return INPUTS | {name: input_of(name, channels) for name, channels in own.items()}


def in_order(names: Iterable[str]) -> list[str]:
    """Return names of inputs in the order of tables: those of INPUTS, then a study's own."""
    known = list(dict.fromkeys(names))
    return [name for name in INPUTS if name in known] + [
        name for name in known if name not in INPUTS
    ]


def places_of(inputs: Iterable[Input]) -> tuple[str, ...]:
    """Return the channels that any of some inputs has, in the order of CHANNELS.

    A network has a place for each of them, and gets zeros if its own input lacks one. So all
    networks of a protocol start from the same weights, and differences between them are due to
    their inputs.
    """
    wanted = {channel for each in inputs for channel in each.channels}
    return tuple(channel for channel in CHANNELS if channel in wanted)
