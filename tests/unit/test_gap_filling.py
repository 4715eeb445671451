import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sarfusion.core.errors import StudyError
from sarfusion.fusion.classical import gap_filling, reconstruction
from sarfusion.ground import gaps, pyramid
from sarfusion.ground.degradation import fill_nearest
from sarfusion.study.methods import METHODS
from skimage.restoration import inpaint_biharmonic

SHAPE = (12, 14)
GAP_FILLING = [
    name
    for name, method in METHODS.items()
    if method.protocol == "cloud_gap" and not method.over_time
]
methods = pytest.mark.parametrize("name", GAP_FILLING)
reflectance = arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))
backscatter = arrays(np.float32, (2, *SHAPE), elements=st.floats(-30, 5, width=32))


@st.composite
def masks(draw):
    """(gap, missing) with clear pixels on both halves of the scene left."""
    gap, missing = (draw(arrays(bool, SHAPE)) for _ in range(2))
    gap[::4, ::3] = missing[::4, ::3] = False
    return gap, missing


def fill(name, *arguments):
    return getattr(gap_filling, name)(*arguments)


def left_half():
    train = np.zeros(SHAPE, bool)
    train[:, :7] = True
    return train


def smooth_scene():
    rows, columns = np.mgrid[:40, :50]
    return 0.2 + 0.1 * np.sin(rows / 6) * np.cos(columns / 9)


def two_gaps():
    """Two regions, one of them at the edge, close to each other but not touching."""
    gap = np.zeros((40, 50), bool)
    gap[5:15, 0:12] = True
    gap[18:30, 10:35] = True
    return gap


def test_the_methods_belong_to_the_protocol():
    known = ["mean", "nearest", "pyramid", "biharmonic", "regression"]
    assert GAP_FILLING[: len(known)] == known
    inputs = {name: METHODS[name].input for name in known}
    assert inputs == {**dict.fromkeys(known, "none"), "regression": "vvvh"}


def test_copy_gives_the_band_itself():
    band = np.array([[0.1, np.nan]])
    assert METHODS["copy"].protocol == "reconstruction"
    assert reconstruction.copy(band) is band


def test_mean_is_of_clear_training_pixels():
    band = np.array([[1.0, 3.0, 100.0, np.nan, 8.0]])
    gap = np.array([[False, False, True, False, False]])
    train = np.array([[True, True, True, True, False]])
    filled = gap_filling.mean(band, gap, np.zeros((2, 1, 5)), train)
    np.testing.assert_array_equal(filled, [[1, 3, 2, np.nan, 8]])


def test_nearest_is_the_nearest_clear_pixel_on_any_ground():
    band = np.array([[1.0, 50.0, np.nan, 60.0, 70.0, 4.0]])
    gap = np.array([[False, True, False, True, True, False]])
    filled = gap_filling.nearest(band, gap, np.zeros((2, 1, 6)), np.zeros((1, 6), bool))
    np.testing.assert_array_equal(filled, [[1, 1, np.nan, 4, 4, 4]])


def test_regression_recovers_a_linear_law_fitted_on_training_ground():
    rng = np.random.default_rng(0)
    sar = rng.normal(-12, 4, (2, *SHAPE))
    law = 0.3 + 0.01 * sar[0] - 0.02 * sar[1]
    train = left_half()
    band = np.where(train, law, 9.0)  # other ground obeys no law and must not be fitted
    gap = rng.random(SHAPE) < 0.3
    band[6, 3] = sar[0, 5, 2] = sar[1, 0, 0] = np.nan
    gap[0, 0], gap[5, 2] = True, False
    law[0, 0] = np.nan  # no SAR, no prediction
    filled = gap_filling.regression(band, gap, sar, train)
    np.testing.assert_allclose(filled[gap], law[gap], atol=1e-12)
    np.testing.assert_array_equal(filled[~gap], band[~gap])


def test_regression_on_a_hand_computed_line():
    # Least squares through (0, 0), (1, 1), (2, 1), (3, 2): intercept .1, slope .6.
    band = np.array([[0.0, 1.0, 1.0, 2.0, 0.0]])
    sar = np.array([[[0.0, 1.0, 2.0, 3.0, 10.0]]])
    gap = np.array([[False] * 4 + [True]])
    filled = gap_filling.regression(band, gap, sar, ~gap)
    assert filled[0, 4] == pytest.approx(0.1 + 0.6 * 10)


def test_biharmonic_by_regions_equals_the_whole_system():
    scene, gap = smooth_scene(), two_gaps()
    whole = inpaint_biharmonic(np.where(gap, 0, scene), gap, split_into_regions=False)
    filled = gap_filling.biharmonic(scene, gap, None, None)
    np.testing.assert_allclose(filled, whole, atol=1e-12)
    assert np.abs(filled - scene)[gap].max() < 0.01


@pytest.mark.parametrize("square_px", [8, 13, 100])
def test_biharmonic_is_the_same_however_regions_are_joined(square_px, monkeypatch):
    rng = np.random.default_rng(5)
    scene = rng.random((70, 90))
    gap = gaps.simulate_gaps(scene.shape, 0.3, 6, 1)
    whole = inpaint_biharmonic(np.where(gap, 0.5, scene), gap)
    monkeypatch.setattr(gap_filling, "SQUARE_PX", square_px)
    filled = gap_filling.biharmonic(scene, gap, None, None)
    np.testing.assert_allclose(filled, whole, atol=1e-12)


@pytest.mark.parametrize("saturated", [False, True])
def test_bands_together_are_each_by_itself(saturated, monkeypatch):
    gap, scene = two_gaps(), smooth_scene()
    bands = np.stack([scene, np.random.default_rng(2).random(scene.shape)]).astype(np.float32)
    bands[1, 16, 12] = np.nan if saturated else 0.5  # missing in this band alone, beside a gap
    alone = [gap_filling.biharmonic(band, gap, None, None) for band in bands]
    systems = []
    monkeypatch.setattr(
        gap_filling,
        "inpaint_biharmonic",
        lambda images, mask, **options: (
            systems.append(len(images)) or inpaint_biharmonic(images, mask, **options)
        ),
    )
    together = gap_filling.biharmonic_bands(bands, gap)
    np.testing.assert_allclose(together, alone, atol=1e-7)
    assert together.dtype == bands.dtype
    assert set(systems) == ({1} if saturated else {2})


def test_biharmonic_reproduces_a_plane():
    rows, columns = np.mgrid[:20, :20]
    plane = 0.1 + 0.01 * rows - 0.02 * columns
    gap = np.zeros((20, 20), bool)
    gap[6:14, 5:15] = True
    np.testing.assert_allclose(gap_filling.biharmonic(plane, gap, None, None), plane, atol=1e-12)


def test_biharmonic_takes_missing_pixels_beside_a_gap_as_unknown_too():
    scene, gap = smooth_scene(), two_gaps()
    missing = np.zeros_like(gap)
    missing[10:18, 10:14] = True  # bridges the two gaps
    filled = gap_filling.biharmonic(np.where(missing, np.nan, scene), gap, None, None)
    joint = inpaint_biharmonic(np.where(gap | missing, 0, scene), gap | missing)
    np.testing.assert_allclose(filled[gap], joint[gap], atol=1e-12)
    assert np.isnan(filled[missing & ~gap]).all()


def test_biharmonic_does_not_solve_for_what_is_missing_far_away(monkeypatch):
    band, gap = np.full((60, 80), 0.2), np.zeros((60, 80), bool)
    band[:, 30:] = np.nan
    gap[20:25, 20:25] = True
    sizes = []
    monkeypatch.setattr(
        gap_filling,
        "inpaint_biharmonic",
        lambda image, mask, **options: (
            sizes.append(mask.sum()) or inpaint_biharmonic(image, mask, **options)
        ),
    )
    filled = gap_filling.biharmonic(band, gap, None, None)
    np.testing.assert_allclose(filled[gap], 0.2)
    beside = 2 * gap_filling.MISSING_REACH_PX + 5
    assert 25 < sizes[0] <= 25 + beside**2


def in_small_tiles(monkeypatch):
    monkeypatch.setattr(gap_filling, "TILE_PX", 8)
    monkeypatch.setattr(gap_filling, "NEAR_PX", 1)


@pytest.mark.parametrize("share", [0.5, 0.97])
def test_the_nearest_is_found_in_tiles_too_however_far(share, monkeypatch):
    rng = np.random.default_rng(3)
    band = rng.random((50, 61))
    gap = rng.random(band.shape) < share
    gap[:, 20:] = True  # further than the size of some tiles
    clear = np.where(gap, np.nan, band)
    whole = fill_nearest(clear, ~gap)
    in_small_tiles(monkeypatch)
    np.testing.assert_array_equal(gap_filling.nearest(band, gap, None, None), whole)


def test_biharmonic_in_tiles_is_biharmonic(monkeypatch):
    scene, gap = smooth_scene(), two_gaps()
    scene[10:18, 10:14] = scene[:, 40:] = np.nan
    whole = gap_filling.biharmonic(scene, gap, None, None)
    in_small_tiles(monkeypatch)
    np.testing.assert_array_equal(gap_filling.biharmonic(scene, gap, None, None), whole)


@methods
def test_nothing_left_to_fill_from_is_refused(name):
    band, everywhere = np.ones(SHAPE), np.ones(SHAPE, bool)
    with pytest.raises(StudyError, match="no valid pixel is outside the gaps; lower"):
        fill(name, band, everywhere, np.zeros((2, *SHAPE)), everywhere)


@pytest.mark.parametrize(("name", "message"), [("mean", "no clear tr"), ("regression", "only 0")])
def test_no_clear_training_ground_is_refused(name, message):
    band, gap = np.ones(SHAPE), left_half()
    with pytest.raises(StudyError, match=f"{message}.*; lower the gap share"):
        fill(name, band, gap, np.zeros((2, *SHAPE)), left_half())


@methods
def test_without_gaps_nothing_changes(name):
    band = np.random.default_rng(1).random(SHAPE)
    band[2, 3] = np.nan
    filled = fill(name, band, np.zeros(SHAPE, bool), np.zeros((2, *SHAPE)), left_half())
    np.testing.assert_array_equal(filled, band)


@methods
@settings(max_examples=30, deadline=None)
@given(band=reflectance, other=reflectance, sar=backscatter, mask=masks())
def test_only_gaps_are_filled_and_what_lies_under_them_is_not_used(name, band, other, sar, mask):
    gap, missing = mask
    band, other = (np.where(missing, np.nan, image).astype(np.float32) for image in (band, other))
    filled = fill(name, band, gap, sar, left_half())
    assert filled.dtype == np.float32
    assert np.isfinite(filled[gap]).all()
    np.testing.assert_array_equal(filled[~gap], band[~gap])
    changed = np.where(gap, other, band)
    np.testing.assert_array_equal(fill(name, changed, gap, sar, left_half()), filled)


@settings(max_examples=30, deadline=None)
@given(band=reflectance, sar=backscatter, mask=masks())
def test_mean_and_biharmonic_stay_in_the_range_of_what_is_clear(band, sar, mask):
    gap, _ = mask
    clear = band[~gap]
    for method in (gap_filling.mean, gap_filling.pyramid, gap_filling.biharmonic):
        filled = method(band, gap, sar, left_half())
        assert filled.min() >= clear.min() - 1e-6
        assert filled.max() <= clear.max() + 1e-6


def test_a_pyramid_by_hand():
    """One unknown pixel of four: the mean of the other three, then of its two neighbours."""
    band = np.array([[1.0, 2.0], [6.0, np.nan]])
    assert pyramid._cell_means(band).tolist() == [[3.0]]
    value = 3.0
    for _ in range(pyramid.MEMBRANE_STEPS):  # beyond the edge, the pixel is its own neighbour
        value = (2 + 6 + value + value) / 4
    assert pyramid.push_pull(band)[1, 1] == pytest.approx(value)


@pytest.mark.parametrize("pixels", [1, 7, 10**6])
def test_a_pyramid_is_the_same_however_large_its_pieces_are(pixels, monkeypatch):
    rng = np.random.default_rng(4)
    band = np.where(rng.random((41, 30)) < 0.6, np.nan, rng.random((41, 30)))
    whole = pyramid.push_pull(band)
    monkeypatch.setattr(pyramid, "PIECE_PX", pixels)
    monkeypatch.setattr(pyramid, "PIECE_ROWS", 4)
    np.testing.assert_array_equal(pyramid.push_pull(band), whole)


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 20), st.integers(1, 20)),
        elements=st.floats(0, 1, width=32),
    ),
    st.data(),
)
@settings(deadline=None)
def test_a_pyramid_keeps_what_is_known_and_its_range(band, data):
    hidden = data.draw(arrays(bool, band.shape))
    hidden[0, 0] = False
    given_band = np.where(hidden, np.nan, band)
    filled = pyramid.push_pull(given_band)
    assert filled.dtype == band.dtype
    assert np.array_equal(filled[~hidden], band[~hidden])
    known = band[~hidden]
    assert known.min() - 1e-6 <= filled.min() <= filled.max() <= known.max() + 1e-6


def test_a_pyramid_of_nothing_is_refused():
    with pytest.raises(StudyError, match="no valid pixel"):
        pyramid.push_pull(np.full((4, 4), np.nan))


def test_a_region_too_large_for_biharmonic_is_a_pyramid(monkeypatch):
    scene, gap = smooth_scene(), two_gaps()
    small = np.zeros_like(gap)
    small[5:15, 0:12] = True
    monkeypatch.setattr(gap_filling, "SQUARE_PX", 8)  # each region is a system of its own
    whole = gap_filling.biharmonic(scene, gap, None, None)
    monkeypatch.setattr(gap_filling, "LARGEST_SYSTEM_PX", small.sum())
    filled = gap_filling.biharmonic(scene, gap, None, None)
    np.testing.assert_array_equal(filled[small], whole[small])
    large = gap & ~small
    assert not np.isclose(filled[large], whole[large], atol=1e-6).all()
    assert np.abs(filled - scene)[large].max() < 0.1
