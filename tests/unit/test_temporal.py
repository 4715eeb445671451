"""Methods that fill gaps from other dates, by hand and by what each must reproduce."""

import numpy as np
import pytest
from sarfusion.fusion.classical import harmonic as yearly
from sarfusion.fusion.classical import similar_pixels, temporal
from sarfusion.fusion.classical.temporal import Dates

NAN = np.nan
METHODS = [
    getattr(temporal, name)
    for name in (
        "previous",
        "previous_matched",
        "window_median",
        "linear_in_time",
        "harmonic",
        "nspi",
    )
]
methods = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)


def row(*values):
    """One band of one row."""
    return np.array([[values]], float)


def dates(days, *images):
    return Dates(np.array(days), np.stack(images))


def filled(method, optical, gap, others, train=None):
    gap = np.array([gap], bool)
    return method(optical, gap, others, ~gap if train is None else train)


def test_a_pixel_that_lacks_one_band_is_not_clear():
    image = np.array([[[1.0, 2.0]], [[NAN, 3.0]]])
    others = dates([4], image)
    np.testing.assert_array_equal(others.clear, [[[False, True]]])
    np.testing.assert_array_equal(others.bands[0, :, 0], [[NAN, 2], [NAN, 3]])


def test_the_previous_value_is_of_the_nearest_clear_date():
    others = dates([-30, 10, -10, 2], row(1, 2, 3), row(4, 5, 6), row(7, NAN, 9), row(NAN, NAN, 8))
    found = filled(temporal.previous, row(0, 0, 0), [1, 1, 1], others)
    np.testing.assert_array_equal(found, [[7, 5, 8]])  # of -10 and 10, the earlier one


def test_a_matched_date_by_hand():
    # Least squares through (0, 0), (1, 1), (2, 1), (3, 2): offset .1, gain .6.
    optical, other = row(0, 1, 1, 2, NAN, 50), row(0, 1, 2, 3, 10, 4)
    train = np.array([[True] * 5 + [False]])
    found = filled(temporal.previous_matched, optical, [0, 0, 0, 0, 1, 0], dates([5], other), train)
    assert found[0, 0] == pytest.approx(0.1 + 0.6 * 10)


def test_matching_is_fitted_on_training_ground_alone_and_gives_every_pixel():
    optical, other = row(0, 1, 1, 2, NAN, 50), row(0, 1, 2, 3, 10, 4)
    train = np.array([[True] * 5 + [False]])
    found = temporal.match(optical, dates([5], other), train, np.ones((1, 6), bool))
    np.testing.assert_allclose(found[0, 0], 0.1 + 0.6 * other[0, 0])


def test_a_date_without_common_ground_is_left_out_of_matching():
    optical = row(1, 2, 3, 0)
    nearest, farther = row(NAN, NAN, NAN, 7), row(2, 4, 6, 10)
    found = filled(
        temporal.previous_matched, optical, [0, 0, 0, 1], dates([1, 9], nearest, farther)
    )
    assert found[0, 0] == pytest.approx(5)
    flat = row(4, 4, 4, 10)
    found = filled(temporal.previous_matched, optical, [0, 0, 0, 1], dates([1], flat))
    assert np.isnan(found).all()


def test_matching_undoes_a_gain_and_an_offset_of_each_band():
    rng = np.random.default_rng(0)
    scene = rng.random((3, 8, 9))
    gain, offset = np.array([0.5, 2, 1]), np.array([0.1, 0, -0.2])
    others = dates([-3], (scene - offset[:, None, None]) / gain[:, None, None])
    gap = rng.random((8, 9)) < 0.4
    found = temporal.previous_matched(scene, gap, others, np.ones_like(gap))
    np.testing.assert_allclose(found, scene[:, gap], atol=1e-12)


def test_the_median_is_of_the_clear_dates():
    others = dates([-9, -4, 2, 8], row(1, 1, NAN), row(2, NAN, NAN), row(9, 4, NAN), row(3, NAN, 5))
    found = filled(temporal.window_median, row(0, 0, 0), [1, 1, 1], others)
    np.testing.assert_array_equal(found, [[2.5, 2.5, 5]])


def test_a_line_in_time_by_hand():
    others = dates(
        [-20, -10, 30],
        row(0, 5, 1, NAN),
        row(2, NAN, 4, NAN),
        row(10, 10, NAN, 6),
    )
    found = filled(temporal.linear_in_time, row(0, 0, 0, 0), [1, 1, 1, 1], others)
    # 10 of 40 days from 2 to 10; 20 of 50 from 5 to 10; the nearest of those on one side.
    np.testing.assert_allclose(found, [[4, 7, 4, 6]])


def test_a_date_of_the_same_day_is_taken_as_it_is():
    others = dates([-16, 0, 16], row(1), row(7), row(3))
    np.testing.assert_allclose(filled(temporal.linear_in_time, row(0), [1], others), [[7]])


def year_of(count, span=1.5):
    return np.linspace(-span, span / 3, count) * yearly.YEAR


def law(days):
    years = days / yearly.YEAR
    return 0.2 + 0.03 * years + 0.05 * np.cos(2 * np.pi * years) - 0.02 * np.sin(2 * np.pi * years)


def test_a_harmonic_recovers_its_law_despite_an_outlier():
    days = year_of(14)
    values = law(days)
    values[10] = 0.9  # a cloud that no mask found
    others = Dates(days, values[:, None, None, None])
    found = filled(temporal.harmonic, row(0), [1], others)
    assert found[0, 0] == pytest.approx(0.2 + 0.05, abs=2e-3)
    plain = np.linalg.lstsq(yearly.terms(days / yearly.YEAR), values)[0] @ [1, 0, 1, 0]
    assert abs(plain - 0.25) > 0.02  # what least squares would say


def test_a_harmonic_wants_ten_clear_dates():
    days = year_of(10)
    values = np.stack([law(days)] * 2, axis=1)
    values[3, 1] = NAN
    found = filled(temporal.harmonic, row(0, 0), [1, 1], Dates(days, values[:, None, None]))
    assert found[0, 0] == pytest.approx(0.25)
    assert np.isnan(found[0, 1])


def test_similar_pixels_by_hand(monkeypatch):
    """Two similar pixels, at 1 and 2 px, and one of another cover between them."""
    scene = row(NAN, 0.30, 0.90, 0.40)
    other = row(0.20, 0.21, 0.80, 0.18)
    found = filled(temporal.nspi, scene, [1, 0, 0, 0], dates([-8], other))
    assert np.std(other) * 2 / 4 > 0.02  # both are similar, and the third is not
    unlike, distance = np.array([0.01, 0.02]), np.array([1, 3])
    weight = 1 / (unlike * distance)
    weight /= weight.sum()  # 6/7 and 1/7
    first = weight @ [0.30, 0.40]
    second = 0.20 + weight @ [0.09, 0.22]
    variety, change = 0.015, (0.09 + 0.22) / 2
    by_hand = (first / variety + second / change) / (1 / variety + 1 / change)
    assert found[0, 0] == pytest.approx(by_hand)


def test_where_nothing_is_similar_the_least_unlike_is_taken():
    scene, other = row(NAN, 0.5, 0.7), row(0.0, 1.0, 0.9)
    spread = np.std([0.0, 1.0, 0.9])
    assert spread / 2 < 0.9
    found = filled(temporal.nspi, scene, [1, 0, 0], dates([3], other))
    weight = np.array([1 / 1.0, 1 / (0.9 * 2)])
    weight /= weight.sum()
    first, second = weight @ [0.5, 0.7], weight @ [-0.5, -0.2]
    variety, change = 0.95, 0.35
    by_hand = (first / variety + second / change) / (1 / variety + 1 / change)
    assert found[0, 0] == pytest.approx(by_hand)


def test_similar_pixels_of_an_unchanged_place_give_it_back(monkeypatch):
    monkeypatch.setattr(similar_pixels, "CHUNK_PX", 7)
    rng = np.random.default_rng(4)
    scene = rng.choice([0.1, 0.3, 0.6], (1, 12, 13)) * np.ones((3, 1, 1))
    gap = np.zeros((12, 13), bool)
    gap[3:9, 4:10] = True
    found = temporal.nspi(scene, gap, dates([-16], scene), ~gap)
    np.testing.assert_allclose(found, scene[:, gap], atol=1e-12)


def test_similar_pixels_come_from_the_nearest_date_that_shares_ground_with_the_scene():
    scene, gap = row(0.1, 0.2, 0.3, NAN), [0, 0, 0, 1]
    alone, shared = row(NAN, NAN, NAN, 0.9), row(0.1, 0.2, 0.3, 0.2)
    found = filled(temporal.nspi, scene, gap, dates([1, 40], alone, shared))
    assert found[0, 0] == pytest.approx(0.2, abs=0.01)


def scene_with_dates(seed=2, count=11):
    rng = np.random.default_rng(seed)
    optical = rng.random((3, 10, 12)).astype(np.float32)
    others = rng.random((count, 3, 10, 12)).astype(np.float32)
    days = np.delete(np.arange(-8, count - 7), 8) * 16
    gap = rng.random((10, 12)) < 0.4
    return optical, gap, others, days


@methods
def test_no_clear_date_is_said_and_not_filled(method):
    optical, gap, others, days = scene_with_dates()
    row_at, column_at = np.argwhere(gap)[3]
    others[..., row_at, column_at] = NAN
    found = method(optical, gap, Dates(days, others), ~gap)
    assert found.shape == (3, gap.sum())
    expected = np.zeros(gap.sum(), bool)
    expected[3] = True
    np.testing.assert_array_equal(np.isnan(found), np.stack([expected] * 3))


@methods
def test_no_date_at_all_says_nothing(method):
    optical, gap, others, _ = scene_with_dates()
    found = method(optical, gap, Dates(np.zeros(0), others[:0]), ~gap)
    assert found.shape == (3, gap.sum())
    assert np.isnan(found).all()


@methods
def test_what_is_withheld_is_not_used(method):
    optical, gap, others, days = scene_with_dates()
    found = method(optical, gap, Dates(days, others), ~gap)
    hidden = np.where(gap, NAN, optical)
    np.testing.assert_array_equal(method(hidden, gap, Dates(days, others), ~gap), found)


@methods
def test_the_order_of_the_dates_does_not_matter(method):
    optical, gap, others, days = scene_with_dates()
    found = method(optical, gap, Dates(days, others), ~gap)
    turned = method(optical, gap, Dates(days[::-1], others[::-1]), ~gap)
    np.testing.assert_allclose(turned, found, rtol=1e-6)


@methods
def test_dates_like_the_scene_give_it_back(method):
    optical, gap, _, days = scene_with_dates()
    same = np.stack([optical] * len(days))
    found = method(optical, gap, Dates(days, same), np.ones_like(gap))
    np.testing.assert_allclose(found, optical[:, gap], atol=2e-3)


def test_the_rest_is_a_surface():
    band = np.array([[1, 2, 3, NAN]], np.float32)
    gap = np.array([[False, True, True, False]])
    filled_band = temporal.fill(band, gap, np.array([NAN, 8.0]), np.full((1, 4), 5.0))
    np.testing.assert_array_equal(filled_band, np.array([[1, 5, 8, NAN]], np.float32))
    assert filled_band.dtype == np.float32
