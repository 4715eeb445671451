import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import calculate_default_transform
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, open_bands, write_raster
from sarfusion.scenes import sar


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


def bands_of(folder, power, place):
    write_raster(folder / "sar.tif", power, place, sar.BANDS, np.nan)
    return open_bands([(folder / "sar.tif", name) for name in sar.BANDS])


@pytest.mark.parametrize("crs", [32648, 32647, 4326])
@pytest.mark.parametrize(("pixel", "offset"), [(10, 0), (10, -13.7), (7.3, 401), (40, 5)])
def test_parts_of_a_grid_get_what_the_whole_gets(tmp_path, crs, pixel, offset):
    # SAR ends within the target, in every strip and below the last: some pixels see nothing.
    target = grid(60, 30)
    source = grid(round(1500 / pixel), pixel, offset)
    if crs != 32648:
        place = calculate_default_transform(
            source.crs, f"EPSG:{crs}", source.width, source.height, *source.bounds
        )
        source = Grid(CRS.from_epsg(crs), *place[:1], place[2], place[1])
    power = np.random.default_rng(2).gamma(4.4, 0.02, (2, *source.shape)).astype(np.float32)
    power[:, 10:15, 3:30] = np.nan
    power[0, ::7, ::5] = -1
    cleaned = sar.clean_power(power)
    whole = np.stack([sar.average_onto(band, source, target) for band in cleaned])
    assert 0.3 < np.isfinite(whole).mean() < 0.95
    with bands_of(tmp_path, power, source) as bands:
        # Where a strip ends just where SAR does, GDAL may leave out a row between two CRSs.
        small = [(1, 60), (7, 60), (13, 11)] if source.crs == target.crs else [(20, 60)]
        for rows, columns in [(60, 60), *small]:
            for row, column in itertools.product(range(0, 60, rows), range(0, 60, columns)):
                window = Window(column, row, min(columns, 60 - column), min(rows, 60 - row))
                part = sar.read_power(bands, target, window)
                np.testing.assert_allclose(part, whole[:, *window.toslices()], rtol=1e-6)


def test_ground_without_any_sar_is_not_valid(tmp_path):
    with bands_of(tmp_path, np.ones((2, 5, 5), np.float32), grid(5, 10, x=30_000)) as bands:
        assert np.isnan(sar.read_power(bands, grid(4, 30), Window(0, 0, 4, 2))).all()


def test_what_is_no_backscatter_is_masked_and_counted():
    values = np.float32([1, 0, -1, np.nan, np.inf, -np.inf])
    power, counts = sar.clean_power(values), sar.count_power(values)
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
