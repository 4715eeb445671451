"""The classifier of single pixels, against closed forms."""

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core import raster
from sarfusion.core.raster import Grid, write_raster
from sarfusion.scoring.classifier import Classifier, features, fit, quadratic
from sarfusion.scoring.pixel_features import read_features, thinned

GRID = Grid(CRS.from_epsg(32648), Affine(30, 0, 600000, 0, -30, 1200000), 40, 600)


def test_features_by_hand():
    image = np.array([[[1, 2, 3], [4, 5, 6], [7, 8, np.nan]], [[2.0] * 3] * 3])
    found = features(image, np.array([1, 0, 1]), np.array([1, 0, 2]))
    # Inside one pixel is not valid, in the corner there are four, at the edge five.
    expected = [
        (5, np.mean([1, 2, 3, 4, 5, 6, 7, 8]), np.std([1, 2, 3, 4, 5, 6, 7, 8])),
        (1, 3, np.sqrt((4 + 1 + 1 + 4) / 4)),
        (6, np.mean([2, 3, 5, 6, 8]), np.std([2, 3, 5, 6, 8])),
    ]
    assert found[:, ::2] == pytest.approx(np.array(expected))
    assert found[:, 1::2] == pytest.approx(np.array([[2, 2, 0]] * 3))


def test_squares_and_products():
    found = quadratic(np.array([[2.0, 3.0], [5.0, 7.0]]))
    assert found.tolist() == [[1, 2, 3, 4, 6, 9], [1, 5, 7, 25, 35, 49]]


def test_without_an_effect_the_weights_are_the_odds():
    found = np.zeros((8, 1))
    model = fit(found, np.arange(8) < 6)
    assert model.weights == pytest.approx([np.log(3), 0, 0], abs=1e-6)
    assert model.predict(found).all()


def test_a_symmetric_pair_solves_its_equation():
    """Of the classes at 1 and -1, equally often, the weight w has n / (1 + exp(w)) = w."""
    found = np.repeat([[-1.0], [1.0]], 10, axis=0)
    model = fit(found, found[:, 0] > 0)
    constant, weight, square = model.weights
    assert 20 / (1 + np.exp(weight)) == pytest.approx(weight, abs=1e-5)
    assert (constant, square) == pytest.approx((0, 0), abs=1e-6)


def test_the_other_class_has_the_opposite_weights():
    rng = np.random.default_rng(3)
    found = rng.normal(size=(500, 3))
    is_class = found[:, 0] + rng.normal(size=500) > 0.3
    one, other = fit(found, is_class), fit(found, ~is_class)
    assert one.weights == pytest.approx(-other.weights, abs=1e-5)
    assert (one.predict(found) != other.predict(found)).all()


def test_a_disc_is_found_and_scale_does_not_matter():
    rng = np.random.default_rng(1)
    found = rng.uniform(-1, 1, (4000, 2))
    inside = np.hypot(*found.T) < 0.6
    assert (fit(found, inside).predict(found) == inside).mean() > 0.98
    scaled = found * [1e-3, 50] + [7, -3]
    assert (fit(scaled, inside).predict(scaled) == fit(found, inside).predict(found)).all()


def test_known_weights_come_back():
    rng = np.random.default_rng(2)
    found = rng.normal(size=(40_000, 2))
    true = np.array([0.5, 1, -1, 0.3, 0.8, 0])
    chance = 1 / (1 + np.exp(-quadratic(found) @ true))
    model = fit(found, rng.random(len(found)) < chance)
    # Weights of features as they are, from those of scaled ones: equal decisions.
    assert (model.predict(found) == (quadratic(found) @ true > 0)).mean() > 0.98


def test_a_constant_feature_does_no_harm():
    found = np.stack([np.linspace(-1, 1, 50), np.full(50, 3.0)], axis=1)
    model = fit(found, found[:, 0] > 0)
    assert isinstance(model, Classifier)
    assert (model.predict(found) == (found[:, 0] > 0)).mean() > 0.95


def test_thinning_takes_every_nth_and_never_more():
    chosen = np.zeros((10, 10), bool)
    chosen[2:8] = True
    assert (thinned(chosen, 60) == chosen).all()
    few = thinned(chosen, 25)
    assert np.flatnonzero(few).tolist() == list(range(20, 80, 3))


@pytest.fixture
def rasters(tmp_path):
    rng = np.random.default_rng(5)
    measured, filled = rng.uniform(size=(2, 2, *GRID.shape)).astype(np.float32)
    gap = (rng.random(GRID.shape) < 0.3).astype(np.uint8)
    write_raster(tmp_path / "stack.tif", measured, GRID, ["red", "nir"], np.nan)
    write_raster(tmp_path / "filled.tif", filled, GRID, ["red", "nir"], np.nan)
    write_raster(tmp_path / "gaps.tif", gap[None], GRID, ["gap"], None)
    return tmp_path, measured, filled, gap == 1


def test_gaps_hold_what_is_filled_or_nothing(rasters, monkeypatch):
    folder, measured, filled, gap = rasters
    places, others = (
        [(folder / f"{n}.tif", b) for b in ("red", "nir")] for n in ("stack", "filled")
    )
    monkeypatch.setattr(raster, "STRIP_PX", 1)  # strips of one row of blocks
    monkeypatch.setattr(raster, "BLOCK", 16)
    assert len(list(raster.strips(GRID.shape))) > 1
    everywhere = np.ones(GRID.shape, bool)
    whole = np.indices(GRID.shape).reshape(2, -1)
    found = read_features(places, everywhere)
    assert found == pytest.approx(features(measured, *whole))
    found = read_features(places, everywhere, folder / "gaps.tif", others)
    assert found == pytest.approx(features(np.where(gap, filled, measured), *whole))
    clear = np.nonzero(~gap)
    found = read_features(places, ~gap, folder / "gaps.tif")
    assert found == pytest.approx(features(np.where(gap, np.nan, measured), *clear))
    assert read_features(places, np.zeros(GRID.shape, bool)).shape == (0, 6)
