"""Scores of windows: SSIM, UIQI on all windows and on those with texture."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion import scoring
from sarfusion.scoring.places import HALO_PX, square, whole_windows
from scored_images import score_band
from skimage.data import camera

seeds = st.integers(0, 2**32 - 1)


def noise(*shape, seed=0):
    """Reflectances between .05 and .4, without structure."""
    return np.random.default_rng(seed).uniform(0.05, 0.4, shape)


def score(name, reference, fused, region=None, data_range=0.4):
    region = np.ones(reference.shape, bool) if region is None else region
    return score_band(reference, fused, region, data_range)[name]


def ragged_region(seed, share=0.97, shape=(23, 26)):
    """A region with holes that still contains some windows of 11."""
    region = np.random.default_rng(seed).random(shape) < share
    region[2:15, 5:18] = True
    return region


def corners(region, size):
    """Upper left corners of the windows entirely in the region, one by one."""
    rows, columns = region.shape
    for row in range(rows - size + 1):
        for column in range(columns - size + 1):
            window = np.s_[row : row + size, column : column + size]
            if region[window].all():
                yield window


def uiqi_of(x, y):
    """Wang & Bovik's Q of one window, with the plain statistics of numpy."""
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    return (4 * covariance * x.mean() * y.mean()) / (
        (x.var() + y.var()) * (x.mean() ** 2 + y.mean() ** 2)
    )


def ssim_of(x, y, data_range):
    """Wang's SSIM of one 11 x 11 window, with gaussian weights."""
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()
    mx, my = (weights * x).sum(), (weights * y).sum()
    vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
    vxy = (weights * (x - mx) * (y - my)).sum()
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    return ((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))


@given(seeds, st.sampled_from([1, 3, 8, 11]), st.integers(1, 14), st.integers(1, 14))
@settings(max_examples=80)
def test_whole_windows_are_those_that_brute_force_counts(seed, size, rows, columns):
    region = np.random.default_rng(seed).random((rows, columns)) < 0.98
    expected = np.zeros_like(region)
    for window in corners(region, size):
        expected[window[0].start + size // 2, window[1].start + size // 2] = True
    padded = np.pad(region, HALO_PX)
    np.testing.assert_array_equal(whole_windows(padded, square(size)), expected)


def test_ssim_agrees_with_the_published_vector():
    image = camera()
    random = np.random.RandomState(5)
    noisy = np.clip(image + 20 * random.randn(*image.shape), 0, 255).astype(np.uint8)
    value, n = score("ssim", image, noisy, data_range=255)
    assert value == pytest.approx(0.357964, abs=1e-6)
    assert n == (512 - 10) ** 2


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_ssim_is_the_mean_of_whole_windows(seed):
    reference, region = noise(23, 26, seed=seed), ragged_region(seed)
    fused = 0.5 * reference + noise(23, 26, seed=seed + 1)
    windows = [ssim_of(reference[w], fused[w], 0.4) for w in corners(region, 11)]
    value, n = score("ssim", reference, fused, region)
    assert n == len(windows)
    assert value == pytest.approx(np.mean(windows), abs=1e-9)


def test_ssim_of_constants_is_its_luminance_term():
    c1 = (0.01 * 0.4) ** 2
    expected = (2 * 0.1 * 0.2 + c1) / (0.1**2 + 0.2**2 + c1)
    value, n = score("ssim", np.full((13, 12), 0.1), np.full((13, 12), 0.2))
    assert value == pytest.approx(expected, abs=1e-9)
    assert n == 6


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_uiqi_is_the_mean_of_whole_windows(seed):
    reference, region = noise(23, 26, seed=seed), ragged_region(seed)
    fused = 0.5 * reference + noise(23, 26, seed=seed + 1)
    windows = [uiqi_of(reference[w], fused[w]) for w in corners(region, 8)]
    value, n = score("uiqi", reference, fused, region)
    assert n == len(windows)
    assert value == pytest.approx(np.mean(windows), abs=1e-9)


@given(seeds, st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_uiqi_of_a_gain(seed, gain):
    image = noise(12, 12, seed=seed)
    # Both factors are 2 g / (1 + g^2).
    assert score("uiqi", image, gain * image).value == pytest.approx(
        (2 * gain / (1 + gain**2)) ** 2, abs=1e-9
    )


def test_uiqi_of_three_quarters():
    image = noise(40, 40)
    assert score("uiqi", image, 0.75 * image).value == pytest.approx(0.9216, abs=1e-12)
    assert score("uiqi", image, -image).value == pytest.approx(1, abs=1e-12)


@given(seeds, st.floats(-0.5, 5))
@settings(max_examples=20, deadline=None)
def test_uiqi_of_an_offset(seed, k):
    image = noise(14, 11, seed=seed)
    everywhere = np.ones(image.shape, bool)
    m = np.array([image[window].mean() for window in corners(everywhere, 8)])
    expected = np.mean(2 * m * (m + k) / (m**2 + (m + k) ** 2))
    assert score("uiqi", image, image + k).value == pytest.approx(expected, abs=1e-9)


def test_uiqi_of_shuffled_pixels_is_about_zero():
    image = camera() / 255 + 0.01
    shuffled = np.random.default_rng(1).permutation(image.ravel()).reshape(image.shape)
    assert abs(score("uiqi", image, shuffled).value) < 0.01


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("x", "y"), [(0.1, 0.1), (0.1, 0.3), (1 / 3, 0.7), (0.2, 0.0)])
def test_uiqi_of_constants_is_its_luminance_factor(x, y, dtype):
    expected = 2 * x * y / (x**2 + y**2)
    images = [np.full((19, 17), level, dtype) for level in (x, y)]
    assert score("uiqi", *images).value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("flat", [0.0, 0.1, 1 / 3, 0.7])
def test_uiqi_of_constant_windows_in_a_textured_scene(flat):
    """Rounding of the scene's level must not pass for variance."""
    reference, fused = noise(40, 40), noise(40, 40, seed=1)
    reference[:16, :16], fused[:16, :16] = flat, 0.5 * flat
    windows = []
    for window in corners(np.ones((40, 40), bool), 8):
        x, y = reference[window], fused[window]
        if np.ptp(x) == np.ptp(y) == 0:
            windows.append(0.8 if flat else 1.0)  # 2 (1/2) / (1 + 1/4)
        else:
            windows.append(uiqi_of(x, y))
    assert score("uiqi", reference, fused).value == pytest.approx(np.mean(windows), abs=1e-9)


def test_uiqi_of_zeros_is_one():
    zeros = np.zeros((10, 10))
    assert score("uiqi", zeros, zeros) == (1, 9)


def test_uiqi_of_constants_with_single_precision_rounding():
    """One unit in the last place is not texture; otherwise the score would be random."""
    image = np.full((30, 30), 0.2, np.float32)
    dithered = np.where(noise(30, 30) < 0.2, np.nextafter(image, np.float32(1)), image)
    assert score("uiqi", image, dithered).value == pytest.approx(1, abs=1e-6)


def test_uiqi_still_sees_one_digital_number():
    """The smallest texture that Landsat can record is texture, also on bright ground."""
    reference = np.full((8, 8), 0.9)
    fused = reference.copy()
    reference[2, 2] += 2e-5
    fused[5, 5] += 2e-5
    assert score("uiqi", reference, fused).value == pytest.approx(-1 / 63, abs=1e-4)


def test_uiqi_of_zero_means_is_its_structure_factor():
    image = noise(8, 8)
    image -= image.mean()  # zero except for rounding, whose sign must not matter
    assert score("uiqi", image, image).value == pytest.approx(1)
    assert score("uiqi", image, -image).value == pytest.approx(-1)


def test_uiqi_keeps_its_digits_on_faint_texture():
    reference, fused = (0.3 + 3e-5 * noise(12, 12, seed=seed) for seed in (0, 1))
    everywhere = np.ones((12, 12), bool)
    expected = np.mean([uiqi_of(reference[w], fused[w]) for w in corners(everywhere, 8)])
    assert score("uiqi", reference, fused).value == pytest.approx(expected, abs=1e-9)


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_textured_uiqi_is_the_mean_of_windows_above_the_floor(seed):
    reference = 0.2 + 0.1 * noise(23, 26, seed=seed)
    reference[:, 9:] = 0.2 + 0.003 * noise(23, 17, seed=seed)
    fused = 0.5 * reference + 0.01 * noise(23, 26, seed=seed + 1)
    region = ragged_region(seed)
    windows = [w for w in corners(region, 8) if reference[w].var() > (0.01 * 0.4) ** 2]
    value, n = score("uiqi_textured", reference, fused, region)
    assert 0 < n == len(windows) < score("uiqi", reference, fused, region).n
    assert value == pytest.approx(np.mean([uiqi_of(reference[w], fused[w]) for w in windows]))


def test_textured_uiqi_looks_at_the_texture_of_the_reference_alone():
    flat, texture = np.full((9, 9), 0.2), noise(9, 9)
    assert score("uiqi_textured", flat, texture).n == 0
    assert score("uiqi_textured", texture, 0.75 * texture) == (pytest.approx(0.9216), 4)
    # A data range so wide that the texture is below a hundredth of it.
    assert score("uiqi_textured", texture, texture, data_range=100).n == 0


# Sums of all metrics of one band over runs of 7 pixels, so that none hides other last digits.
SUMS = """
import sys
import numpy as np
from sarfusion.scoring.image_pair import Given, Image, Pair
from sarfusion.scoring.metrics import METRICS
from sarfusion.scoring.places import Places
from sarfusion.scoring.terms import Terms, TermSums

x = np.random.default_rng(0).random((300, 299), np.float32)
y = x + np.random.default_rng(1).random(x.shape, np.float32) / 10
places = Places({"": np.ones(x.shape, bool)}, np.arange(290 * 289).reshape(290, 289) // 7)
images = (Image(name, of, places.ground, 0.5) for name, of in (("reference", x), ("fused", y)))
pair = Pair(*images, Given(1.0))
for entry in METRICS.values():
    if entry.scope == "band":
        for one in entry.terms(pair):
            if isinstance(one, Terms):
                found = TermSums([one], places).of(one).by_class.values
            else:
                found = one.over(places, {"": 0.0})
            sys.stdout.buffer.write(found.tobytes())
"""


def test_a_process_that_compiles_the_loops_gives_the_bytes_of_those_that_load_them(tmp_path):
    variables = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(Path(scoring.__file__).parents[2]),
    }

    def sums():
        command = [sys.executable, "-c", SUMS]
        return subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True).stdout

    compiled = sums()
    assert [*tmp_path.rglob("*.nbc")]
    loaded = sums()
    assert len(compiled) > 8 * 30 * (290 * 289 // 7)
    np.testing.assert_array_equal(np.frombuffer(compiled), np.frombuffer(loaded))
