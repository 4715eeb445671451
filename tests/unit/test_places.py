"""Sums over regions and cells that overlap, against sums pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.scoring import sums
from sarfusion.scoring.places import HALO_PX, PIXEL, Places, Window, inner, whole_windows
from sarfusion.scoring.sums import product_sums
from sarfusion.scoring.terms import Levels, Terms, TermSums

sides = st.integers(1, 40)
windows = st.builds(Window, *[st.integers(0, HALO_PX)] * 4)


def draw(seed, rows, columns):
    """Masks of three regions that overlap, the cells of the pixels, and values (2, pixels)."""
    rng = np.random.default_rng(seed)
    shape = rows + 2 * HALO_PX, columns + 2 * HALO_PX
    masks = {name: rng.random(shape) < rng.choice([0.5, 0.95, 1]) for name in "abc"}
    cells = np.add.outer(10 * (np.arange(rows) // 4), np.arange(columns) // 4)
    return masks, cells, rng.random((2, rows * columns))


def sums_of(terms, places):
    return TermSums([terms], places).of(terms)


@given(st.integers(0, 2**32 - 1), sides, sides, windows)
@settings(max_examples=60, deadline=None)
def test_sums_are_those_of_the_pixels_whose_window_is_in_the_region(seed, rows, columns, window):
    masks, cells, (x, y) = draw(seed, rows, columns)
    numbers = np.unique(cells)
    given_terms = Terms(window, [(), (x,), (x, y)])
    sums = sums_of(given_terms, Places(masks, cells, ("b", numbers)))
    terms = np.stack([np.ones_like(x), x, x * y])
    inside = {name: whole_windows(mask, window).ravel() for name, mask in masks.items()}
    expected = [terms[:, one].sum(axis=1) for one in inside.values()]
    np.testing.assert_allclose(sums.over(), expected, rtol=1e-12)
    expected = [
        [row[inside["b"] & (cells.ravel() == cell)].sum() for cell in numbers] for row in terms
    ]
    np.testing.assert_allclose(sums.in_cells(), expected, rtol=1e-12)


@given(st.integers(0, 2**32 - 1), sides, sides)
@settings(max_examples=20, deadline=None)
def test_parts_are_unions_of_regions(seed, rows, columns):
    masks, cells, (x, _) = draw(seed, rows, columns)
    parts = sums_of(Terms(PIXEL, [(), (x,)]), Places(masks, cells)).of_parts(["a", "b"], ["c"])
    a, b, c = (inner(mask).ravel() for mask in masks.values())
    first = a | b
    in_a = [a.sum(), a.sum(), x[a].sum(), (a & c).sum(), x[a & c].sum()]
    np.testing.assert_allclose(parts.over()[0], in_a, rtol=1e-12)
    in_c = [c.sum(), (c & first).sum(), x[c & first].sum(), c.sum(), x[c].sum()]
    np.testing.assert_allclose(parts.over()[2], in_c, rtol=1e-12)


def test_histograms_begin_where_the_region_says():
    masks = {name: np.ones((11, 14), bool) for name in ("all", "left", "unknown")}
    masks["left"][:, HALO_PX + 2 :] = False
    values = np.array([0.0, 0.1, 0.35, 9.0])
    lows = {"all": 0.0, "left": 0.1, "unknown": np.nan}
    found = Levels([values], 0.4, 4).over(Places(masks), lows)
    np.testing.assert_array_equal(found, [[4, 1, 1, 0, 2], [2, 2, 0, 0, 0], [4, 0, 0, 0, 0]])


@pytest.mark.parametrize("regions", [1, 70])
def test_there_may_be_any_number_of_regions(regions):
    masks = {number: np.zeros((11, 10 + regions), bool) for number in range(regions)}
    for number, mask in masks.items():
        mask[:, HALO_PX + number :] = True
    sums = sums_of(Terms(PIXEL, [(np.ones(regions),)]), Places(masks))
    np.testing.assert_array_equal(sums.over()[:, 0], np.arange(regions, 0, -1))


def test_what_is_not_finite_counts_only_in_its_own_region():
    masks = {"a": np.ones((11, 14), bool), "b": np.ones((11, 14), bool)}
    masks["b"][:, HALO_PX + 3 :] = False
    values = np.array([1.0, 2, 3, np.inf])
    sums = sums_of(Terms(PIXEL, [(), (values,)]), Places(masks))
    np.testing.assert_array_equal(sums.over(), [[4, np.inf], [3, 6]])
    np.testing.assert_array_equal(sums.of_parts(["b"], ["b"]).over()[1], [3, 3, 6, 3, 6])


def test_a_tile_without_ground_has_sums_of_zero():
    places = Places({"a": np.zeros((12, 12), bool)}, counted=("a", np.array([], int)))
    sums = sums_of(Terms(PIXEL, [(), (np.ones(4),)]), places)
    np.testing.assert_array_equal(sums.over(), [[0, 0]])
    assert sums.in_cells().shape == (2, 0)


def test_a_product_of_several_terms_is_summed_once(monkeypatch):
    x, y = np.random.default_rng(3).random((2, 4))
    both, square = Terms(PIXEL, [(), (x, y)]), Terms(PIXEL, [(), (x, x), (x, y)])
    summed = []
    monkeypatch.setattr(
        sums, "product_sums", lambda *given: summed.append(len(given[1])) or product_sums(*given)
    )
    found = TermSums([both, square], Places({"a": np.ones((12, 12), bool)}))
    assert summed == [3]
    np.testing.assert_allclose(found.of(both).over(), [[4, x @ y]])
    np.testing.assert_allclose(found.of(square).over(), [[4, x @ x, x @ y]])
