"""The cloudy date whose clouds become the gap mask."""

from dataclasses import replace

import numpy as np
import pytest
from choice_data import AREA, STEP, optical, quality, radar
from choosing import pick
from rasterio.transform import Affine

CLOUDY = {
    "chosen": quality(),
    "light": quality(flagged=13 / 128),
    "heavy": quality(flagged=77 / 128),
    "near": quality(flagged=40 / 128),
}


def cloudy(answers, **site):
    """The name of the gap mask among items with these answers, a day apart."""
    items = [optical(name, day, track=name) for day, name in enumerate(answers)]
    choice = pick(items, [radar("r")], answers, **site)
    assert choice.optical.name == "chosen"
    return choice.cloudy and choice.cloudy.name


def test_the_gap_mask_is_the_date_nearest_to_three_tenths_masked():
    assert cloudy(CLOUDY) == "near"
    assert cloudy({name: CLOUDY[name] for name in ("chosen", "light", "heavy")}) == "light"


@pytest.mark.parametrize(
    "other",
    [
        quality(flagged=12 / 128),  # 9 %
        quality(flagged=77 / 128),  # 60.2 %
        quality(flagged=0.3, fill=2 / 128),  # a date that lacks 1.6 % of the area
    ],
)
def test_without_clouds_that_can_serve_there_is_no_gap_mask(other):
    items = [optical("chosen"), optical("other", 16)]
    choice = pick(items, [radar("r")], {"chosen": quality(), "other": other})
    assert choice.cloudy is None
    assert choice.warnings == ("no other optical date has clouds that can serve as the gap mask",)


def test_the_chosen_date_is_not_its_own_gap_mask():
    choice = pick([optical("a")], [radar("r")], {"a": quality(flagged=0.25)}, max_masked=0.5)
    assert choice.cloudy is None


def test_no_gap_mask_is_looked_for_where_gaps_are_simulated():
    assert cloudy(CLOUDY, gap_shapes="simulated") is None
    items = [optical("chosen")]
    choice = pick(items, [radar("r")], CLOUDY, gap_shapes="simulated")
    assert choice.warnings == ()


def test_a_gap_mask_on_the_chosen_pixels_is_preferred():
    numbers, where = CLOUDY["near"]
    shifted = replace(where, transform=where.transform @ Affine.translation(0.5, 0.5))
    wide = replace(shifted, transform=shifted.transform @ Affine.translation(-1, -1))
    wide = replace(wide, height=129, width=129)
    padded = np.pad(numbers, (0, 1), mode="edge")
    assert wide.transform.c == AREA[0] - STEP / 2
    answers = {**CLOUDY, "near": (padded, wide)}
    assert cloudy({"chosen": answers["chosen"], "near": answers["near"]}) == "near"
    assert cloudy(answers) == "light"
