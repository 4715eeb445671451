import numpy as np
import pytest
from sarfusion.scenes.shift import central_window, estimate_shift
from scipy.ndimage import gaussian_filter


def scene(seed=0, size=128):
    rng = np.random.default_rng(seed)
    land = gaussian_filter(rng.normal(size=(size + 20, size + 20)), 3)
    return land / land.std()


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (2, -3), (-4, 1)])
def test_a_known_shift_between_unlike_images_is_found(rows, columns):
    land = scene()
    optical = land[10:-10, 10:-10]
    # What lies at (r, c) in the optical image lies at (r + rows, c + columns) in this one, and
    # bright becomes dark, as water and asphalt do.
    moved = land[10 - rows : 138 - rows, 10 - columns : 138 - columns]
    sar = -(moved**3) + np.random.default_rng(1).normal(size=moved.shape)
    found = estimate_shift(optical, sar)
    assert (found["rows"], found["columns"]) == pytest.approx((rows, columns), abs=0.5)
    assert found["distance"] == pytest.approx(np.hypot(found["rows"], found["columns"]))


def test_not_valid_pixels_are_left_out():
    land = scene()[10:-10, 10:-10]
    holes = np.random.default_rng(2).random(land.shape) < 0.2
    found = estimate_shift(np.where(holes, np.nan, land), np.where(holes.T, np.nan, land))
    assert found["distance"] == pytest.approx(0, abs=0.3)


def test_a_shift_beyond_the_search_or_a_tiny_scene_gives_none():
    land = scene()
    assert estimate_shift(land[:20, :20], land[:20, :20])["distance"] is None
    nothing = np.full((64, 64), np.nan)
    assert estimate_shift(nothing, nothing)["distance"] is None


def test_the_central_window_of_small_and_large_scenes():
    assert central_window((700, 300)).flatten() == (0, 0, 300, 700)
    assert central_window((2001, 600)).flatten() == (0, 488, 600, 1024)
