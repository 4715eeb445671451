"""A choice among the items of choice_data, and what its table says."""

import pytest
from choice_data import (
    AREA,
    MASK,
    SITE,
    Reader,
    box,
    files,
    see,
)
from sarfusion.scenes.stac.choice import NoPair, choose

COLUMNS = [
    "sensor",
    "date",
    "pass",
    "items",
    "scene_cloud_percent",
    "coverage",
    "masked",
    "days_apart",
    "verdict",
    "reason",
]


def western(share):
    """A footprint over the western `share` of the area."""
    west, south, east, north = AREA
    return box(west - 1, south - 1, west + share * (east - west), north + 1)


def pick(optical_items, sar_items, answers, refused=(), radar=see, faults=(), **site):
    """choose() with a Reader of `answers`; radar, faults: see choice_data.files."""
    made = files(Reader(**answers), radar, faults)
    return choose({**SITE, **site}, MASK, optical_items, sar_items, made, refused)


def row(choice, name):
    """One row of the table, as a dictionary without missing values."""
    table = choice.table.set_index("items")
    return {key: value for key, value in table.loc[name].items() if value == value}


def names(choice):
    """The chosen items."""
    return choice.optical.name, choice.sar.name


def failure(*args, **kwargs):
    """The one-line message and the table of a choice that cannot be made."""
    with pytest.raises(NoPair) as caught:
        pick(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value), caught.value.table
