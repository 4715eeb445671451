import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion import sar
from sarfusion.errors import StudyError
from sarfusion.raster import Grid


def grid(size, pixel, x=0.0, crs=32648):
    transform = from_origin(500_000 + x, 1_000_000, pixel, pixel)
    return Grid(CRS.from_epsg(crs), transform, size, size)


@given(st.floats(-60, 30))
def test_db_and_back(db):
    assert sar.to_db(sar.from_db(db)) == pytest.approx(db, abs=1e-9)


def test_ratio_is_the_difference_of_the_bands_in_db():
    vv_db, vh_db, ratio_db, _ = sar.channels_db(np.float32([[0.1]]), np.float32([[0.01]]), -30)
    assert (vv_db[0, 0], vh_db[0, 0]) == pytest.approx((-10, -20), abs=1e-5)
    assert ratio_db[0, 0] == pytest.approx(10 * np.log10(0.1 / 0.01), abs=1e-5)


def test_noise_floor_raises_what_lies_below_it():
    vv, vh = np.float32([[0.1, 1e-4]]), np.float32([[1e-5, 1e-2]])
    vv_db, vh_db, ratio_db, counts = sar.channels_db(vv, vh, -30)
    assert vh_db[0, 0] == pytest.approx(-30)
    assert vv_db[0, 1] == pytest.approx(-30)
    assert ratio_db[0] == pytest.approx([20, -10], abs=1e-5)
    assert counts == {"vv_at_noise_floor": 1, "vh_at_noise_floor": 1}


def test_a_pixel_needs_both_polarisations():
    vv_db, vh_db, ratio_db, _ = sar.channels_db(
        np.float32([[0.1, np.nan]]), np.float32([[np.nan, 0.1]]), -30
    )
    assert np.isnan([vv_db, vh_db, ratio_db]).all()


def test_averaging_is_done_in_linear_power():
    power = np.float32([[1, 0, 0], [0, 0, 0], [0, 0, 8]])
    averaged = sar.average_onto(power, grid(3, 10), grid(1, 30))
    assert averaged == pytest.approx(1.0)


def test_averaging_leaves_nodata_out():
    power = np.full((3, 3), np.nan, np.float32)
    assert np.isnan(sar.average_onto(power, grid(3, 10), grid(1, 30)))
    power[0] = 2
    assert sar.average_onto(power, grid(3, 10), grid(1, 30)) == pytest.approx(2.0)


def test_averaging_across_grids_weighs_by_area():
    # The target pixel reaches from 5 to 35 m: half of the first and last, all of the middle.
    power = np.float32([[1, 2, 3, 4]] * 4)
    source = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 10, 10), 4, 4)
    target = Grid(CRS.from_epsg(32648), from_origin(500_005, 999_995, 30, 30), 1, 1)
    assert sar.average_onto(power, source, target) == pytest.approx(
        (0.5 * 1 + 2 + 3 + 0.5 * 4) / 3, rel=1e-5
    )


def test_the_same_grid_is_not_resampled():
    power = np.random.default_rng(0).gamma(4.4, 1 / 4.4, (5, 5)).astype(np.float32)
    assert np.array_equal(sar.average_onto(power, grid(5, 30), grid(5, 30)), power)


def test_what_is_no_backscatter_is_masked_and_counted():
    power, counts = sar.clean_power(np.float32([1, 0, -1, np.nan, np.inf, -np.inf]))
    assert np.isfinite(power).tolist() == [True] + 5 * [False]
    assert counts == {"pixels": 6, "nodata": 1, "infinite": 2, "zero_or_negative": 2}


def test_units_declared_wrongly_are_refused():
    linear = np.random.default_rng(0).gamma(4.4, 0.02, 1000)
    sar.check_unit(linear, "linear", "site a: vv")
    sar.check_unit(sar.to_db(linear), "db", "site a: vv")
    with pytest.raises(StudyError, match="site a: vv: declared linear, .* say unit: db"):
        sar.check_unit(sar.to_db(linear), "linear", "site a: vv")
    with pytest.raises(StudyError, match="site a: vv: declared dB, .* say unit: linear"):
        sar.check_unit(linear, "db", "site a: vv")


def test_no_overlap_is_refused_and_an_overlap_is_not():
    sar.check_overlap(grid(10, 10), grid(10, 30), "site a")
    with pytest.raises(StudyError, match="site a: SAR and optical do not overlap"):
        sar.check_overlap(grid(10, 10, x=300), grid(10, 30), "site a")
    with pytest.raises(StudyError, match="do not overlap"):
        sar.check_overlap(grid(10, 10), grid(10, 30, crs=32650), "site a")
