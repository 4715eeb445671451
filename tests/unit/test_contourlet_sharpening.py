"""Sharpening by contourlets: which details are taken, and the pulses that decide this."""

import numpy as np
import pytest
from sarfusion.core.tiling import tiles
from sarfusion.fusion.classical import contourlet_sharpening as sharpening
from sarfusion.fusion.classical import contourlets, pansharpening
from sarfusion.fusion.classical.contourlet_sharpening import firings, pulses
from sarfusion.fusion.classical.matching import Matching, SceneMoments, intensity

METHODS = ["nsct", "ihs_nsct", "nsct_pcnn"]
every_method = pytest.mark.parametrize("name", METHODS)


def city(rows=24, columns=20, seed=0):
    """(bands, pan) of unlike images."""
    rng = np.random.default_rng(seed)
    return 0.1 + 0.2 * rng.random((3, rows, columns)), rng.normal(6, 3, (rows, columns))


def whole(bands, pan):
    """The moments of a scene that is one tile."""
    return SceneMoments(lambda radius: [(bands, pan, (slice(None), slice(None)))])


def sharpen(name, bands, pan):
    return getattr(pansharpening, name)(whole(bands, pan), 3)(bands, pan)


def larger(subband, one, two):
    return np.abs(two) > np.abs(one)


@every_method
def test_a_pan_without_detail_of_its_own_changes_nothing(name):
    """It is the intensity in another unit, or constant, or the intensity upside down."""
    bands, _ = city()
    bands = np.stack([bands[0]] * 3)
    for pan in (5 + 40 * bands[0], np.full_like(bands[0], 7.0), 5 - 40 * bands[0]):
        np.testing.assert_allclose(sharpen(name, bands, pan), bands, rtol=0, atol=1e-12)


def test_each_band_takes_the_larger_details():
    bands, pan = city()
    fused = sharpen("nsct", bands, pan)
    for band, result in zip(bands, fused, strict=True):
        matched = band.mean() + (pan - pan.mean()) * band.std() / pan.std()
        np.testing.assert_allclose(result, contourlets.fuse(band, matched, larger), atol=1e-12)


def test_the_bands_get_what_the_intensity_gained():
    bands, pan = city()
    middle = bands.mean(axis=0)
    matched = middle.mean() + (pan - pan.mean()) * middle.std() / pan.std()
    gain = contourlets.fuse(middle, matched, larger) - middle
    assert np.abs(gain).max() > 0.01
    np.testing.assert_allclose(sharpen("ihs_nsct", bands, pan), bands + gain, rtol=0, atol=1e-12)


def test_pulses_by_hand():
    fired = np.zeros((7, 8), bool)
    fired[3, 4] = fired[0, 0] = True
    rows, columns = np.mgrid[:7, :8]
    expected = np.zeros((7, 8))
    for row, column in ((3, 4), (0, 0)):
        distance = np.hypot(rows - row, columns - column)
        near = (np.abs(rows - row) <= 2) & (np.abs(columns - column) <= 2) & (distance > 0)
        expected[near] += 1 / distance[near]
    np.testing.assert_allclose(pulses(fired), expected, rtol=1e-6)


def test_a_neuron_alone_fires_when_its_threshold_has_fallen_to_its_stimulus():
    """Thresholds: 20 after the first iteration, 20 exp(-0.2 * 18) = 0.546 in the 20th and last."""
    magnitude = np.array([[0.54, 0.0]])
    assert firings(magnitude[:, :1], 1.0).tolist() == [[0]]
    assert firings(np.array([[0.55]]), 1.0).tolist() == [[1]]
    # For 1: 20 exp(-0.2 * 14) = 1.216 is still too high, 20 exp(-0.2 * 15) = 0.996 is not.
    assert firings(np.array([[1.0]]), 1.0).tolist() == [[1]]
    assert firings(np.array([[10.0]]), 10.0).tolist() == [[1]]
    assert firings(magnitude, 0.01).tolist()[0][1] == 0


def test_firings_follow_the_equations_neuron_by_neuron():
    rng = np.random.default_rng(3)
    magnitude = rng.gamma(1.0, 0.5, (6, 7))
    places = [(row, column) for row in range(6) for column in range(7)]
    stimulus = {place: min(1, magnitude[place] / 0.8) for place in places}
    fired, link = dict.fromkeys(places, True), dict.fromkeys(places, 0.0)
    threshold, counts = dict.fromkeys(places, 0.0), np.zeros((6, 7), int)
    for _ in range(sharpening.ITERATIONS - 1):
        before = fired
        fired = {}
        for row, column in places:
            place = row, column
            arriving = sum(
                before[each] / np.hypot(row - each[0], column - each[1])
                for each in places
                if each != place and max(abs(row - each[0]), abs(column - each[1])) <= 2
            )
            link[place] = np.exp(-1) * link[place] + arriving
            threshold[place] = np.exp(-0.2) * threshold[place] + 20 * before[place]
            fired[place] = stimulus[place] * (1 + 3 * link[place]) > threshold[place]
            counts[place] += fired[place]
    assert len(np.unique(counts)) > 2
    np.testing.assert_array_equal(firings(magnitude, 0.8), counts)


def test_pulses_take_the_detail_that_neighbours_confirm():
    """The count of pulses decides differently between the two images than the magnitude alone."""
    bands, pan = city(40, 40)
    by_size, by_pulse = (sharpen(name, bands, pan) for name in ("ihs_nsct", "nsct_pcnn"))
    assert np.abs(by_size - by_pulse).max() > 0.01


def test_stimuli_are_scaled_by_the_scene():
    bands, pan = city()
    matching = Matching(whole(bands, pan), intensity(whole(bands, pan)))
    found = sharpening._root_mean_squares(matching)
    images = matching.images(bands, pan, np.isfinite(pan))
    both = [list(contourlets.details(image)) for image in images]
    expected = [np.sqrt(np.mean(np.square(parts))) for parts in zip(*both, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.second_tier
@every_method
def test_a_scene_in_parts_is_the_scene_as_a_whole(name):
    """In parts that do not reach from edge to edge with their halo."""
    bands, pan = city(8, 640)
    bands[1, 3:6, 400:420] = pan[5, 7] = np.nan

    def parts(radius):
        for tile in tiles(pan.shape, 320, radius):
            yield bands[:, *tile.read], pan[tile.read], tile.inner

    method = getattr(pansharpening, name)(SceneMoments(parts), 3)
    halo = pansharpening.radius(3, [name])
    assert halo == {"nsct_pcnn": 285}.get(name, 245)
    fused = np.full_like(bands, -1)
    for tile in tiles(pan.shape, 320, halo, pansharpening.multiple(3)):
        assert tile.read[1] != slice(0, 640)
        fused[:, *tile.written] = method(bands[:, *tile.read], pan[tile.read])[:, *tile.inner]
    np.testing.assert_allclose(fused, sharpen(name, bands, pan), rtol=0, atol=1e-12)


@every_method
def test_missing_pixels_count_nowhere(name):
    bands, pan = city()
    bands[1, 4, 5] = pan[20, 9] = np.nan
    fused = sharpen(name, bands.astype(np.float32), pan.astype(np.float32))
    assert fused.dtype == np.float32
    holes = np.isnan(fused)
    assert holes.sum() == 2 * 3
    assert holes[:, 4, 5].all()
    assert holes[:, 20, 9].all()
    bands[0, 4, 5] = pan[4, 5] = bands[2, 20, 9] = 1e6
    again = sharpen(name, bands.astype(np.float32), pan.astype(np.float32))
    np.testing.assert_array_equal(again, fused)
    assert np.isnan(sharpen(name, bands, np.full_like(pan, np.nan))).all()
