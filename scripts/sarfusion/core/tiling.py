"""A scene of any size, tile by tile, with the same result as in one pass over the whole scene.

Neighbouring tiles overlap by a halo as wide as the input that an output pixel depends on (the
receptive field of a network, a filter), and every tile starts at a multiple of the poolings or
decimations. Each output pixel so has the same input as in the whole scene, and there are no seams.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple


class Tile(NamedTuple):
    """Half-open pixel ranges: `rows`, `columns` to write; `read_rows`, `read_columns` to read."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    read_rows: tuple[int, int]
    read_columns: tuple[int, int]

    @property
    def written(self) -> tuple[slice, slice]:
        """The slices (rows, columns) of the written part within the scene."""
        return slice(*self.rows), slice(*self.columns)

    @property
    def read(self) -> tuple[slice, slice]:
        """The slices (rows, columns) of the read part within the scene."""
        return slice(*self.read_rows), slice(*self.read_columns)

    @property
    def inner(self) -> tuple[slice, slice]:
        """The slices (rows, columns) of the written part within the read part."""
        top, left = self.rows[0] - self.read_rows[0], self.columns[0] - self.read_columns[0]
        height, width = self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]
        return slice(top, top + height), slice(left, left + width)


def tiles(shape: tuple[int, int], size: int, radius: int, multiple: int) -> Iterator[Tile]:
    """Yield the Tiles that cover a scene of `shape` (rows, columns), row by row.

    size: side of the written part, pixels, rounded up to `multiple`. radius: distance, pixels,
    from which an output pixel takes input; the halo is this, rounded up to `multiple`.
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


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def pipeline(
    items: Sequence[Any],
    read: Callable[[Any], Any],
    work: Callable[[Any, Any], Any],
    write: Callable[[Any, Any], object],
    progress: Callable[[Sequence[Any]], Iterable[Any]],
) -> None:
    """Call write(item, work(item, read(item))) for each of the items, at least one, in order.

    One thread reads the next item and one writes the previous one, so that the work does not wait
    for the disk and for (de)compression. At most three items are in memory. Errors of all three
    functions are raised. `progress` wraps the items (tqdm, or iter).
    """
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        reading = reader.submit(read, items[0])
        written: Future[object] | None = None
        for item, following in zip(progress(items), [*items[1:], None], strict=True):
            contents = reading.result()
            if following is not None:
                reading = reader.submit(read, following)
            result = work(item, contents)
            if written is not None:
                written.result()
            written = writer.submit(write, item, result)
        if written is not None:
            written.result()
