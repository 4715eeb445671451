"""Rasters of any size, as figures read them."""

import json

import numpy as np
import pytest
import rasterio
from figure_data import assert_printable, words
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.windows import Window
from sarfusion.core.raster import Grid, write_raster
from sarfusion.show.figures.differences import differences
from sarfusion.show.figures.gaps import gap_examples
from sarfusion.show.figures.inputs import Layer, layers_of, read_scene
from sarfusion.show.figures.maps import RGB
from sarfusion.show.figures.scenes import band_comparison, composite_comparison, overview

SHAPE = (96, 120)
NAMES = [*RGB, "vv_db", "vh_db", "ratio_db"]


@pytest.fixture
def limited(monkeypatch):
    """Maps of at most 40 pixels a side."""
    monkeypatch.setattr("sarfusion.show.figures.inputs.MAX_MAP_PX", 40)


@pytest.fixture
def site(tmp_path):
    """The files of a scene whose values number the pixels, with no data in a corner."""
    grid = Grid(CRS.from_epsg(32648), Affine(30, 0, 0, 0, -30, 0), *SHAPE)
    bands = np.arange(len(NAMES) * np.prod(SHAPE), dtype=np.float32).reshape(-1, *SHAPE)
    bands[:, :4, :4] = np.nan
    split = np.full(SHAPE, 3, np.uint8)
    split[:, :30] = 1
    gap = np.zeros(SHAPE, np.uint8)
    gap[40:60, 60:90] = 1
    write_raster(tmp_path / "stack.tif", bands, grid, NAMES, np.nan)
    write_raster(tmp_path / "split.tif", split[None], grid, ["use"], None)
    write_raster(tmp_path / "gaps.tif", gap[None], grid, ["gap"], None)
    (tmp_path / "scene.json").write_text(json.dumps({"site": "a-site", "simulated": True}))
    return tmp_path


def scene_at(site):
    return read_scene(site / "stack.tif", site / "split.tif", site / "scene.json", NAMES)


class TestLayer:
    def test_a_small_raster_is_read_as_it_is(self, site):
        layer = Layer(site / "stack.tif", "green", SHAPE)
        numbers = np.arange(np.prod(SHAPE)).reshape(SHAPE) + np.prod(SHAPE)
        assert np.array_equal(layer.whole[4:], numbers[4:])
        assert np.array_equal(layer.whole, layer.thinned, equal_nan=True)
        assert np.array_equal(layer.at(Window(7, 50, 3, 2)), numbers[50:52, 7:10])
        colour = Layer(site / "stack.tif", list(RGB), SHAPE)
        assert colour.whole.shape == (3, *SHAPE)
        assert np.array_equal(colour.whole[1], layer.whole, equal_nan=True)

    def test_a_large_one_in_means_of_what_is_valid(self, site, limited):
        layer = Layer(site / "stack.tif", "red", SHAPE)
        numbers = layer.at(Window(0, 0, *reversed(SHAPE)))
        squares = numbers.reshape(32, 3, 40, 3)
        assert layer.whole.shape == (32, 40)
        assert np.isnan(layer.whole[0, 0])  # no pixel of this square is valid
        assert layer.whole[1, 1] == pytest.approx(np.nanmean(squares[1, :, 1]))  # some are
        assert np.allclose(layer.whole[2:], squares.mean(axis=(1, 3))[2:])
        assert np.isin(layer.thinned[2:], numbers).all()
        assert np.array_equal(layer.thinned[2:], squares[2:, 1, :, 1])

    def test_classes_are_not_averaged(self, site, limited):
        assert set(np.unique(scene_at(site).split.thinned)) == {1, 3}


def test_figures_of_a_large_scene_say_what_a_pixel_is(site, limited):
    scene = scene_at(site)
    assert scene.test.shape == (32, 40)
    runs = [(band, "copy", "none", 0) for band in RGB]
    fused = layers_of([site / "stack.tif"] * 3, runs, SHAPE)
    gap = Layer(site / "gaps.tif", "gap", SHAPE)
    for figure in (
        overview(scene),
        band_comparison(scene, "red", {"Copy": fused["Copy"]["red"]}),
        composite_comparison(scene, fused),
        differences(scene, fused, gap),
    ):
        assert_printable(figure)
        assert "Whole maps show means over 90 m" in words(figure)
        assert "edge of a gap" not in words(figure)
    assert "means" not in words(gap_examples(scene, gap, fused))


def test_figures_say_which_way_north_is_where_it_is_not_up(site):
    north_up = overview(scene_at(site))
    assert "north" not in words(north_up)
    turned = Affine.translation(500_000, 1_000_000) @ Affine.rotation(30) @ Affine.scale(30, -30)
    with rasterio.open(site / "stack.tif", "r+") as dataset:
        dataset.transform = turned
    for figure in (overview(scene_at(site)), band_comparison(scene_at(site), "red", {})):
        assert_printable(figure)
        assert "On the maps, north is 30° to the right of up" in words(figure)


def test_insets_keep_every_pixel(site, limited):
    scene = scene_at(site)
    figure = band_comparison(scene, "red", {"A": scene.bands["red"]})
    whole, _, inset, _ = (axes for axes in figure.axes if axes.images)
    assert whole.images[0].get_array().shape == (32, 40)
    assert inset.images[0].get_array().shape == (64, 64)
    left, right = inset.images[0].get_extent()[:2]
    assert right - left == 64 * 30
