import numpy as np
import pytest
from sarfusion.scoring.intervals import combined_freedom, half_width, mean_interval


def test_half_width_by_hand():
    # From Student's table: t(.975, 2) = 4.302653 and t(.975, 3) = 3.182446.
    found = half_width(np.array([1.0, 2, 1, 1]), np.array([3, 4, 1, 0]))
    assert found == pytest.approx([4.302653 / 3**0.5, 3.182446, np.nan, np.nan], nan_ok=True)


def test_interval_by_hand():
    # Mean 2, s = 1, n = 3.
    assert mean_interval([1, 2, 3]) == pytest.approx((-0.484138, 4.484138), abs=1e-6)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_have_no_interval(values):
    assert np.isnan(mean_interval(values)).all()


def test_degrees_of_freedom_of_two_parts_by_hand():
    """Variances 9 and 1: 1 / f = 0.9 / 2 + 0.1 / 10 with three seeds and twenty blocks."""
    assert combined_freedom(3, 1, 3, 20) == pytest.approx(1 / 0.46)
    assert combined_freedom(0, 1, 1, 20) == 10
    assert combined_freedom(3, 0, 3, 20) == 2
    assert combined_freedom(0, 0, 3, 20) == 10
