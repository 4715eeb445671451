from functools import partial

import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sarfusion.core.tiling import tiles
from sarfusion.fusion.classical import pansharpening
from sarfusion.fusion.classical.matching import (
    DENOMINATOR_FLOOR,
    Matching,
    SceneMoments,
    quotient,
)
from sarfusion.study.methods import DEFAULT_METHODS, METHODS

SHARPENING = [name for name in DEFAULT_METHODS if METHODS[name].protocol == "sharpening"]
every_method = pytest.mark.parametrize("name", SHARPENING)
component_substitution = pytest.mark.parametrize("name", ["ihs", "brovey", "gram_schmidt"])
wavelets = pytest.mark.parametrize("name", ["wavelet", "wavelet_undecimated"])

# Two pixels: intensity (2, 4), its mean 3 and its standard deviation 1.
BANDS = np.array([[[1.0, 3.0]], [[2.0, 2.0]], [[3.0, 7.0]]])
# Falls where the intensity rises, in another unit: matched, it is (4, 2).
PAN = np.array([[-8.0, -12.0]])


def city(seed=0, size=32):
    """(bands, pan) of unlike, positive images."""
    rng = np.random.default_rng(seed)
    bands = 0.1 + 0.2 * rng.random((3, size, size))
    return bands, rng.normal(6, 3, (size, size))


def moments(*parts):
    """The SceneMoments of a scene in parts (bands, pan)."""
    return SceneMoments(lambda radius: [(*part, (slice(None), slice(None))) for part in parts])


def sharpen(name, bands, pan, ratio):
    """Sharpen a scene that is one part."""
    scene = moments((bands, pan))
    return getattr(pansharpening, name)(scene, ratio)(bands, pan)


def matching(pan, component):
    """The Matching of a pan to one image."""
    return Matching(moments((component[None], pan)), np.ones(1))


def matched(pan, component):
    return matching(pan, component)(pan)


def cut(shape, size, ratio):
    """Tiles as the methods need them."""
    radius = pansharpening.radius(ratio, SHARPENING)
    return tiles(shape, size, radius, pansharpening.multiple(ratio))


def checkerboard(size):
    return np.where(np.indices((size, size)).sum(axis=0) % 2, 1.0, -1.0)


def interior(image, margin):
    return image[..., margin:-margin, margin:-margin]


def test_the_methods_belong_to_the_protocol():
    assert set(SHARPENING) >= {
        *("bicubic", "ihs", "brovey", "pca", "gram_schmidt"),
        *("hpf", "sfim", "wavelet", "wavelet_undecimated"),
    }
    inputs = {name: METHODS[name].input for name in SHARPENING}
    assert inputs == {**dict.fromkeys(inputs, "ratio"), "bicubic": "none"}


def test_matching_gives_mean_and_standard_deviation_and_keeps_the_sign():
    np.testing.assert_allclose(matched(PAN, BANDS.mean(axis=0)), [[4, 2]])
    np.testing.assert_allclose(matched(np.full((1, 3), 0.1), np.array([[1.0, 2, 6]])), 3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bicubic", BANDS),
        # P - I = (2, -2), added to each band.
        ("ihs", [[[3, 1]], [[4, 0]], [[5, 5]]]),
        # P / I = (2, 1/2).
        ("brovey", [[[2, 1.5]], [[4, 1]], [[6, 3.5]]]),
        # Covariances with the intensity are 1, 0 and 2; its variance is 1.
        ("gram_schmidt", [[[3, 1]], [[2, 2]], [[7, 3]]]),
        # First component along (1, 0, 2) / sqrt(5), with values -sqrt(5) and sqrt(5); matched,
        # the other way round.
        ("pca", [[[3, 1]], [[2, 2]], [[7, 3]]]),
    ],
)
def test_hand_computed_component_substitution(name, expected):
    np.testing.assert_allclose(sharpen(name, BANDS, PAN, 3), expected, atol=1e-12)


def test_gram_schmidt_equals_the_transform_itself():
    # Orthogonalise the bands one after the other, starting from the intensity; replace the
    # intensity; go back.
    bands, pan = city()
    means = bands.mean(axis=(1, 2))[:, None]
    flat = bands.reshape(3, -1) - means
    intensity = flat.mean(axis=0)
    components, factors = [intensity], []
    for band in flat:
        factors.append([band @ c / (c @ c) for c in components])
        components.append(band - sum(f * c for f, c in zip(factors[-1], components, strict=True)))
    components[0] = matched(pan.ravel(), intensity)
    back = [
        components[i + 1] + sum(f * c for f, c in zip(factors[i], components, strict=False))
        for i in range(3)
    ]
    expected = (np.array(back) + means).reshape(bands.shape)
    np.testing.assert_allclose(sharpen("gram_schmidt", bands, pan, 3), expected, atol=1e-10)


def test_hand_computed_filters():
    # The pan is the band, mirrored: it has its mean and deviation, and is matched already.
    band = np.arange(1.0, 26).reshape(5, 5) ** 1.5
    bands, pan = np.stack([band] * 3), band[::-1]
    mean = pan[1:4, 2:5].mean()  # of 3 x 3 pixels around row 2, column 3
    assert sharpen("hpf", bands, pan, 3)[1, 2, 3] == pytest.approx(band[2, 3] + pan[2, 3] - mean)
    assert sharpen("sfim", bands, pan, 3)[1, 2, 3] == pytest.approx(band[2, 3] * pan[2, 3] / mean)
    # An even ratio takes the next odd window, which has a centre.
    mean = pan.mean()
    assert sharpen("hpf", bands, pan, 4)[0, 2, 2] == pytest.approx(band[2, 2] + pan[2, 2] - mean)


def test_a_quotient_has_a_floor_of_a_tenth_of_the_mean():
    image = np.array([[4.0, -4.0, 0.0, 0.0]])  # mean 0, mean magnitude 2
    magnitude = matching(7 * image - 1, image).magnitude
    assert magnitude == pytest.approx(2)
    floor = DENOMINATOR_FLOOR * magnitude
    np.testing.assert_allclose(
        quotient(image, np.array([[2.0, 1.0, floor, 0.0]]), magnitude),
        [[2, floor, 1, 1]],
        rtol=1e-12,
    )
    np.testing.assert_array_equal(quotient(np.zeros(3), np.zeros(3), 0.0), 1)


def test_the_magnitude_that_filters_see_counts_the_mean_where_nothing_is_valid():
    image = np.array([[5.0, -3.0, np.nan, np.nan]])  # mean 1
    found = matching(image, image)
    assert (found.magnitude, found.magnitude_filled) == (pytest.approx(4), pytest.approx(2.5))


def test_moments_of_parts_are_those_of_the_whole():
    bands, pan = city(size=40)
    bands[0, 3, 5] = pan[30, 2] = np.nan
    bands += 1e4  # a sum of squares would lose digits
    parts = [(bands[:, place], pan[place]) for place in np.split(np.arange(40), [7, 8, 31])]
    parts.insert(2, (np.full((3, 2, 2), np.nan), np.ones((2, 2))))
    scene = moments(*parts)
    values = np.concatenate([bands, pan[None]])[:, np.isfinite(bands[0]) & np.isfinite(pan)]
    assert scene.count == 40 * 40 - 2
    np.testing.assert_allclose(scene.means, values.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(scene.covariance, np.cov(values, ddof=0), atol=1e-11)


@every_method
@pytest.mark.parametrize("size", [16, 52])
@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_a_scene_in_parts_is_the_scene_as_a_whole(name, size, ratio):
    rng = np.random.default_rng(2)
    bands, pan = 0.1 + 0.2 * rng.random((3, 131, 118)), rng.normal(6, 3, (131, 118))
    bands[1, 60:70, 80:] = pan[5, 7] = np.nan
    scene = moments(*[(bands[:, *t.written], pan[t.written]) for t in tiles(pan.shape, size, 0, 1)])
    method = getattr(pansharpening, name)(scene, ratio)
    fused = np.full_like(bands, -1)
    for tile in cut(pan.shape, size, ratio):
        fused[:, *tile.written] = method(bands[:, *tile.read], pan[tile.read])[:, *tile.inner]
    np.testing.assert_allclose(fused, sharpen(name, bands, pan, ratio), rtol=0, atol=1e-12)


@component_substitution
def test_the_intensity_itself_changes_nothing(name):
    bands, _ = city()
    pan = 5 - 40 * -bands.mean(axis=0)  # in another unit
    np.testing.assert_allclose(sharpen(name, bands, pan, 3), bands, atol=1e-12)


def test_the_first_principal_component_itself_changes_nothing():
    bands, _ = city()
    flat = bands.reshape(3, -1)
    loadings = np.linalg.svd(flat - flat.mean(axis=1, keepdims=True))[0][:, 0]
    pan = np.tensordot(loadings * np.sign(loadings.sum()), bands, axes=1)
    np.testing.assert_allclose(sharpen("pca", bands, pan, 3), bands, atol=1e-12)


@pytest.mark.parametrize("name", ["ihs", "gram_schmidt", "pca"])
def test_the_replaced_component_is_the_matched_pan(name):
    bands, pan = city()
    fused = sharpen(name, bands, pan, 3)
    if name == "pca":
        flat = bands.reshape(3, -1)
        loadings = np.linalg.svd(flat - flat.mean(axis=1, keepdims=True))[0][:, 0]
        loadings *= np.sign(loadings.sum())
    else:
        loadings = np.full(3, 1 / 3)
    before, after = (np.tensordot(loadings, image, axes=1) for image in (bands, fused))
    np.testing.assert_allclose(after, matched(pan, before), atol=1e-10)


@pytest.mark.parametrize("name", ["hpf", "sfim", "wavelet", "wavelet_undecimated"])
def test_a_smooth_pan_adds_nothing_to_smooth_bands(name):
    rows, columns = np.mgrid[:96, :96] / 96
    bands = 0.3 + 0.1 * np.stack([rows, columns, rows + columns])
    pan = -3.0 + 2 * rows - columns
    change = sharpen(name, bands, pan, 3) - bands
    assert np.abs(interior(change, 28)).max() < 1e-9


@wavelets
@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_the_band_as_pan_is_reconstructed(name, ratio):
    bands = np.stack([city(size=31)[0][0][:, :25]] * 3)
    np.testing.assert_allclose(sharpen(name, bands, bands[0], ratio), bands, atol=1e-12)


@pytest.mark.parametrize("ratio", [2, 3, 4])
@pytest.mark.parametrize(
    ("name", "forward", "inverse"),
    [
        (
            "wavelet",
            partial(pywt.wavedec2, mode="periodization"),
            partial(pywt.waverec2, mode="periodization"),
        ),
        (
            "wavelet_undecimated",
            partial(pywt.swt2, trim_approx=True, norm=True),
            partial(pywt.iswt2, norm=True),
        ),
    ],
)
def test_wavelets_swap_the_coefficients_of_details(name, forward, inverse, ratio):
    bands, pan = city()
    level = 1 if ratio == 2 else 2
    images = bands[0], matched(pan, bands[0])
    # Mirrored so far that nothing reaches the edges of the periodic transforms. The method starts
    # on an odd pixel, too.
    band, detailed = (
        forward(np.pad(image, (33, 35), mode="symmetric"), "sym4", level=level) for image in images
    )
    expected = inverse([band[0], *detailed[1:]], "sym4")[33:65, 33:65]
    np.testing.assert_allclose(sharpen(name, bands, pan, ratio)[0], expected, atol=1e-10)


@wavelets
def test_wavelets_take_the_finest_details_from_the_pan(name):
    # A ramp has no details (four vanishing moments), a checkerboard has nothing else.
    rows, columns = np.mgrid[:96, :96] / 96
    ramp = 0.3 + 0.2 * rows - 0.1 * columns
    bands = np.stack([ramp] * 3)
    expected = ramp + ramp.std() * checkerboard(96)
    fused = sharpen(name, bands, 4 + 7 * checkerboard(96), 3)
    np.testing.assert_allclose(interior(fused[0], 28), interior(expected, 28), atol=1e-9)
    # ... and the details of the band itself are gone.
    fused = sharpen(name, bands + 0.05 * checkerboard(96), ramp, 3)
    assert np.abs(interior(fused[0] - ramp, 28)).max() < 0.01


def test_the_undecimated_transform_moves_with_the_grid_and_the_decimated_one_does_not():
    bands, pan = city(size=97)
    bands = np.stack([bands[0]] * 3)

    def difference(name):
        # The same window, once from the whole grid and once from the grid moved by one pixel; the
        # statistics of the two differ a little, so their details differ by one per cent.
        whole = sharpen(name, bands, pan, 3)[0, 1:, 1:]
        moved = sharpen(name, bands[:, 1:, 1:], pan[1:, 1:], 3)[0]
        return np.abs(interior(whole - moved, 28)).max() / bands[0].std()

    assert difference("wavelet_undecimated") < 0.05
    assert difference("wavelet") > 0.5


@every_method
def test_a_missing_pixel_is_missing_in_all_bands_and_counts_nowhere(name):
    bands, pan = city()
    bands[1, 4, 5] = pan[20, 9] = np.nan
    fused = sharpen(name, bands, pan, 3)
    holes = np.isnan(fused)
    assert holes.sum() == 2 * 3
    assert holes[:, 4, 5].all()
    assert holes[:, 20, 9].all()
    # The values of the other images there do not matter.
    bands[0, 4, 5] = pan[4, 5] = bands[2, 20, 9] = 1e6
    np.testing.assert_array_equal(sharpen(name, bands, pan, 3), fused)


@every_method
def test_types_and_shapes_are_kept_and_unlike_grids_refused(name):
    bands, pan = city(size=20)
    before = bands.copy()
    fused = sharpen(name, bands.astype(np.float32), pan.astype(np.float32), 3)
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, sharpen(name, bands, pan, 3), atol=1e-4)
    np.testing.assert_array_equal(bands, before)
    with pytest.raises(ValueError, match="not on one grid"):
        sharpen(name, bands, pan[1:], 3)
    assert np.isnan(sharpen(name, bands, np.full_like(pan, np.nan), 3)).all()


@every_method
@settings(max_examples=40, deadline=None)
@given(data=st.data(), ratio=st.integers(2, 4))
def test_valid_input_gives_finite_output_and_nothing_else_does(name, data, ratio):
    shape = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    missing = st.just(np.nan)
    bands = data.draw(
        arrays(np.float64, (3, *shape), elements=st.sampled_from([0, 0.1, -0.1]) | missing)
        | arrays(np.float64, (3, *shape), elements=st.floats(-0.25, 1.5) | missing)
    )
    pan = data.draw(
        arrays(np.float64, shape, elements=st.sampled_from([0, 1, -1]) | missing)
        | arrays(np.float64, shape, elements=st.floats(-40, 40) | missing)
    )
    fused = sharpen(name, bands, pan, ratio)
    valid = np.isfinite(bands).all(axis=0) & np.isfinite(pan)
    assert np.array_equal(np.isfinite(fused), np.broadcast_to(valid, fused.shape))
