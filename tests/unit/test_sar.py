import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import Affine, from_origin
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


def test_passes_are_averaged_where_they_have_a_value():
    passes = np.float32(
        [[[[1, 2, np.nan, 0]]], [[[3, np.nan, np.nan, 5]]], [[[-0.01, 4, np.inf, 7]]]]
    )
    np.testing.assert_allclose(sar.mean_of_passes(iter(passes)), [[[1.33, 3, np.nan, 6]]])


def test_one_pass_stays_as_it_is():
    power = np.float32([[[1, 0, np.nan, -1, np.inf]]])
    assert sar.mean_of_passes([power]) is power


def test_the_mean_of_passes_is_that_of_power_and_not_of_decibels():
    passes = [np.float32([[[0.1]]]), np.float32([[[0.001]]])]
    assert sar.to_db(sar.mean_of_passes(passes)) == pytest.approx(10 * np.log10(0.0505))


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
    values = np.float32([1, 0, -0.01, -9999, np.nan, np.inf, -np.inf])
    power, counts = sar.clean_power(values), sar.count_power(values)
    assert np.isfinite(power).tolist() == [True, False, True] + 4 * [False]
    assert counts == {"pixels": 7, "nodata": 1, "infinite": 2, "zero": 1, "negative": 2}


def test_negative_power_stays_in_the_mean():
    """Ground of -26 dB by 4.4 looks, with noise of -24 dB in it, whose mean is subtracted.

    Without the negative values the mean is too high, by 1 dB or more; with them it is right.
    """
    signal, noise = sar.from_db(-26.0), sar.from_db(-24.0)
    seen = np.random.default_rng(6).gamma(4.4, (signal + noise) / 4.4, (300, 300)) - noise
    assert 0.1 < (seen < 0).mean() < 0.4

    def level(power):
        averaged = sar.average_onto(power.astype(np.float32), grid(300, 10), grid(100, 30))
        return sar.to_db(np.nanmean(averaged))

    assert level(sar.clean_power(seen)) == pytest.approx(-26, abs=0.1)
    assert level(np.where(seen > 0, seen, np.nan)) > -26 + 1


def test_a_negative_mean_is_at_the_noise_floor():
    vv, vh = np.float32([[-0.01]]), np.float32([[0.1]])
    vv_db, _, ratio_db, counts = sar.channels_db(vv, vh, -30)
    assert (vv_db[0, 0], ratio_db[0, 0]) == pytest.approx((-30, -20), abs=1e-5)
    assert counts == {"vv_at_noise_floor": 1, "vh_at_noise_floor": 0}


def test_no_overlap_is_refused_and_an_overlap_is_not():
    sar.check_overlap(grid(10, 10), grid(10, 30), "site a")
    with pytest.raises(StudyError, match="site a: SAR and optical do not overlap"):
        sar.check_overlap(grid(10, 10, x=300), grid(10, 30), "site a")
    with pytest.raises(StudyError, match="do not overlap"):
        sar.check_overlap(grid(10, 10), grid(10, 30, crs=32650), "site a")


def turned(degrees, size=6, pixel=30.0):
    """A grid of `size` pixels a side around (500 300, 999 700), turned to the left."""
    centre = Affine.translation(500_300, 999_700) @ Affine.rotation(degrees)
    corner = Affine.translation(-size / 2 * pixel, size / 2 * pixel)
    return Grid(CRS.from_epsg(32648), centre @ corner @ Affine.scale(pixel, -pixel), size, size)


@pytest.mark.parametrize("degrees", [0, 3, 20, 45, 70, 90, 180, 225])
def test_the_mean_is_over_the_ground_of_a_turned_pixel(degrees):
    """Against points 1 m apart in each pixel, each with the power of the SAR pixel around it."""
    source, target = grid(60, 10), turned(degrees)
    power = np.random.default_rng(5).gamma(4.4, 1, source.shape).astype(np.float32)
    steps = (np.arange(6 * 30) + 0.5) / 30
    columns, rows = source.positions(target, *np.meshgrid(steps, steps))
    values = power[np.floor(rows).astype(int), np.floor(columns).astype(int)]
    expected = values.reshape(6, 30, 6, 30).mean(axis=(1, 3))
    found = sar.average_onto(power, source, target)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.97
    assert np.abs(found / expected - 1).mean() < 0.05


def test_a_turned_pixel_leaves_nodata_out():
    power = np.full((60, 60), 3, np.float32)
    power[:30] = np.nan
    found = sar.average_onto(power, grid(60, 10), turned(45))
    assert set(np.unique(found[np.isfinite(found)])) == {3}
    assert np.isnan(found[0]).any()
    assert np.isfinite(found[-1]).any()


def test_sar_south_up_is_read_where_it_lies(tmp_path):
    power = np.random.default_rng(0).gamma(4.4, 0.02, (2, 90, 90)).astype(np.float32)
    up = grid(90, 10)
    flipped = Grid(up.crs, Affine(10, 0, 500_000, 0, 10, 1_000_000 - 900), 90, 90)
    target = grid(20, 30, x=100)
    with bands_of(tmp_path, power, up) as bands:
        expected = sar.read_power(bands, target, Window(0, 5, 20, 10))
    with bands_of(tmp_path, power[:, ::-1], flipped) as bands:
        found = sar.read_power(bands, target, Window(0, 5, 20, 10))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    sar.check_overlap(flipped, target, "site a")


ZONE_1 = Grid(CRS.from_epsg(32601), from_origin(168_200, 998_100, 30, 30), 128, 128)
DEGREES = {
    f"around {middle}": Grid(
        CRS.from_epsg(4326), from_origin(middle - 0.03, 9.03, 1e-4, 1e-4), 600, 600
    )
    for middle in (180, -180)
}
WIDE_1 = Grid(CRS.from_epsg(32601), from_origin(166_600, 999_700, 10, 10), 700, 700)
ZONE_60 = Grid(CRS.from_epsg(32660), from_origin(826_800, 999_200, 10, 10), 600, 600)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        *((source, ZONE_1) for source in (*DEGREES.values(), ZONE_60)),
        *itertools.product((WIDE_1, *DEGREES.values()), DEGREES.values()),
    ],
)
def test_both_sides_of_the_antimeridian_are_seen(tmp_path, source, target):
    """SAR over a place that the 180th meridian halves, in each way of counting longitudes."""
    inner = target.part(Window(target.width // 4, 10, target.width // 2, target.height - 20))
    power = np.ones((2, *source.shape), np.float32)
    with bands_of(tmp_path, power, source) as bands:
        sar.check_overlap(source, inner, "site a")
        covered = np.isfinite(sar.read_power(bands, inner, Window(0, 0, inner.width, 50)))
    assert covered[:, :, 10:-10].mean() > 0.9


def test_where_both_lie_is_said_in_degrees():
    with pytest.raises(StudyError) as error:
        sar.check_overlap(DEGREES["around 180"], grid(100, 30), "site a")
    assert "SAR covers 179.9700 to 180.0300° east, 8.9700 to 9.0300° north" in str(error.value)
    assert "optical 105.0000 to 105.0273° east, 9.0194 to 9.0466° north" in str(error.value)
    unnamed = Grid(
        CRS.from_proj4("+proj=laea +lat_0=-60 +lon_0=0 +datum=WGS84"), from_origin(0, 0, 9, 9), 9, 9
    )
    with pytest.raises(StudyError, match="do not overlap") as error:
        sar.check_overlap(unnamed, grid(10, 30), "site a")
    assert "PROJCS" not in str(error.value)
