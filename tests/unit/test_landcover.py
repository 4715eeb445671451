"""The made-up city: random fields, and what lies where."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.scenes.blocks import numbered
from sarfusion.scenes.city_land import RURAL, make_land, make_towns, river
from sarfusion.scenes.districts import districts
from sarfusion.scenes.fabrics import FABRICS, KIND_SHARES, mixes, pick
from sarfusion.scenes.landcover import ROOFS, Cover
from sarfusion.scenes.lattice import CELL_M, by_strips, within
from sarfusion.scenes.random_fields import random_field, smooth_field
from scipy.fft import irfft2, rfft2


@pytest.fixture(scope="module")
def land():
    return make_land(np.random.default_rng(3), 6 * 96, 30.0 * 96)


def test_every_mix_of_covers_is_complete():
    for name in ("roofs", "yard", "open"):
        assert mixes(name).sum(axis=1) == pytest.approx(np.ones(len(FABRICS)))
    for shares in KIND_SHARES.values():
        assert sum(shares) == pytest.approx(1)
    roofs = mixes("roofs")
    assert not roofs[:, [cover for cover in Cover if cover not in ROOFS]].any()


def test_pick_draws_columns_by_their_shares():
    shares = np.tile([0.2, 0.0, 0.5, 0.3], (20_000, 1))
    drawn = np.bincount(pick(np.random.default_rng(0), shares), minlength=4) / 20_000
    assert drawn == pytest.approx([0.2, 0, 0.5, 0.3], abs=0.02)
    assert drawn[1] == 0


def test_smooth_field_has_the_correlation_of_its_scale():
    # White noise under a Gaussian of deviation s correlates as exp(-d^2 / (4 s^2)).
    field = smooth_field(np.random.default_rng(0), 512, 3.0)
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-5)
    for step in (2, 4, 6):
        seen = (field * np.roll(field, step, axis=1)).mean()
        assert seen == pytest.approx(np.exp(-(step**2) / 36), abs=0.05)


@pytest.mark.parametrize("side", [64, 65, 94])
@pytest.mark.parametrize("scale", [0.6, 2.0, 9.0, 60.0])
def test_a_field_has_the_bytes_of_the_same_filter_of_all_frequencies(side, scale):
    def gain(frequency):
        return np.exp(-2 * (np.pi * scale * frequency) ** 2)

    noise = np.random.default_rng(1).standard_normal((side, side), dtype=np.float32)
    frequency = np.sqrt(np.fft.fftfreq(side)[:, None] ** 2 + np.fft.rfftfreq(side) ** 2)
    field = irfft2(rfft2(noise) * gain(frequency).astype(np.float32), s=(side, side))
    field = (field - field.mean()) / field.std()
    assert random_field(np.random.default_rng(1), side, gain).tobytes() == field.tobytes()


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), size_px=st.integers(32, 60))
def test_every_ninth_of_the_scene_holds_several_covers(seed, size_px):
    side = 6 * size_px
    cover = make_land(np.random.default_rng(seed), side, 30.0 * size_px).cover
    third = side // 3
    for row in range(3):
        for column in range(3):
            ninth = cover[row * third : (row + 1) * third, column * third : (column + 1) * third]
            shares = np.bincount(ninth.ravel(), minlength=len(Cover)) / ninth.size
            assert (shares > 0.005).sum() >= 4


def test_city_has_all_covers_and_none_everywhere(land):
    shares = np.bincount(land.cover.ravel(), minlength=len(Cover)) / land.cover.size
    assert len(shares) == len(Cover)
    assert (shares > 0.002).all()
    assert (shares < 0.45).all()


def test_only_buildings_have_height_and_a_building_is_one_piece(land):
    roof = land.is_any(ROOFS)
    assert (land.height[roof] > 0).all()
    assert not land.height[~roof].any()
    # A patch keeps one roof and one height wherever it is not covered by road, bank or water.
    order = np.argsort(land.patch[roof], kind="stable")
    patch = land.patch[roof][order]
    same = patch[1:] == patch[:-1]
    for values in (land.height, land.cover):
        piece = values[roof][order]
        assert (piece[1:][same] == piece[:-1][same]).all()


def test_buildings_have_the_size_of_buildings(land):
    areas = np.bincount(land.patch[land.is_any(ROOFS)]) * CELL_M**2
    areas = areas[areas > 0]
    assert 75 < np.median(areas) < 600
    assert areas.max() < 25_000


def test_arrays_share_the_lattice(land):
    for values in (land.patch, land.height, land.angle):
        assert values.shape == land.cover.shape
    assert land.patch.min() == 0
    assert (land.angle >= 0).all()
    assert (land.angle <= np.pi / 2).all()


@pytest.fixture
def places():
    """Positions x and y of cells in metres."""
    axis = np.arange(-200.0, 200) * CELL_M
    return np.meshgrid(axis, axis)


def test_districts_are_those_of_the_nearest_seed(places):
    x, y = places
    seeds, index, edge_m = districts(np.random.default_rng(0), x, y, 1000.0, 300.0)
    for row, column in np.random.default_rng(1).integers(0, x.shape, (500, 2)):
        distance = np.hypot(*(seeds - [x[row, column], y[row, column]]).T)
        first, second = np.argsort(distance)[:2]
        assert index[row, column] == first
        between = np.hypot(*(seeds[first] - seeds[second]))
        expected = (distance[second] ** 2 - distance[first] ** 2) / (2 * between)
        assert edge_m[row, column] == pytest.approx(expected, abs=1e-6)


def test_the_countryside_is_where_urbanity_is_low(places):
    towns = make_towns(np.random.default_rng(0), 1500.0)
    rural = by_strips(towns.is_rural, *places)
    assert 0.2 < rural.mean() < 0.8
    assert (rural == (towns.urbanity(*places) < RURAL)).all()


@pytest.mark.parametrize("extent_m", [2000.0, 10_000.0])
def test_a_river_crosses_the_city(places, extent_m):
    x, y = (extent_m / 2000 * position for position in places)
    water = river(np.random.default_rng(0), extent_m)(x, y, np.zeros(x.shape))
    assert 0.005 < water.mean() < 0.2
    assert water.any(axis=0).all() or water.any(axis=1).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), reach_m=st.floats(-10, 60))
def test_within_reach_are_cells_whose_nearest_of_the_mask_is_nearer(seed, reach_m):
    mask = np.random.default_rng(seed).random((70, 50)) < 0.003
    mask[0, 0] = True
    rows, columns = np.indices(mask.shape)
    distance_m = np.min(
        [CELL_M * np.hypot(rows - row, columns - column) for row, column in np.argwhere(mask)],
        axis=0,
    )
    unsure = np.isclose(distance_m, reach_m, rtol=1e-12)
    assert ((within(mask, reach_m) == (distance_m < reach_m)) | unsure).all()


def test_nothing_is_within_reach_of_an_empty_mask():
    assert not within(np.zeros((3, 4), bool), 100.0).any()


def test_keys_are_numbered_as_np_unique_does():
    keys = np.random.default_rng(0).integers(0, 1000, (30, 40))
    for computed, expected in zip(
        numbered(keys), np.unique(keys, return_inverse=True), strict=True
    ):
        np.testing.assert_array_equal(computed, expected.reshape(computed.shape))
