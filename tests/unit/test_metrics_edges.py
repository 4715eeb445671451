"""Scores of neighbours: gradients, edges, spatial frequency."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter
from scored_images import score_band

seeds = st.integers(0, 2**32 - 1)


def noise(*shape, seed=0):
    """Reflectances between .05 and .4, without structure."""
    return np.random.default_rng(seed).uniform(0.05, 0.4, shape)


def score(name, reference, fused, region=None, data_range=0.4):
    region = np.ones(reference.shape, bool) if region is None else region
    return score_band(reference, fused, region, data_range)[name]


def corners(region, size):
    """Upper left corners of the windows entirely in the region, one by one."""
    rows, columns = region.shape
    for row in range(rows - size + 1):
        for column in range(columns - size + 1):
            window = np.s_[row : row + size, column : column + size]
            if region[window].all():
                yield window


def edge_quality(strength, angle):
    """Q of one pixel, written out from the paper."""
    strong = 0.9994 / (1 + math.exp(-15 * (strength - 0.5)))
    aligned = 0.9879 / (1 + math.exp(-22 * (1 - angle / 90 - 0.8)))
    return strong * aligned


@pytest.mark.parametrize("degrees", [0, 10, 45, 90, 135, 170, 180, 260])
@pytest.mark.parametrize("strength", [0.25, 1, 4])
def test_edges_of_two_ramps(degrees, strength):
    """Ramps have one gradient everywhere; its orientation has no sign."""
    row, column = np.mgrid[:7, :9] / 50
    turn = math.radians(degrees)
    fused = strength * (math.cos(turn) * row + math.sin(turn) * column)
    acute = min(degrees % 180, 180 - degrees % 180)
    value, n = score("q_af", row, fused)
    assert n == 5 * 7
    expected = edge_quality(min(strength, 1 / strength), acute)
    assert value == pytest.approx(expected, abs=1e-6)


def test_edges_weigh_by_the_gradient_of_the_reference():
    """Three times the gradient on one side of a fold, lost there and kept on the other."""
    row = np.mgrid[:12, :5][0] / 50
    reference = np.where(row < 6 / 50, row, 3 * row - 12 / 50)
    fused = np.where(row < 6 / 50, row, 6 / 50)
    region = np.ones(row.shape, bool)
    region[5:8] = False  # the fold itself
    kept, lost = edge_quality(1, 0), edge_quality(0, 0)
    value, _ = score("q_af", reference, fused, region)
    assert value == pytest.approx((3 * kept + 2 * 3 * lost) / (3 + 2 * 3), abs=1e-6)


def test_gradients_follow_sobel():
    """The magnitude at one pixel after the other, written out."""
    reference, fused, region = noise(9, 10), noise(9, 10, seed=1), np.ones((9, 10), bool)
    region[0, 3] = region[5, 5] = False
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])

    def magnitudes(image):
        return [
            math.hypot((kernel * image[w]).sum(), (kernel.T * image[w]).sum())
            for w in corners(region, 3)
        ]

    x, y = magnitudes(reference), magnitudes(fused)
    value, n = score("gradient_cc", reference, fused, region)
    assert n == len(x)
    assert value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)


def test_gradients_see_edges_of_either_sign():
    image = noise(20, 20)
    assert score("gradient_cc", image, 1 - 2 * image).value == pytest.approx(1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_cc_is_undefined_on_a_ramp(dtype):
    ramp = np.tile(np.linspace(0.1, 0.3, 50), (20, 1)).astype(dtype)
    assert math.isnan(score("gradient_cc", ramp, noise(20, 50)).value)


def test_spatial_frequency_by_hand():
    reference = np.array([[0.0, 0.1], [0.2, 0.3]])
    fused = np.array([[0.0, 0.2], [0.1, 0.3]])
    region = np.array([[True, True], [True, False]])
    # All four neighbours: .1 .1 .2 .2 and .2 .2 .1 .1; three pixels leave one of each way.
    assert score("sf_ratio", reference, fused) == (pytest.approx(1), 4)
    assert score("sf_ratio", reference, 2 * fused, region) == (pytest.approx(2), 2)
    fused[0, 1] = 0
    # sqrt((0 + .01) / (.01 + .04))
    assert score("sf_ratio", reference, fused, region).value == pytest.approx(math.sqrt(0.2))


def test_spatial_frequency_tells_smoother_from_sharper():
    image = noise(30, 30)
    smooth = uniform_filter(image, 3, mode="constant")
    inner = np.zeros((30, 30), bool)
    inner[1:-1, 1:-1] = True
    assert score("sf_ratio", image, smooth, inner).value < 0.6
    assert score("sf_ratio", smooth, image, inner).value > 1.6
    assert score("sf_ratio", image, np.full((30, 30), 0.1)).value == 0


def test_spatial_frequency_is_undefined_on_a_constant_reference():
    value, n = score("sf_ratio", np.full((5, 5), 0.1), noise(5, 5))
    assert math.isnan(value)
    assert n == 40


@given(seeds, st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_neighbours_are_those_that_brute_force_counts(seed, share):
    region = np.random.default_rng(seed).random((7, 9)) < share
    pixels = set(zip(*np.nonzero(region), strict=True))
    pairs = sum(((r + 1, c) in pixels) + ((r, c + 1) in pixels) for r, c in pixels)
    image = noise(7, 9)
    assert score("sf_ratio", image, image, region).n == pairs
