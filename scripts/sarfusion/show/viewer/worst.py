"""Where a method errs most: blocks of ground, ranked by their error."""

import numpy as np

BLOCK = 8  # pixels a side of the stack; divides the height of every strip
LEAST = 1 / 2  # of a block's pixels must be scored, or it says little


class BlockErrors:
    """Sums of squared errors in blocks of `size` pixels of a raster of `shape`."""

    def __init__(self, shape, size):
        self.size = size
        blocks = tuple(-(-side // size) for side in shape)
        self.squares, self.counts = np.zeros(blocks), np.zeros(blocks, np.int64)

    def add(self, row, errors):
        """Add `errors` (rows, columns), NaN where nothing is scored, from `row` (whole blocks) on.

        Several bands may be added to the same blocks.
        """
        first = row // self.size
        squares = np.where(np.isfinite(errors), np.square(errors, dtype=np.float64), 0)
        blocks = slice(first, first + -(-errors.shape[0] // self.size))
        self.squares[blocks] += _sums(squares, self.size)
        self.counts[blocks] += _sums(np.isfinite(errors).astype(np.int64), self.size)

    def ranked(self, bands=1):
        """Return (rows, columns, rmse) of blocks, the worst first.

        Rows and columns are those of the block's middle pixel. Only blocks with LEAST of their
        pixels scored in each of `bands` count, or all that have any, where there are no such.
        """
        enough = self.counts >= LEAST * bands * self.size**2
        if not enough.any():
            enough = self.counts > 0
        rows, columns = np.nonzero(enough)
        rmse = np.sqrt(self.squares[enough] / self.counts[enough])
        order = np.argsort(-rmse, kind="stable")
        middle = self.size // 2
        return rows[order] * self.size + middle, columns[order] * self.size + middle, rmse[order]


def _sums(values, size):
    """Return sums over size x size blocks of (rows, columns), the last ones maybe narrower."""
    rows, columns = (np.arange(0, side, size) for side in values.shape)
    return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
