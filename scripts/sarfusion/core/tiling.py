"""A scene of any size, tile by tile, with the result of one pass over the whole.

Neighbouring tiles overlap by a halo of at least what an output pixel depends on (a network's
receptive field, a filter), and every tile starts on a multiple of the poolings or decimations, so
each output pixel sees just what it would see in the whole scene: there is no seam to blend.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple


class Tile(NamedTuple):
    """Half-open pixel ranges: `rows`, `columns` to write; `read_rows`, `read_columns` to read."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    read_rows: tuple[int, int]
    read_columns: tuple[int, int]

    @property
    def written(self):
        """The slices (rows, columns) of the written part within the scene."""
        return slice(*self.rows), slice(*self.columns)

    @property
    def read(self):
        """The slices (rows, columns) of the read part within the scene."""
        return slice(*self.read_rows), slice(*self.read_columns)

    @property
    def inner(self):
        """The slices (rows, columns) of the written part within the read part."""
        top, left = self.rows[0] - self.read_rows[0], self.columns[0] - self.read_columns[0]
        height, width = self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]
        return slice(top, top + height), slice(left, left + width)


def tiles(shape, size, radius, multiple):
    """Yield the Tiles that cover a scene of `shape` (rows, columns), row by row.

    size: side of the written part, rounded up to `multiple`.
    """
    size = _round_up(size, multiple)
    halo = _round_up(radius, multiple)
    spans = [
        [
            ((start, min(start + size, n)), (max(0, start - halo), min(start + size + halo, n)))
            for start in range(0, n, size)
        ]
        for n in shape
    ]
    for rows, read_rows in spans[0]:
        for columns, read_columns in spans[1]:
            yield Tile(rows, columns, read_rows, read_columns)


def _round_up(number, multiple):
    return -(-number // multiple) * multiple


def pipeline(items, read, work, write, progress):
    """Call write(item, work(item, read(item))) for each of a list of items, in order.

    One thread reads ahead and one writes behind, so that (de)compression and disk do not hold up
    the work; three items are in memory at most. An error of any of the three is raised.
    `progress` wraps the items (tqdm, or iter).
    """
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        reading, written = reader.submit(read, items[0]), None
        for item, following in zip(progress(items), [*items[1:], None], strict=True):
            contents = reading.result()
            if following is not None:
                reading = reader.submit(read, following)
            result = work(item, contents)
            if written is not None:
                written.result()
            written = writer.submit(write, item, result)
        written.result()
