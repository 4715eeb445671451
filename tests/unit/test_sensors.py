"""The records of optical sensors, and own files coded as each of them says."""

import copy
import warnings
from pathlib import Path

import numpy as np
import prepare_stack
import pytest
import rasterio
from own_site import OPTICAL_GRID, Site, import_site, reflectance, write
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json
from sarfusion.core.grid import Grid
from sarfusion.core.raster import coarser, read_band, read_bands, repeated
from sarfusion.scenes import landsat, sar, sensors
from sarfusion.scenes.bands import BANDS
from sarfusion.scenes.coding import as_qa_pixel, as_quality, as_raw, check_quality
from sarfusion.scenes.landsat import QA_PIXEL_BITS
from sarfusion.scenes.qa_plausibility import check_qa_pixel
from sarfusion.scenes.sensors import DEFAULT, SENSORS, sensor_of
from sarfusion.study.config import resolve
from sarfusion.study.resolved import setting
from sarfusion.study.schemas import part

CLEAR, CLOUD, SHADOW, SNOW, CIRRUS = 21824, 21768, 21840, 21856, 21828


# Quality bands, worked out by hand from 21760 (all confidences low) and 64 (clear)


@pytest.mark.parametrize(
    ("scl", "qa_pixel", "saturated"),
    [
        (0, 1, False),
        (1, CLEAR, True),
        (2, CLEAR, False),
        (3, SHADOW, False),
        (4, CLEAR, False),
        (5, CLEAR, False),
        (6, CLEAR, False),
        (7, CLEAR, False),
        (8, CLOUD, False),
        (9, CLOUD, False),
        (10, CIRRUS, False),
        (11, SNOW, False),
        (12, 1, False),
        (255, 1, False),
    ],
)
def test_classes_of_sentinel_2(scl, qa_pixel, saturated):
    quality = np.full((1, 2, 3), scl, np.uint8)
    found = as_quality(sensor_of("sentinel2_l2a"), quality, ["red", "blue"])
    assert found.dtype == np.uint16
    assert (found[0] == qa_pixel).all()
    assert (found[1] == saturated * (0b1000 + 0b10)).all()  # bits of OLI's bands 4 and 2


@pytest.mark.parametrize(
    ("fmask", "qa_pixel"),
    [
        (0, CLEAR),
        (0b00000001, CLEAR),  # reserved for cirrus, not used
        (0b00000010, CLOUD),
        (0b00000100, 21762),  # beside a cloud
        (0b00001000, SHADOW),
        (0b00010000, SNOW),
        (0b00100000, CLEAR),  # water
        (0b11000000, CLEAR),  # high aerosol
        (0b11001110, 21760 + 2 + 8 + 16),
        (255, 1),
    ],
)
@pytest.mark.parametrize("name", ["hls_l30", "hls_s30"])
def test_bits_of_hls_differ_from_those_of_landsat(name, fmask, qa_pixel):
    quality = np.full((2, 3), fmask, np.uint8)
    assert (as_qa_pixel(sensor_of(name), quality) == qa_pixel).all()


@pytest.mark.parametrize("name", [name for name, record in SENSORS.items() if record.coding])
def test_what_is_decoded_passes_for_landsat_s(name):
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    check_qa_pixel(as_qa_pixel(sensor_of(name), every), "made")


def test_landsat_is_taken_as_it_is():
    bits = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    assert as_quality(sensor_of(DEFAULT), bits, BANDS) is bits
    assert sensor_of("words of mine").coding is None


def test_bits_that_are_no_integers_are_left_to_be_refused():
    quality = np.ones((2, 2), np.float32)
    assert as_qa_pixel(sensor_of("sentinel2_l2a"), quality) is quality


def test_a_band_of_another_coding_is_told():
    numbers = np.array([4, 5, 21824])
    with pytest.raises(StudyError, match="contains 21824, which SCL of Sentinel-2 MSI, Level-2A"):
        check_quality(sensor_of("sentinel2_l2a"), numbers, "scl")
    check_quality(sensor_of("hls_l30"), np.array([0, 255]), "fmask")


@pytest.mark.parametrize(
    ("baseline", "offset"),
    [("00.01", 0), ("02.14", 0), ("03.01", 0), ("04.00", -0.1), ("05.11", -0.1), ("", None)],
)
def test_the_offset_of_sentinel_2_depends_on_the_baseline(baseline, offset):
    assert sensor_of("sentinel2_l2a").offset(baseline) == offset
    assert sensor_of("hls_s30").offset(baseline) == 0
    assert sensor_of(DEFAULT).offset(baseline) == landsat.OFFSET


def test_baselines_in_names():
    name = "S2A_MSIL2A_20240308T100841_N0510_R022_T33UVR_20240308T143352.SAFE"
    assert sensors.baseline_named(f"/data/{name}/T33UVR_B04_10m.jp2") == "05.10"
    assert sensors.baseline_named("T33UVR_20240308T100841_B04_10m.jp2") == ""


def test_numbers_of_a_raw_scene():
    """1000 is added to numbers that are data; 0 in one band, or class 0, is fill in all."""
    numbers = np.array([[[0, 5, 65000, 7]], [[3, 4, 9, 8]], [[4, 4, 9, 0]]], np.uint16)
    raw = as_raw(sensor_of("sentinel2_l2a"), numbers, ["red", "green"], 1000)
    assert raw[:, 0].tolist() == [
        [0, 1005, 65535, 0],
        [0, 1004, 1009, 0],
        [1, CLEAR, CLOUD, 1],
        [0, 0, 0, 0],
    ]


# A scene in each sensor's own coding


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


FLAGS = {  # flag: the pixels that have it
    "cloud": np.s_[4:8, 6:12],
    "cloud_shadow": np.s_[10:14, 6:12],
    "snow": np.s_[20:22, 30:36],
}
CODES = {  # flag: number of the quality band; "": of clear ground
    "sentinel2_l2a": {"": 5, "cloud": 9, "cloud_shadow": 3, "snow": 11, "fill": 0},
    "hls_l30": {"": 0b01000000, "cloud": 2, "cloud_shadow": 8, "snow": 16, "fill": 255},
    "hls_s30": {"": 0b00100000, "cloud": 2, "cloud_shadow": 8, "snow": 16, "fill": 255},
    DEFAULT: {"": CLEAR, "cloud": 22280, "cloud_shadow": 23888, "snow": SNOW, "fill": 1},
}
FILL = np.s_[:, :4]


def coded(name, offset):
    """(numbers (3, rows, columns), quality (rows, columns)) of own_site's scene."""
    sensor, codes = SENSORS[name], CODES[name]
    numbers = np.round((reflectance() - offset) / sensor.scale)
    quality = np.full(OPTICAL_GRID.shape, codes[""])
    for flag, where in FLAGS.items():
        quality[where] = codes[flag]
    numbers[:, *FILL], quality[FILL] = sensor.nodata, codes["fill"]
    kind = np.int16 if sensor.nodata < 0 else np.uint16
    return numbers.astype(kind), quality.astype(np.uint16 if name == DEFAULT else np.uint8)


def flags():
    found = np.zeros(OPTICAL_GRID.shape, np.uint16)
    for flag, where in FLAGS.items():
        found[where] |= 1 << QA_PIXEL_BITS[flag]
    found[FILL] = landsat.QA_FILL
    return found


def prepared(folder, scenes):
    """Make stack.tif in a folder; return its description."""
    prepare_stack.main(
        optical=scenes / "optical.tif",
        sar=scenes / "sar.tif",
        stack=folder / "stack.tif",
        description=folder / "stack.json",
        site="here",
        mask=["dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow"],
        sar_settings={"noise_floor_db": -30, "correct_shift": False, "clip_percentiles": [1, 99]},
        split_settings={},
    )
    return read_json(folder / "stack.json")


def named(site, name, optical):
    """Give a site the settings that its sensor completes, from those of a study."""
    given = {key: value for key, value in optical.items() if key not in ("scale", "offset")}
    study = {
        "study": "a",
        "sites": {"here": {**site.settings, "optical": given | {"sensor": name}}},
    }
    site.settings = resolve(copy.deepcopy(study))["sites"]["here"]


@pytest.mark.parametrize("name", SENSORS)
def test_a_scene_in_each_coding_is_the_same_reflectance(site, name):
    sensor = SENSORS[name]
    numbers, quality = coded(name, sensor.offset("05.10"))
    site.write_optical(numbers)
    site.write_quality(sensor.quality[0], quality)
    baseline = {"baseline": "05.10"} if sensor.has_versions else {}
    named(site, name, site.optical | baseline)
    site.run()
    raw = site.raw()
    scale, offset = sensor.scale, sensor.offset("05.10")
    known = np.ones(OPTICAL_GRID.shape, bool)
    known[FILL] = False
    np.testing.assert_allclose(
        (raw[:3] * scale + offset)[:, known], reflectance()[:, known], rtol=0, atol=scale / 2
    )
    every = sum(1 << bit for bit in QA_PIXEL_BITS.values())
    np.testing.assert_array_equal(raw[3].astype(np.uint16) & every, flags())
    said = read_json(site.out / "scene.json")["optical"]
    assert said["sensor"] == sensor.title


@pytest.mark.parametrize("name", SENSORS)
def test_the_stack_has_the_same_valid_ground(site, name):
    sensor = SENSORS[name]
    numbers, quality = coded(name, sensor.offset("05.10"))
    site.write_optical(numbers)
    site.write_quality(sensor.quality[0], quality)
    named(site, name, site.optical | ({"baseline": "05.10"} if sensor.has_versions else {}))
    site.run()
    prepared(site.folder, site.out)
    red = read_band(site.folder / "stack.tif", "red")
    np.testing.assert_array_equal(np.isfinite(red), flags() == 0)
    np.testing.assert_allclose(red[flags() == 0], reflectance()[0][flags() == 0], atol=1e-4)


def test_a_hls_number_of_fill_is_fill_without_its_quality_band(site):
    numbers, _ = coded("hls_l30", 0)
    site.write_optical(numbers)
    named(site, "hls_l30", site.optical)
    assert np.array_equal(site.run().fill(), flags() == landsat.QA_FILL)


def test_a_second_offset_is_refused(site):
    """Numbers from before baseline 04.00, read as if 1000 had been added to them."""
    dark = np.round(reflectance() / 5 * 1e4).astype(np.uint16)  # 0.01 to 0.06
    site.write_optical(dark)
    named(site, "sentinel2_l2a", site.optical | {"baseline": "02.14"})
    np.testing.assert_array_equal(site.run().raw()[:3], dark)
    named(site, "sentinel2_l2a", site.optical | {"baseline": "05.10"})
    with pytest.raises(StudyError, match="100% of the ground has a reflectance below 0"):
        site.run()


def test_coarser_bands_of_sentinel_2_lie_on_the_pixels_of_red(site):
    """SCL and B11 have pixels of 20 m: each class and number counts for 2 x 2 pixels."""
    half = Grid(OPTICAL_GRID.crs, from_origin(500_000, 1_000_000, 60, 60), 20, 25)
    numbers, _ = coded("sentinel2_l2a", -0.1)
    site.write_optical(numbers)
    scl = np.full(half.shape, 4, np.uint8)
    scl[3, 5] = 9
    swir = np.arange(2000, 2500, dtype=np.uint16).reshape(half.shape)
    site.write_quality("scl", scl, half)
    site.write_quality("swir16", swir, half)
    named(site, "sentinel2_l2a", site.optical | {"baseline": "05.10"})
    site.settings["infrared"] = ["swir16"]
    import_site(site.folder, site.settings, site.out)
    found = read_bands(site.out / "optical.tif", ["swir16", "qa_pixel"])
    doubled = np.kron(swir, np.ones((2, 2), np.uint16))
    np.testing.assert_array_equal(found[0][:, 4:], doubled[:, 4:])
    cloud = np.zeros(OPTICAL_GRID.shape, bool)
    cloud[6:8, 10:12] = True
    np.testing.assert_array_equal(found[1] == CLOUD, cloud)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_parts_of_coarse_pixels_are_those_of_the_whole(times):
    """Windows that begin and end within a coarse pixel, too."""
    draws = np.random.default_rng(times)
    coarse = draws.integers(0, 99, (9, 11))
    whole = np.kron(coarse, np.ones((times, times), int))
    for _ in range(50):
        (top, bottom), (left, right) = (
            sorted(draws.choice(size + 1, 2, replace=False)) for size in whole.shape
        )
        window = Window(left, top, right - left, bottom - top)
        around = coarser(window, times)
        assert around.width * times <= window.width + 2 * (times - 1)
        found = repeated(coarse[around.toslices()], window, times)
        np.testing.assert_array_equal(found, whole[top:bottom, left:right])


def test_a_coarser_band_that_is_not_aligned_is_refused(site):
    odd = Grid(OPTICAL_GRID.crs, from_origin(500_030, 1_000_000, 60, 60), 20, 25)
    site.write_quality("scl", np.full(odd.shape, 4, np.uint8), odd)
    named(site, "sentinel2_l2a", site.optical | {"baseline": "05.10"})
    with pytest.raises(StudyError, match="scl is on another grid than red"):
        site.run()


# Settings


def own(optical, **site):
    """The resolved site of own files in a study."""
    files = {band: {"path": f"{band}.tif"} for band in BANDS}
    radar = {"vv": {"path": "v.tif"}, "vh": {"path": "w.tif"}, "unit": "db"}
    settings = {"source": "files", "optical": files | optical, "sar": radar, **site}
    return resolve({"study": "a", "sites": {"here": settings}})["sites"]["here"]


def test_own_files_of_a_named_sensor_need_no_scaling():
    found = own({"sensor": "hls_s30"})["optical"]
    assert (found["scale"], found["offset"]) == (1e-4, 0)
    found = own({"sensor": DEFAULT})["optical"]
    assert (found["scale"], found["offset"]) == (landsat.SCALE, landsat.OFFSET)
    found = own({"sensor": "hls_s30", "scale": 1.0, "offset": 0.5})["optical"]
    assert (found["scale"], found["offset"]) == (1, 0.5)


def test_the_baseline_comes_from_the_setting_or_the_name():
    red = {"red": {"path": "S2B_MSIL2A_20200914T231559_N0214_R087_T01VCG_x.SAFE/B04.jp2"}}
    assert own({"sensor": "sentinel2_l2a", **red})["optical"]["offset"] == 0
    found = own({"sensor": "sentinel2_l2a", **red, "baseline": "05.00"})
    assert found["optical"]["offset"] == -0.1
    assert own({"sensor": "sentinel2_l2a", "offset": 0})["optical"]["offset"] == 0


def test_each_date_has_the_offset_of_its_own_baseline():
    files = {band: {"path": f"later.{band}.tif"} for band in BANDS}
    dates = [
        {"date": "2021-12-30", "baseline": "03.01", **files},
        {"date": "2022-03-01", "baseline": "04.00", **files},
        {"date": "2022-03-02", "sensor": "hls_l30", **files},
        {"date": "2022-03-03", "sensor": "in words", "scale": 2.0, "offset": 3.0, **files},
    ]
    scene = {"sensor": "sentinel2_l2a", "baseline": "05.10", "date": "2022-02-01"}
    found = own(scene, other_dates=dates)["other_dates"]
    assert [date["offset"] for date in found] == [0, -0.1, 0, 3]


@pytest.mark.parametrize(
    ("optical", "message"),
    [
        ({"sensor": "sentinel2_l2a"}, "depends on the processing baseline, which the path of red"),
        ({"sensor": "sentinel2"}, "'scale' is a required property"),
        (
            {"sensor": "sentinel_2"},
            "no sensor 'sentinel_2'; known are landsat_c2_l2, sentinel2_l2a",
        ),
        ({"sensor": "hls_l30", "scl": {"path": "s"}}, "scl: it is a band of sentinel2_l2a"),
        ({"sensor": "hls_l30", "baseline": "05.10"}, "only numbers of sentinel2_l2a depend on it"),
        (
            {"sensor": "hls_l30", "fmask": {"path": "f"}, "qa_pixel": {"path": "q"}},
            "qa_pixel: fmask has the same flags",
        ),
        ({"scale": 1.0, "offset": 0, "fmask": {"path": "f"}}, "a band of hls_l30 and hls_s30"),
        ({"sensor": "sentinel2_l2a", "baseline": "5.1"}, "is not a processing baseline"),
    ],
)
def test_settings_that_are_refused(optical, message):
    with pytest.raises(StudyError, match=message) as error:
        own(optical)
    assert "\n" not in str(error.value)


def test_the_schema_names_the_sensors():
    told = part("$defs", "sensor")["description"]
    assert all(name in told for name in SENSORS)
    assets = part("$defs", "catalogue", "properties", "optical", "properties", "assets")
    assert {band for record in SENSORS.values() for band in record.files} <= {*assets["properties"]}


# Sizes at 10 m


def sizes(study, site):
    gaps = setting(study, site, "gaps")
    return (
        *(setting(study, site, "split")["block_px"], gaps["size_px"], gaps["dilation_px"]),
        *(*gaps["training_sizes_px"], gaps["window_px"]),
    )


def test_default_sizes_are_as_large_on_the_ground_at_10_m():
    optical = {band: {"path": f"{band}.tif"} for band in BANDS}
    radar = {"vv": {"path": "v.tif"}, "vh": {"path": "w.tif"}, "unit": "db"}

    def site(sensor, **more):
        chosen = optical | {"sensor": sensor, "scale": 1.0e-4, "offset": 0}
        return {"source": "files", "optical": chosen, "sar": radar, **more}

    fine, coarse = site("sentinel2_l2a"), site("Landsat 9")
    study = resolve({"study": "a", "sites": {"a": coarse}})
    assert sizes(study, "a") == (80, 20, 1, 10, 150, 33)
    study = resolve({"study": "a", "sites": {"a": fine}})
    assert sizes(study, "a") == (240, 60, 3, 30, 450, 99)
    assert study["split"]["block_px"] == 240  # as the paper says
    assert resolve(study) == study
    study = resolve({"study": "a", "sites": {"a": fine, "b": coarse}})
    assert sizes(study, "a") == (240, 60, 3, 30, 450, 99)
    assert sizes(study, "b") == (80, 20, 1, 10, 150, 33)
    assert "overrides" not in study["sites"]["b"]
    assert resolve(study) == study
    stated = {"split": {"block_px": 32}, "gaps": {"size_px": 7}}
    study = resolve({"study": "a", "sites": {"a": fine}, **stated})
    assert sizes(study, "a") == (32, 7, 3, 30, 450, 99)
    own_size = site("sentinel2_l2a", overrides={"gaps": {"size_px": 9}})
    study = resolve({"study": "a", "sites": {"a": own_size, "b": coarse}})
    assert sizes(study, "a") == (240, 9, 3, 30, 450, 99)
    assert sizes(study, "b") == (80, 20, 1, 10, 150, 33)


# Real classes and chips of Sentinel-2, or made ones in exactly the same form

SERIES = Path(__file__).parents[3] / "shared/real-data/worldcereal-series"


def series():
    """SCL of many dates (dates, rows, columns) over a hamlet in Flanders."""
    for path in sorted(SERIES.glob("*8E7E/S2_L2A_20m_*.nc")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(f'NETCDF:"{path}":SCL') as dataset:
                return dataset.read()
    draws = np.random.default_rng(2)
    return draws.choice(np.arange(2, 12, dtype=np.uint8), (20, 32, 32))


def test_clear_ground_in_a_series_of_sentinel_2():
    """What is flagged is exactly what is neither ground (4 to 7) nor dark (2)."""
    scl = series()
    assert {*np.unique(scl)} <= {*range(12)}
    flagged = landsat.any_flagged(
        as_qa_pixel(sensor_of("sentinel2_l2a"), scl.reshape(-1, scl.shape[-1])), QA_PIXEL_BITS
    ).reshape(scl.shape)
    np.testing.assert_array_equal(flagged, ~np.isin(scl, [2, 4, 5, 6, 7]))
    assert 0 < flagged.mean() < 1


CHIPS = Path(__file__).parents[3] / "shared/real-data/bigearthnet-examples"
CHIP_BANDS = {"red": "B04", "green": "B03", "blue": "B02"}
PAIRS = {
    "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_87_48": "S2A_MSIL2A_20170613T101031_87_48",
    "S1A_IW_GRDH_1SDV_20170925T043256_35VPK_69_24": "S2B_MSIL2A_20170924T93020_69_24",
    "S1A_IW_GRDH_1SDV_20171221T064238_29SND_56_35": "S2A_MSIL2A_20171221T112501_56_35",
}


def chip(radar, optical, folder):
    """{band: path} of a chip of 120 x 120 pixels of 10 m, in numbers and dB, in a file each."""
    if CHIPS.is_dir():
        paths = {
            band: CHIPS / f"S2/{optical}/{optical}_{key}.tif" for band, key in CHIP_BANDS.items()
        }
        return paths | {
            name: CHIPS / f"S1/{radar}/{radar}_{name.upper()}.tif" for name in sar.BANDS
        }
    grid = Grid(CRS.from_epsg(32633), from_origin(404_400, 5_342_400, 10, 10), 120, 120)
    draws = np.random.default_rng(3)
    levels = {"red": 900, "green": 800, "blue": 500, "vv": -10, "vh": -17}
    for band, level in levels.items():
        kind = np.float32 if band in sar.BANDS else np.uint16
        values = level * draws.gamma(20, 1 / 20, grid.shape)
        write(folder / f"{band}.tif", values.astype(kind), grid)
    return {band: folder / f"{band}.tif" for band in levels}


@pytest.mark.parametrize(("radar", "optical"), PAIRS.items())
def test_chips_of_sentinel_2_at_10_m(tmp_path, radar, optical):
    """Numbers of 2017, without an offset: reflectance is a ten-thousandth of them."""
    paths = chip(radar, optical, tmp_path)
    files = {band: {"path": str(path)} for band, path in paths.items()}
    settings = {
        "source": "files",
        "optical": {band: files[band] for band in BANDS},
        "sar": {name: files[name] for name in sar.BANDS} | {"unit": "db"},
    }
    settings["optical"] |= {"sensor": "sentinel2_l2a", "baseline": "02.05"}
    site = resolve({"study": "a", "sites": {"here": settings}})["sites"]["here"]
    import_site(tmp_path, site, tmp_path / "out")
    described = prepared(tmp_path, tmp_path / "out")
    assert described["grid"]["pixel_m"] == pytest.approx([10, 10])
    assert described["optical"]["fill"] == 0
    for band in BANDS:
        with rasterio.open(paths[band]) as dataset:
            numbers = dataset.read(1)
        found = read_band(tmp_path / "stack.tif", band)
        np.testing.assert_allclose(found, numbers * 1e-4, rtol=1e-6)
