"""import_scene and prepare_stack on small made files, good and bad."""

import copy

import numpy as np
import prepare_stack
import pytest
import rasterio
from own_site import import_site
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core import raster
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, sha256
from sarfusion.core.raster import Grid, read_bands, read_grid, write_raster
from sarfusion.ground import split
from sarfusion.scenes import landsat, sar
from sarfusion.scenes.bands import BANDS

UTM = CRS.from_epsg(32648)
CHANNELS = (*BANDS, *sar.CHANNELS)
OPTICAL_GRID = Grid(UTM, from_origin(500_000, 1_000_000, 30, 30), 60, 60)
SAR_GRID = Grid(UTM, from_origin(499_990, 1_000_020, 10, 10), 190, 190)
SAR_SETTINGS = {"noise_floor_db": -30, "clip_percentiles": [1, 99], "correct_shift": True}
SPLIT_SETTINGS = {"block_px": 15, "test": 0.2, "validation": 0.1, "buffer_px": 2, "seed": 1}
SETTINGS = {
    "source": "files",
    "optical": {
        "red": {"path": "o.tif", "band": 1},
        "green": {"path": "o.tif", "band": 2},
        "blue": {"path": "o.tif", "band": 3},
        "scale": 2.75e-5,
        "offset": -0.2,
        "nodata": 0,
        "sensor": "made",
        "date": None,
    },
    "sar": {
        "vv": {"path": "s.tif", "band": 1},
        "vh": {"path": "s.tif", "band": 2},
        "unit": "linear",
        "sensor": "made",
        "date": None,
    },
    "trust_values": False,
    "licence": "none",
}


def numbers():
    return np.random.default_rng(0).integers(8000, 12000, (3, *OPTICAL_GRID.shape), np.uint16)


def power():
    return np.random.default_rng(1).gamma(4.4, 0.02, (2, *SAR_GRID.shape)).astype(np.float32)


class Case:
    """One site's own files in a folder, imported and prepared on demand."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = copy.deepcopy(SETTINGS)
        self.optical = folder / "out" / "optical.tif"
        self.sar = folder / "out" / "sar.tif"
        self.scene = folder / "out" / "scene.json"
        self.stack = folder / "out" / "stack.tif"
        self.split = folder / "out" / "split.tif"
        self.description = folder / "out" / "stack.json"

    def write(self, optical=None, backscatter=None, sar_grid=SAR_GRID):
        optical = numbers() if optical is None else optical
        backscatter = power() if backscatter is None else backscatter
        write_raster(self.folder / "o.tif", optical, OPTICAL_GRID, ["1", "2", "3"], None)
        write_raster(self.folder / "s.tif", backscatter, sar_grid, ["1", "2"], None)
        return self

    def run_import(self):
        import_site(self.folder, self.settings, self.optical.parent)
        return self

    def prepare(self, **change):
        return self.prepare_alone(split=self.split, change=change)

    def prepare_alone(self, change=None, **split):
        prepare_stack.main(
            optical=self.optical,
            sar=self.sar,
            stack=self.stack,
            description=self.description,
            site="here",
            mask=["cloud"],
            sar_settings=SAR_SETTINGS,
            split_settings={**SPLIT_SETTINGS, **(change or {})},
            **split,
        )
        return read_json(self.description)

    def refused(self, message):
        with pytest.raises(StudyError, match=message) as error:
            self.run_import()
        assert "\n" not in str(error.value)
        assert not (self.folder / "out").exists()


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_own_files_become_raw_scenes(case):
    optical = numbers()
    optical[1, 5, 7] = 0
    case.write(optical).run_import()
    with rasterio.open(case.optical) as dataset:
        assert dataset.descriptions == landsat.RAW_BANDS
        assert dataset.scales == (2.75e-5, 2.75e-5, 2.75e-5, 1, 1)
        assert dataset.offsets == (-0.2, -0.2, -0.2, 0, 0)
        assert dataset.dtypes[0] == "uint16"
        written = dataset.read()
    assert written[:3, 5, 7].tolist() == [0, 0, 0]
    assert written[3, 5, 7] == 1  # fill in one band is fill
    assert np.array_equal(np.delete(written[:3].reshape(3, -1), 307, 1),
                          np.delete(optical.reshape(3, -1), 307, 1))  # fmt: skip
    assert np.array_equal(
        read_bands(case.sar, sar.BANDS), power()[:, :186, :185]
    )  # what lies under
    scene = read_json(case.scene)
    assert scene["simulated"] is False
    assert {item["band"]: item["files"] for item in scene["items"]} == {
        f"{sensor}.{band}": [{"path": path, "sha256": sha256(path)}]
        for sensor, bands, path in (
            ("optical", BANDS, str(case.folder / "o.tif")),
            ("sar", sar.BANDS, str(case.folder / "s.tif")),
        )
        for band in bands
    }
    for name, path in (("optical", case.optical), ("sar", case.sar)):
        assert scene[name]["sha256"] == sha256(path)
        assert scene[name]["bytes"] == path.stat().st_size


def test_backscatter_in_db_becomes_linear_power(case):
    case.settings["sar"]["unit"] = "db"
    case.write(backscatter=sar.to_db(power())).run_import()
    assert read_bands(case.sar, sar.BANDS) == pytest.approx(power()[:, :186, :185], rel=1e-5)


def test_float_reflectance_and_its_nodata(case):
    case.settings["optical"].update(scale=1.0, offset=0.0, nodata=-9999)
    optical = np.random.default_rng(0).random((3, *OPTICAL_GRID.shape)).astype(np.float32)
    optical[0, 0, 0] = -9999
    optical[2, 1, 1] = np.nan
    description = case.write(optical).run_import().prepare()
    assert description["optical"]["fill"] == 2
    stack = read_bands(case.stack, ["red", "green", "blue"])
    valid = np.isfinite(stack)
    assert np.array_equal(stack[valid], optical[valid])


def test_saturation_by_number(case):
    case.settings["optical"]["saturation"] = 11900
    description = case.write().run_import().prepare()
    assert description["optical"]["red_saturated"] == (numbers()[0] >= 11900).sum()


def test_sar_declared_in_the_wrong_unit(case):
    case.settings["sar"]["unit"] = "db"
    case.write().refused("site here: vv: declared dB, .* set unit: linear")


def test_sar_in_db_declared_linear(case):
    case.write(backscatter=sar.to_db(power())).refused("site here: vv: declared linear, .*unit: db")


def test_a_missing_band(case):
    case.settings["optical"]["red"]["band"] = 4
    case.write().refused("site here: red: .*o.tif has no band 4, it has 3")


def test_no_overlap(case):
    far = Grid(UTM, from_origin(700_000, 1_000_000, 10, 10), 190, 190)
    case.write(sar_grid=far).refused("site here: SAR and optical do not overlap")


def test_a_truncated_file(case):
    case.write()
    path = case.folder / "s.tif"
    path.write_bytes(path.read_bytes()[:20_000])
    case.refused("s.tif: not a readable raster .*; the file may be cut short")


def test_a_file_without_crs(case):
    case.write()
    profile = {"driver": "GTiff", "height": 60, "width": 60, "count": 3, "dtype": "uint16"}
    transform = OPTICAL_GRID.transform
    with rasterio.open(case.folder / "o.tif", "w", transform=transform, **profile) as dataset:
        dataset.write(numbers())
    case.refused("o.tif: no coordinate reference system; assign the correct one")


def test_bands_on_different_grids(case):
    case.write()
    case.settings["optical"]["blue"] = {"path": "s.tif", "band": 1}
    case.refused("site here: red, green and blue are on different grids")


def test_the_stack_holds_reflectance_and_db_on_the_optical_grid(case):
    description = case.write().run_import().prepare()
    assert read_grid(case.stack) == OPTICAL_GRID
    red, vv_db, vh_db, ratio_db = read_bands(case.stack, ["red", "vv_db", "vh_db", "ratio_db"])
    assert red == pytest.approx(numbers()[0] * 2.75e-5 - 0.2, abs=1e-6)
    # The optical pixel (0, 0) covers SAR rows 2 to 4 and columns 1 to 3.
    vv, vh = power()[:, 2:5, 1:4].mean(axis=(1, 2))
    assert vv_db[0, 0] == pytest.approx(10 * np.log10(vv), abs=1e-4)
    assert ratio_db[0, 0] == pytest.approx(10 * np.log10(vv / vh), abs=1e-4)
    assert ratio_db == pytest.approx(vv_db - vh_db, abs=1e-5)
    assert description["valid_pixels"] == 3600
    assert sum(description["split"]["pixels"].values()) == 3600


def test_scaling_is_fitted_on_training_ground_alone(case):
    case.write().run_import()
    before = case.prepare()
    use = read_bands(case.split, ["use"])[0]
    optical = numbers()
    optical[:, (use != split.TRAIN)] += 20000
    after = case.write(optical).run_import().prepare()
    assert after["normalisation"] == before["normalisation"]
    assert after["data_range"] == before["data_range"]


def test_odd_backscatter_is_masked_and_counted(case):
    backscatter = power()
    backscatter[0, 2:5, 1:4] = [[0, -0.1, np.inf]] * 3  # all of optical pixel (0, 0)
    backscatter[1, 5, 1] = np.nan  # one of the nine cells of (1, 0)
    description = case.write(backscatter=backscatter).run_import().prepare()
    assert description["sar"]["vv"]["zero"] == description["sar"]["vv"]["negative"] == 3
    assert description["sar"]["vv"]["nodata"] == 3  # infinite
    assert description["sar"]["pixel_m"] == [10, 10]
    assert description["sar"]["vh"]["nodata"] == 1
    stack = read_bands(case.stack, ["red", "vv_db", "ratio_db"])
    assert np.isfinite(stack[:, 0, 0]).tolist() == [True, False, False]
    assert np.isfinite(stack[:, 1, 0]).all()
    assert read_bands(case.split, ["use"])[0][0, 0] == split.NOT_VALID


def test_clouds_are_masked(case):
    case.write().run_import()
    raw = read_bands(case.optical, landsat.RAW_BANDS)
    raw[3, 10:20, 10:20] = 22280  # cloud, high confidence
    scale, offset = [2.75e-5] * 3 + [1] * 2, [-0.2] * 3 + [0] * 2
    write_raster(case.optical, raw, OPTICAL_GRID, landsat.RAW_BANDS, 0, scale, offset)
    description = case.prepare()
    assert description["optical"]["cloud"] == 100
    assert np.isnan(read_bands(case.stack, ["red"])[0]).sum() == 100
    assert np.isfinite(read_bands(case.stack, ["vv_db"])).all()


@pytest.mark.parametrize("sar_pixel", [30, 10, 11.3])
def test_a_scene_of_several_strips_gives_what_one_strip_gives(case, monkeypatch, sar_pixel):
    place = Grid(UTM, from_origin(500_000, 1_000_000, 30, 30), 600, 40)
    own = Grid(UTM, from_origin(500_000, 1_000_000, sar_pixel, sar_pixel), 1700, 130)
    own = place if sar_pixel == 30 else own
    rng = np.random.default_rng(4)
    raw = rng.integers(1, 50_000, (5, *place.shape), np.uint16)
    raw[3] = rng.choice(np.uint16([21824, 22280, 1]), place.shape)  # clear, cloud, fill
    raw[4] = rng.integers(0, 16, place.shape)
    raw[3, 250:260] = 21824  # a clear border between strips
    power = rng.gamma(4.4, 0.02, (2, *own.shape)).astype(np.float32)
    power[rng.random(power.shape) < 0.1] = np.nan
    power[rng.random(power.shape) < 0.1] = 0
    power[:, 700:800, 40:80] = np.nan  # across the border at 10 m
    scale, offset = [2.75e-5] * 3 + [1] * 2, [-0.2] * 3 + [0] * 2
    write_raster(case.optical, raw, place, landsat.RAW_BANDS, 0, scale, offset)
    write_raster(case.sar, power, own, sar.BANDS, np.nan)

    whole = case.prepare()
    files = [sha256(path) for path in (case.stack, case.split)]
    stack = read_bands(case.stack, CHANNELS)
    monkeypatch.setattr(raster, "STRIP_PX", 1)
    assert case.prepare() == whole
    assert np.array_equal(read_bands(case.stack, CHANNELS), stack, equal_nan=True)
    assert [sha256(path) for path in (case.stack, case.split)] == files
    assert whole["sar"]["vv"]["pixels"] == own.height * own.width
    assert whole["sar"]["vv"]["nodata"] == np.isnan(power[0]).sum()
    assert whole["optical"]["fill"] == (raw[3] == 1).sum()
    assert whole["valid_pixels"] == np.isfinite(stack).all(axis=0).sum()


def prepare_refused(case, message, **change):
    with pytest.raises(StudyError, match=message):
        case.prepare(**change)
    assert not case.stack.exists()
    assert not case.description.exists()


def test_a_scene_that_nothing_is_trained_on_is_not_split(case):
    case.write().run_import()
    case.prepare()
    stack = read_bands(case.stack, CHANNELS)
    valid = np.isfinite(stack).all(axis=0)
    case.split.unlink()
    alone = case.prepare_alone()
    assert not case.split.exists()
    assert not {"split", "normalisation", "data_range"} & alone.keys()
    assert np.array_equal(read_bands(case.stack, CHANNELS), stack, equal_nan=True)
    for name, band in zip(CHANNELS, stack, strict=True):
        assert alone["percentiles"][name] == pytest.approx(
            np.percentile(band[valid].astype(float), [0.1, 5, 50, 95, 99.9])
        )


def test_an_all_masked_scene(case):
    case.write(np.zeros_like(numbers())).run_import()
    prepare_refused(case, "site here: no valid pixel is left: 100% of the optical scene is fill")


def test_a_scene_that_is_all_saturated(case):
    case.write()
    case.settings["optical"]["saturation"] = -5
    case.run_import()
    prepare_refused(
        case,
        "0% of the optical scene is fill, 0% is masked in all, 100% is saturated in red, and SAR is"
        " valid on 100%; check nodata and saturation, or choose another date",
    )


def test_too_little_training_ground(case):
    case.write().run_import()
    prepare_refused(case, "site here: too little training ground", block_px=60)


def raw_scene(case, optical_grid, sar_grid):
    """Write raw scenes of a case on these grids."""
    raw = np.stack([*numbers(), *np.full((2, *OPTICAL_GRID.shape), (21824,), np.uint16)])
    raw[4] = 0
    scale, offset = [2.75e-5] * 3 + [1] * 2, [-0.2] * 3 + [0] * 2
    write_raster(case.optical, raw, optical_grid, landsat.RAW_BANDS, 0, scale, offset)
    write_raster(case.sar, power(), sar_grid, sar.BANDS, np.nan)
    return case


def test_little_sar_is_warned_of(case, caplog):
    raw_scene(case, OPTICAL_GRID, SAR_GRID).prepare()
    assert "of the optical scene" not in caplog.text
    # SAR starts 1200 m east of optical, which is 1800 m wide: a third is covered. GDAL adds a
    # column that only touches it.
    east = Grid(UTM, from_origin(501_200, 1_000_020, 10, 10), *SAR_GRID.shape)
    raw_scene(case, OPTICAL_GRID, east).prepare(block_px=10)
    assert "warning: site here: SAR is valid on only 35% of the optical scene" in caplog.text


def test_the_crs_is_named_and_north_is_told(case):
    unnamed = CRS.from_proj4("+proj=laea +lat_0=9 +lon_0=105 +datum=WGS84")
    optical = Grid(unnamed, from_origin(0, 0, 30, 30), *OPTICAL_GRID.shape)
    radar = Grid(unnamed, from_origin(-20, 20, 10, 10), *SAR_GRID.shape)
    grid = raw_scene(case, optical, radar).prepare()["grid"]
    assert grid["crs"] == "an unnamed CRS (Lambert Azimuthal Equal Area)"
    assert grid["north_deg"] == pytest.approx(0, abs=0.1)


def test_a_band_that_is_constant_on_the_ground(case):
    optical = numbers()
    optical[1] = 9000
    case.write(optical).run_import()
    with pytest.raises(StudyError, match="site here: green is constant on the training"):
        case.prepare()
    assert not case.description.exists()


def test_a_shift_above_one_pixel_is_warned_of(case, caplog):
    land = np.kron(np.random.default_rng(3).random((15, 15)), np.ones((4, 4)))
    optical = (8000 + 4000 * land).astype(np.uint16)
    at_10_m = np.kron(land, np.ones((3, 3)))
    shifted = np.roll(at_10_m, (0, 9), axis=(0, 1))[:180, :180] + 0.01
    grid = Grid(UTM, from_origin(500_000, 1_000_000, 10, 10), 180, 180)
    case.settings["trust_values"] = True
    case.write(np.stack([optical] * 3), np.stack([shifted, shifted**2]).astype(np.float32), grid)
    description = case.run_import().prepare()
    assert description["shift_px"]["columns"] == pytest.approx(3, abs=0.5)
    assert "warning: site here: SAR is shifted by 3." in caplog.text


def test_looks_of_the_averaged_power_are_described(case):
    """3 x 3 independent pixels of 4.4 looks make 40 on even ground, as far as they lie on it."""
    case.write().run_import()
    looks = case.prepare()["sar"]["looks"]
    assert 30 < looks["vv"] < 55
    assert looks["ratio_speckle_db"] == pytest.approx(0.98, abs=0.2)
