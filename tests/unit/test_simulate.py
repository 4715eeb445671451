"""The two satellites over the simulated city."""

import json
import os
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import rasterio
import simulate_scene
from hypothesis import given
from hypothesis import strategies as st
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256
from sarfusion.core.raster import read_bands, read_grid
from sarfusion.scenes import (
    landsat,
    lattice,
    point_spread,
    simulate,
    simulated_optical,
    simulated_sar,
    surfaces,
)
from sarfusion.scenes.bands import BANDS
from sarfusion.scenes.city_land import make_land
from sarfusion.scenes.landcover import ROOFS, Cover
from sarfusion.scenes.lattice import CELL_M, MARGIN
from scipy.ndimage import binary_dilation, binary_erosion

SIZE = 64
# Environment variables that limit the instruction sets of NumPy, OpenBLAS and the C library. Names
# of features that NumPy does not know, or that the processor lacks, have no effect.
LIMITS = {
    "native": {},
    "avx2": {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"},
    "sse4": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
    "sse4, C library too": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "OPENBLAS_CORETYPE": "Nehalem",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2",
    },
}


@pytest.fixture(scope="module")
def city():
    return simulate.simulate_city(SIZE, seed=7)


@pytest.fixture(scope="module")
def surface():
    """Land cover, reflectance and noise-free backscatter in dB on the lattice."""
    rng = np.random.default_rng(2)
    land = make_land(rng, 6 * 96, 30.0 * 96)
    paint = surfaces.mix_paint(rng, land)
    colour = surfaces.colour_of(land, paint)
    return land, colour, 10 * np.log10(simulated_sar.backscatter(rng, land, paint.blend))


def arrays(city):
    return city.optical, city.sar, city.truth


def flags(city, *names):
    return (city.optical[3] & sum(simulated_optical.QA[name] for name in names)) > 0


def reflectance_of(city):
    return city.optical[:3] * landsat.SCALE + landsat.OFFSET


def test_one_seed_one_city():
    first, again, other = (simulate.simulate_city(32, seed) for seed in (1, 1, 2))
    for a, b, c in zip(arrays(first), arrays(again), arrays(other), strict=True):
        assert a.tobytes() == b.tobytes()
        assert a.tobytes() != c.tobytes()


def test_one_seed_one_city_on_every_processor(tmp_path):
    """The scenes have the same checksums, whichever instructions are switched off."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "import simulate_land, simulate_scene, simulate_date;"
        "land = f'{sys.argv[2]}/land.npz';"
        "simulate_land.main(land=land, site_settings={'size_px': 64, 'seed': 3});"
        "paths = {name: f'{sys.argv[2]}/{name}.tif' for name in ('optical', 'sar', 'truth')};"
        "simulate_scene.main(land=land, **paths, metadata=f'{sys.argv[2]}/scene.json', site='toy',"
        " site_settings={'size_px': 64, 'seed': 3, 'looks': 4.4});"
        "paths = {name: f'{sys.argv[2]}/date_{name}.tif' for name in ('optical', 'truth')};"
        "simulate_date.main(land=land, **paths, metadata=f'{sys.argv[2]}/date.json', site='toy',"
        " date='2024-03-01', site_settings={'size_px': 64, 'seed': 3})"
    )
    scripts = Path(simulate_scene.__file__).parent
    sums = {}
    for name, variables in LIMITS.items():
        folder = tmp_path / name
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program, scripts, folder],
            env={**os.environ, **variables},
            check=True,
        )
        sums[name] = [sha256(path) for path in sorted(folder.glob("*.tif"))]
        assert len(sums[name]) == 5
    assert all(others == sums["native"] for others in sums.values()), sums


def test_looks_change_the_speckle_only():
    rough, fine = simulate.simulate_city(32, 1, looks=1), simulate.simulate_city(32, 1, looks=50)
    assert (rough.optical == fine.optical).all()
    assert (rough.truth == fine.truth).all()
    assert np.nanstd(rough.sar) > np.nanstd(fine.sar)


@pytest.mark.parametrize("size_px", [32, 33, 47])
def test_shapes_types_and_grids_for_any_size(size_px):
    city = simulate.simulate_city(size_px, seed=0)
    assert (city.optical.dtype, city.sar.dtype, city.truth.dtype) == (
        "uint16",
        "float32",
        "float32",
    )
    for array, grid, bands in zip(
        arrays(city),
        (city.optical_grid, city.sar_grid, city.truth_grid),
        (landsat.RAW_BANDS, simulated_sar.SAR_BANDS, BANDS),
        strict=True,
    ):
        assert array.shape == (len(bands), *grid.shape)
    assert city.optical_grid.shape == (size_px, size_px)
    assert city.truth_grid.shape == (3 * size_px, 3 * size_px)


def test_truth_nests_in_the_optical_grid_and_sar_lies_across_it(city):
    optical, sar, truth = city.optical_grid, city.sar_grid, city.truth_grid
    assert truth.bounds == optical.bounds
    assert optical.pixel_m == (30, 30)
    assert truth.pixel_m == sar.pixel_m == (10, 10)
    assert optical.crs == sar.crs == truth.crs
    assert [edge % 30 for edge in optical.bounds] == [15] * 4
    assert [edge % 10 for edge in sar.bounds] == [0] * 4
    assert (sar.width * 10) % 30 != 0
    left, bottom, right, top = np.subtract(sar.bounds, optical.bounds)
    assert left < -100 < 100 < right
    assert bottom < -100 < 100 < top


def test_sar_has_data_wherever_optical_lies(city):
    edge = MARGIN // 2  # whole SAR pixels before the first one that touches optical
    assert np.isnan(city.sar).any()
    assert np.isfinite(city.sar[:, edge:-edge, edge:-edge]).all()
    assert (np.isnan(city.sar[0]) == np.isnan(city.sar[1])).all()
    assert np.nanmin(city.sar) > 0


@pytest.mark.parametrize(("size_px", "seed", "looks"), [(31, 0, 4.4), (64, -1, 4.4), (64, 0, 0)])
def test_senseless_numbers_are_refused(size_px, seed, looks):
    with pytest.raises(StudyError, match="simulated scene"):
        simulate.simulate_city(size_px, seed, looks)


@given(st.floats(-0.19, 1.5))
def test_numbers_return_the_reflectance_within_half_a_step(value):
    number = simulated_optical.to_number(np.array([value]))
    back = number * landsat.SCALE + landsat.OFFSET
    assert abs(back[0] - value) <= landsat.SCALE / 2 + 1e-12


def test_numbers_of_known_reflectance_and_never_fill():
    # (0.055 + 0.2) / 2.75e-5 = 9272.7; (0 + 0.2) / 2.75e-5 = 7272.7
    assert simulated_optical.to_number(np.array([0.055, 0.0, -0.5])).tolist() == [9273, 7273, 1]


def test_quality_codes_are_those_of_real_products():
    false, true = np.array([False]), np.array([True])
    code = {
        "land": simulated_optical.quality(false, false, false, false),
        "water": simulated_optical.quality(true, false, false, false),
        "cloud": simulated_optical.quality(true, true, false, false),
        "shadow": simulated_optical.quality(false, false, false, true),
        "rim": simulated_optical.quality(false, false, true, false),
        "rim in shadow": simulated_optical.quality(false, false, true, true),
    }
    assert {name: int(value[0]) for name, value in code.items()} == {
        "land": 21824,
        "water": 21952,
        "cloud": 22280,
        "shadow": 23888,
        "rim": 21762,
        "rim in shadow": 23826,
    }


def test_number_zero_is_fill_and_nothing_else(city):
    fill = flags(city, "fill")
    assert ((city.optical[:3] == landsat.FILL) == fill).all()
    assert (city.optical[3][fill] == 1).all()
    assert not city.optical[4][fill].any()
    assert 0.01 < fill.mean() < 0.06
    assert fill[0, 0]
    assert not fill[-1].any()


@pytest.mark.parametrize("seed", range(4))
def test_clouds_shadows_and_rims_take_their_share(seed):
    city = simulate.simulate_city(SIZE, seed)
    seen = ~flags(city, "fill")
    share = flags(city, "cloud", "cloud_shadow", "dilated_cloud")[seen].mean()
    assert 0.04 < share < 0.07


def test_clouds_are_rimmed_bright_and_shadows_dark(city):
    seen = ~flags(city, "fill")
    cloud, shadow, rim = (flags(city, name) for name in ("cloud", "cloud_shadow", "dilated_cloud"))
    assert cloud.any()
    assert shadow.any()
    assert (binary_dilation(cloud, iterations=2) & seen == (cloud | rim)).all()
    truth = lattice.block_mean(city.truth, 3)
    gain = (reflectance_of(city) - truth).mean(axis=0)
    assert gain[cloud].mean() > 0.1
    assert gain[shadow & ~cloud].mean() < -0.005
    assert gain[cloud].max() < 0.7


def test_saturated_pixels_are_flagged_band_by_band_and_no_others(city):
    top = simulated_optical.to_number(np.array([simulated_optical.SATURATION]))[0]
    at_top = city.optical[:3] == top
    assert at_top.any()
    assert city.optical[:3].max() == top
    for band, hit in zip(("red", "green", "blue"), at_top, strict=True):
        flag = (city.optical[4] >> {"red": 3, "green": 2, "blue": 1}[band]) & 1 == 1
        assert (flag == hit).all()
    assert at_top.any(axis=0).mean() < 0.005


def clear(city):
    """Pixels two away from anything flagged, glinting or fill."""
    bad = flags(city, "fill", "cloud", "cloud_shadow", "dilated_cloud")
    bad |= (reflectance_of(city) > 0.8).any(axis=0)
    return ~binary_dilation(bad)


def test_optical_is_the_truth_but_for_blur_and_noise(city):
    good = clear(city)
    seen, truth = reflectance_of(city)[:, good], lattice.block_mean(city.truth, 3)[:, good]
    assert good.mean() > 0.7
    for band in range(3):
        assert abs((seen[band] - truth[band]).mean()) < 1e-3
        assert np.corrcoef(seen[band], truth[band])[0, 1] > 0.85
        assert seen[band].std() < truth[band].std()


def test_noise_is_as_stated():
    size = 64
    flat = np.full((3, size, size), 0.1, np.float32)
    none = np.zeros((size, size))
    optical = simulated_optical.observe_optical(np.random.default_rng(0), flat, none > 0, none)
    good = (optical[3] == 21824) & (optical[0] < 20_000)
    seen = optical[:3, good] * landsat.SCALE + landsat.OFFSET
    assert seen.mean() == pytest.approx(0.1, abs=1e-4)
    assert seen.std() == pytest.approx(simulated_optical.NOISE, rel=0.05)


@pytest.mark.parametrize("mtf", [0.2, 0.35, 0.6])
def test_point_spread_has_the_stated_mtf_at_nyquist(mtf):
    # A sine of one period per two pixels, blurred, keeps MTF times its amplitude.
    sigma = point_spread.psf_sigma_m(mtf, 30.0)
    position = np.arange(-120, 120) * CELL_M
    wave = np.tile(np.cos(2 * np.pi * position / 60.0), (1, 41, 1))
    middle = point_spread.blur(wave, sigma)[0, 20, 60:-60]
    assert middle.max() == pytest.approx(mtf, abs=2e-3)


def test_point_spread_width_by_hand():
    # 30 / pi * sqrt(-2 ln 0.35) = 9.5493 * 1.4490 = 13.837
    assert point_spread.psf_sigma_m(0.35, 30.0) == pytest.approx(13.837, abs=1e-3)


@pytest.mark.parametrize("looks", [1.0, 4.4, 20.0])
@pytest.mark.parametrize("sigma_px", [0.0, 0.85])
def test_speckle_is_gamma_of_unit_mean_and_the_stated_looks(looks, sigma_px):
    sample = simulated_sar.speckle(np.random.default_rng(0), (700, 700), looks, sigma_px)
    assert sample.mean() == pytest.approx(1, abs=0.01)
    assert 1 / sample.var() == pytest.approx(looks, rel=0.03)
    # The skewness of a gamma distribution is 2 / sqrt(shape).
    skewness = ((sample - sample.mean()) ** 3).mean() / sample.std() ** 3
    assert skewness == pytest.approx(2 / np.sqrt(looks), rel=0.08)


def test_speckle_of_neighbours_is_correlated_as_the_resolution_says():
    sample = simulated_sar.speckle(np.random.default_rng(0), (700, 700), 200.0, 0.85)
    for step in (1, 2):
        seen = np.corrcoef(sample[:, step:].ravel(), sample[:, :-step].ravel())[0, 1]
        assert seen == pytest.approx(np.exp(-(step**2) / (4 * 0.85**2)), abs=0.03)


def test_flat_ground_shows_looks_and_noise_floor():
    echo = np.full((2, 800, 800), 0.01)
    power = simulated_sar.mean_power(echo)
    sar = simulated_sar.observe_sar(np.random.default_rng(0), power, 4.4)[:, 20:-20, 20:-20]
    vv, vh = sar.reshape(2, -1)
    assert vv.mean() == pytest.approx(0.01 + 10**-2.7, rel=0.01)
    assert (vv.mean() / vv.std()) ** 2 == pytest.approx(4.4, rel=0.04)
    assert abs(np.corrcoef(vv, vh)[0, 1]) < 0.03


def test_backscatter_follows_the_physics(surface):
    land, _, (vv, vh) = surface
    # Inside a class, away from its edges: buildings are too small for that.
    inner = {c: binary_erosion(land.cover == c, iterations=1) for c in Cover}
    building, plants = land.is_any(ROOFS), land.is_any([Cover.TREES, Cover.GRASS, Cover.CROP])
    ratio = vv - vh
    assert ratio[building].mean() > ratio[plants].mean() + 2
    for other in set(Cover) - {Cover.WATER}:
        assert vv[inner[Cover.WATER]].mean() < vv[land.cover == other].mean() - 2
        assert vh[inner[Cover.WATER]].mean() < vh[land.cover == other].mean() - 2
    assert vv[land.cover == Cover.ROAD].mean() < vv[land.is_any([Cover.PAVED])].mean()
    assert vh[land.cover == Cover.TREES].mean() > vh[land.cover == Cover.GRASS].mean() + 2


def test_walls_along_the_flight_raise_vv_and_turned_ones_vh():
    land = make_land(np.random.default_rng(2), 240, 2400.0)
    roof, echo = land.is_any(ROOFS), {}
    for name, angle in (
        ("facing", simulated_sar.FLIGHT_DIRECTION),
        ("turned", simulated_sar.FLIGHT_DIRECTION + np.pi / 4),
    ):
        turned = type(land)(*astuple(land)[:3], np.full_like(land.angle, angle))
        power = simulated_sar.backscatter(
            np.random.default_rng(0), turned, np.full(roof.shape, 0.5)
        )
        echo[name] = 10 * np.log10(power)[:, roof].mean(axis=1)
    vv, vh = echo["facing"] - echo["turned"]
    # 45 degrees are three of the 15-degree widths: exp(-9) of the double bounce is left.
    assert vv == pytest.approx(simulated_sar.DOUBLE_BOUNCE_DB * (1 - np.exp(-9)), abs=0.02)
    assert vh == pytest.approx(-simulated_sar.TURNED_WALL_DB, abs=0.02)


def test_colours_lie_in_the_range_of_their_cover(surface):
    land, colour, _ = surface
    assert (colour > 0).all()
    assert colour.max() < 0.8
    for cover, look in surfaces.SURFACES.items():
        here = land.cover == cover
        for band in range(3):
            low, high = sorted((look.first[band], look.second[band]))
            assert 0.9 * low < np.median(colour[band][here]) < 1.1 * high


def test_sar_does_not_give_the_colour_away(surface):
    # Within a class, backscatter says little about the colour.
    land, colour, (vv, vh) = surface
    for cover in Cover:
        here = land.cover == cover
        for echo in (vv[here], vh[here], (vv - vh)[here]):
            assert abs(np.corrcoef(echo, colour[0][here])[0, 1]) < 0.75


def test_script_writes_the_scene_and_describes_it(tmp_path):
    paths = {name: tmp_path / f"{name}.tif" for name in ("optical", "sar", "truth")}
    metadata = tmp_path / "scene.json"
    settings = {"size_px": 32, "seed": 4, "looks": 4.4}
    simulate_scene.main(**paths, metadata=metadata, site="toy", site_settings=settings)
    city = simulate.simulate_city(32, 4, 4.4)

    assert (read_bands(paths["optical"], landsat.RAW_BANDS) == city.optical).all()
    assert np.array_equal(read_bands(paths["sar"], ["vv", "vh"]), city.sar, equal_nan=True)
    assert (read_bands(paths["truth"], ["red", "green", "blue"]) == city.truth).all()
    assert read_grid(paths["sar"]) == city.sar_grid
    with rasterio.open(paths["optical"]) as dataset:
        assert dataset.nodata == 0
        assert dataset.scales == (2.75e-5, 2.75e-5, 2.75e-5, 1, 1)
        assert dataset.offsets == (-0.2, -0.2, -0.2, 0, 0)
    with rasterio.open(paths["sar"]) as dataset:
        assert np.isnan(dataset.nodata)

    scene = json.loads(metadata.read_text())
    assert scene["simulated"] is True
    assert (scene["site"], scene["seed"], scene["looks"]) == ("toy", 4, 4.4)
    assert (scene["source"], scene["items"], scene["licence"]) == ("simulated", [], "CC0-1.0")
    for name, path in paths.items():
        assert scene[name]["sha256"] == sha256(path)
        assert scene[name]["bytes"] == path.stat().st_size
        assert scene[name]["date"] is None
    assert "simulated" in scene["optical"]["sensor"]


def test_passes_share_the_ground_and_have_speckle_of_their_own():
    once, four = (simulate.simulate_city(64, 1, passes=passes) for passes in (1, 4))
    np.testing.assert_array_equal(once.optical, four.optical)
    np.testing.assert_array_equal(np.isnan(once.sar), np.isnan(four.sar))
    calm = simulate.simulate_city(64, 1, looks=1e4).sar  # hardly any speckle
    known = np.isfinite(calm)
    spread = [np.var(city.sar[known] / calm[known]) for city in (once, four)]
    assert spread[0] / spread[1] == pytest.approx(4, rel=0.1)
    assert np.mean(four.sar[known] / calm[known]) == pytest.approx(1, abs=0.01)
