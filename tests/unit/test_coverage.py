"""Whether intervals of 95 % contain the truth in 95 % of made studies: over seeds and ground."""

import numpy as np
import pytest
from sarfusion.scoring.differences import Ground, Score, compare
from scipy.ndimage import gaussian_filter

SIDE = 48  # cells of ground, of 4 px
GROUND = Ground(np.ones((SIDE, SIDE), bool), 4, 16)
COUNTS = GROUND.map(np.full(SIDE**2, 16.0))


def field(generator, smooth):
    """Cells of a field with unit variance, smoothed by a Gaussian of so many cells."""
    map_ = gaussian_filter(generator.normal(size=(2 * SIDE, 2 * SIDE)), smooth, mode="wrap")
    scale = np.sqrt(4 * np.pi) * max(smooth, 1 / np.sqrt(4 * np.pi))
    return scale * map_[:SIDE, :SIDE].ravel()


def mean_error(smooth):
    """The standard deviation of the mean of such a field over the ground."""
    generator = np.random.default_rng(99)
    return np.std([field(generator, smooth).mean() for _ in range(2000)])


def scored(cells, offset=0.0):
    return Score(cells.mean() + offset, (cells - cells.mean()) / cells.size)


def coverage(seeds, ratio, smooth, own, trials):
    """The share of made studies whose interval contains the true difference, which is 0.

    ratio: standard deviation of seeds over that of ground; own: that of the ground of one seed
    alone, over that of the ground that all seeds share.
    """
    generator = np.random.default_rng(seeds)
    error = mean_error(smooth)
    right, held = {99: scored(np.zeros(SIDE**2))}, 0
    for _ in range(trials):
        common = field(generator, smooth)
        left = {
            seed: scored(
                common + own * field(generator, smooth), ratio * error * generator.normal()
            )
            for seed in range(seeds)
        }
        found = compare(left, right, COUNTS, GROUND)
        held += found.low <= 0 <= found.high
    return held / trials


@pytest.mark.parametrize("ratio", [0, 1, 2, 5])
@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.second_tier
def test_coverage_over_seeds_and_ground(seeds, ratio):
    """Seeds spread 0 to 5 times as much as ground: 93 to 97 %, within the error of 400 trials."""
    assert 0.93 - 0.015 <= coverage(seeds, ratio, 1.5, 0.5, 400) <= 0.97 + 0.015


def test_three_seeds_are_enough_for_an_interval():
    """Resampling three seeds that spread five times as much as ground finds the truth in 80 %."""
    assert 0.92 <= coverage(3, 5, 1.5, 0.5, 120) <= 0.99


@pytest.mark.parametrize("smooth", [0.3, 1.5, 3])
@pytest.mark.second_tier
def test_coverage_over_ground_of_any_smoothness(smooth):
    """Errors that are correlated over 4, 20 and 40 px, with the blocks measured on them."""
    assert 0.92 <= coverage(1, 0, smooth, 0, 400) <= 0.98
