"""Scenes tile by tile."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sarfusion.core.tiling import Tile, covering


@given(
    seed=st.integers(0, 10**6),
    share=st.sampled_from([0.0, 0.001, 0.02, 0.5, 1.0]),
    start=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    multiple=st.sampled_from([1, 4, 8]),
    halo=st.sampled_from([0, 8, 16]),
)
def test_parts_cover_what_is_wanted_once_and_stay_on_the_grid(
    seed, share, start, size, multiple, halo
):
    rows, columns = (
        (multiple * first, multiple * first + length)
        for first, length in zip(start, size, strict=True)
    )
    tile = Tile(rows, columns, (400, 400), halo)
    wanted = np.random.default_rng(seed).random(size) < share
    times = np.zeros(tile.shape, int)
    for part in covering(tile, wanted, multiple):
        times[part.written] += 1
        assert (part.halo, part.shape) == (halo, tile.shape)
        ends = (part.rows, rows), (part.columns, columns)
        for (first, last), (_, stop) in ends:
            assert first % multiple == 0
            assert last % multiple == 0 or last == stop
        around, within = part.within(tile)
        assert np.array_equal(np.arange(400)[tile.read[0]][around[0]], np.arange(400)[part.read[0]])
        assert wanted[within].any()
    assert times.max(initial=0) <= 1
    assert times[tile.written][wanted].all()
    times[tile.written] = 0
    assert not times.any()


@pytest.mark.parametrize(
    ("spots", "expected"),
    [
        ([], []),
        ([(0, 0)], [((0, 4), (0, 4))]),
        ([(5, 400), (9, 403)], [((4, 12), (400, 404))]),
        # Two far apart are two parts, two close together one.
        ([(2, 2), (500, 500)], [((0, 4), (0, 4)), ((500, 504), (500, 504))]),
        ([(2, 2), (2, 30)], [((0, 4), (0, 32))]),
    ],
)
def test_parts_by_hand(spots, expected):
    wanted = np.zeros((512, 512), bool)
    for spot in spots:
        wanted[spot] = True
    tile = Tile((0, 512), (0, 512), (512, 512), 16)
    assert [(part.rows, part.columns) for part in covering(tile, wanted, 4)] == expected


def test_scattered_clouds_leave_most_of_a_tile_uncomputed():
    wanted = np.zeros((512, 512), bool)
    for row, column in ((40, 60), (300, 200), (420, 430)):
        wanted[row : row + 60, column : column + 50] = True
    tile = Tile((0, 512), (0, 512), (512, 512), 16)
    parts = covering(tile, wanted, 4)
    assert len(parts) == 3
    assert sum(np.prod([s.stop - s.start for s in part.read]) for part in parts) < 0.12 * 512**2
