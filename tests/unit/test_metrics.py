"""Scores of pixels and of the whole: closed forms, invariances, what must not leak or warn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.core.errors import StudyError
from sarfusion.scoring.image_pair import Given, Image, Pair
from sarfusion.scoring.metrics import METRICS
from scored_images import score_band, score_triple

PIXELS = ["rmse", "bias", "mae", "cc", "psnr"]
WINDOWS = ["ssim", "uiqi", "uiqi_textured"]
EDGES = ["gradient_cc", "q_af"]
OTHERS = ["entropy_difference", "sf_ratio"]
KNOWN = [*PIXELS, *WINDOWS, *EDGES, *OTHERS]
BAND = [name for name, entry in METRICS.items() if entry.scope == "band"]
TRIPLE = [name for name, entry in METRICS.items() if entry.scope == "triple"]

seeds = st.integers(0, 2**32 - 1)


def noise(*shape, seed=0):
    """Reflectances between .05 and .4, without structure."""
    return np.random.default_rng(seed).uniform(0.05, 0.4, shape)


def everywhere(image):
    return np.ones(image.shape[-2:], bool)


def band(reference, fused, region=None, data_range=0.4):
    return score_band(
        reference, fused, everywhere(reference) if region is None else region, data_range
    )


def triple(reference, fused, region=None, **ratio):
    return score_triple(
        reference, fused, everywhere(reference) if region is None else region, **ratio
    )


def test_metrics_describe_themselves():
    assert set(KNOWN) <= set(BAND)
    assert {"ergas", "sam"} <= set(TRIPLE)
    assert list(band(noise(12, 12), noise(12, 12, seed=1))) == BAND
    assert list(triple(noise(3, 4, 4), noise(3, 4, 4, seed=1))) == TRIPLE
    assert len({entry.label for entry in METRICS.values()}) == len(METRICS)
    assert {entry.better for entry in METRICS.values()} == {"lower", "higher", "zero", "one"}
    assert {entry.unit for entry in METRICS.values()} >= {
        "reflectance",
        "dB",
        "bits",
        "degrees",
        "",
    }


def test_methods_are_compared_in_metrics_of_a_band_that_have_a_better_side():
    left_out = {"bias", "psnr", "entropy_difference"}
    assert {name for name in KNOWN if METRICS[name].compared} == set(KNOWN) - left_out
    assert not any(METRICS[name].compared for name in TRIPLE)


def test_pixel_scores_by_hand():
    reference = np.array([[0.1, 0.2], [0.3, 0.4]])
    fused = np.array([[0.2, 0.2], [0.3, 0.1]])
    scores = band(reference, fused, data_range=1.0)
    assert scores["rmse"] == (pytest.approx(math.sqrt(0.10 / 4)), 4)
    assert scores["bias"] == (pytest.approx(-0.05), 4)
    assert scores["mae"] == (pytest.approx(0.1), 4)
    assert scores["psnr"] == (pytest.approx(10 * math.log10(1 / 0.025)), 4)
    # Deviations (-.15, -.05, .05, .15) and (0, 0, .1, -.1): -.01 / sqrt(.05 * .02)
    assert scores["cc"] == (pytest.approx(-1 / math.sqrt(10)), 4)


def test_a_region_limits_what_is_scored():
    reference = np.array([[0.1, 0.2], [0.3, 0.4]])
    fused = reference + np.array([[0.1, 9.0], [9.0, -0.2]])
    scores = band(reference, fused, np.eye(2, dtype=bool))
    assert scores["bias"] == (pytest.approx(-0.05), 2)
    assert scores["mae"] == (pytest.approx(0.15), 2)


def test_psnr_follows_the_data_range():
    reference, fused = noise(5, 5), noise(5, 5, seed=1)
    one, ten = (band(reference, fused, data_range=L)["psnr"].value for L in (1.0, 10.0))
    assert ten - one == pytest.approx(20)


def test_identical_images_are_perfect():
    image = noise(3, 20, 20)
    perfect = {name: entry.better for name, entry in METRICS.items()}
    limits = {"lower": 0, "zero": 0, "one": 1, "higher": 1}
    # The two sigmoids of Q^AF at their ends, with the constants of its authors.
    edges = 0.9994 / (1 + math.exp(-7.5)) * 0.9879 / (1 + math.exp(-4.4))
    special = {"psnr": math.inf, "q_af": edges}
    for name, score in (band(image[0], image[0]) | triple(image, image)).items():
        best = special.get(name, limits[perfect[name]])
        assert score.value == pytest.approx(best, abs=1e-12), name
        assert score.n > 0


@given(seeds, st.floats(0.01, 100), st.floats(-2, 2))
@settings(max_examples=40, deadline=None)
def test_cc_is_blind_to_gain_and_offset_and_bias_is_not(seed, gain, offset):
    reference, fused = noise(9, 9, seed=seed), noise(9, 9, seed=seed + 1)
    plain, moved = band(reference, fused), band(reference, gain * fused + offset)
    assert moved["cc"].value == pytest.approx(plain["cc"].value, abs=1e-9)
    assert moved["gradient_cc"].value == pytest.approx(plain["gradient_cc"].value, abs=1e-9)
    assert band(reference, -gain * fused)["cc"].value == pytest.approx(-plain["cc"].value)
    assert band(reference, fused + offset)["bias"].value == pytest.approx(
        plain["bias"].value + offset
    )


def test_cc_agrees_with_numpy():
    reference, fused = noise(15, 10), noise(15, 10) + noise(15, 10, seed=1)
    expected = np.corrcoef(reference.ravel(), fused.ravel())[0, 1]
    assert band(reference, fused)["cc"].value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", [0.0, 0.1, 0.3, 1 / 3])
def test_correlations_are_undefined_on_constants(level):
    texture, flat = noise(12, 12), np.full((12, 12), level)
    # Single precision leaves the last digits of a constant to chance.
    dithered = (flat * (1 + 6e-8 * np.sign(noise(12, 12, seed=1) - 0.2))).astype(np.float32)
    for reference, fused in [(flat, texture), (texture, flat), (flat, flat), (texture, dithered)]:
        scores = band(reference, fused)
        assert math.isnan(scores["cc"].value)
        assert math.isnan(scores["gradient_cc"].value)
        assert scores["cc"].n == 144
        assert math.isnan(scores["q_af"].value) == (reference is flat)


def test_entropy_by_hand():
    # One grey level has 0 bits, two alike 1 bit, and (1/2, 1/4, 1/4) 1.5 bits.
    one, two = np.full((2, 2), 0.1), np.array([[0.1, 0.1], [0.3, 0.3]])
    three = np.array([[0.1, 0.1], [0.2, 0.3]])
    assert band(one, two)["entropy_difference"] == (pytest.approx(1), 4)
    assert band(two, three)["entropy_difference"] == (pytest.approx(0.5), 4)
    assert band(three, one)["entropy_difference"] == (pytest.approx(-1.5), 4)


def test_entropy_has_256_bins_over_the_data_range():
    steps = 0.1 + 0.4 * (np.arange(256).reshape(16, 16) + 0.5) / 256
    flat = np.full((16, 16), 0.1)
    assert band(flat, steps)["entropy_difference"].value == pytest.approx(8)
    # Twice the range: half as many bins; half the range: the upper half shares the last bin.
    assert band(flat, steps, data_range=0.8)["entropy_difference"].value == pytest.approx(7)
    half = band(flat, steps, data_range=0.2)["entropy_difference"].value
    assert half == pytest.approx((128 * 8 + 128 * 1) / 256, abs=0.05)


def test_ergas_by_hand():
    means = np.array([0.1, 0.2, 0.4])[:, np.newaxis, np.newaxis]
    reference = means + np.array([[0.05, -0.05], [-0.05, 0.05]])
    errors = np.array([0.01, -0.04, 0.02])[:, np.newaxis, np.newaxis]
    # Relative errors .1, .2 and .05: 100 sqrt((.01 + .04 + .0025) / 3)
    expected = 100 * math.sqrt(0.0525 / 3)
    assert triple(reference, reference + errors)["ergas"] == (pytest.approx(expected), 4)
    third = triple(reference, reference + errors, h_over_l=1 / 3)["ergas"]
    assert third.value == pytest.approx(expected / 3)


def test_ergas_is_undefined_where_a_band_has_mean_zero():
    reference = noise(3, 2, 2)
    reference[1] = [[0.1, -0.1], [0.3, -0.3]]
    score = triple(reference, reference + 0.1)["ergas"]
    assert math.isnan(score.value)
    assert score.n == 4


def test_sam_by_hand():
    reference = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], float)
    fused = np.array([[0, 2, 0], [3, 0, 0], [1, 0, 0], [-1, -1, -1]], float)
    score = triple(reference.T[:, np.newaxis], fused.T[:, np.newaxis])["sam"]
    assert score == (pytest.approx((90 + 0 + 45 + 180) / 4), 4)


def test_sam_keeps_the_digits_of_small_angles():
    reference = np.array([1.0, 0.0, 0.0])[:, np.newaxis, np.newaxis]
    fused = np.array([1.0, 1e-9, 0.0])[:, np.newaxis, np.newaxis]
    assert triple(reference, fused)["sam"].value == pytest.approx(math.degrees(1e-9), rel=1e-9)


@given(seeds, st.floats(1e-3, 1e3))
@settings(max_examples=40, deadline=None)
def test_sam_is_blind_to_brightness(seed, gain):
    reference, fused = noise(3, 5, 5, seed=seed), noise(3, 5, 5, seed=seed + 1)
    plain = triple(reference, fused)["sam"].value
    assert plain > 1
    assert triple(reference, gain * fused)["sam"].value == pytest.approx(plain, rel=1e-9)


def test_sam_skips_zero_spectra():
    reference, fused = noise(3, 2, 2), noise(3, 2, 2, seed=1)
    reference[:, 0, 0] = 0
    fused[:, 1, 1] = 0
    others = triple(reference, fused, np.array([[False, True], [True, False]]))["sam"]
    assert triple(reference, fused)["sam"] == (pytest.approx(others.value), 2)
    nothing = triple(np.zeros((3, 2, 2)), fused)["sam"]
    assert math.isnan(nothing.value)
    assert nothing.n == 0


@given(seeds, st.floats(0.5, 1))
@settings(max_examples=30, deadline=None)
def test_nothing_leaks_from_outside_the_region(seed, share):
    generator = np.random.default_rng(seed)
    reference, fused = noise(3, 26, 22, seed=seed), noise(3, 26, 22, seed=seed + 1)
    region = generator.random((26, 22)) < share
    region[3:18, 2:17] = True
    plain = band(reference[0], fused[0], region) | triple(reference, fused, region)
    for junk in (np.nan, np.inf, 1e9):
        spoilt = [np.where(region, image, junk) for image in (reference, fused)]
        scores = band(*(image[0] for image in spoilt), region) | triple(*spoilt, region)
        assert scores == plain
    assert all(math.isfinite(score.value) and score.n > 0 for score in plain.values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_are_plain_numbers(dtype):
    image = noise(3, 12, 12).astype(dtype)
    for value, n in (band(image[0], image[1]) | triple(image, image[::-1])).values():
        assert type(value) is float
        assert type(n) is int


def test_an_empty_region_scores_nothing():
    image = np.full((3, 20, 20), np.nan)
    region = np.zeros((20, 20), bool)
    for value, n in (band(image[0], image[0], region) | triple(image, image, region)).values():
        assert math.isnan(value)
        assert n == 0


@pytest.mark.parametrize(
    ("side", "supported"),
    [
        (1, {*PIXELS, "entropy_difference"}),
        (2, {*PIXELS, "entropy_difference", "sf_ratio"}),
        (3, {*PIXELS, "entropy_difference", "sf_ratio", *EDGES}),
        (8, set(KNOWN) - {"ssim"}),
        (10, set(KNOWN) - {"ssim"}),
        (11, set(KNOWN)),
    ],
)
def test_tiny_regions_support_what_fits(side, supported):
    reference, fused = noise(20, 20), noise(20, 20, seed=1)
    region = np.zeros((20, 20), bool)
    region[4 : 4 + side, 7 : 7 + side] = True
    scores = band(reference, fused, region)
    assert {name for name in KNOWN if scores[name].n} == supported
    assert all(math.isnan(score.value) for score in scores.values() if not score.n)


@pytest.mark.parametrize("which", ["reference", "fused"])
def test_values_that_are_not_finite_in_the_region_are_refused(which):
    images = {"reference": noise(3, 4, 4), "fused": noise(3, 4, 4, seed=1)}
    images[which][0, 1, 2] = np.nan
    with pytest.raises(StudyError, match=f"1 of 48 values.* {which} image are not finite"):
        triple(**images)
    with pytest.raises(StudyError, match=f"1 of 16 values.* {which} image are not finite"):
        band(images["reference"][0], images["fused"][0])


@pytest.mark.parametrize("data_range", [0.0, -1.0, math.nan, math.inf])
def test_a_data_range_that_is_not_positive_is_refused(data_range):
    with pytest.raises(StudyError, match="data range"):
        band(noise(4, 4), noise(4, 4), data_range=data_range)


@pytest.mark.parametrize(
    ("reference", "fused", "region"),
    [
        ((4, 4), (4, 5), (4, 4)),
        ((4, 5), (4, 5), (4, 4)),
        ((3, 4, 4), (4, 4), (4, 4)),
        ((4,), (4,), (4, 4)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(reference, fused, region):
    ground = np.ones(region, bool)
    with pytest.raises(ValueError, match=r"differ|dimensions"):
        Pair(*(Image("", noise(*shape), ground) for shape in (reference, fused)), Given(1.0))


def test_a_region_of_class_numbers_is_refused():
    # A split raster used as a mask by mistake would score training ground as well.
    with pytest.raises(ValueError, match="boolean"):
        band(noise(4, 4), noise(4, 4), np.full((4, 4), 3, np.uint8))
