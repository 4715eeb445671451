"""Patches: the index of their places in a scene, and cutting them out of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from .split import NAMES, TEST, TRAIN, VALIDATION
from .training_gaps import Views

VIEW_STRIDE = 4  # pixels between the patches of a view
LEAST_COUNTED = 0.05  # share of the pixels of a patch in a view that count


def index_patches(use: np.ndarray, size: int, stride: int) -> pd.DataFrame:
    """Return the square patches that are entirely on ground of one use.

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
    """Return for every possible top left pixel whether its patch is entirely on `ground`."""
    return _counts(ground, size) == size * size


def _counts(mask: np.ndarray, size: int) -> np.ndarray:
    """Return for every possible top left pixel how many pixels of its patch are True in `mask`."""
    height, width = mask.shape
    if size > min(height, width):
        return np.zeros((0, 0), np.int64)
    total = np.zeros((height + 1, width + 1), np.int64)
    np.cumsum(np.cumsum(mask, axis=0), axis=1, out=total[1:, 1:])
    inside = total[size:, size:] - total[:-size, size:] - total[size:, :-size]
    return inside + total[:-size, :-size]


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


class WithheldSource:
    """Cuts patches out of one scene under the gaps of its views; see training_gaps.Views.

    beside: (channels, rows, columns), the channels without gaps, for the whole scene, and target:
    (rows, columns), both normalised. starts: (views, side, side), the optical band of each view,
    normalised, with its start surface where hidden. anomalies: (views, channels, side, side),
    normalised. ground: bool (rows, columns), the ground of one use. size: pixels.

    Only hidden pixels of `ground` count. A patch may overlap other ground, so that every pixel of
    `ground` is used, up to its rim. No test pixel is seen in this way: the buffer of the split is
    at least as wide as the receptive field reaches, and the views contain nothing of test ground.

    Raises StudyError if there is no patch with enough pixels that count.
    """

    def __init__(
        self,
        beside: np.ndarray,
        target: np.ndarray,
        views: Views,
        starts: np.ndarray,
        anomalies: np.ndarray,
        ground: np.ndarray,
        size: int,
    ) -> None:
        self.size = size
        self._beside, self._target, self._ground = beside, target, ground
        self._views, self._starts, self._anomalies = views, starts, anomalies
        self._patches = np.concatenate(
            [
                _within_view(number, gap & _square(ground, place, len(gap)), size)
                for number, (place, gap) in enumerate(zip(views.places, views.gaps, strict=True))
            ]
        )
        if not len(self._patches):
            raise StudyError(
                f"gaps: in no patch of {size} px does a gap for training hide"
                f" {100 * LEAST_COUNTED:.0f} % of the pixels on ground of its use; raise"
                " gaps.training_shares, or lower patch_px"
            )

    def __len__(self) -> int:
        return len(self._patches)

    def cut(self, number: int) -> np.ndarray:
        """Return patch `number` (channels, size, size): band, gap, beside, anomalies, target.

        The target is NaN where a pixel does not count.
        """
        view, *within = self._patches[number]
        place = self._views.places[view] + within
        band, gap, anomalies = (
            _square(of_views[view], within, self.size)
            for of_views in (self._starts, self._views.gaps, self._anomalies)
        )
        beside, target, ground = (
            _square(of_scene, place, self.size)
            for of_scene in (self._beside, self._target, self._ground)
        )
        counted = np.where(gap & ground, target, np.nan)
        return np.concatenate([[band, gap], beside, anomalies, [counted]], dtype=np.float32)


def _square(raster: np.ndarray, place: Sequence[int], side: int) -> np.ndarray:
    """Return the square of `side` pixels at `place`, row and column of its top left pixel."""
    row, column = place
    return raster[..., row : row + side, column : column + side]


def _within_view(number: int, counted: np.ndarray, size: int) -> np.ndarray:
    """Return (number, row, column) of the patches of a view with enough pixels that count."""
    enough = _counts(counted, size)[::VIEW_STRIDE, ::VIEW_STRIDE] >= LEAST_COUNTED * size**2
    return np.insert(np.argwhere(enough) * VIEW_STRIDE, 0, number, axis=1)
