"""Gap masks and the regions of scoring."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.core.errors import StudyError
from sarfusion.ground import gaps
from scipy.ndimage import binary_dilation, label

CLEAR, CLOUD, SHADOW, FILL = 21824, 22280, 23888, 1


def sizes(mask):
    """Pixels of each 4-connected gap."""
    return np.bincount(label(mask)[0].ravel())[1:]


def correlation_length(mask):
    """Lag in pixels at which the autocorrelation along rows falls to 1/e, interpolated."""
    deviation = mask - mask.mean()
    correlation = np.array(
        [(deviation[:, lag:] * deviation[:, : -lag or None]).mean() for lag in range(60)]
    )
    return np.interp(-np.exp(-1), -correlation / correlation[0], np.arange(60))


# Simulated masks


@settings(max_examples=25, deadline=None)
@given(
    st.integers(20, 90),
    st.integers(20, 90),
    st.floats(0.05, 0.9),
    st.integers(3, 60),
    st.integers(0, 2**32),
)
def test_share_is_exact_without_dilation_for_any_shape(height, width, share, size_px, seed):
    mask = gaps.simulate_gaps((height, width), share, size_px, seed)
    assert mask.shape == (height, width)
    assert mask.dtype == bool
    assert abs(mask.sum() - share * mask.size) <= 1


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("radius", [1, 3, 6])
def test_share_holds_after_dilation(share, radius):
    mask = gaps.simulate_gaps((300, 200), share, 30, 5, dilation_px=radius)
    disc = np.count_nonzero(gaps._disc(radius))
    assert 0 <= mask.sum() - share * mask.size <= disc + 1


def test_a_simulated_dilated_mask_is_a_union_of_discs():
    mask = gaps.simulate_gaps((150, 150), 0.3, 20, 1, dilation_px=3)
    disc = gaps._disc(3)
    cores = ~binary_dilation(~mask, disc, border_value=0)  # where a whole disc fits
    assert (binary_dilation(cores, disc) == mask).all()
    undilated = gaps.simulate_gaps((150, 150), 0.3, 20, 1)
    assert not (binary_dilation(~binary_dilation(~undilated, disc), disc) == undilated).all()


def test_gaps_depend_on_the_seed_alone():
    first = gaps.simulate_gaps((80, 90), 0.3, 20, 7, dilation_px=2)
    np.random.seed(3)  # noqa: NPY002
    assert (gaps.simulate_gaps((80, 90), 0.3, 20, 7, dilation_px=2) == first).all()
    assert (gaps.simulate_gaps((80, 90), 0.3, 20, 8, dilation_px=2) != first).any()


@pytest.mark.parametrize("size_px", [10, 20, 40])
def test_size_is_the_area_weighted_mean_diameter_at_a_share_of_a_third(size_px):
    weighted = []
    for seed in range(3):
        areas = sizes(gaps.simulate_gaps((512, 512), 0.3, size_px, seed))
        weighted.append((areas * 2 * np.sqrt(areas / np.pi)).sum() / areas.sum())
    assert np.mean(weighted) == pytest.approx(size_px, rel=0.4)


def test_doubled_size_stretches_the_correlation():
    small, large = (
        np.mean([correlation_length(gaps.simulate_gaps((512, 512), 0.3, px, s)) for s in range(3)])
        for px in (25, 50)
    )
    assert 1.5 < large / small < 2.3


def test_a_steeper_spectrum_makes_fewer_and_smoother_gaps():
    numbers = [
        sizes(gaps.simulate_gaps((300, 300), 0.3, 40, 2, slope=slope)).size for slope in (2, 3, 4)
    ]
    assert numbers[0] > 3 * numbers[1] > 9 * numbers[2]


def test_the_spectrum_has_the_stated_slope():
    field = gaps._power_law_field((1024, 1024), 200, gaps.SLOPE, np.random.default_rng(0))
    window = np.hanning(1024)
    density = np.abs(np.fft.fft2(field * np.outer(window, window))) ** 2
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(1024), np.fft.fftfreq(1024)))
    edges = np.geomspace(1 / 100, 1 / 4, 12)
    mean = [density[(k >= low) & (k < high)].mean() for low, high in pairwise(edges)]
    slope, _ = np.polyfit(np.log(np.sqrt(edges[:-1] * edges[1:])), np.log(mean), 1)
    assert slope == pytest.approx(-8 / 3, abs=0.1)


def test_opposite_borders_are_not_the_same_cloud():
    field = gaps._power_law_field((512, 512), 40, gaps.SLOPE, np.random.default_rng(0))
    across = np.corrcoef(field[0], field[-1])[0, 1]
    assert abs(across) < 0.4 < 0.7 < np.corrcoef(field[0], field[1])[0, 1]


@pytest.mark.parametrize("bad", [{"share": 0}, {"share": 1}, {"size_px": 0}, {"dilation_px": -1}])
def test_numbers_out_of_range_are_refused(bad):
    with pytest.raises(StudyError, match="out of range"):
        gaps.simulate_gaps((20, 20), **({"share": 0.3, "size_px": 5, "seed": 1} | bad))


# Dilation and quality bands


def test_one_pixel_grows_to_a_disc():
    mask = np.zeros((7, 7), bool)
    mask[3, 3] = True
    assert gaps.dilate(mask, 2).astype(int).tolist()[1:6] == [
        [0, 0, 0, 1, 0, 0, 0],
        [0, 0, 1, 1, 1, 0, 0],
        [0, 1, 1, 1, 1, 1, 0],
        [0, 0, 1, 1, 1, 0, 0],
        [0, 0, 0, 1, 0, 0, 0],
    ]
    assert (gaps.dilate(mask, 0) == mask).all()
    assert not gaps.dilate(np.zeros((3, 3), bool), 5).any()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 1.5, 2, 3, 5]))
def test_dilation_is_that_by_the_footprint(seed, radius):
    mask = np.random.default_rng(seed).random((25, 31)) < 0.03
    assert (gaps.dilate(mask, radius) == binary_dilation(mask, gaps._disc(radius))).all()


def test_quality_flags_make_gaps_and_fill_does_not():
    qa = np.uint16([[CLEAR, CLOUD, SHADOW, FILL, FILL | 1 << 3]])
    assert gaps.gaps_from_quality(qa, ["cloud"]).tolist() == [[False, True, False, False, False]]
    both = gaps.gaps_from_quality(qa, ["cloud", "cloud_shadow"])
    assert both.tolist() == [[False, True, True, False, False]]


@pytest.mark.parametrize("flag", ["fill", "clouds"])
def test_a_flag_that_is_no_gap_is_refused(flag):
    with pytest.raises(StudyError, match=f"no QA_PIXEL flag {flag}"):
        gaps.gaps_from_quality(np.uint16([[CLEAR]]), [flag])


# Regions of scoring


def square_gap():
    gap = np.zeros((9, 9), bool)
    gap[2:7, 2:7] = True
    return gap


def test_distance_to_the_edge_of_a_square_gap():
    distance = gaps.edge_distance(square_gap(), (30, 30))
    assert distance[4].tolist() == [0, 0, 30, 60, 90, 60, 30, 0, 0]
    assert distance[2, 2] == 30
    assert (distance[~square_gap()] == 0).all()


def test_distance_knows_pixels_that_are_not_square():
    across_columns, across_rows = 10, 40
    distance = gaps.edge_distance(square_gap(), (across_columns, across_rows))
    assert distance[4, 4] == 30  # three columns to the side, not 120 m up
    assert distance[2, 4] == 30
    assert distance[4, 2] == 10


def test_the_border_of_the_scene_is_no_edge():
    gap = np.zeros((1, 5), bool)
    gap[0, :4] = True
    assert gaps.edge_distance(gap, (30, 30)).tolist() == [[120, 90, 60, 30, 0]]
    assert np.isinf(gaps.edge_distance(np.ones((2, 2), bool), (30, 30))).all()


def test_local_share_counts_pixels_inside_the_scene():
    gap = np.zeros((5, 5), bool)
    gap[0, 0] = gap[0, 1] = True
    share = gaps.local_share(gap, 3)
    assert share[0, 0] == 2 / 4
    assert share[0, 1] == 2 / 6
    assert share[1, 1] == 2 / 9
    assert share[4, 4] == 0


def test_regions_of_a_square_gap_by_hand():
    test = np.ones((9, 9), bool)
    test[:, 6:] = False
    found = gaps.regions(square_gap(), test, (30, 30), [30, 60], [0.5], 3)
    counts = {name: int(mask.sum()) for name, mask in found.items()}
    assert counts == {
        "gap": 20,
        "clear": 34,
        "all": 54,
        "gap_edge_0-30m": 11,  # the outer ring of 16 without its 5 that are not test ground
        "gap_edge_30-60m": 8,
        "gap_edge_60-infm": 1,
        "gap_share_0-50": 2,  # the two corners: 4 of 9 pixels of the window
        "gap_share_50-100": 18,
    }


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.05, 0.8))
def test_regions_partition_the_test_ground(seed, share):
    rng = np.random.default_rng(seed)
    gap = gaps.simulate_gaps((50, 60), share, 12, seed, dilation_px=1)
    test, valid = rng.random((2, 50, 60)) < 0.8
    test &= valid
    found = gaps.regions(gap, test, (30, 30), [60, 90, 150], [0.25, 0.5, 0.75], 7, valid)
    total = {
        kind: sum(mask.astype(int) for name, mask in found.items() if name.startswith(kind))
        for kind in ("gap_edge_", "gap_share_")
    }
    assert (total["gap_edge_"] == (gap & test)).all()
    assert (total["gap_share_"] == (gap & test)).all()
    assert (found["gap"] ^ found["clear"]).tolist() == test.tolist()
    assert (found["all"] == test).all()


def test_regions_by_the_age_of_the_nearest_clear_date():
    gap = np.array([[True, True, True, True, False]])
    age = np.array([[16, 17, 90, np.nan, 3]])
    found = gaps.regions(gap, gap, (30, 30), [60], [0.5], 3, None, age, [16, 32])
    ages = {name: mask[0].tolist() for name, mask in found.items() if "age" in name}
    assert ages == {
        "gap_age_0-16d": [True, False, False, False, False],
        "gap_age_16-32d": [False, True, False, False, False],
        "gap_age_32-infd": [False, False, True, False, False],
    }
    assert not any("age" in name for name in gaps.regions(gap, gap, (30, 30), [60], [0.5], 3))


def test_ground_without_observations_is_no_edge():
    gap = np.zeros((1, 6), bool)
    gap[0, 2:4] = True
    valid = np.array([[True, True, True, True, False, True]])
    found = gaps.regions(gap, valid, (30, 30), [30], [], 1, valid)
    assert np.flatnonzero(found["gap_edge_0-30m"]).tolist() == [2]
    assert np.flatnonzero(found["gap_edge_30-infm"]).tolist() == [3]


@pytest.mark.parametrize("edges", [[60, 60], [90, 30], [0, 30]])
def test_edges_must_increase(edges):
    with pytest.raises(StudyError, match="positive and increase"):
        gaps.bins(np.array([10.0]), edges)


# The bank


def bank(**changes):
    return gaps.GapBank.simulated(
        **({"share": 0.35, "size_px": 16, "seed": 3, "side_px": 256} | changes)
    )


def test_the_bank_draws_from_the_generator_alone():
    first = bank().draw(6, 33, np.random.default_rng(1))
    assert first.shape == (6, 33, 33)
    assert first.dtype == bool
    assert (bank().draw(6, 33, np.random.default_rng(1)) == first).all()
    assert (bank().draw(6, 33, np.random.default_rng(2)) != first).any()


def test_the_bank_has_the_share_on_average():
    cuts = bank(dilation_px=2).draw(3000, 24, np.random.default_rng(0))
    assert cuts.mean() == pytest.approx(0.35, abs=0.03)
    assert cuts.mean(axis=(1, 2)).std() > 0.1  # clouds, not salt and pepper


def test_cuts_are_all_turns_and_mirrors_of_what_the_mask_holds():
    mask = np.zeros((3, 3), bool)
    mask[0, :2] = True  # no symmetry of the square leaves it as it is
    cuts = gaps.GapBank(mask).draw(300, 3, np.random.default_rng(0))
    assert (cuts.sum(axis=(1, 2)) == 2).all()
    assert len({cut.tobytes() for cut in cuts}) == 8


def test_a_bank_from_a_small_mask_is_refused():
    with pytest.raises(StudyError, match="20 x 40 px is too small for patches of 33 px"):
        gaps.GapBank(np.ones((20, 40), bool)).draw(1, 33, np.random.default_rng(0))
