import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarfusion.core.errors import StudyError
from sarfusion.ground import split
from sarfusion.ground.patches import index_patches
from scipy.ndimage import distance_transform_cdt
from scipy.spatial import KDTree

SETTINGS = {"block_px": 16, "test": 0.2, "validation": 0.1, "buffer_px": 3, "seed": 1}


@settings(deadline=None, max_examples=40)
@given(
    st.integers(60, 90),
    st.integers(60, 90),
    st.integers(0, 6),
    st.integers(0, 1000),
)
def test_no_training_pixel_is_near_held_out_ground(height, width, buffer_px, seed):
    valid = np.random.default_rng(seed).random((height, width)) > 0.05
    use = split.split_ground(valid, 20, 0.2, 0.1, buffer_px, seed)
    assert ((use == split.NOT_VALID) == ~valid).all()
    train = np.argwhere(use == split.TRAIN)
    held_out = np.argwhere((use == split.TEST) | (use == split.VALIDATION))
    nearest, _ = KDTree(held_out).query(train, p=np.inf)
    assert nearest.min() > buffer_px


@settings(deadline=None, max_examples=40)
@given(st.integers(30, 90), st.integers(30, 90), st.integers(5, 20), st.integers(0, 9))
def test_the_buffer_is_what_lies_within_the_distance_of_held_out_blocks(height, width, block, near):
    valid = np.ones((height, width), bool)
    try:
        use = split.split_ground(valid, block, 0.2, 0.1, near, 1)
    except StudyError:
        return
    held_out = np.isin(use, [split.TEST, split.VALIDATION])
    buffer = ~held_out & (distance_transform_cdt(~held_out, metric="chessboard") <= near)
    assert np.array_equal(use == split.BUFFER, buffer)


def test_blocks_are_whole_and_shares_are_kept():
    use = split.split_ground(np.ones((64, 64), bool), **{**SETTINGS, "buffer_px": 0})
    blocks = use.reshape(4, 16, 4, 16).transpose(0, 2, 1, 3).reshape(16, -1)
    assert (blocks == blocks[:, :1]).all()
    counts = split.counts(use)
    assert counts == {"not_valid": 0, "train": 2560, "validation": 768, "test": 768, "buffer": 0}


@pytest.mark.parametrize(("blocks", "expected"), [(2, 1), (3, 2), (4, 3), (8, 6)])
def test_validation_has_three_blocks_where_that_leaves_enough(blocks, expected):
    use = split.split_ground(
        np.ones((16 * blocks, 16 * blocks), bool), **{**SETTINGS, "buffer_px": 0}
    )
    assert split.counts(use)["validation"] == expected * 16**2


def test_a_seed_gives_one_layout_and_another_gives_another():
    valid = np.ones((64, 64), bool)
    first, again = (split.split_ground(valid, **SETTINGS) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, split.split_ground(valid, **{**SETTINGS, "seed": 2}))


@pytest.mark.parametrize("change", [{"block_px": 64}, {"buffer_px": 64}])
def test_too_little_training_ground_is_said(change):
    with pytest.raises(StudyError, match="too little training ground.*split.block_px"):
        split.split_ground(np.ones((64, 64), bool), **{**SETTINGS, **change})


def test_patches_lie_wholly_on_ground_of_one_use():
    use = split.split_ground(np.random.default_rng(0).random((64, 64)) > 0.01, **SETTINGS)
    index = index_patches(use, 6, 2)
    assert set(index["split"]) == {"train", "validation", "test"}
    values = {name: value for value, name in split.NAMES.items()}
    found = {tuple(place) for place in index[["row", "col", "split"]].itertuples(index=False)}
    expected = {
        (row, col, name)
        for row in range(0, 59, 2)
        for col in range(0, 59, 2)
        for name in ("train", "validation", "test")
        if (use[row : row + 6, col : col + 6] == values[name]).all()
    }
    assert found == expected


def test_a_patch_larger_than_the_scene_gives_an_empty_index():
    assert index_patches(np.ones((8, 8), np.uint8), 9, 1).empty
