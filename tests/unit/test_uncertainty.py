"""Uncertainty of filled gaps: closed forms, and what is known about Gaussians."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.fusion.ensemble import ensemble
from sarfusion.scoring.definitions import REMOVED
from sarfusion.scoring.uncertainty import (
    METRICS,
    GapBlocks,
    assess,
    ause,
    calibration_factor,
    coverage,
    crps,
    half_width,
    sparsification,
)
from scipy.special import ndtr

numbers = st.floats(-1, 1)
spreads = st.floats(0.001, 1)


def draws(size=200_000, seed=1):
    """Errors of known standard deviations between 0.01 and 0.1."""
    rng = np.random.default_rng(seed)
    std = rng.uniform(0.01, 0.1, size)
    return rng.normal(0, std), std


def square(side):
    """Row and column of every pixel of a square."""
    return [axis.ravel() for axis in np.indices((side, side))]


class TestEnsemble:
    def test_by_hand(self):
        mean, variance = ensemble([[1.0], [3.0]], [[0.5], [1.5]])
        assert mean.tolist() == [2]
        assert variance.tolist() == [1 + 1]  # mean of variances, and of (-1)^2 and 1^2

    def test_without_variances_the_spread_is_all(self):
        mean, variance = ensemble(np.array([[1, 5], [3, 5]], np.float32))
        assert (mean.tolist(), variance.tolist()) == ([2, 5], [1, 0])

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.tuples(numbers, spreads), min_size=1, max_size=4))
    def test_it_is_the_variance_of_the_mixture(self, members):
        means, variances = (np.array(column)[:, None] for column in zip(*members, strict=True))
        mean, variance = ensemble(means, variances)
        second = np.mean(means**2 + variances)  # moment about 0
        assert variance[0] == pytest.approx(second - mean[0] ** 2, rel=1e-9, abs=1e-12)


class TestCalibration:
    @pytest.mark.parametrize("wrong", [1.2, 3])
    def test_it_finds_by_how_much_gaussians_are_too_sure(self, wrong):
        error, std = draws()
        assert calibration_factor(error, std / wrong) == pytest.approx(wrong, rel=0.01)

    def test_it_never_narrows_an_interval(self):
        error, std = draws()
        assert calibration_factor(error, 4 * std) == 1

    def test_intervals_hold_whatever_shape_errors_have(self):
        rng = np.random.default_rng(2)
        std = rng.uniform(0.01, 0.1, 100_000)
        fitted, tested = (rng.laplace(0, 2 * std) for _ in range(2))
        factor = calibration_factor(fitted, std)
        assert coverage(tested, factor * std)[95] == pytest.approx(0.95, abs=0.003)
        # The factor of Gaussian errors, a root mean square, would be another.
        assert abs(factor / np.sqrt(np.mean((fitted / std) ** 2)) - 1) > 0.05

    def test_on_its_own_ground_at_least_its_share_is_held(self):
        error, std = draws(101)
        factor = calibration_factor(error, std)
        assert 0.95 <= coverage(error, factor * std)[95] <= 0.97

    def test_there_is_none_without_pixels_or_spread(self):
        assert np.isnan(calibration_factor(np.array([]), np.array([])))
        assert np.isnan(calibration_factor(np.ones(3), np.zeros(3)))


class TestCoverage:
    def test_right_standard_deviations_hold_their_share(self):
        for level, share in coverage(*draws()).items():
            assert share == pytest.approx(level / 100, abs=0.005)

    def test_by_hand(self):
        error = np.array([0, 0.5, -1, 1.9, 2.0])
        found = coverage(error, np.ones(5))
        assert (found[50], found[80], found[95]) == (0.4, 0.6, 0.8)
        assert half_width(95) == pytest.approx(1.959964, abs=1e-6)

    def test_no_spread_holds_only_what_has_no_error(self):
        assert coverage(np.array([0.0, 0.1]), np.zeros(2))[95] == 0.5


class TestCrps:
    @settings(max_examples=25, deadline=None)
    @given(st.floats(-5, 5), spreads)
    def test_it_is_the_integral_that_defines_it(self, z, std):
        # Of the squared distance of the distribution from a step at the truth, z away.
        below, above = np.linspace(-12, z, 10_001), np.linspace(z, 12, 10_001)
        area = np.trapezoid(ndtr(below) ** 2, below) + np.trapezoid(ndtr(-above) ** 2, above)
        assert crps(np.array([z * std]), np.array([std])) == pytest.approx(std * area, rel=1e-5)

    def test_of_no_spread_it_is_the_absolute_error(self):
        assert crps(np.array([0.2, -0.4, 0.0]), np.zeros(3)) == pytest.approx(0.2)
        assert crps(np.array([0.2]), np.array([1e-7])) == pytest.approx(0.2, rel=1e-6)

    def test_the_right_spread_scores_best(self):
        error, std = draws()
        assert crps(error, std) < min(crps(error, factor * std) for factor in (0.5, 0.8, 1.25, 2))


class TestSparsification:
    def test_by_hand(self):
        error = np.arange(1.0, 21)
        curve = sparsification(error, error)
        assert curve[0] == 1
        assert curve[-1] == pytest.approx(1 / np.sqrt(np.mean(error**2)))  # 1 is left of 20
        # The surest pixels go first: the largest error stays to the end.
        assert sparsification(error, -error)[-1] > 1

    def test_the_right_order_has_no_area(self):
        error, std = draws(1000)
        oracle = sparsification(error, np.abs(error))
        assert ause(oracle, oracle) == 0
        assert ause(sparsification(error, std), oracle) > 0

    def test_no_order_has_the_area_above_the_oracle(self):
        error, _ = draws(1000)
        oracle = sparsification(error, np.abs(error))
        flat = np.ones(len(REMOVED))
        area = np.trapezoid([*oracle, 0], [*(share / 100 for share in REMOVED), 1])
        last = 0.05 / 2  # where both curves end at 0
        assert ause(flat, oracle) == pytest.approx(1 - last - area)

    def test_a_unit_does_not_matter(self):
        error, std = draws(1000)
        curves = [sparsification(unit * error, unit * std) for unit in (1, 10)]
        assert curves[0] == pytest.approx(curves[1])


class TestAssess:
    def test_every_metric_stands_there(self):
        error, std = draws(2 * 64 * 64)
        is_test = np.arange(error.size) < 64 * 64
        blocks = GapBlocks(*square(64), 16, 200, 1)
        # Two networks that are off by the same, and know by how much.
        found = assess(np.stack([error] * 2), np.stack([std**2] * 2), 0 * std, is_test, blocks)
        rows = {(row.uncertainty, row.metric): row for row in found}
        assert len(rows) == len(found) == 3 * len(METRICS) + 1
        assert rows["ensemble", "width_95"].value == pytest.approx(
            2 * 1.959964 * std[is_test].mean()
        )
        assert rows["calibrated", "scale"].value == pytest.approx(1, abs=0.05)
        assert rows["calibrated", "scale"].region == "validation"
        assert {row.n for row in found} == {64 * 64}
        whole = rows["ensemble", "coverage_95"]
        assert whole.low < whole.value < whole.high
        assert whole.value == pytest.approx(0.95, abs=0.02)
        assert rows["seeds", "coverage_95"].value == 0
        assert np.isnan(rows["ensemble", "crps"].low)
        assert np.isnan(rows["ensemble", "coverage_45"].low)


class TestGapBlocks:
    def test_independent_pixels_have_the_interval_of_a_share(self):
        held = np.random.default_rng(3).random(96 * 96) < 0.95
        low, high = GapBlocks(*square(96), 8, 2000, 1).share_interval(held)
        half = 1.96 * np.sqrt(0.95 * 0.05 / held.size)
        assert (high - low) / 2 == pytest.approx(half, rel=0.15)
        assert low < held.mean() < high

    def test_pixels_that_go_together_have_a_wider_one(self):
        rng = np.random.default_rng(4)
        blocks = GapBlocks(*square(96), 16, 500, 1)
        alone = rng.random((96, 96)) < 0.9
        together = np.kron(rng.random((12, 12)) < 0.9, np.ones((8, 8), bool))
        widths = [
            high - low
            for low, high in (blocks.share_interval(one.ravel()) for one in (alone, together))
        ]
        assert widths[1] > 4 * widths[0]

    def test_little_ground_has_no_interval(self):
        assert np.isnan(GapBlocks(*square(24), 16, 100, 1).share_interval(np.ones(576, bool))).all()
