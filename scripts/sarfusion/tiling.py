"""A network over a scene of any size, tile by tile, equal to one pass over the whole.

Neighbouring tiles overlap by a halo of at least the receptive-field radius, and every tile
starts on a multiple of the poolings, so each output pixel sees just what it would see in the
whole scene: there is no seam to blend.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch.nn.functional import pad


class Tile(NamedTuple):
    """Half-open pixel ranges: `rows`, `columns` to write; `read_rows`, `read_columns` to read."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    read_rows: tuple[int, int]
    read_columns: tuple[int, int]

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


@torch.no_grad()
def predict(network, inputs):
    """Return the network's output (rows, columns) for `inputs` (channels, rows, columns).

    Where the size is no multiple of the poolings, zeros (the training mean) are added below and
    right, and cut off again.
    """
    height, width = inputs.shape[1:]
    down = _round_up(height, network.multiple) - height
    right = _round_up(width, network.multiple) - width
    whole = pad(inputs, (0, right, 0, down))[None].contiguous(memory_format=torch.channels_last)
    return network(whole)[0, 0, :height, :width]


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
