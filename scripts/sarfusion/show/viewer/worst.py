"""Where the error of a method is largest: blocks of ground, ranked by RMSE."""

import numpy as np

BLOCK = 8  # pixels of the stack along a side; divides the height of every strip
MIN_SCORED_SHARE = 1 / 2  # of a block's pixels; with fewer, its RMSE means little


class BlockErrors:
    """Sums of squared errors in square blocks of a raster of `shape`, `size` pixels a side."""

    def __init__(self, shape: tuple[int, int], size: int) -> None:
        self.size = size
        blocks = tuple(-(-side // size) for side in shape)
        self.squares, self.counts = np.zeros(blocks), np.zeros(blocks, np.int64)

    def add(self, row: int, errors: np.ndarray) -> None:
        """Add `errors` (rows, columns) of whole blocks from the raster's `row` on.

        errors: fused - true, NaN where nothing is scored. Several bands may be added.
        """
        first = row // self.size
        squares = np.where(np.isfinite(errors), np.square(errors, dtype=np.float64), 0)
        blocks = slice(first, first + -(-errors.shape[0] // self.size))
        self.squares[blocks] += _block_sums(squares, self.size)
        self.counts[blocks] += _block_sums(np.isfinite(errors).astype(np.int64), self.size)

    def ranked(self, bands: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (rows, columns, RMSE) of the blocks, the largest RMSE first.

        Rows and columns are those of a block's middle pixel; `bands` is the number of bands added.
        Only blocks with at least MIN_SCORED_SHARE of their pixels scored are ranked, or, if there
        are none, all blocks with a scored pixel.
        """
        enough = self.counts >= MIN_SCORED_SHARE * bands * self.size**2
        if not enough.any():
            enough = self.counts > 0
        rows, columns = np.nonzero(enough)
        rmse = np.sqrt(self.squares[enough] / self.counts[enough])
        order = np.argsort(-rmse, kind="stable")
        middle = self.size // 2
        return rows[order] * self.size + middle, columns[order] * self.size + middle, rmse[order]


def _block_sums(values: np.ndarray, size: int) -> np.ndarray:
    """Return the sums over blocks of `size` x `size` values; those at the ends may be smaller."""
    rows, columns = (np.arange(0, side, size) for side in values.shape)
    return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
