"""Resampling of ground in blocks: what is drawn, and how much of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.core.errors import StudyError
from sarfusion.core.tiling import Tile
from sarfusion.scoring import bootstrap, cells
from scored_images import noise, ragged


class Blocks(bootstrap.Blocks):
    """Blocks of ground that is one array."""

    def __init__(self, region, block_px, draws, seed):
        sides = (region.any(axis=1), region.any(axis=0))
        box = tuple((at.min(), at.max() + 1) for at in map(np.flatnonzero, sides))
        self.cells = cells.Cells(box, cells.cell_px(block_px))
        self.whole = Tile((0, region.shape[0]), (0, region.shape[1]), region.shape)
        super().__init__(self.in_cells(region[np.newaxis])[0], block_px, draws, seed)

    def in_cells(self, maps):
        cells = self.cells.numbers(self.whole).ravel()
        count = np.prod(self.cells.shape)
        sums = [np.bincount(cells, np.ravel(of_pixels), count) for of_pixels in maps]
        return np.reshape(sums, (-1, *self.cells.shape))

    def sums(self, maps):
        return super().sums(self.in_cells(maps))


def test_blocks_of_a_row_by_hand():
    """Blocks of 2 px on a row of 3: they start at -1, 0, 1 and 2, each row twice."""
    blocks = Blocks(np.ones((1, 3), bool), block_px=2, draws=500, seed=0)
    values = np.array([[[1.0, 10.0, 100.0]]])
    sums = blocks.sums(values)[:, 0]
    assert sums[0] == 111
    # Eight blocks with room for four pixels: a resample draws two of 1, 11, 110 and 100.
    one = [1, 11, 110, 100]
    assert set(sums[1:]) == {a + b for a in one for b in one}


@given(st.integers(0, 99), st.sampled_from([1, 2, 4, 8, 12]))
@settings(max_examples=25, deadline=None)
def test_every_pixel_lies_in_as_many_blocks(seed, block_px):
    """So the blocks' mean is the ground's mean, whatever its shape."""
    region = ragged((21, 25), seed)
    values = np.where(region, noise(21, 25, seed=seed), 0)
    blocks = Blocks(region, block_px, 1, 0)
    blocks = blocks._sums_of_blocks(blocks.in_cells(np.stack([region, values])))
    counted, total = blocks.sum(axis=0)
    span = min(block_px, 4)
    assert counted == span**2 * region.sum()
    assert total / counted == pytest.approx(values.sum() / region.sum())


def test_resamples_have_the_size_of_the_ground_on_average():
    region = ragged((60, 50))
    counts = Blocks(region, 8, 400, 1).sums(region[np.newaxis])[1:, 0]
    assert counts.mean() == pytest.approx(region.sum(), rel=0.02)


def test_draws_follow_from_the_seed():
    region, values = ragged((30, 30)), noise(1, 30, 30)
    one, same, other = (Blocks(region, 8, 50, seed).sums(values) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one[1:] != other[1:]).any()


def test_sides_that_cannot_be_quartered_are_refused():
    with pytest.raises(StudyError, match="block_px is 10: make it a multiple of 4$"):
        Blocks(np.ones((20, 20), bool), 10, 10, 0)


@pytest.mark.parametrize(("side", "enough"), [(16, True), (15, False)])
def test_little_ground_has_no_interval(side, enough):
    assert Blocks(np.ones((side, side), bool), 8, 10, 0).enough == enough
