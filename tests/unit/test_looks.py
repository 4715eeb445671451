"""The equivalent number of looks, on speckle of known looks."""

import math

import numpy as np
import pytest
from sarfusion.scenes import looks, simulate
from sarfusion.scenes.city_land import city_land
from sarfusion.scenes.sar import average_onto


def speckle(count, size=256, seed=0):
    """VV and VH of linear power with gamma speckle of so many looks over even ground."""
    level = np.array([0.1, 0.02])[:, None, None]
    return level * np.random.default_rng(seed).gamma(count, 1 / count, (2, size, size))


def ground(size=256, seed=1):
    """Three optical bands of even ground, with the noise of a sensor."""
    return np.random.default_rng(seed).normal(0.2, 0.002, (3, size, size))


@pytest.mark.parametrize("count", [1, 4.4, 10, 40, 100])
def test_looks_of_speckle_are_found(count):
    found = looks.estimate_looks(speckle(count), ground(), 30, 10)
    assert [found["vv"], found["vh"]] == pytest.approx([count] * 2, rel=0.15)
    assert found["ratio_speckle_db"] == pytest.approx(
        np.std(10 * np.log10(np.divide(*speckle(count) / [[[0.1]], [[0.02]]]))), rel=0.1
    )


def test_varied_ground_does_not_lower_the_looks():
    """Two thirds of the scene are fields of 10 pixels, each with a level of its own."""
    rng = np.random.default_rng(2)
    fields = rng.uniform(0.3, 3, (2, 26, 26)).repeat(10, axis=1).repeat(10, axis=2)[:, :256, :256]
    fields[..., 170:] = 1
    colours = ground() * np.where(fields[0] == 1, 1, fields[:1])
    found = looks.estimate_looks(speckle(10) * fields, colours, 30, 10)
    assert found["vv"] == pytest.approx(10, rel=0.15)
    whole = (speckle(10) * fields)[0]
    assert whole.mean() ** 2 / whole.var() < 3


def test_pixels_that_share_their_speckle_are_not_taken_for_looks():
    """At 10 m, 3 x 3 pixels of 30 m SAR have one value: neighbours say nothing about speckle."""
    power = speckle(10, 128).repeat(3, axis=1).repeat(3, axis=2)
    found = looks.estimate_looks(power, ground(384), 10, 30)
    assert found["vv"] == pytest.approx(10, rel=0.2)


def test_without_enough_even_ground_nothing_is_said():
    power = speckle(10, 40)
    assert looks.estimate_looks(power, ground(40), 30, 10) is not None
    power[0, ::5, ::5] = np.nan
    assert looks.estimate_looks(power, ground(40), 30, 10) is None
    assert looks.estimate_looks(speckle(10, 4), ground(4), 30, 10) is None


def test_without_speckle_looks_are_many_and_finite():
    found = looks.estimate_looks(np.full((2, 64, 64), 0.1), ground(64), 30, 10)
    assert 1e6 < found["vv"] < math.inf


def test_one_look_leaves_the_spread_of_two_exponential_distributions():
    """The variance of the logarithm of an exponential variable is pi^2 / 6."""
    expected = 10 / math.log(10) * math.sqrt(2 * math.pi**2 / 6)
    assert looks.ratio_speckle_db(1, 1) == pytest.approx(expected)


def test_the_mean_of_three_passes_has_three_times_the_looks():
    """At 30 m, one pass of 4.4 looks at 10 m has about ten: neighbours share a part of theirs."""
    found, land = [], city_land(192, seed=1)
    for passes in (1, 3):
        city = simulate.simulate_city(192, seed=1, passes=passes, land=land)
        power = [average_onto(band, city.sar_grid, city.optical_grid) for band in city.sar]
        colours = np.where(city.optical[:3] == 0, np.nan, city.optical[:3] * 2.75e-5 - 0.2)
        found.append(looks.estimate_looks(np.stack(power), colours, 30, 10))
    once, thrice = found
    assert 7 < once["vv"] < 12
    assert thrice["vv"] / once["vv"] == pytest.approx(3, rel=0.25)
    assert thrice["ratio_speckle_db"] / once["ratio_speckle_db"] == pytest.approx(0.577, rel=0.15)
