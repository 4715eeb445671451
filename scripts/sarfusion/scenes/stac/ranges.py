"""A file on a server as GDAL reads it: in ranges of bytes, each of them checked.

GDAL's own client, /vsicurl/, is not used because of three properties of GDAL 3.10. It takes the end
of a broken connection for the end of the file, so that a truncated header gives zeros without an
error. It follows redirects to any host and to http. For a failed read, it reports neither the
status nor the wait that the server requests.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from rasterio.abc import MultiByteRangeResourceContainer

from .network import Broken

Span = tuple[int, int]  # half-open range of bytes
Result = TypeVar("Result")

BLOCK_BYTES = 1 << 14  # small reads, of headers, are rounded to such blocks and cached
HEADER_BYTES = 2 * BLOCK_BYTES  # of the first read; a Landsat scene's header has about 16 kB
MAX_HEADER_BYTES = 1 << 24
MAX_READ_BYTES = 1 << 27  # of one read by GDAL
SMALL_READ_BYTES = 1 << 12
PIECE_BYTES = 1 << 22  # of a long range; pieces are fetched in parallel
PARALLEL_REQUESTS = 4  # more would burden a server


@dataclass(frozen=True)
class ByteRange:
    """A range of bytes as a server sent it."""

    body: bytes
    size: int  # of the whole file
    version: object  # the file's ETag


class RangeFile:
    """A file read in ranges of bytes.

    ask: (start, stop) -> ByteRange, with retries of its own. name: of the file, for messages.
    Raises the errors of ask, and Broken if the file changes while it is read or is truncated.
    """

    def __init__(self, ask: Callable[[int, int], ByteRange], name: str) -> None:
        self._ask, self._name = ask, name
        first = ask(0, HEADER_BYTES)
        self.size, self._version = first.size, first.version
        self._blocks: dict[int, bytes] = {}
        self._keep(0, first.body)
        self._pool = ThreadPoolExecutor(PARALLEL_REQUESTS)

    def close(self) -> None:
        """Cancel the requests that have not started."""
        self._pool.shutdown(cancel_futures=True)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` up to `stop` or the end of the file."""
        stop = min(stop, self.size)
        needed = range(start - start % BLOCK_BYTES, stop, BLOCK_BYTES)
        missing = [block for block in needed if block not in self._blocks]
        if missing and stop - start > SMALL_READ_BYTES:
            return self.read_many([(start, stop)])[0]
        for block in missing:
            self._keep(block, self._fetch(block, min(block + BLOCK_BYTES, self.size)))
        kept = b"".join(self._blocks[block] for block in needed)
        return kept[start - needed.start : stop - needed.start]

    def read_many(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of each span, fetched in parallel.

        GDAL has already merged neighbouring tiles into one span.
        """
        if any(stop > self.size for _, stop in spans):
            raise Broken(f"{self._name}: it ends before its own data; it is cut short")
        if sum(stop - start for start, stop in spans) > MAX_READ_BYTES:
            raise Broken(f"{self._name}: its header asks for an absurd number of bytes")
        pieces = [
            (piece, min(piece + PIECE_BYTES, stop))
            for start, stop in spans
            for piece in range(start, stop, PIECE_BYTES)
        ]
        bodies = self._pool.map(self._fetch, *zip(*pieces, strict=True))
        return [
            b"".join(islice(bodies, math.ceil((stop - start) / PIECE_BYTES)))
            for start, stop in spans
        ]

    def _fetch(self, start: int, stop: int) -> bytes:
        received = self._ask(start, stop)
        if (received.size, received.version) != (self.size, self._version):
            raise Broken(f"{self._name}: it changed on the server while it was read; run again")
        return received.body

    def _keep(self, start: int, body: bytes) -> None:
        """Cache the blocks of `body`, which begins at `start`."""
        for offset in range(0, len(body), BLOCK_BYTES):
            self._blocks[start + offset] = body[offset : offset + BLOCK_BYTES]
        if len(self._blocks) * BLOCK_BYTES > MAX_HEADER_BYTES:
            raise Broken(f"{self._name}: its header is absurdly large or scattered")


class GdalOpener(MultiByteRangeResourceContainer):
    """Makes a RangeFile the opener of rasterio.open, which ignores the name then.

    GDAL cannot pass on an exception from here and may ignore a short read. The first exception is
    therefore stored in `error` and nothing is read after it; check it before using what GDAL read.
    """

    def __init__(self, file: RangeFile) -> None:
        self.file = file
        self.error: BaseException | None = None

    def attempt(
        self, read: Callable[..., Result], arguments: Iterable[Any], failed: Result
    ) -> Result:
        """Return read(*arguments), or `failed` from the first error on."""
        if self.error is None:
            try:
                return read(*arguments)
            except BaseException as error:  # KeyboardInterrupt too
                self.error = error
        return failed

    def open(self, path, mode="r", **_):
        return _Cursor(self)

    def isfile(self, path):
        return True

    def isdir(self, path):
        return False

    def ls(self, path):
        return []

    def mtime(self, path):
        return 0

    def size(self, path):
        return self.file.size

    def rm(self, path):
        raise PermissionError(path)


class _Cursor:
    """A Python file as GDAL uses it."""

    def __init__(self, opener):
        self._opener = opener
        self._at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass

    def seek(self, offset, whence=0):
        self._at = offset + (0, self._at, self._opener.file.size)[whence]
        return self._at

    def tell(self):
        return self._at

    def read(self, size=-1):
        stop = self._opener.file.size if size < 0 else self._at + size
        body = self._opener.attempt(self._opener.file.read, (self._at, stop), b"")
        self._at += len(body)
        return body

    def get_byte_ranges(self, offsets, sizes):
        spans = [(offset, offset + size) for offset, size in zip(offsets, sizes, strict=True)]
        return self._opener.attempt(self._opener.file.read_many, (spans,), [b""] * len(spans))
