import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, write_raster
from sarfusion.fusion import channels
from sarfusion.scenes.sar import shuffle

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 20, 30)
PLAIN = {"low": None, "high": None, "mean": 0.0, "std": 1.0}


def raster(path, names, seed=0, grid=GRID):
    values = np.random.default_rng(seed).normal(size=(len(names), *grid.shape))
    write_raster(path, values.astype(np.float32), grid, names, np.nan)
    return values.astype(np.float32)


def test_channels_by_protocol_and_input():
    assert channels.channel_names("red", "ratio", False) == ["red", "ratio_db"]
    assert channels.channel_names("blue", "vvvh", False) == ["blue", "vv_db", "vh_db"]
    assert channels.channel_names("red", "none", True) == ["red", "gap"]
    assert channels.channel_names("red", "shuffled", True) == ["red", "gap", "ratio_db"]


def test_channels_come_from_their_own_rasters(tmp_path):
    optical = raster(tmp_path / "o.tif", ["red", "ratio_db"], 1)
    sar = raster(tmp_path / "s.tif", ["ratio_db"], 2)
    gaps = raster(tmp_path / "g.tif", ["gap"], 3)
    paths = tmp_path / "o.tif", tmp_path / "s.tif", tmp_path / "g.tif"
    with channels.open_channels(["red", "gap", "ratio_db"], *paths) as reader:
        assert reader.grid == GRID
        read = reader.read(Window(3, 5, 7, 2))
    expected = np.stack([optical[0], gaps[0], sar[0]])[:, 5:7, 3:10]
    assert np.array_equal(read, expected)


def test_rasters_on_different_grids_are_refused(tmp_path):
    raster(tmp_path / "o.tif", ["red"])
    other = Grid(GRID.crs, from_origin(0, 0, 30, 30), 20, 30)
    raster(tmp_path / "s.tif", ["ratio_db"], grid=other)
    with (
        pytest.raises(StudyError, match="s.tif and .*o.tif do not lie on one grid"),
        channels.open_channels(["red", "ratio_db"], tmp_path / "o.tif", tmp_path / "s.tif"),
    ):
        pass


def test_what_is_withheld_is_not_seen():
    bands = np.float32([[[5, 6], [np.nan, 8]], [[0, 1], [0, 1]]])
    seen = channels.normalised(bands, ["red", "gap"], {"red": PLAIN})
    assert seen.tolist() == [[[5, 0], [0, 0]], [[0, 1], [0, 1]]]


def test_shuffling_keeps_the_values_and_moves_them():
    values = np.random.default_rng(0).normal(size=(50, 50)).astype(np.float32)
    values[:5] = np.nan
    shuffled = shuffle(values, 1)
    assert np.array_equal(np.isnan(shuffled), np.isnan(values))
    assert np.array_equal(np.sort(shuffled[5:], axis=None), np.sort(values[5:], axis=None))
    assert abs(np.corrcoef(shuffled[5:].ravel(), values[5:].ravel())[0, 1]) < 0.1
    assert np.array_equal(shuffled, shuffle(values, 1), equal_nan=True)
