"""Exposure fusion of patches, against the definition patch by patch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sarfusion.core.tiling import tiles
from sarfusion.fusion.classical import pansharpening
from sarfusion.fusion.classical.exposure_sharpening import patchwise, structure_factors
from sarfusion.fusion.classical.matching import SceneMoments


def city(rows=40, columns=50, seed=0):
    """(bands, pan) of unlike images."""
    rng = np.random.default_rng(seed)
    return 0.1 + 0.2 * rng.random((3, rows, columns)), rng.normal(6, 3, (rows, columns))


def whole(bands, pan):
    """The moments of a scene that is one tile."""
    return SceneMoments(lambda radius: [(bands, pan, (slice(None), slice(None)))])


def sharpen(bands, pan):
    return pansharpening.exposure(whole(bands, pan), 3)(bands, pan)


def fused_patch(*patches):
    """A fused patch according to the definition."""
    means = np.array([patch.mean() for patch in patches])
    strengths = [np.linalg.norm(patch - patch.mean()) for patch in patches]
    structures = [
        (patch - mean) / strength
        for patch, mean, strength in zip(patches, means, strengths, strict=True)
    ]
    structure = sum(s**4 * each for s, each in zip(strengths, structures, strict=True))
    structure = structure / np.linalg.norm(structure)
    weights = np.exp(-((means - 0.5) ** 2) / (2 * 0.5**2))
    return max(strengths) * structure + weights @ means / weights.sum()


def test_the_image_is_the_mean_of_its_fused_patches():
    rng = np.random.default_rng(0)
    images = rng.random((31, 33)), 0.3 + 0.8 * rng.random((31, 33))
    padded = [np.pad(image, 20, mode="symmetric") for image in images]
    total, count = np.zeros(padded[0].shape), np.zeros(padded[0].shape)
    for row in range(10, padded[0].shape[0] - 10, 2):
        for column in range(10, padded[0].shape[1] - 10, 2):
            place = slice(row - 10, row + 11), slice(column - 10, column + 11)
            total[place] += fused_patch(*(image[place] for image in padded))
            count[place] += 1
    expected = (total / count)[20:-20, 20:-20]
    np.testing.assert_allclose(patchwise(*images), expected, rtol=0, atol=1e-11)


def test_structures_by_hand():
    # Strengths 1 and 2, of one structure: the sum has the larger strength, 2.
    first, second = structure_factors(*np.array([1.0, 4.0, 2.0]))
    assert first + 2 * second == pytest.approx(2)
    # At right angles: weights 1 and 8 of structures of length 1 and 2, so 1 and 16 along each.
    first, second = structure_factors(*np.array([1.0, 4.0, 0.0]))
    assert first == pytest.approx(2 / 257**0.5)
    assert 2 * second == pytest.approx(2 * 16 / 257**0.5)
    # Opposite ones of equal strength, and two flat ones, leave nothing.
    for flat in ([1.0, 1.0, -1.0], [0.0, 0.0, 0.0], [1e-16, 1e-17, 0.0]):
        assert structure_factors(*np.array(flat)) == (0, 0)


def test_one_image_twice_is_itself():
    bands, _ = city()
    bands = np.stack([bands[0]] * 3)
    np.testing.assert_allclose(sharpen(bands, 5 + 40 * bands[0]), bands, rtol=0, atol=1e-12)


def test_a_constant_band_stays_and_a_constant_pan_leaves_the_structure():
    bands, pan = city()
    bands[1] = 0.25
    np.testing.assert_allclose(sharpen(bands, pan)[1], 0.25, rtol=0, atol=1e-15)
    fused = sharpen(bands, np.full_like(pan, 3.0))[0]
    # Of both means, each about half: the mean of a patch moves towards that of the scene.
    assert np.corrcoef((fused - bands[0]).ravel(), bands[0].ravel())[0, 1] < 0
    assert np.abs(fused - bands[0]).max() < 0.3 * bands[0].std()


def test_a_scene_in_parts_is_the_scene_as_a_whole():
    bands, pan = city(131, 118)
    bands[1, 60:70, 80:] = pan[5, 7] = np.nan
    method, halo = (
        pansharpening.exposure(whole(bands, pan), 3),
        pansharpening.radius(3, ["exposure"]),
    )
    assert halo == 20
    fused = np.full_like(bands, -1)
    for tile in tiles(pan.shape, 52, halo, pansharpening.multiple(3)):
        fused[:, *tile.written] = method(bands[:, *tile.read], pan[tile.read])[:, *tile.inner]
    np.testing.assert_allclose(fused, sharpen(bands, pan), rtol=0, atol=1e-12)


def test_a_pixel_reaches_as_far_as_the_radius_and_no_farther():
    bands, pan = city(61, 61)
    method = pansharpening.exposure(whole(bands, pan), 3)
    moved = pan.copy()
    moved[30, 30] += 1
    change = np.abs(method(bands, moved) - method(bands, pan)).max(axis=0)
    distance = np.abs(np.mgrid[:61, :61] - 30).max(axis=0)
    assert distance[change > 0].max() == 20


def test_missing_pixels_count_nowhere():
    bands, pan = city()
    bands[1, 4, 5] = pan[20, 9] = np.nan
    fused = sharpen(bands, pan)
    holes = np.isnan(fused)
    assert holes.sum() == 2 * 3
    assert holes[:, 4, 5].all()
    assert holes[:, 20, 9].all()
    bands[0, 4, 5] = pan[4, 5] = bands[2, 20, 9] = 1e6
    np.testing.assert_array_equal(sharpen(bands, pan), fused)
    assert np.isnan(sharpen(bands, np.full_like(pan, np.nan))).all()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_valid_input_gives_finite_output_and_nothing_else_does(data):
    shape = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    missing = st.just(np.nan)
    bands = data.draw(
        arrays(np.float64, (3, *shape), elements=st.sampled_from([0, 0.1, -0.1]) | missing)
        | arrays(np.float64, (3, *shape), elements=st.floats(-0.25, 1.5) | missing)
    )
    pan = data.draw(arrays(np.float64, shape, elements=st.floats(-40, 40) | missing))
    fused = sharpen(bands, pan)
    valid = np.isfinite(bands).all(axis=0) & np.isfinite(pan)
    assert np.array_equal(np.isfinite(fused), np.broadcast_to(valid, fused.shape))
