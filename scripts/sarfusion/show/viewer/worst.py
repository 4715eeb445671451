"""Where the error of a method is largest: blocks of ground, ranked by RMSE."""

from collections.abc import Iterable

import numpy as np

BLOCK = 8  # pixels of the stack along a side
MIN_SCORED_SHARE = 1 / 2  # of a block's pixels; with fewer, its RMSE means little

Ranking = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows, columns, RMSE; the worst first


class BlockErrors:
    """Sums of squared errors in square blocks of a raster of `shape`, `size` pixels a side."""

    def __init__(self, shape: tuple[int, int], size: int) -> None:
        self.size = size
        self.shape = -(-shape[0] // size), -(-shape[1] // size)
        blocks = self.shape[0] * self.shape[1]
        self.squares, self.counts = np.zeros(blocks), np.zeros(blocks, np.int64)

    def numbers(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the numbers of the blocks that contain pixels of the raster."""
        return rows // self.size * self.shape[1] + columns // self.size

    def add(self, numbers: np.ndarray, errors: np.ndarray) -> None:
        """Add the `errors` (pixels,) of scored pixels in the blocks `numbers` (pixels,).

        errors: fused - true; those that are not finite do not count. Several bands may be added.
        """
        finite = np.isfinite(errors)
        squares = np.where(finite, np.square(errors, dtype=np.float64), 0)
        np.add.at(self.squares, numbers, squares)
        np.add.at(self.counts, numbers, finite.astype(np.int64))

    def ranked(self, bands: int = 1) -> Ranking:
        """Return (rows, columns, RMSE) of the blocks, the largest RMSE first.

        Rows and columns are those of a block's middle pixel; `bands` is the number of bands added.
        Only blocks with at least MIN_SCORED_SHARE of their pixels scored are ranked, or, if there
        are none, all blocks with a scored pixel.
        """
        enough = self.counts >= MIN_SCORED_SHARE * bands * self.size**2
        if not enough.any():
            enough = self.counts > 0
        rows, columns = np.divmod(np.flatnonzero(enough), self.shape[1])
        rmse = np.sqrt(self.squares[enough] / self.counts[enough])
        order = np.argsort(-rmse, kind="stable")
        middle = self.size // 2
        return rows[order] * self.size + middle, columns[order] * self.size + middle, rmse[order]


def worst_first(rankings: Iterable[Ranking]) -> np.ndarray:
    """Return places (row, column): the worst of each ranking, then the second worst of each, ..."""
    places, ranks = np.empty((0, 2), np.int64), np.empty(0, np.int64)
    for rows, columns, _ in rankings:
        places = np.concatenate([places, np.column_stack([rows, columns])])
        ranks = np.concatenate([ranks, np.arange(len(rows))])
    return places[np.argsort(ranks, kind="stable")]
