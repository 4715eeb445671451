"""The inputs: what a network sees beside the optical band. One record each."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Input:
    """One choice of SAR bands, and what it is called.

    bands: SAR bands of the stack, in the order of a network's channels.
    label: name in tables and figures, after that of a network.
    phrase: words in a sentence, after a network.
    noun: words in a list.
    dashes: style of its line in a chart, as matplotlib takes it.
    shuffled: whether the bands come from the raster with shuffled SAR pixels.
    """

    bands: tuple[str, ...]
    label: str
    phrase: str
    noun: str
    dashes: Any = "-"
    shuffled: bool = False


INPUTS = {  # in the order of tables; a study may use them all
    "ratio": Input(("ratio_db",), "with ratio", "with the ratio", "the ratio"),
    "vvvh": Input(
        ("vv_db", "vh_db"), "VV+VH", "with VV and VH", "VV and VH", dashes=(0, (6, 1.5, 1, 1.5))
    ),
    "none": Input((), "optical only", "without SAR", "no radar", dashes=(0, (3, 1.5))),
    "shuffled": Input(
        ("ratio_db",),
        "shuffled SAR",
        "with shuffled SAR",
        "shuffled radar",
        dashes=":",
        shuffled=True,
    ),
}

# SAR is worth the difference of TESTED from REFERENCES: no SAR, and the same values elsewhere.
TESTED, REFERENCES = "ratio", ("none", "shuffled")
