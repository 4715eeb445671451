"""A scene of any size, tile by tile, with the same result as in one pass over the whole scene.

Neighbouring tiles overlap by a halo as wide as the input that an output pixel depends on (the
receptive field of a network, a filter), and every tile starts at a multiple of the poolings or
decimations. So each output pixel has the same input as in the whole scene, and there are no seams.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

OVERHEAD_PX = 4000  # pixels that a U-Net computes in the time that calling it takes


class Tile(NamedTuple):
    """A part of a scene of `shape` (rows, columns), as half-open ranges of `rows` and `columns`.

    halo: the pixels around it that are read too, as far as the scene goes.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    shape: tuple[int, int]
    halo: int = 0

    @property
    def written(self) -> tuple[slice, slice]:
        """The slices (rows, columns) of the tile itself within the scene."""
        return slice(*self.rows), slice(*self.columns)

    @property
    def read(self) -> tuple[slice, slice]:
        """The slices (rows, columns) of the tile with its halo within the scene."""
        rows, columns = self._clipped(self.halo)
        return slice(*rows), slice(*columns)

    @property
    def inner(self) -> tuple[slice, slice]:
        """The slices (rows, columns) of the tile itself within the read part."""
        (top, _), (left, _) = self._clipped(self.halo)
        (first, last), (start, stop) = self.rows, self.columns
        return slice(first - top, last - top), slice(start - left, stop - left)

    def within(self, whole: "Tile") -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Return what this part of a tile reads and writes, as slices within those of `whole`."""
        return _relative(self.read, whole.read), _relative(self.written, whole.written)

    def padded(self, read: Callable[[slice, slice], np.ndarray], more: int = 0) -> np.ndarray:
        """Return the tile with its halo on each side, zero beyond the scene.

        read: returns an array (..., rows, columns) for slices of rows and columns. more: pixels by
        which the halo is widened.
        """
        margin = self.halo + more
        inside = self._clipped(margin)
        beyond = [
            (first - (start - margin), (stop + margin) - last)
            for (start, stop), (first, last) in zip((self.rows, self.columns), inside, strict=True)
        ]
        image = read(*(slice(*span) for span in inside))
        if not np.any(beyond):
            return image
        return np.pad(image, [(0, 0)] * (image.ndim - 2) + beyond)

    def _clipped(self, margin: int) -> list[tuple[int, int]]:
        """Return the ranges of rows and of columns with a margin, cut at the scene's edges."""
        return [
            (max(0, start - margin), min(stop + margin, size))
            for (start, stop), size in zip((self.rows, self.columns), self.shape, strict=True)
        ]


def tiles(shape: tuple[int, int], size: int, radius: int = 0, multiple: int = 1) -> Iterator[Tile]:
    """Yield the Tiles that cover a scene of `shape` (rows, columns), row by row.

    size: side of a tile, pixels. radius: greatest distance, pixels, from which an output pixel
    takes input; this is the halo. Both are rounded up to `multiple`.
    """
    size = _round_up(size, multiple)
    halo = _round_up(radius, multiple)
    rows, columns = ([(start, min(start + size, n)) for start in range(0, n, size)] for n in shape)
    for row in rows:
        for column in columns:
            yield Tile(row, column, shape, halo)


def _relative(part: tuple[slice, slice], whole: tuple[slice, slice]) -> tuple[slice, slice]:
    """Return slices of a scene as slices of the part of it that `whole` takes."""
    rows, columns = (
        slice(inner.start - outer.start, inner.stop - outer.start)
        for inner, outer in zip(part, whole, strict=True)
    )
    return rows, columns


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def covering(
    tile: Tile, wanted: np.ndarray, multiple: int = 1, overhead_px: int = OVERHEAD_PX
) -> list[Tile]:
    """Return parts of a tile that cover its wanted pixels, and few others.

    wanted: bool (rows, columns) of the tile. Each part is the least rectangle around some of them,
    on a grid of `multiple` pixels, with the tile's halo. A tile is divided in two, and each half
    again, if this leaves less to compute. Parts do not overlap, except in their halos. overhead_px:
    pixels that are computed in the time that any part takes, however small.
    """
    spans, inside = [], []
    for axis, (start, stop) in enumerate((tile.rows, tile.columns)):
        found = np.flatnonzero(wanted.any(axis=1 - axis))
        if not found.size:
            return []
        first, last = (int(end) // multiple * multiple for end in (found[0], found[-1]))
        spans.append((start + first, min(start + last + multiple, stop)))
        inside.append(slice(first, last + multiple))
    whole, wanted = tile._replace(rows=spans[0], columns=spans[1]), wanted[*inside]
    longer = int(wanted.shape[1] > wanted.shape[0])
    middle = wanted.shape[longer] // 2 // multiple * multiple
    cost = _cost(whole, overhead_px)
    if not middle or wanted.sum() + 2 * overhead_px >= cost:  # two parts cost as much
        return [whole]
    start, stop = spans[longer]
    parts = []
    for span, of_half in zip(
        ((start, start + middle), (start + middle, stop)),
        np.split(wanted, [middle], axis=longer),
        strict=True,
    ):
        half = whole._replace(columns=span) if longer else whole._replace(rows=span)
        parts += covering(half, of_half, multiple, overhead_px)
    return parts if sum(_cost(part, overhead_px) for part in parts) < cost else [whole]


def _cost(tile: Tile, overhead_px: int) -> int:
    """Return the cost of a tile: the pixels to compute for it, and those of any part."""
    rows, columns = (stop - start + 2 * tile.halo for start, stop in (tile.rows, tile.columns))
    return rows * columns + overhead_px


def in_order(function: Callable[[Any], Any], items: Iterable[Any], threads: int) -> Iterator[Any]:
    """Yield function(item) for each item in order; `threads` work, few items wait in memory."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Any]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


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
