"""Elementary functions with the same bytes on every processor: their distance from true values.

test_simulate.py limits the instruction sets and compares the bytes.
"""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sarfusion.scenes import elementary

TRUE = {
    "exp": mpmath.exp,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "log10": mpmath.log10,
    "power_of_ten": lambda value: mpmath.mpf(10) ** value,
}


def units_off(name, value, dtype):
    """The error of a function in units of the last place."""
    value = dtype(value)
    computed = getattr(elementary, name)(np.array([value]))[0]
    with mpmath.workprec(200):
        true = TRUE[name](mpmath.mpf(float(value)))
        return float(abs(mpmath.mpf(float(computed)) - true)) / float(np.spacing(abs(computed)))


@given(st.floats(-690, 700))
def test_exp_of_float64(value):
    assert units_off("exp", value, np.float64) < 1.5


@given(st.floats(-80, 80, width=32))
def test_exp_of_float32(value):
    assert units_off("exp", value, np.float32) < 2.6  # as NumPy states for its own


@given(st.floats(-40, 40))
def test_sine_and_cosine(value):
    for name in ("sin", "cos"):
        computed = getattr(elementary, name)(value)
        assert float(computed) == pytest.approx(float(TRUE[name](value)), abs=2e-16)


@given(st.floats(-37, 38, width=32))
def test_power_of_ten(value):
    assert units_off("power_of_ten", value, np.float32) < 0.85  # as stated for powf


@given(st.floats(1, 2.0**100, width=32))
def test_log10(value):
    computed = elementary.log10(np.float32([value]))[0]
    assert float(computed) == pytest.approx(float(mpmath.log10(value)), rel=2.5e-7, abs=2e-9)


def test_values_by_hand():
    assert elementary.exp([0.0, -1e5]).tolist() == [1, pytest.approx(0, abs=1e-300)]
    assert elementary.power_of_ten(np.float32([0, 1, 2, -1])).tolist() == [
        1,
        10,
        100,
        np.float32(0.1),
    ]
    assert elementary.log10(np.float32([1, 10, 100])).tolist() == [0, 1, 2]
    assert elementary.sin([0.0]) == 0
    assert elementary.cos([0.0]) == 1


def test_any_shape_and_both_types():
    for shape in ((), (0,), (3,), (2, 3, 4), (elementary.CHUNK + 7,)):
        for dtype in (np.float32, np.float64):
            computed = elementary.exp(np.full(shape, 0.5, dtype))
            assert (computed.shape, computed.dtype) == (shape, dtype)
            assert np.allclose(computed, np.exp(0.5))
    turned = np.linspace(0, 6, 12).reshape(3, 4).T
    assert np.allclose(elementary.sin(turned), np.sin(turned), atol=1e-15)


def test_weights_of_a_gaussian():
    weights = elementary.gaussian_weights(2.0, 8)
    assert weights.sum() == pytest.approx(1)
    assert (weights == weights[::-1]).all()
    assert weights[8] / weights[10] == pytest.approx(np.exp(0.5))
