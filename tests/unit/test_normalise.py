import numpy as np
import pytest
from sarfusion import normalise


def test_scaling_has_mean_0_and_deviation_1_and_is_undone():
    values = np.random.default_rng(0).normal(5, 3, 1000).astype(np.float32)
    scaling = normalise.fit(values)
    scaled = normalise.apply(values, scaling)
    assert (scaled.mean(), scaled.std()) == pytest.approx((0, 1), abs=1e-5)
    assert normalise.undo(scaled, scaling) == pytest.approx(values, abs=1e-5)


def test_clipping_at_percentiles_of_the_training_values():
    scaling = normalise.fit(np.arange(101.0), [10, 90])
    assert (scaling["low"], scaling["high"]) == (10, 90)
    outside = normalise.apply(np.float32([-1000, 1000]), scaling)
    assert normalise.undo(outside, scaling) == pytest.approx([10, 90], abs=1e-4)


def test_not_valid_becomes_the_training_mean():
    scaling = normalise.fit(np.array([1.0, 3.0]))
    assert normalise.apply(np.float32([np.nan, 2.0]), scaling).tolist() == [0, 0]


def test_a_constant_channel_scales_to_0():
    assert normalise.apply(np.float32([7, 7]), normalise.fit(np.full(9, 7.0))).tolist() == [0, 0]


def test_data_range_ignores_the_outermost_thousandth():
    values = np.append(np.linspace(0, 1, 100_001), 50.0)
    assert normalise.data_range(values) == pytest.approx(0.998, abs=1e-4)
