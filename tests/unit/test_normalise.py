import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core import raster
from sarfusion.core.raster import Grid
from sarfusion.ground import normalise


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


def test_percentiles_of_a_channel_are_those_of_its_values():
    values = np.linspace(0, 1000, 1001)
    assert normalise.percentiles(values) == pytest.approx([1, 50, 500, 950, 999])


@given(st.integers(1, 60), st.integers(1, 700), st.integers(0, 5))
@settings(deadline=None, max_examples=25)
def test_a_sample_is_every_nth_training_pixel_in_the_order_of_the_raster(largest, height, seed):
    # Of more than 256 rows each strip is one row of blocks; the step goes on across them.
    grid = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), height, 3)
    values = np.arange(2.0 * height * 3, dtype=np.float32).reshape(2, height, 3)
    train = np.random.default_rng(seed).random(grid.shape) < 0.3
    train[-1, -1] = True
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(raster, "STRIP_PX", 1)
        path = Path(folder, "a.tif")
        raster.write_raster(path, values, grid, ["a", "b"], np.nan)
        sample = normalise.training_sample(path, ["b", "a"], train, largest)
    step = math.ceil(train.sum() / largest)
    expected = values[::-1, train][:, ::step]
    assert np.array_equal(sample, expected)
    assert sample.shape[1] <= largest
