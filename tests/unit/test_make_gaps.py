"""make_gaps on small rasters."""

import logging
from pathlib import Path

import make_gaps
import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, read_bands, read_grid, write_raster
from sarfusion.ground import gaps, split
from sarfusion.scenes import landsat
from sarfusion.scenes.simulate import simulate_city

CLEAR, CLOUD, SHADOW, FILL = 21824, 22280, 23888, 1
OVERVIEWS = Path(__file__).parents[3] / "shared" / "real-data" / "landsat-c2-l2-overviews"
SCENE = "LC08_L2SP_008059_20191201_20200825_02_T1"


GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 60, 80)
SETTINGS = {"share": 0.3, "size_px": 12, "dilation_px": 1, "seed": 1}


@pytest.fixture
def paths(tmp_path):
    """A stack and its split map: the left half is test ground, the last row not valid."""
    use = np.full(GRID.shape, split.TRAIN, np.uint8)
    use[:, :40] = split.TEST
    use[-1] = split.NOT_VALID
    write_raster(tmp_path / "split.tif", use[None], GRID, ["use"], split.NOT_VALID)
    write_raster(tmp_path / "stack.tif", np.zeros((1, *GRID.shape)), GRID, ["red"], np.nan)
    return {"split": tmp_path / "split.tif", "stack": tmp_path / "stack.tif"}


def make(paths, **changes):
    written = paths["stack"].with_name("gaps.tif")
    given = {
        name: changes.pop(name) for name in ("mask_file", "flags", "sensor") if name in changes
    }
    make_gaps.main(**paths, gaps=written, gap_settings=SETTINGS | changes, **given)
    assert read_grid(written) == GRID
    return read_bands(written, ["gap"])[0]


def write_mask(paths, array, grid=GRID, name="mask", nodata=None):
    path = paths["stack"].with_name("mask.tif")
    write_raster(path, array[None], grid, [name], nodata)
    return path


def test_simulated_gaps_are_written_on_the_grid(paths, caplog):
    caplog.set_level(logging.INFO)
    gap = make(paths)
    expected = gaps.simulate_gaps(GRID.shape, 0.3, 12, 1, dilation_px=1)
    assert gap.dtype == np.uint8
    assert (gap == expected).all()
    with rasterio.open(paths["stack"].with_name("gaps.tif")) as dataset:
        assert dataset.nodata is None
    assert f"{100 * expected[:59, :40].mean():.1f} % of the test ground" in caplog.text


def test_a_quality_band_of_another_grid_is_laid_on_the_stack(paths):
    coarse = Grid(GRID.crs, from_origin(500_000, 1_000_000, 60, 60), 30, 40)
    qa = np.full(coarse.shape, CLEAR, np.uint16)
    qa[5:10, 5:15] = CLOUD
    qa[20:25, 5:15] = SHADOW
    qa[28] = FILL
    gap = make(paths, mask_file=write_mask(paths, qa, coarse), flags=["cloud"], dilation_px=0)
    expected = np.zeros(GRID.shape, np.uint8)
    expected[10:20, 10:30] = 1
    assert (gap == expected).all()


@pytest.mark.parametrize(
    ("sensor", "clear", "cloud", "shadow", "fill"),
    [("sentinel2_l2a", 4, 8, 3, 0), ("hls_s30", 0b01100000, 2, 8, 255)],
)
def test_a_quality_band_of_another_sensor(paths, sensor, clear, cloud, shadow, fill):
    """8 is cloud in one coding and shadow in the other."""
    quality = np.full(GRID.shape, clear, np.uint8)
    quality[10:20, 10:30], quality[40:50, 10:30], quality[56] = cloud, shadow, fill
    given = {"mask_file": write_mask(paths, quality), "sensor": sensor, "dilation_px": 0}
    for flag, rows in (("cloud", np.s_[10:20]), ("cloud_shadow", np.s_[40:50])):
        expected = np.zeros(GRID.shape, np.uint8)
        expected[rows, 10:30] = 1
        assert (make(paths, flags=[flag], **given) == expected).all()
    with pytest.raises(StudyError, match="which QA_PIXEL of Landsat Collection 2 does not"):
        make(paths, **given | {"flags": ["cloud"], "sensor": "landsat_c2_l2"})


@pytest.mark.parametrize(
    ("dtype", "nodata", "blank"),
    [
        (np.uint8, None, 0),
        (np.uint8, 0, 0),
        (np.int16, -1, -1),
        (np.float32, np.nan, np.nan),
        (np.float32, None, np.nan),
    ],
)
def test_any_raster_can_be_a_mask(paths, dtype, nodata, blank):
    mask = np.zeros(GRID.shape, dtype)
    mask[10:20, 10:30] = 2
    mask[30:40, :30] = blank
    gap = make(paths, mask_file=write_mask(paths, mask, nodata=nodata), dilation_px=2)
    expected = np.zeros(GRID.shape, bool)
    expected[10:20, 10:30] = True
    assert (gap == gaps.dilate(expected, 2)).all()


def test_a_quality_band_of_floats(paths):
    qa = np.full(GRID.shape, CLEAR, np.float32)
    qa[10:20, 10:30] = CLOUD
    qa[30:40, :30] = np.nan
    gap = make(paths, mask_file=write_mask(paths, qa), flags=["cloud"], dilation_px=0)
    assert gap.sum() == gap[10:20, 10:30].sum() == 200


def test_what_a_mask_masks_is_not_clear(paths):
    path = write_mask(paths, np.ones(GRID.shape, np.uint8))
    with rasterio.open(path, "r+") as dataset:
        dataset.write(np.zeros((1, *GRID.shape), np.uint8))
        dataset.write_mask(np.zeros(GRID.shape, bool))
    with pytest.raises(StudyError, match="covers 0% of the test ground"):
        make(paths, mask_file=path)


def test_the_quality_band_of_a_scene_of_this_study_is_found_by_name(paths):
    scene = np.zeros((2, *GRID.shape), np.uint16)
    scene[0], scene[1] = 9000, CLEAR
    scene[1, 10:20, 10:30] = CLOUD
    path = paths["stack"].with_name("optical.tif")
    write_raster(path, scene, GRID, ["red", "qa_pixel"], landsat.FILL)
    assert make(paths, mask_file=path, flags=["cloud"], dilation_px=0).sum() == 200


def moved(metres):
    return Grid(GRID.crs, from_origin(500_000 + metres, 1_000_000, 30, 30), *GRID.shape)


CASES = {
    "elsewhere": (np.ones(GRID.shape, np.uint8), moved(9e5), {}, "covers 0% of the test ground"),
    "too small": (np.ones(GRID.shape, np.uint8), moved(900), {}, "covers 25% of the test ground"),
    "no gap": (np.zeros(GRID.shape, np.uint8), GRID, {}, "only 0.00% of the test ground"),
    "all gap": (np.full(GRID.shape, CLEAR, np.uint16), GRID, {}, "no valid pixel is left"),
    "fill": (np.full(GRID.shape, FILL, np.uint16), GRID, {"flags": ["cloud"]}, "covers 0%"),
    "averaged": (
        np.full(GRID.shape, CLEAR + 0.5, np.float32),
        GRID,
        {"flags": ["cloud"]},
        "contains 21824.5, which is not a bit field",
    ),
    "classes": (
        np.full(GRID.shape, 5, np.uint8),
        GRID,
        {"flags": ["cloud"]},
        "contains 5, which QA_PIXEL of Landsat Collection 2 does not",
    ),
    "undeclared fill": (np.full(GRID.shape, -9999, np.int16), GRID, {}, "covers 0%"),
    "huge fill": (np.full(GRID.shape, 1e20, np.float32), GRID, {}, "covers 0%"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mask_file_that_does_not_fit_is_refused(paths, case):
    mask, grid, changes, message = CASES[case]
    with pytest.raises(StudyError, match=message) as refused:
        make(paths, mask_file=write_mask(paths, mask, grid), **changes)
    assert "\n" not in str(refused.value)
    assert not paths["stack"].with_name("gaps.tif").exists()


def test_gaps_that_miss_the_test_ground_are_refused(paths):
    with pytest.raises(StudyError, match=r"change gaps\.seed"):
        make(paths, share=0.001, size_px=20, dilation_px=0)


@pytest.fixture
def quality_band(tmp_path):
    """A real QA_PIXEL band, or the simulated city's, which has the same codes."""
    real = OVERVIEWS / SCENE / f"{SCENE}_QA_PIXEL.TIF"
    if real.is_file():
        return real
    city = simulate_city(128, seed=1)
    write_raster(tmp_path / "qa.tif", city.optical[3:4], city.optical_grid, ["qa_pixel"], None)
    return tmp_path / "qa.tif"


def test_a_whole_quality_band(tmp_path, quality_band):
    path = quality_band
    with rasterio.open(path) as dataset:
        grid, qa = Grid.of(dataset), dataset.read(1)
    use = np.where(qa == FILL, split.NOT_VALID, split.TEST).astype(np.uint8)
    paths = {"split": tmp_path / "split.tif", "stack": tmp_path / "stack.tif"}
    write_raster(paths["split"], use[None], grid, ["use"], split.NOT_VALID)
    write_raster(paths["stack"], np.zeros((1, *grid.shape)), grid, ["red"], np.nan)
    make_gaps.main(
        **paths, gaps=tmp_path / "gaps.tif", mask_file=path, flags=["cloud"],
        gap_settings=SETTINGS | {"dilation_px": 0},
    )  # fmt: skip
    gap = read_bands(tmp_path / "gaps.tif", ["gap"])[0] == 1
    assert (gap == ((qa & 8 > 0) & (qa != FILL))).all()
    assert gaps.GapBank(gap).draw(64, 64, np.random.default_rng(0)).any()
