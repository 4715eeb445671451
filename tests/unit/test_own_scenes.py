"""Which parts of a person's files are data, and what their numbers mean, through import_scene."""

import shutil

import import_scene
import numpy as np
import pytest
import rasterio
from own_site import (
    KEPT,
    OPTICAL_GRID,
    SAR_GRID,
    UTM,
    Site,
    numbers,
    power,
    reflectance,
    write,
)
from rasterio.enums import ColorInterp
from rasterio.transform import Affine
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json
from sarfusion.core.grid import Grid
from sarfusion.core.raster import read_grid
from sarfusion.scenes import landsat, sar

BORDER = np.zeros(OPTICAL_GRID.shape, bool)
BORDER[:, :10] = True


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def refused(site, message):
    shutil.rmtree(site.out, ignore_errors=True)  # of an import before
    with pytest.raises(StudyError, match=message) as error:
        site.run()
    assert "\n" not in str(error.value)
    assert not site.out.exists()


def with_border(array, value):
    array = array.copy()
    array[..., :10] = value
    return array


def same_power(site, expected=None):
    np.testing.assert_allclose(site.run().power(), power()[KEPT] if expected is None else expected)


# What counts as no data


def test_files_without_a_word_of_nodata_are_all_data(site):
    assert not site.run().fill().any()
    assert np.array_equal(site.raw()[:3], numbers())
    same_power(site)


FILLS = {
    "declared": (np.int16, -9999, {"nodata": -9999}),
    "undeclared": (np.int16, -9999, {}),
    "lowest int16": (np.int16, -32768, {}),
    "zero in all bands": (np.int16, 0, {}),
    "wrapped": (np.uint16, 65535, {}),
    "wrapped -9999": (np.uint16, 55537, {}),
    "NaN": (np.float32, np.nan, {}),
    "infinite": (np.float32, -np.inf, {}),
    "huge": (np.float32, 1e20, {}),
    "lowest float32": (np.float32, -3.4028234663852886e38, {}),
    "lowest float64": (np.float64, -1.7976931348623157e308, {}),
    "no float32 is exactly 0.1": (np.float32, 0.1, {"nodata": 0.1}),
    "NaN declared": (np.float32, np.nan, {"nodata": np.nan}),
}


@pytest.mark.parametrize("case", FILLS)
def test_optical_fill_is_found(site, case, caplog):
    dtype, value, how = FILLS[case]
    scale = 1e-4 if np.issubdtype(dtype, np.integer) else 1
    site.optical.update(scale=scale, offset=0.0)
    site.write_optical(with_border((reflectance() / scale).astype(dtype), value), **how)
    assert np.array_equal(site.run().fill(), BORDER)
    told = "not declared nodata; left out" in caplog.text
    assert told == (not how and np.isfinite(value))


@pytest.mark.parametrize("case", ["mask", "mask beside", "alpha", "alpha and nodata"])
def test_masks_of_a_file_count(site, case):
    array = with_border(numbers(), 5000)  # of plausible numbers: only the mask shows it
    if case.startswith("mask"):
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=case == "mask"):
            site.write_optical(array, mask=~BORDER)
        assert (site.folder / "o.tif.msk").exists() == (case == "mask beside")
    else:
        kinds = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
        alpha = np.where(BORDER, 0, 65535).astype(np.uint16)
        nodata = 0 if case == "alpha and nodata" else None
        site.write_optical([*array, alpha], nodata=nodata, colorinterp=kinds)
    assert np.array_equal(site.run().fill(), BORDER)


def test_a_mask_beside_one_band_masks_the_pixel(site):
    """Each colour in a file of its own; red has a mask, green a nodata of its own."""
    red, green, blue = with_border(numbers(), 5000)
    green[:, 12] = 7
    for name, band, how in (
        ("red", red, {"mask": ~BORDER}),
        ("green", green, {"nodata": 7}),
        ("blue", blue, {"nodata": 60000}),
    ):
        site.write_quality(name, band, **how)
    expected = BORDER.copy()
    expected[:, 12] = True
    assert np.array_equal(site.run().fill(), expected)


def test_alpha_and_masks_of_sar(site):
    seen = np.ones(SAR_GRID.shape, np.float32)
    seen[:, :40] = 0
    kinds = [ColorInterp.gray, ColorInterp.undefined, ColorInterp.alpha]
    site.write_sar([*power(), seen], colorinterp=kinds)
    same_power(site, np.where(seen > 0, power(), np.nan)[KEPT])


@pytest.mark.parametrize(
    ("unit", "value", "how"),
    [
        ("linear", -9999, {}),
        ("linear", 1e20, {"nodata": 1e20}),
        ("linear", 1e20, {}),
        ("linear", np.inf, {}),
        ("db", -9999, {}),
        ("db", 0, {}),
        ("db", -3.4028235e38, {}),
        ("db", -32768, {"nodata": -32768}),
    ],
)
def test_sar_fill_is_left_out_before_the_unit_is_judged(site, unit, value, how):
    array = sar.to_db(power()) if unit == "db" else power()
    array[:, :, :110] = value  # most of the file
    site.sar["unit"] = unit
    site.write_sar(array, **how)
    kept = power()
    kept[:, :, :110] = np.nan
    np.testing.assert_allclose(site.run().power(), kept[KEPT], rtol=1e-5)


def test_a_mark_of_no_data_that_is_not_known_is_named(site):
    site.sar["unit"] = "db"
    array = sar.to_db(power())
    array[:, :, :40] = -100  # 10 log10(1e-10)
    site.write_sar(array)
    refused(site, "vv: .* are outside -60 to 40 .* the number -100.; set nodata")
    site.sar["nodata"] = -100
    assert np.isnan(site.run().power()[0, :, :34]).all()
    array[0, :, :40], array[1, :, :40] = 0, -20
    site.write_sar(array)
    refused(site, "vv: .* of the values are exactly 0 dB; .* set nodata: 0")


REPEATED = {  # number where there is no data, and what the scene contains elsewhere
    "scaled fill": (-0.2, reflectance().astype(np.float32), 1.0),
    "no known mark": (1, numbers(), 2.75e-5),
    "picture": (255, np.round(reflectance() * 255).astype(np.uint8), 1 / 255),
}


@pytest.mark.parametrize("case", REPEATED)
def test_a_number_that_all_colours_repeat(site, case):
    number, array, scale = REPEATED[case]
    site.optical.update(scale=scale, offset=-0.2 if case == "no known mark" else 0.0)
    site.write_optical(with_border(array, number))
    refused(site, rf"site here: 20% of the ground is exactly {number} in .*nodata: {number}, or")
    site.optical["nodata"] = number
    assert np.array_equal(site.run().fill(), BORDER)


def test_a_negative_number_that_one_colour_repeats(site):
    array = numbers()
    array[2, :, :10] = 0  # which is reflectance -0.2
    site.write_optical(array)
    refused(site, "site here: 20% of the ground is exactly 0 in blue, .*set nodata: 0, or")


def test_clouds_may_repeat_a_number(site):
    site.optical.update(scale=1.0, offset=0.0)
    site.write_optical(with_border(reflectance().astype(np.float32), 1))
    site.write_quality("qa_pixel", np.where(BORDER, 22280, 21824).astype(np.uint16))
    assert not site.run().fill().any()


def test_backscatter_that_both_bands_repeat(site):
    for value, unit in (1e-10, "linear"), (-50, "db"):
        site.sar["unit"] = unit
        array = sar.to_db(power()) if unit == "db" else power()
        array[:, :, :34] = value
        site.write_sar(array)
        refused(site, f"site here: .*% of the ground is exactly {value} in vv and vh, which")
    array[1, :, :34] = -55
    site.write_sar(array)
    refused(site, "is exactly -50, -55 in vv and vh, .*correct the file, or, if you know")


def test_whole_decibels_may_be_zero(site):
    site.sar["unit"] = "db"
    site.write_sar(np.round(sar.to_db(power()) + 8).astype(np.int16), nodata=-99)
    assert np.isfinite(site.run().power()).all()


@pytest.mark.parametrize("sensor", ["optical", "sar"])
def test_a_study_that_contradicts_the_file_about_nodata(site, sensor):
    site.write_optical(with_border(numbers(), 7), nodata=7)
    site.write_sar(with_border(power(), 7), nodata=7)
    site.settings[sensor]["nodata"] = 0
    refused(site, r"nodata is 0, but .*[os]\.tif declares 7; leave nodata out, or correct the file")
    site.settings[sensor]["nodata"] = 7
    assert np.array_equal(site.run().fill(), BORDER)
    site.settings[sensor]["nodata"] = 0
    site.settings["trust_values"] = True
    assert np.array_equal(site.run().fill(), BORDER)


def test_a_nodata_that_the_file_cannot_hold(site):
    site.optical["nodata"] = -9999
    refused(site, "red: nodata is -9999, which .*o.tif cannot hold .uint16.; correct nodata")
    del site.optical["nodata"]
    site.sar["nodata"] = 1e39
    refused(site, r"vv: nodata is 1e\+39, which .*s.tif cannot hold .float32.")


@pytest.mark.parametrize(
    ("dtype", "value", "nodata"),
    [
        (np.float32, np.nan, None),
        (np.float32, np.nan, np.nan),
        (np.uint16, 65535, 65535),
        (np.uint16, 65535, None),
        (np.uint16, 0, 0),
        (np.float32, -9999, None),
    ],
)
def test_quality_without_data_is_fill(site, dtype, value, nodata):
    qa = with_border(np.full(OPTICAL_GRID.shape, 21824, dtype), value)
    qa[30:, 30:] = 22280
    site.write_quality("qa_pixel", qa, nodata=nodata)
    assert np.array_equal(site.run().fill(), BORDER)
    assert (site.raw()[3, 30:, 30:] == 22280).all()


def test_signed_quality_keeps_its_bits(site):
    qa = np.full(OPTICAL_GRID.shape, 54596, np.uint16)
    site.write_quality("qa_pixel", qa.view(np.int16))
    assert (site.run().raw()[3] == 54596).all()


def test_quality_that_was_averaged_or_is_of_another_sensor(site):
    qa = np.full(OPTICAL_GRID.shape, 21824, np.float32)
    qa[5, 5] += 0.5
    site.write_quality("qa_pixel", qa)
    refused(site, "qa_pixel: contains 21824.5, which is not a bit field; .* nearest neighbour")
    classes = np.random.default_rng(0).choice(np.uint8([3, 4, 5, 6, 8]), OPTICAL_GRID.shape)
    site.write_quality("qa_pixel", classes)
    refused(site, "qa_pixel: contains 3, 5, 6, which QA_PIXEL of Landsat .* does not; .*SCL")
    for cloud, clear in (1024, 0), (2800, 2720):  # Sentinel-2's QA60, Landsat's Collection 1
        site.write_quality("qa_pixel", np.where(BORDER, cloud, clear).astype(np.uint16))
        refused(
            site, "qa_pixel: contains (1024|2720), which is neither clear nor cloud in QA_PIXEL"
        )
    site.write_quality("qa_pixel", np.where(BORDER, 8, 0).astype(np.uint8))
    assert (site.run().raw()[3][BORDER] == 8).all()


@pytest.mark.parametrize("how", ["nan", "nodata"])
def test_a_cloud_without_numbers_is_fill_that_keeps_its_flag(site, how):
    """Exports often have no data under clouds; where the quality band says fill, it is that."""
    if how == "nan":
        site.optical.update(scale=1.0, offset=0.0)
        site.write_optical(with_border(reflectance().astype(np.float32), np.nan))
    else:
        site.write_optical(with_border(numbers(), 0), nodata=0)
    quality = np.where(BORDER, 22280, 21824).astype(np.uint16)
    quality[0] = landsat.QA_FILL
    quality[1] = 22280 | landsat.QA_FILL
    site.write_quality("qa_pixel", quality)
    raw = site.run().raw()
    nothing = BORDER.copy()
    nothing[:2] = True
    assert np.array_equal(site.fill(), nothing)
    assert (raw[:3, nothing] == landsat.FILL).all()
    assert (raw[3, :2] == landsat.QA_FILL).all()
    assert (raw[3, 2:][BORDER[2:]] == 22280 | landsat.QA_FILL).all()


def test_a_mask_of_0_and_1_whose_ones_are_not_fill_is_refused(site):
    site.write_quality("qa_pixel", BORDER.astype(np.uint8))
    refused(
        site,
        "qa_pixel: contains only 0 and 1, and in QA_PIXEL 1 means fill, but 100% of its pixels have"
        " values; write cloud as 8",
    )
    site.write_optical(with_border(numbers(), 0), nodata=0)
    assert np.array_equal(site.run().fill(), BORDER)


def test_saturation_that_declares_zero_as_nodata(site):
    radsat = np.where(BORDER, 8, 0).astype(np.uint16)
    site.write_quality("qa_radsat", radsat, nodata=0)
    assert not site.run().fill().any()
    assert np.array_equal(site.raw()[4], radsat)


def test_saturation_bits_of_landsat_7(site):
    site.write_quality("qa_radsat", np.where(BORDER, 0b100, 0).astype(np.uint16))
    site.optical["sensor"] = "Landsat 7 ETM+"
    refused(site, "qa_radsat: its bits are read as those of oli, .*set qa_radsat.bits: tm")
    site.optical["qa_radsat"]["bits"] = "tm"
    assert np.array_equal(site.run().raw()[4], np.where(BORDER, 0b1000, 0))  # red, as OLI's
    site.optical["sensor"] = "Landsat 9 OLI-2"
    refused(site, "qa_radsat: its bits are read as those of tm, .*set qa_radsat.bits: oli")


# What the numbers mean


def test_scale_tags_of_sar_are_applied(site):
    expected = power()[KEPT]
    site.write_sar(np.round(power() * 1e4).astype(np.uint16), nodata=0, scales=(1e-4, 1e-4))
    np.testing.assert_allclose(site.run().power(), expected, atol=1e-4)
    site.sar["unit"] = "db"
    db = np.round(100 * sar.to_db(power()) + 500).astype(np.int16)
    site.write_sar(db, nodata=-32768, scales=(0.01, 0.01), offsets=(-5, -5))
    np.testing.assert_allclose(site.run().power(), expected, rtol=2e-3)


def test_scale_tags_that_make_no_numbers(site):
    for scale in (0.0, np.nan):
        site.write_sar(power(), scales=(scale, scale))
        refused(site, f"vv: .*s.tif declares scale {scale:g} and offset 0, which give no usable")


def test_scale_tags_of_optical_agree_or_are_refused(site):
    site.write_optical(numbers(), scales=[2.75e-5] * 3, offsets=[-0.2] * 3)
    assert np.array_equal(site.run().raw()[:3], numbers())
    site.write_optical(numbers(), scales=[1, 2e-5, 1], offsets=[0, -0.1, 0])
    refused(site, "green: the study says scale 2.75e-05 and .*o.tif says scale 2e-05")
    site.settings["trust_values"] = True
    assert np.array_equal(site.run().raw()[:3], numbers())


@pytest.mark.parametrize(
    ("array", "scale", "offset", "message"),
    [
        (reflectance(), 2.75e-5, -0.2, "red: 100% of the ground has a reflectance below 0"),
        (reflectance(), 1e-4, 0, "red: 99% of the ground has a reflectance below 3e-05"),
        (reflectance() * 100, 1, 0, "red: 100% of the ground has a reflectance above 1"),
        (
            np.round(reflectance() * 255),
            1,
            0,
            "red: 100% of .* 13 to 76, .*; correct scale and offset",
        ),
        (numbers(), 1, 0, "red: 100% .* above 1 .*numbers 9093 to 18177"),
        (numbers(), 1e-4, -0.1, "red: .* above 1"),
        (np.round(reflectance() * 1e4), 2.75e-5, -0.2, "red: 100% of .* below 0"),
        (np.full((3, *OPTICAL_GRID.shape), 0.1) * reflectance()[:1], 1, 0, "green: has the values"),
    ],
)
def test_numbers_that_are_no_reflectance(site, array, scale, offset, message):
    site.optical.update(scale=scale, offset=float(offset))
    site.write_optical(array.astype(np.float32))
    refused(site, f"site here: {message}")
    site.settings["trust_values"] = True
    assert not site.run().fill().any()


def test_numbers_of_which_some_are_impossible(site, caplog):
    """Negative reflectance that wrapped: a few are left out, many are refused."""
    site.optical.update(scale=1e-4, offset=0.0)
    array = np.round(reflectance() * 1e4).astype(np.uint16)
    array[0, 0, :8] = np.arange(65000, 65008)
    site.write_optical(array)
    assert site.run().fill().sum() == 8
    assert "red: 0.40% of the values are outside -0.3 to 1.602" in caplog.text
    array[0, :, :5] = np.random.default_rng(0).integers(64000, 65500, (40, 5))
    site.write_optical(array)
    refused(site, r"red: 10\..*% of the values are outside .*; set nodata")


def test_pictures_of_8_bits(site):
    site.optical.update(scale=1 / 255, offset=0.0)
    site.write_optical(np.round(reflectance() * 255).astype(np.uint8))
    assert not site.run().fill().any()


@pytest.mark.parametrize(
    ("array", "unit", "message"),
    [
        (np.round(np.sqrt(power()) * 500), "linear", r"vv: the median backscatter is \+21.8 dB"),
        (100 * sar.to_db(power()), "db", "vv: the median backscatter is -10.* dB, outside -35 to"),
        (
            -sar.to_db(power()),
            "db",
            r"vv: declared dB, .* median is \+10.*; has the sign been lost",
        ),
        (-sar.to_db(power()), "linear", r"vv: the median backscatter is \+10"),
        (power(), "db", "vv: declared dB, but only 0% of the values are negative, .*unit: linear"),
        (sar.to_db(power()), "linear", "vv: declared linear, but 100% .*negative, .*unit: db"),
        (power()[::-1], "linear", "vh: VH is above VV on 9.% of the ground; .*swap vv and vh"),
        (power()[[0, 0]], "linear", "vh: has the values of vv on 100% of the ground"),
    ],
)
def test_numbers_that_are_no_backscatter(site, array, unit, message):
    site.sar["unit"] = unit
    site.write_sar(array.astype(np.float32))
    refused(site, f"site here: {message}")
    site.settings["trust_values"] = True
    assert site.run().power().shape == (2, 128, 158)


def test_kinds_of_bands_that_hold_no_measurements(site):
    site.write_sar(power().astype(np.complex64))
    refused(site, "vv: .*s.tif contains complex numbers .complex64.*; give calibrated")
    kinds = [ColorInterp.gray, ColorInterp.alpha]
    site.write_sar(power(), colorinterp=kinds)
    refused(site, "vh: band 2 of .*s.tif is its alpha band.*-colorinterp_2 undefined")


def test_a_picture_with_a_colour_table(site):
    path = site.folder / "o.tif"
    site.write_optical(np.ones((1, *OPTICAL_GRID.shape), np.uint8))
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {1: (9, 9, 9, 255)})
    refused(site, "red: band 1 of .*o.tif contains the indices of a colour table")


# Orientation and size


def lying(array, grid, turn):
    """The array and grid of the same ground, mirrored or transposed in the file."""
    a, _, c, _, e, f = grid.transform[:6]
    right, bottom = c + a * grid.width, f + e * grid.height
    across = array.transpose(0, 2, 1)  # a row of the file runs from north to south
    turns = {
        "south up": (array[:, ::-1], Affine(a, 0, c, 0, -e, bottom)),
        "east left": (array[:, :, ::-1], Affine(-a, 0, right, 0, e, f)),
        "upside down": (array[:, ::-1, ::-1], Affine(-a, 0, right, 0, -e, bottom)),
        "transposed": (across, Affine(0, a, c, e, 0, f)),
        "turned": (across[:, :, ::-1], Affine(0, a, c, -e, 0, bottom)),
    }
    array, transform = turns[turn]
    return np.ascontiguousarray(array), Grid(UTM, transform, *array.shape[1:])


@pytest.mark.parametrize("turn", ["south up", "east left", "upside down", "transposed", "turned"])
def test_files_that_lie_otherwise_are_brought_north_up(site, turn):
    expected = site.run().raw(), site.power()
    grids = [read_grid(site.out / f"{name}.tif") for name in ("optical", "sar")]
    array, grid = lying(numbers(), OPTICAL_GRID, turn)
    site.write_optical(array, grid)
    array, grid = lying(power(), SAR_GRID, turn)
    site.write_sar(array, grid)
    found = site.run().raw(), site.power()
    assert [read_grid(site.out / f"{name}.tif") for name in ("optical", "sar")] == grids
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])


def test_masks_are_turned_too(site):
    array, grid = lying(numbers(), OPTICAL_GRID, "south up")
    mask = np.ones(OPTICAL_GRID.shape, bool)
    mask[:5] = False  # the south
    site.write_optical(array, grid, mask=mask)
    assert np.argwhere(site.run().fill().any(axis=1)).ravel().tolist() == [35, 36, 37, 38, 39]


def test_grids_that_differ_by_rounding_are_one(site):
    nudged = Affine(30, 0, 500_000 + 1e-5, 0, -30, 1_000_000)
    qa = np.full(OPTICAL_GRID.shape, 21824, np.uint16)
    site.write_quality("qa_pixel", qa, Grid(UTM, nudged, *OPTICAL_GRID.shape))
    assert not site.run().fill().any()
    far = Affine(30, 0, 500_003, 0, -30, 1_000_000)
    site.write_quality("qa_pixel", qa, Grid(UTM, far, *OPTICAL_GRID.shape))
    refused(site, "qa_pixel is on another grid than red; align them")


def test_of_sar_what_lies_under_the_optical_scene_is_kept(site):
    site.run()
    kept = read_grid(site.out / "sar.tif")
    assert kept.shape == (128, 158)  # 3 x (40, 50), and 4 on each side
    assert kept.bounds == (499_960, 998_760, 501_540, 1_000_040)
    assert read_json(site.out / "scene.json")["sar"]["unit"] == "linear"


def test_a_file_in_few_large_blocks_is_told(site, monkeypatch, caplog):
    site.run()
    assert "blocks" not in caplog.text
    monkeypatch.setattr(import_scene, "LARGE_BLOCK", 1000)
    site.run()
    assert "o.tif: its blocks of" in caplog.text
    assert "s.tif: its blocks of" in caplog.text


def test_negative_reflectance_that_an_unsigned_file_wrapped_is_left_out(site):
    """-2000 to -1 come back as 63536 to 65535, with a scale of 1e-4 as reflectances of 6.4."""
    signed = np.round(reflectance() / 1e-4).astype(np.int16)
    signed[2, :2, :20] = -np.arange(1, 2001, 50).reshape(2, 20)
    site.optical |= {"scale": 1e-4, "offset": 0.0}
    site.write_optical(signed.view(np.uint16))
    fill = site.run().fill()
    assert fill[:2, :20].all()
    assert fill.sum() == 40
    assert site.raw()[:3][:, ~fill].max() * 1e-4 < 1


# SAR of several passes


def with_passes(site, *passes):
    """Give the site a file of VV and VH for each pass."""
    for number, values in enumerate(passes):
        write(site.folder / f"s{number}.tif", values, SAR_GRID)
    for band, number in (("vv", 1), ("vh", 2)):
        site.sar[band] = [{"path": f"s{n}.tif", "band": number} for n in range(len(passes))]
    return site


def test_passes_are_averaged_in_linear_power(site):
    one, other = power(), 3 * power()[:, ::-1]
    one[:, 20:30, 50:60] = np.nan
    expected = np.where(np.isnan(one), other, (one + other) / 2)
    same_power(with_passes(site, one, other), expected[KEPT])
    about = read_json(site.out / "scene.json")
    assert about["sar"]["passes"] == 2
    assert [item["band"] for item in about["items"] if item["band"].startswith("sar")] == [
        *("sar.vv.1", "sar.vv.2", "sar.vh.1", "sar.vh.2")
    ]


def test_passes_in_decibels_are_averaged_in_linear_power(site):
    site.sar["unit"] = "db"
    with_passes(site, 10 * np.log10(power()), 10 * np.log10(3 * power()))
    np.testing.assert_allclose(site.run().power(), 2 * power()[KEPT], rtol=1e-5)


def test_a_list_of_one_pass_gives_the_same_bytes_as_its_file(site):
    alone = (site.run().out / "sar.tif").read_bytes()
    shutil.rmtree(site.out)
    with_passes(site, power()).run()
    assert (site.out / "sar.tif").read_bytes() == alone


def test_each_pass_is_checked(site):
    with_passes(site, power(), 1000 * power())
    refused(site, r"vv\.2: the median backscatter is")


def test_passes_on_different_grids_are_refused(site):
    with_passes(site, power(), power())
    elsewhere = Grid(UTM, SAR_GRID.transform @ Affine.translation(0.5, 0), *SAR_GRID.shape)
    write(site.folder / "s1.tif", power(), elsewhere)
    refused(site, "are on different grids")
