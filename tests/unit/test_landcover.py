"""The made-up city: random fields, and what lies where."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.scenes.landcover import (
    CELL_M,
    FABRICS,
    KIND_SHARES,
    ROOFS,
    Cover,
    make_land,
    mixes,
    pick,
    shore_distance,
    smooth_field,
)


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


def test_shore_distance_is_0_in_water_only_and_grows_by_cells():
    axis = np.arange(-200.0, 200) * CELL_M
    x, y = np.meshgrid(axis, axis)
    flat = np.zeros(x.shape)
    distance = shore_distance(np.random.default_rng(0), x, y, flat + 1, 2000.0, flat)
    assert distance.min() == 0
    assert distance[distance > 0].min() == CELL_M  # the cells beside the water
    assert np.abs(np.diff(distance, axis=1)).max() <= CELL_M
