"""The simulated city on other days."""

import json

import numpy as np
import pytest
import simulate_date
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256
from sarfusion.core.raster import read_bands, read_grid
from sarfusion.scenes import landsat, lattice, simulate, surfaces
from sarfusion.scenes import simulated_dates as others
from sarfusion.scenes.city_land import city_land, make_land
from sarfusion.scenes.days import days_after_scene, simulated_date
from sarfusion.scenes.landcover import ROOFS, Cover
from sarfusion.scenes.lattice import CELL_M
from scipy.ndimage import binary_dilation, distance_transform_edt

SIZE, SEED = 64, 7


@pytest.fixture(scope="module")
def city():
    return simulate.simulate_city(SIZE, SEED)


@pytest.fixture(scope="module")
def ground():
    """(land cover, paint, calendar) of a city."""
    land_rng, colour_rng = np.random.default_rng(SEED).spawn(2)
    land = make_land(land_rng, 6 * SIZE, 30.0 * SIZE)
    paint = surfaces.mix_paint(colour_rng, land)
    return land, paint, others.make_calendar(np.random.default_rng(1), land.patch.max() + 1)


def seen(optical):
    """Reflectance where the sky is clear."""
    flags = ["cloud", "cloud_shadow", "dilated_cloud"]
    scaling = [landsat.SCALE] * 3, [landsat.OFFSET] * 3
    return landsat.to_reflectance(optical[:3], *optical[3:], *scaling, flags)[0]


def test_days_have_the_names_of_dates():
    assert simulated_date(-1) == "2023-12-31"
    assert [days_after_scene(simulated_date(day)) for day in (-400, -1, 16)] == [-400, -1, 16]


def test_a_day_is_the_same_each_time_and_other_days_and_seeds_differ():
    first, again, later, other = (
        others.simulate_date(32, seed, day) for seed, day in ((1, 16), (1, 16), (1, 32), (2, 16))
    )
    assert first.optical.tobytes() == again.optical.tobytes()
    assert first.truth.tobytes() == again.truth.tobytes()
    for then in (later, other):
        assert (first.optical != then.optical).any()


def test_on_the_day_of_the_scene_only_the_water_may_differ(city):
    then = others.simulate_date(SIZE, SEED, 0)
    truth = lattice.block_mean(city.truth, 3)
    same = np.isclose(then.truth, truth, atol=1e-6).all(axis=0)
    water = landsat.flagged(city.optical[3] | then.optical[3], 7)
    near = np.zeros_like(water)
    near[1:-1, 1:-1] = water[1:-1, 1:-1]
    assert same.mean() > 0.8
    far_from_water = ~binary_dilation(water, iterations=3)
    assert same[far_from_water].mean() > 0.97  # ponds of less than half a pixel are not flagged


def test_the_truth_is_what_is_seen_but_for_light_haze_and_noise():
    then = others.simulate_date(SIZE, SEED, 48)
    optical = seen(then.optical)
    clear = np.isfinite(optical).all(axis=0)
    assert 0.4 < clear.mean() < 0.95
    for measured, truth in zip(optical, then.truth, strict=True):
        assert np.corrcoef(measured[clear], truth[clear])[0, 1] > 0.9


def test_each_day_has_clouds_of_its_own(city):
    clouds = [
        np.isnan(seen(optical)).all(axis=0)
        for optical in (
            city.optical,
            *(others.simulate_date(SIZE, SEED, day).optical for day in (-16, 16)),
        )
    ]
    fill = landsat.is_fill(city.optical[3])
    shares = [cloud[~fill].mean() for cloud in clouds]
    assert shares[0] < others.FLAGGED[0] <= min(shares[1:]) <= others.FLAGGED[1] + 0.05
    assert (clouds[1] != clouds[2]).mean() > 0.1


def test_crops_change_most_over_half_a_year_and_roofs_not_at_all(ground):
    land, paint, calendar = ground
    change = np.abs(others.grown(land, paint, calendar, 180).blend - paint.blend)
    crop, grass = (change[land.cover == cover].mean() for cover in (Cover.CROP, Cover.GRASS))
    assert crop > grass > 0.02
    assert (change[land.is_any(ROOFS)] == 0).all()
    year = others.grown(land, paint, calendar, 365).blend
    assert np.abs(year - paint.blend).max() < 0.01


def test_the_season_by_hand():
    assert others.since_scene(0, 0.3) == 0
    assert others.since_scene(others.YEAR / 4, 0.0) == pytest.approx(0.5)  # from the middle to 1
    assert others.since_scene(others.YEAR / 2, 0.25) == pytest.approx(-1)  # from 1 to 0


def test_buildings_were_building_sites_before_and_open_ground_is_cleared_later(ground):
    land, _, calendar = ground
    before, now, after = (others.built(land, calendar, day).cover for day in (-150, 0, 150))
    assert (now == land.cover).all()
    changed = before != land.cover
    assert changed.any()
    assert land.is_any(ROOFS)[changed].all()
    assert (before[changed] == Cover.SOIL).all()
    changed = after != land.cover
    assert changed.any()
    assert set(np.unique(land.cover[changed])) <= {Cover.GRASS, Cover.SOIL}
    assert ((after == Cover.SOIL) == (land.cover == Cover.GRASS))[changed].all()


def test_the_shore_moves_by_what_the_water_rises(ground):
    land, *_ = ground
    water = land.cover == Cover.WATER
    from_water, from_land = (CELL_M * distance_transform_edt(side) for side in (~water, water))
    high, low, same = (others.flooded(land, rise).cover for rise in (12, -12, 4))
    flooded = land.is_any(others.FLOODED) & (from_water < 12)
    dry = water & (from_land < 12)
    assert flooded.any()
    assert dry.any()
    assert (high == np.where(flooded, Cover.WATER, land.cover)).all()
    assert (low == np.where(dry, Cover.SOIL, land.cover)).all()
    assert (same == land.cover).all()  # it takes 5 m to reach the next cell


def test_a_city_too_small_is_refused():
    with pytest.raises(StudyError, match="size_px 31 is too small"):
        others.simulate_date(31, 1, 16)


def test_the_script_writes_a_day_and_describes_it(tmp_path):
    paths = {name: tmp_path / f"{name}.tif" for name in ("optical", "truth")}
    settings = {"size_px": 32, "seed": 4, "looks": 4.4}
    city_land(32, 4).save(tmp_path / "land.npz")
    simulate_date.main(
        land=tmp_path / "land.npz",
        **paths,
        metadata=tmp_path / "day.json",
        site="toy",
        date="2023-12-16",
        site_settings=settings,
    )
    then = others.simulate_date(32, 4, -16)
    assert (read_bands(paths["optical"], landsat.RAW_BANDS) == then.optical).all()
    assert (read_bands(paths["truth"], ["red", "green", "blue"]) == then.truth).all()
    assert read_grid(paths["optical"]) == simulate.simulate_city(32, 4).optical_grid
    about = json.loads((tmp_path / "day.json").read_text())
    assert (about["days"], about["simulated"]) == (-16, True)
    assert about["optical"]["sha256"] == sha256(paths["optical"])
