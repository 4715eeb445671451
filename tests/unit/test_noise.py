"""Blur and noise of the band that networks get in denoising."""

import numpy as np
import pytest
from add_noise import main
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.files import write_json
from sarfusion.core.grid import Grid
from sarfusion.core.raster import read_bands, write_raster
from sarfusion.ground.noise import blur, generator, noise_std, reach
from sarfusion.scenes.bands import BANDS

SETTINGS = {"sigma_px": 0.6, "snr_db": 10, "seed": 1}


def test_the_gain_of_the_blur_at_nyquist_by_its_formula():
    """The alternating image is the Nyquist frequency."""
    rows = np.tile([1.0, -1.0], (40, 20))
    for sigma, expected in ((0.6, 0.338), (0.62, 0.3), (1.0, 0.0144)):
        gain = blur(rows, sigma)[20, 20] / rows[20, 20]
        assert gain == pytest.approx(expected, abs=5e-4)


def test_a_point_becomes_the_gaussian():
    point = np.zeros((21, 21))
    point[10, 10] = 1
    blurred = blur(point, 1.5)
    assert blurred.sum() == pytest.approx(1)
    assert blurred[10, 12] / blurred[10, 10] == pytest.approx(np.exp(-0.5 * (2 / 1.5) ** 2))
    assert reach(1.5) == 6


def test_missing_pixels_stay_so_and_draw_nothing_near_them():
    band = np.full((12, 12), 0.3)
    band[4:6, 4:6] = np.nan
    blurred = blur(band, 1.0)
    assert np.array_equal(np.isnan(blurred), np.isnan(band))
    assert blurred[np.isfinite(blurred)] == pytest.approx(0.3)


def test_ten_decibels_are_a_tenth_of_the_variance():
    assert noise_std(2.0, 10) ** 2 == pytest.approx(4.0 / 10)
    assert noise_std(2.0, 0) == 2


def test_each_site_and_band_has_noise_of_its_own_and_always_the_same():
    first, again, site, band, seed = (
        generator(*about).standard_normal(4)
        for about in (
            (1, "here", "red"),
            (1, "here", "red"),
            (1, "there", "red"),
            (1, "here", "blue"),
            (2, "here", "red"),
        )
    )
    assert np.array_equal(first, again)
    for other in (site, band, seed):
        assert not np.isclose(first, other).any()


def test_the_raster_is_the_blurred_band_and_noise_of_the_stated_size(tmp_path):
    """Of several strips, too: 300 rows are two, with other strips other rows are read together."""
    grid = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 300, 5000)
    rng = np.random.default_rng(3)
    bands = rng.normal(0.2, 0.05, (3, *grid.shape)).astype(np.float32)
    bands[:, :7, :9] = np.nan
    write_raster(tmp_path / "stack.tif", bands, grid, BANDS, np.nan)
    scalings = {name: {"std": std} for name, std in zip(BANDS, (1, 2, 3), strict=True)}
    write_json(tmp_path / "stack.json", {"normalisation": scalings})
    main(
        stack=tmp_path / "stack.tif",
        description=tmp_path / "stack.json",
        noisy=tmp_path / "noisy.tif",
        site="here",
        denoise_settings=SETTINGS,
    )
    made = read_bands(tmp_path / "noisy.tif", BANDS)
    assert np.array_equal(np.isnan(made), np.isnan(bands))
    for name, band, worse, std in zip(BANDS, bands, made, (1, 2, 3), strict=True):
        noise = generator(1, "here", name).standard_normal(grid.shape) * std / np.sqrt(10)
        known = np.isfinite(band)
        expected = blur(band, SETTINGS["sigma_px"]) + noise
        np.testing.assert_allclose(worse[known], expected[known], rtol=0, atol=1e-5)
