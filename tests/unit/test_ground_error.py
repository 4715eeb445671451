"""The correlation length of maps, the side of blocks, and the variance that blocks give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.scoring.ground_error import CellMap, block_side, correlation_length, ground_variance
from scipy.ndimage import gaussian_filter

CELL = 4


def smooth_field(side, sigma, seed):
    """A field whose autocorrelation is exp(-h^2 / 4 sigma^2), in cells."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    return gaussian_filter(noise, sigma, mode="wrap") if sigma else noise


def of_mean(field, counts):
    """Influences of cells on the mean of a field, each in proportion to its pixels."""
    mean = (field * counts).sum() / counts.sum()
    return (field - mean) * counts / counts.sum()


def length(influence, counts):
    return correlation_length(CellMap(influence), CellMap(counts), CELL)


def variance(influence, counts, block_px):
    return ground_variance([CellMap(influence)], CellMap(counts), CELL, block_px)


@given(st.integers(0, 99), st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_sums_over_blocks_and_lags_by_their_definition(seed, side):
    map_ = np.random.default_rng(seed).normal(size=(9, 12))
    padded = np.pad(map_, side - 1)
    blocks = np.lib.stride_tricks.sliding_window_view(padded, (side, side)).sum(axis=(2, 3))
    assert CellMap(map_).squares(side) == pytest.approx((blocks**2).sum() / side**2)
    products = CellMap(map_).products
    assert products.shape == (9, 5)  # lags to half of the shorter side
    assert products[4 + 3, 2] == pytest.approx((map_[3:, 2:] * map_[:-3, :-2]).sum())
    assert products[4 - 3, 2] == pytest.approx((map_[:-3, 2:] * map_[3:, :-2]).sum())


@pytest.mark.parametrize("sigma", [1, 2, 4])
def test_the_correlation_length_of_a_gaussian_by_its_integral(sigma):
    """The integral of exp(-h^2 / 4 s^2) over the plane is 4 pi s^2."""
    full = np.ones((160, 160))
    lengths = [length(of_mean(smooth_field(160, sigma, seed), full), full) for seed in range(8)]
    assert np.mean(lengths) == pytest.approx(CELL * sigma * np.sqrt(4 * np.pi), rel=0.1)


def test_noise_has_the_length_of_a_cell():
    full = np.ones((100, 100))
    lengths = [length(of_mean(smooth_field(100, 0, seed), full), full) for seed in range(8)]
    assert np.mean(lengths) == pytest.approx(CELL, rel=0.15)
    assert length(np.zeros((9, 9)), np.ones((9, 9))) == CELL


def test_holes_in_the_ground_do_not_matter():
    """The same field, on a third of the ground."""
    counts = (np.random.default_rng(5).random((40, 40)) < 0.33).repeat(5, 0).repeat(5, 1) * 16.0
    lengths = [length(of_mean(smooth_field(200, 2, seed), counts), counts) for seed in range(6)]
    assert np.mean(lengths) == pytest.approx(CELL * 2 * np.sqrt(4 * np.pi), rel=0.15)


def test_the_unit_of_the_map_does_not_matter():
    full = np.ones((60, 60))
    field = of_mean(smooth_field(60, 2, 1), full)
    assert length(1e-6 * field, full) == pytest.approx(length(field, full))


@pytest.mark.parametrize(("of_map", "least", "side"), [(20, 16, 40), (7, 16, 16), (3, 8, 11)])
def test_a_block_is_two_lengths_but_no_less_than_a_window(of_map, least, side):
    assert block_side(of_map, least) == side


def test_the_variance_of_a_row_by_hand():
    """Influences -1, 0, 1 of single cells, blocks of 2 x 2 and of 1 x 1.

    Sums over blocks of 2: -1, -1, 1, 1, each in two rows of blocks; 8 / 4 = 2, and by single cells
    2. Pixels: 1, 2, 2, 1, each twice; 9 / (20 / 4) = 9 / 5 blocks, 9 / 3 = 3 single cells.
    """
    found = variance(np.array([[-1.0, 0, 1]]), np.ones((1, 3)), 2 * CELL)
    whole, half = 2 * (9 / 5) / (4 / 5), 2 * 3 / 2
    assert found.variances.tolist() == pytest.approx([2 * whole - half])
    assert (found.blocks, found.block_px) == (pytest.approx(9 / 5), 8)


@given(st.integers(0, 99), st.floats(8, 30))
@settings(max_examples=20, deadline=None)
def test_the_variance_is_that_of_squares(seed, block_px):
    """Twice the influence is four times the variance, and no variance is below 0."""
    counts = np.random.default_rng(seed).integers(0, 17, (20, 25)).astype(float)
    map_ = of_mean(np.random.default_rng(seed + 1).normal(size=(20, 25)), counts)
    one, two = (variance(factor * map_, counts, block_px) for factor in (1, 2))
    assert two.variances == pytest.approx(4 * one.variances)
    assert one.variances >= 0
    assert one.block_px == pytest.approx(block_px)


def test_the_variance_changes_steadily_with_the_side():
    full = np.ones((60, 60))
    map_ = of_mean(smooth_field(60, 2, 3), full)
    below, at, above = (variance(map_, full, side).variances[0] for side in (39.999, 40, 40.001))
    assert below == pytest.approx(at, rel=1e-3)
    assert above == pytest.approx(at, rel=1e-3)


@pytest.mark.parametrize("sigma", [0, 2, 4])
def test_the_variance_of_a_mean_is_that_of_other_grounds(sigma):
    """Against the spread of the means of 300 fields, cut from larger ones."""
    full, means, variances = np.ones((100, 100)), [], []
    for seed in range(300):
        field = smooth_field(200, sigma, seed)[:100, :100]
        means.append(field.mean())
        if seed < 40:
            influence = of_mean(field, full)
            side = block_side(length(influence, full), 16)
            variances.append(variance(influence, full, side).variances[0])
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.25)
