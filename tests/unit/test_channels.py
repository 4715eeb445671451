import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, write_raster
from sarfusion.fusion import channels
from sarfusion.scenes.sar import move, shuffle
from sarfusion.study.inputs import INPUTS, places_of

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 20, 30)
PLAIN = {"low": None, "high": None, "mean": 0.0, "std": 1.0}


def raster(path, names, seed=0, grid=GRID):
    values = np.random.default_rng(seed).normal(size=(len(names), *grid.shape))
    write_raster(path, values.astype(np.float32), grid, names, np.nan)
    return values.astype(np.float32)


def test_channels_by_protocol_and_input():
    assert channels.channel_names("red", ["ratio"], False) == ["red", "ratio_db"]
    assert channels.channel_names("blue", ["vh", "vv"], False) == ["blue", "vv_db", "vh_db"]
    assert channels.channel_names("red", [], True) == ["red", "gap"]
    names = channels.channel_names("red", ["vv"], False, ["vv", "vh"], gives_band=False)
    assert names == ["vv_db", "without_vh_db"]
    assert channels.scaled_alone(names) == ["vv_db"]
    names = channels.channel_names("red", ["ratio"], True)
    assert names == ["red", "gap", "ratio_db", "ratio_db_anomaly"]
    assert channels.scaled_alone(names) == ["red", "ratio_db"]
    names = channels.channel_names("green", INPUTS["date_ratio"].channels, True)
    assert names == [
        *("green", "gap", "green_other_date", "other_date_age", "other_date_clear", "ratio_db"),
        *("green_other_date_anomaly", "ratio_db_anomaly"),
    ]
    assert channels.scaled_alone(names) == ["green", "ratio_db"]


def test_another_date_is_cloned_into_the_gap_to_start_from():
    dated = channels.channel_names("red", INPUTS["date_ratio"].channels, True)
    assert [dated[place] for place in channels.start_places(dated)] == [
        *("red", "red_other_date_anomaly"),
    ]
    places = places_of([INPUTS["date"], INPUTS["vvvh"]])
    without = channels.channel_names("red", INPUTS["vvvh"].channels, True, places)
    assert channels.start_places(without) == [0]


def test_radar_channels_are_sar_and_what_takes_its_place():
    places = places_of([INPUTS["date"], INPUTS["vvvh"]])
    for name in ("vvvh", "date"):  # with SAR and without
        names = channels.channel_names("red", INPUTS[name].channels, True, places)
        chosen = [names[place].removeprefix("without_") for place in channels.radar_places(names)]
        assert chosen == ["vv_db", "vh_db", "vv_db_anomaly", "vh_db_anomaly"]
    assert channels.radar_places(channels.channel_names("red", ["ratio"], False)) == [1]
    alone = channels.channel_names("red", ["ratio"], False, gives_band=False)
    assert channels.radar_places(alone) == [0]
    assert channels.radar_places(channels.channel_names("red", [], True)) == []


def test_networks_of_a_protocol_have_the_same_places_and_zeros_in_those_they_lack():
    places = places_of([INPUTS["none"], INPUTS["ratio"], INPUTS["date"]])
    assert places == ("other_date", "other_date_age", "other_date_clear", "ratio")
    every = [*places]
    whole = channels.channel_names("red", every, True, places)
    for name in ("none", "ratio", "date"):
        given = INPUTS[name].channels
        names = channels.channel_names("red", given, True, places)
        assert [each.removeprefix("without_") for each in names] == whole
        lacking = {each for each in names if each.startswith("without_")}
        assert len(lacking) == len(whole) - len(channels.channel_names("red", given, True))
    none = channels.channel_names("red", [], False, ["ratio"])
    assert none == ["red", "without_ratio_db"]
    read = channels.normalised(np.float32([[[2.0]], [[7.0]]]), none, {"red": PLAIN})
    assert read.tolist() == [[[2]], [[0]]]


def test_zeros_are_read_from_no_raster(tmp_path):
    (red,) = raster(tmp_path / "o.tif", ["red"], 1)
    names = ["red", "without_ratio_db", "without_vv_db"]
    with channels.open_channels(names, tmp_path / "o.tif", tmp_path / "none.tif") as reader:
        read = reader.read(Window(3, 5, 7, 2))
    assert np.array_equal(read, [red[5:7, 3:10], np.zeros((2, 7)), np.zeros((2, 7))])


def test_another_date_is_scaled_as_its_band_and_nothing_where_no_date_is_clear():
    scalings = {"red": {"low": None, "high": None, "mean": 0.2, "std": 0.1}}
    names = ["red_other_date", "other_date_age", "other_date_clear", "red_other_date_anomaly"]
    bands = np.float32([[[0.4, np.nan]], [[15, np.nan]], [[1, 0]], [[0.05, np.nan]]])
    scaled = channels.normalised(bands, names, scalings)
    assert scaled[:, 0, 0] == pytest.approx([2, 0.5, 1, 0.5])
    assert scaled[:, 0, 1].tolist() == [0, 0, 0, 0]
    given = ["red", "gap", *names, "vv_db"]
    values = np.concatenate([np.zeros((2, 1, 2), np.float32), bands, [[[1, 1]]]])
    assert not channels.is_lacking(values, given).any()


def test_an_anomaly_is_scaled_as_its_band_but_about_zero():
    scalings = {"vv_db": {"low": -20.0, "high": 0.0, "mean": -8.0, "std": 4.0}}
    bands = np.float32([[[-8, -4]], [[0, 4]], [[-30, 30]]])
    names = ["vv_db", "vv_db_anomaly", "vv_db_anomaly"]
    scaled = channels.normalised(bands, names, scalings)
    assert scaled.tolist() == [[[0, 1]], [[0, 1]], [[-3, 2]]]
    unclipped = channels.scaling_of("vv_db_anomaly", {"vv_db": PLAIN | {"mean": 5.0}})
    assert unclipped == PLAIN


def test_channels_come_from_their_own_rasters(tmp_path):
    start = raster(tmp_path / "o.tif", ["red", "ratio_db", "gap", "ratio_db_anomaly"], 1)
    sar = raster(tmp_path / "s.tif", ["ratio_db"], 2)
    paths = tmp_path / "o.tif", tmp_path / "s.tif"
    names = ["red", "gap", "ratio_db", "ratio_db_anomaly"]
    with channels.open_channels(names, *paths) as reader:
        assert reader.grid == GRID
        read = reader.read(Window(3, 5, 7, 2))
    expected = np.stack([start[0], start[2], sar[0], start[3]])[:, 5:7, 3:10]
    assert np.array_equal(read, expected)


def test_rasters_on_different_grids_are_refused(tmp_path):
    raster(tmp_path / "o.tif", ["red"])
    other = Grid(GRID.crs, from_origin(0, 0, 30, 30), 20, 30)
    raster(tmp_path / "s.tif", ["ratio_db"], grid=other)
    with (
        pytest.raises(StudyError, match="s.tif and .*o.tif are not on one grid"),
        channels.open_channels(["red", "ratio_db"], tmp_path / "o.tif", tmp_path / "s.tif"),
    ):
        pass


def test_whatever_is_hidden_is_one_to_the_network():
    bands = np.float32([[[5, 6], [np.nan, 8]], [[0, 1], [2, 0]]])
    seen = channels.normalised(bands, ["red", "gap"], {"red": PLAIN})
    assert seen.tolist() == [[[5, 6], [0, 8]], [[0, 1], [1, 0]]]


def test_a_network_lacks_radar_and_without_gaps_the_band_too():
    bands = np.zeros((3, 1, 4), np.float32)
    bands[0, 0, 1] = bands[1, 0, 2] = bands[2, 0, 3] = np.nan
    lacking = channels.is_lacking(bands, ["red", "gap", "ratio_db"])
    assert lacking.tolist() == [[False, False, False, True]]
    lacking = channels.is_lacking(bands, ["red", "vv_db", "vh_db"])
    assert lacking.tolist() == [[False, True, True, True]]
    assert not channels.is_lacking(bands[:2], ["red", "gap"]).any()


def test_outputs_become_reflectance_and_its_standard_deviation():
    outputs = np.float32([[[2.0]], [[2 * np.log(3)]]])
    scaling = PLAIN | {"mean": 0.1, "std": 0.05}
    band, deviation = channels.in_reflectance(outputs, scaling)
    assert band == pytest.approx(0.1 + 2 * 0.05)
    assert deviation == pytest.approx(3 * 0.05)
    assert channels.in_reflectance(outputs[:1], scaling).shape == (1, 1, 1)


def test_shuffling_keeps_the_values_and_moves_them():
    values = np.random.default_rng(0).normal(size=(50, 50)).astype(np.float32)
    values[:5] = np.nan
    shuffled = shuffle(values, 1)
    assert np.array_equal(np.isnan(shuffled), np.isnan(values))
    assert np.array_equal(np.sort(shuffled[5:], axis=None), np.sort(values[5:], axis=None))
    assert abs(np.corrcoef(shuffled[5:].ravel(), values[5:].ravel())[0, 1]) < 0.1
    assert np.array_equal(shuffled, shuffle(values, 1), equal_nan=True)


def test_moving_goes_half_round_and_leaves_what_is_valid():
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    expected = [[10, 11, 8, 9], [2, 3, 0, 1], [6, 7, 4, 5]]
    assert move(values).tolist() == expected
    values[0, 0] = np.nan  # it moves to (1, 2), where the nearest value replaces it
    moved = move(values)
    assert np.isnan(moved[0, 0])
    assert moved[1, 2] in (3, 1, 8, 4)
    assert np.isfinite(moved).sum() == 11
    assert np.isnan(move(np.full((2, 2), np.nan))).all()


def test_a_moved_picture_keeps_its_texture():
    values = np.random.default_rng(0).normal(size=(40, 60)).cumsum(axis=1)
    moved = move(values)
    steps, others = np.diff(values, axis=1), np.diff(moved, axis=1)
    assert np.array_equal(np.roll(steps, (20, 30), (0, 1))[:, 31:], others[:, 31:])
