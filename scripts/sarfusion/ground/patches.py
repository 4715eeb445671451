"""Where the patches lie. Pixels are never copied: a patch is a place in the stack."""

import numpy as np
import pandas as pd

from .split import NAMES, TEST, TRAIN, VALIDATION


def index_patches(use, size, stride):
    """Return the square patches that lie wholly on the ground of one use.

    use: (rows, columns) of split.py. Positions step by `stride` from the scene's corner.
    The data frame has columns row, col (of the top left pixel), size, split.
    """
    frames = []
    for value in (TRAIN, VALIDATION, TEST):
        rows, columns = np.nonzero(_whole(use == value, size)[::stride, ::stride])
        frames.append(
            pd.DataFrame(
                {
                    "row": (rows * stride).astype(np.int32),
                    "col": (columns * stride).astype(np.int32),
                    "size": np.int32(size),
                    "split": NAMES[value],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _whole(ground, size):
    """Return for every top left corner whether its patch is wholly on `ground`."""
    height, width = ground.shape
    if size > min(height, width):
        return np.zeros((0, 0), bool)
    total = np.zeros((height + 1, width + 1), np.int64)
    np.cumsum(np.cumsum(ground, axis=0), axis=1, out=total[1:, 1:])
    inside = total[size:, size:] - total[:-size, size:] - total[size:, :-size]
    return inside + total[:-size, :-size] == size * size
