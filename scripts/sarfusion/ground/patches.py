"""Patches: the index of their places in a scene, and cutting them out of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from .split import NAMES, TEST, TRAIN, VALIDATION


def index_patches(use: np.ndarray, size: int, stride: int) -> pd.DataFrame:
    """Return the square patches that lie entirely on ground of one use.

    use: (rows, columns), see split.py. size, stride: pixels; positions start at the scene's
    corner. The columns are row, col (of the top left pixel), size, split.
    """
    frames = []
    for value in (TRAIN, VALIDATION, TEST):
        rows, columns = np.nonzero(_fits(use == value, size)[::stride, ::stride])
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


def _fits(ground: np.ndarray, size: int) -> np.ndarray:
    """Return for every possible top left pixel whether its patch lies entirely on `ground`."""
    height, width = ground.shape
    if size > min(height, width):
        return np.zeros((0, 0), bool)
    total = np.zeros((height + 1, width + 1), np.int64)
    np.cumsum(np.cumsum(ground, axis=0), axis=1, out=total[1:, 1:])
    inside = total[size:, size:] - total[:-size, size:] - total[size:, :-size]
    return inside + total[:-size, :-size] == size * size


def read_places(path: str | Path, split: str, size: int) -> np.ndarray:
    """Return the places (n, 2) of the patches of `size` on the ground of `split`.

    path: the patch index of a site. A place is the row and column of the top left pixel. Raises
    StudyError if there is no such patch.
    """
    index = pd.read_parquet(path)
    chosen = index[(index["split"] == split) & (index["size"] == size)]
    if chosen.empty:
        raise StudyError(
            f"{path}: no {split} patch of {size} px: too little {split} ground; lower patch_px"
            " or split.buffer_px, or raise split.block_px"
        )
    return chosen[["row", "col"]].to_numpy()


class PatchSource:
    """Cuts patches out of one scene in memory.

    inputs: (channels, rows, columns) and target: (rows, columns), normalised, of one type.
    places: (n, 2), row and column of the top left pixel of each patch. size: pixels.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        target: np.ndarray,
        places: np.ndarray | Sequence[Sequence[int]],
        size: int,
    ) -> None:
        self.size = size
        self._scene = np.concatenate([inputs, target[None]])
        self._places = np.asarray(places)

    def __len__(self) -> int:
        return len(self._places)

    def cut(self, number: int) -> np.ndarray:
        """Return patch `number` of the index as a view, (channels + 1, size, size).

        The last channel is the target.
        """
        row, column = self._places[number]
        return self._scene[:, row : row + self.size, column : column + self.size]
