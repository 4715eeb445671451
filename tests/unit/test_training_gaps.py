"""Start surfaces and the views that training cuts its patches from."""

from functools import partial

import numpy as np
import pytest
from sarfusion.core.errors import StudyError
from sarfusion.fusion.classical import gap_filling
from sarfusion.fusion.start import start_surface
from sarfusion.ground import training_gaps
from sarfusion.ground.patches import LEAST_COUNTED, WithheldSource
from sarfusion.ground.pyramid import anomaly
from sarfusion.ground.training_gaps import Views, draw_masks, make_views

SETTINGS = {
    "seed": 1,
    "dilation_px": 0,
    "training_sizes_px": [4, 16],
    "training_shares": [0.2, 0.4],
}
PYRAMID = partial(start_surface, method="pyramid")


def scene(bands=2, side=80):
    return np.random.default_rng(0).random((bands, side, side + 10)).astype(np.float32)


def nowhere(bands):
    return np.zeros(bands.shape[1:], bool)


@pytest.mark.parametrize("method", ["biharmonic", "pyramid", "zero"])
def test_a_start_surface_knows_nothing_of_what_is_hidden(method):
    band = scene(1)[0]
    gap = training_gaps.simulate_gaps(band.shape, 0.3, 10, 1)
    band[5, 7:30] = np.nan
    surface = start_surface(band, gap, method)
    clear = ~gap & np.isfinite(band)
    assert np.array_equal(surface[clear], band[clear])
    assert np.isnan(surface[~clear]).all() if method == "zero" else np.isfinite(surface).all()
    other = start_surface(np.where(gap, 9, band), gap, method)
    assert np.array_equal(other, surface, equal_nan=True)


def test_a_biharmonic_start_is_the_method_in_gaps():
    band = scene(1)[0]
    gap = training_gaps.simulate_gaps(band.shape, 0.3, 10, 1)
    expected = gap_filling.biharmonic(band, gap, None, None)
    assert np.array_equal(start_surface(band, gap, "biharmonic"), expected)


def test_masks_have_many_sizes_and_the_shares_asked_for():
    masks = draw_masks(256, 12, SETTINGS, np.random.default_rng(0))
    shares = masks.mean(axis=(1, 2))
    assert ((shares > 0.19) & (shares < 0.41)).all()
    rims = (masks[:, 1:] != masks[:, :-1]).sum(axis=(1, 2)) / masks.sum(axis=(1, 2))
    assert rims.max() > 1.5 * rims.min()  # small gaps have more rim for their area


def test_views_hide_gaps_and_test_ground():
    bands = scene()
    test = nowhere(bands)
    test[20:50, 30:70] = True
    views = make_views(bands, ["red", "green"], test, SETTINGS, PYRAMID)
    other = make_views(np.where(test, 5, bands), ["red", "green"], test, SETTINGS, PYRAMID)
    assert len(views.places) == training_gaps.VIEWS
    assert views.starts.shape == (training_gaps.VIEWS, 2, 80, 80)
    assert np.array_equal(views.starts, other.starts)
    for (row, column), gap, start in zip(views.places, views.gaps, views.starts, strict=True):
        window = slice(row, row + 80), slice(column, column + 80)
        assert gap[test[window]].all()
        assert np.array_equal(start[:, ~gap], bands[:, *window][:, ~gap])


def test_real_masks_are_cut_from_the_mask_of_the_study():
    bands = scene()
    mask = np.zeros((100, 100), bool)
    mask[::4] = True  # stripes, which turning keeps as stripes
    views = make_views(bands, ["red", "green"], nowhere(bands), SETTINGS, PYRAMID, mask)
    assert {gap.any(axis=0).all() or gap.any(axis=1).all() for gap in views.gaps} == {True}
    assert views.gaps.mean() == pytest.approx(0.25)


def test_no_view_without_a_clear_pixel_is_kept():
    bands = scene()
    views = make_views(bands, ["red", "green"], ~nowhere(bands), SETTINGS, PYRAMID)
    assert views.starts.shape == (0, 2, 80, 80)


def test_views_are_read_back_as_they_were(tmp_path):
    bands = scene()
    views = make_views(bands, ["red", "green"], nowhere(bands), SETTINGS, PYRAMID)
    for name in ("one.npz", "two.npz"):
        views.save(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    again = Views.load(tmp_path / "one.npz")
    assert again.bands == ("red", "green")
    assert all(np.array_equal(*pair) for pair in zip(again, views, strict=True))


def test_patches_are_cut_from_views_wherever_a_gap_hides_ground_of_their_use():
    bands = scene()
    views = make_views(bands, ["red", "green"], nowhere(bands), SETTINGS, PYRAMID)
    target, radar = bands[0], bands[1:]
    ground = nowhere(bands)
    ground[:40, :50] = True
    differing = np.stack([list(views.anomalies(band)) for band in radar], axis=1)
    source = WithheldSource(radar, target, views, views.starts[:, 0], differing, ground, 16)
    counted = np.zeros(target.shape, bool)
    for band, gap, sar, anomalies, truth in map(source.cut, range(len(source))):
        counts = np.isfinite(truth)
        assert counts.sum() >= LEAST_COUNTED * 16**2
        assert (gap[counts] == 1).all()
        (place,) = np.argwhere((windows(radar[0]) == sar).all(axis=(2, 3)))
        inside = tuple(slice(first, first + 16) for first in place)
        assert np.array_equal(counts, (gap == 1) & ground[inside])
        assert np.array_equal(truth[counts], target[inside][counts])
        assert np.array_equal(band[gap == 0], target[inside][gap == 0])
        assert not np.array_equal(band[gap == 1], target[inside][gap == 1])
        assert (anomalies[gap == 0] == 0).all()
        assert (anomalies[gap == 1] != 0).mean() > 0.9
        counted[inside] |= counts
    hidden = np.any(
        [hidden_in(target.shape, *view) for view in zip(views.places, views.gaps, strict=True)],
        axis=0,
    )
    assert np.array_equal(counted, hidden & ground)


def windows(raster):
    return np.lib.stride_tricks.sliding_window_view(raster, (16, 16))


def hidden_in(shape, place, gap):
    hidden = np.zeros(shape, bool)
    hidden[place[0] :, place[1] :][: len(gap), : len(gap)] = gap
    return hidden


@pytest.mark.parametrize("nothing", ["gap", "ground"])
def test_a_source_without_pixels_that_count_is_refused(nothing):
    bands = scene()
    views = make_views(bands, ["red", "green"], nowhere(bands), SETTINGS, PYRAMID)
    ground = ~nowhere(bands)
    if nothing == "gap":
        views = views._replace(gaps=np.zeros_like(views.gaps))
    else:
        ground[:] = False
    with pytest.raises(StudyError, match="in no patch of 16 px does a gap"):
        WithheldSource(bands[1:], bands[0], views, views.starts[:, 0], views.starts, ground, 16)


def test_the_anomaly_of_a_sar_band_is_its_difference_from_its_surroundings():
    band = np.full((12, 12), -8, np.float32)
    band[:, 0] = np.nan
    gap = np.zeros(band.shape, bool)
    gap[4:8, 4:8] = True
    band[5, 5] = -3  # a strong echo in the gap
    expected = np.where(np.isnan(band), np.nan, 0)
    expected[5, 5] = 5
    assert np.array_equal(anomaly(band, gap), expected, equal_nan=True)
    assert np.isnan(anomaly(band, ~np.isnan(band))).all()  # nothing is known around it
