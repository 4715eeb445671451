"""Contiguous blocks of ground for training, validation and test, and a buffer between them."""

from itertools import pairwise

import numpy as np

from ..core.errors import StudyError

MIN_VALIDATION_BLOCKS = 3  # if these are at most a third of the blocks that are not for test
NOT_VALID, TRAIN, VALIDATION, TEST, BUFFER = range(5)
NAMES = {
    NOT_VALID: "not_valid",
    TRAIN: "train",
    VALIDATION: "validation",
    TEST: "test",
    BUFFER: "buffer",
}


def split_ground(
    valid: np.ndarray, block_px: int, test: float, validation: float, buffer_px: int, seed: int
) -> np.ndarray:
    """Return the use of every pixel (uint8, rows x columns): see NAMES.

    valid: bool (rows, columns). The scene is cut into nearly equal blocks of about `block_px`. Of
    the blocks with valid pixels, the shares `test` and `validation` are drawn at random: at least
    one block each, and MIN_VALIDATION_BLOCKS for validation if there are enough. Training ground
    within `buffer_px` of a held-out block becomes buffer, by chessboard distance, since receptive
    fields are square. The draw does not depend on any image value.

    Raises StudyError if there are too few blocks or no training ground is left.
    """
    if not valid.any():
        raise StudyError("no valid pixel in the scene: nothing can be split")
    rows, columns = (_edges(size, block_px) for size in valid.shape)
    blocks = [
        (slice(top, bottom), slice(left, right))
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]
    usable = np.array([number for number, block in enumerate(blocks) if valid[block].any()])
    n_test = max(1, round(test * usable.size))
    least = min(MIN_VALIDATION_BLOCKS, (usable.size - n_test) // 3)
    n_validation = max(1, least, round(validation * usable.size))
    if n_test + n_validation >= usable.size:
        raise StudyError(
            f"too little training ground: {usable.size} blocks of about {block_px} px have valid"
            f" pixels and {n_test} + {n_validation} are held out; lower split.block_px"
        )
    drawn = np.random.default_rng(seed).permutation(usable)
    test_blocks, validation_blocks = np.split(drawn[: n_test + n_validation], [n_test])
    use = np.full(valid.shape, TRAIN, np.uint8)
    for number in (*test_blocks, *validation_blocks):
        surroundings = use[tuple(_grown(span, buffer_px) for span in blocks[number])]
        surroundings[surroundings == TRAIN] = BUFFER
    for value, numbers in ((TEST, test_blocks), (VALIDATION, validation_blocks)):
        for number in numbers:
            use[blocks[number]] = value
    use[~valid] = NOT_VALID
    if not (use == TRAIN).any():
        raise StudyError(
            f"too little training ground: none is left outside a buffer of {buffer_px} px;"
            " lower split.buffer_px or raise split.block_px"
        )
    return use


def _edges(size: int, block_px: int) -> list[int]:
    """Return the first pixel of each block of about `block_px` along `size` pixels, and `size`."""
    count = max(1, round(size / block_px))
    return [-(-size * number // count) for number in range(count + 1)]


def _grown(span: slice, pixels: int) -> slice:
    """Return a slice extended by `pixels` on both sides, but not below 0."""
    return slice(max(0, span.start - pixels), span.stop + pixels)


def counts(use: np.ndarray) -> dict[str, int]:
    """Return the number of pixels of each use, by name."""
    return {name: int((use == value).sum()) for value, name in NAMES.items()}
