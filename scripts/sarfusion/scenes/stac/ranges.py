"""A file on a server as GDAL reads it: in ranges of bytes, each of them checked.

GDAL's own client, /vsicurl/, is not used, for three things that GDAL 3.10 does: it takes the end
of a cut connection for the end of the file, so that a header cut short gives zeros without an
error; it follows redirects to any host and to http; and it says of a failed read neither the
status nor how long the server asks to wait.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from rasterio.abc import MultiByteRangeResourceContainer

from .network import Broken

BLOCK = 1 << 14  # bytes; small reads, of headers, are rounded to such blocks and kept
HEADER = 2 * BLOCK  # read at once: that of a Landsat scene has some 16 kB
LARGEST_HEADER = 1 << 24
LARGEST_READ = 1 << 27  # of GDAL at a time
SMALL = 1 << 12
PIECE = 1 << 22  # of a long range; pieces are fetched side by side
CONNECTIONS = 4  # more would not be polite to a server


@dataclass(frozen=True)
class Part:
    """What a server gave: bytes, the size of their file, and what marks its version."""

    body: bytes
    size: int
    version: object


class RangeFile:
    """A file read through ask(start, stop) -> Part, a function with retries of its own.

    `name` stands in messages. Raises what ask raises, and Broken when the file changes while it
    is read or ends before its own data.
    """

    def __init__(self, ask, name):
        self._ask, self._name = ask, name
        first = ask(0, HEADER)
        self.size, self._version = first.size, first.version
        self._blocks = {}
        self._keep(0, first.body)
        self._pool = ThreadPoolExecutor(CONNECTIONS)

    def close(self):
        self._pool.shutdown(cancel_futures=True)

    def read(self, start, stop):
        """Return the bytes from `start` up to `stop` or the end of the file."""
        stop = min(stop, self.size)
        needed = range(start - start % BLOCK, stop, BLOCK)
        missing = [block for block in needed if block not in self._blocks]
        if missing and stop - start > SMALL:
            return self.read_many([(start, stop)])[0]
        for block in missing:
            self._keep(block, self._fetch(block, min(block + BLOCK, self.size)))
        kept = b"".join(self._blocks[block] for block in needed)
        return kept[start - needed.start : stop - needed.start]

    def read_many(self, spans):
        """Return the bytes of each (start, stop) of `spans`, fetched side by side.

        GDAL has made neighbouring tiles one span already.
        """
        if any(stop > self.size for _, stop in spans):
            raise Broken(f"{self._name}: it ends before its own data; it is cut short")
        if sum(stop - start for start, stop in spans) > LARGEST_READ:
            raise Broken(f"{self._name}: its header asks for an absurd number of bytes")
        pieces = [
            (piece, min(piece + PIECE, stop))
            for start, stop in spans
            for piece in range(start, stop, PIECE)
        ]
        bodies = self._pool.map(self._fetch, *zip(*pieces, strict=True))
        return [
            b"".join(islice(bodies, math.ceil((stop - start) / PIECE))) for start, stop in spans
        ]

    def _fetch(self, start, stop):
        part = self._ask(start, stop)
        if (part.size, part.version) != (self.size, self._version):
            raise Broken(f"{self._name}: it changed on the server while it was read; run again")
        return part.body

    def _keep(self, start, body):
        for offset in range(0, len(body), BLOCK):
            self._blocks[start + offset] = body[offset : offset + BLOCK]
        if len(self._blocks) * BLOCK > LARGEST_HEADER:
            raise Broken(f"{self._name}: its header is absurdly large or scattered")


class ForGdal(MultiByteRangeResourceContainer):
    """Shows a RangeFile to rasterio.open as its opener; the name it is opened by is not looked at.

    GDAL cannot carry an exception from here, and a short read may pass it by: the first one is
    kept in `error`, nothing is read after it, and whoever reads must look there before trusting
    what GDAL gave.
    """

    def __init__(self, file):
        self.file = file
        self.error = None

    def attempt(self, read, spans, failed):
        """Return read(*spans), or `failed` from the first error on."""
        if self.error is None:
            try:
                return read(*spans)
            except BaseException as error:  # an interrupt from the keyboard too
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
