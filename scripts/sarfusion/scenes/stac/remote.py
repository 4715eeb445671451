"""Access to the files of a catalogue: addresses checked, requests signed and retried."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import rasterio
import requests
import tenacity
import urllib3
from rasterio.errors import RasterioError

from .hrefs import check_href, shown
from .network import Broken, Result, Retries, Unavailable, open_session
from .ranges import ByteRange, GdalOpener, RangeFile
from .servers import server_of
from .signing import Bearer, PlanetaryComputer, Unsigned
from .text import printable

__all__ = ["Broken", "Remote", "Unavailable", "check_href", "remotes"]

# Some servers cut off 7 of 10 searches at 30 s, for weeks. With 20 attempts, 1 in 1000 fails.
PATIENT_ATTEMPTS = 20
MAX_FETCH_BYTES = 2_000_000_000
MIN_BYTES_PER_S = 10_000  # a slower transfer fails
# A GeoTIFF is one file: GDAL must not look for files beside it, nor use them.
GDAL = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}


class Remote:
    """Reads the files of a catalogue; one object per process, safe for threads.

    catalogue: its settings, of which `url` and those of addresses are used: `signing`, `token`,
    `allow_s3` and `s3_region`.
    offline: refuse the network; files of a catalogue on disk are still read.
    timeout_s: for the connection and for each wait for data. attempts, delay_s, max_delay_s, clock,
    sleep: see network.Retries. patience_s: of a search, which also has at least PATIENT_ATTEMPTS.

    session: a requests.Session for the addresses that check_href allows.
    signer: signs hrefs; see signing.
    """

    def __init__(
        self,
        catalogue: Mapping[str, Any],
        *,
        offline: bool = False,
        timeout_s: float = 60,
        attempts: int = 5,
        delay_s: float = 1.0,
        max_delay_s: float = 30.0,
        patience_s: float = 0.0,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], None] = tenacity.nap.sleep,
    ) -> None:
        url = catalogue["url"]
        on_disk = not url.startswith(("https:", "http:"))
        self._check = partial(
            check_href,
            local_root=Path(url).parent if on_disk else None,
            allow_s3=catalogue["allow_s3"],
            s3_region=catalogue.get("s3_region"),
        )
        self._offline, self._timeout_s = offline, timeout_s
        pauses = partial(
            Retries, delay_s=delay_s, max_delay_s=max_delay_s, clock=clock, sleep=sleep
        )
        self._retries = pauses(attempts)
        if patience_s:
            attempts = max(attempts, PATIENT_ATTEMPTS)
        self._patient = pauses(attempts, patience_s=patience_s)
        bearer = Bearer(catalogue["token"]) if catalogue["signing"] == "bearer" else None
        self.session = open_session(timeout_s, offline, bearer.header if bearer else None)
        if catalogue["signing"] == "planetary_computer":
            self.signer: PlanetaryComputer | Unsigned = PlanetaryComputer(self._get)
        else:
            self.signer = bearer or Unsigned()

    def call(self, work: Callable[[], Result], what: str, patient: bool = False) -> Result:
        """Return work(), repeated after transient failures; see network.Retries.call.

        work: may raise any exception of requests. what: the address or file, for messages.
        patient: repeat it as long as a search.
        """
        return (self._patient if patient else self._retries).call(work, what)

    def facts(self, href: str) -> dict[str, Any]:
        """Return {"size", "etag", "modified"} of a file as its server states them, else None.

        For a file on disk only the size is known, for one on s3 nothing.
        """
        href = self._check(href)
        facts: dict[str, Any] = {"size": None, "etag": None, "modified": None}
        if href.startswith("/"):
            return facts | {"size": _stat(href).st_size}
        if href.startswith("s3:"):
            return facts

        def ask() -> dict[str, Any]:
            # A request for one byte: some servers and some signatures refuse HEAD.
            with self._ask(href, 0, 1) as response:
                return facts | {
                    "size": _whole_size(response),
                    "etag": response.headers.get("ETag"),
                    "modified": response.headers.get("Last-Modified"),
                }

        return self.call(ask, href)

    @contextmanager
    def open(self, href: str) -> Iterator[Any]:
        """Open the GeoTIFF at `href` for reading, as a rasterio dataset.

        Raises Unavailable or Broken, also at the end of the block for reads inside it: data read
        must not be used before. s3 is read by GDAL's own client with the user's AWS settings; for
        the errors that it misses see ranges.py.
        """
        href = self._check(href)
        if href.startswith("s3:") and self._offline:
            raise Unavailable(f"offline: {href} is not here; run once without --offline")
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(**GDAL, GDAL_HTTP_TIMEOUT=self._timeout_s))
            name, opener = href, None
            if href.startswith(("https:", "http:")):
                file = stack.enter_context(closing(RangeFile(partial(self._range, href), href)))
                name, opener = _name_of(href), GdalOpener(file)
            yield stack.enter_context(_opened(name, href, opener))

    def text(self, href: str, query: Mapping[str, str]) -> str:
        """Return the text of a server's short answer to a query."""
        address = self._check(href)

        def ask() -> str:
            signed = self.signer.sign(address)
            with self.session.get(signed, params=query) as response:
                response.raise_for_status()
                return response.text

        return self.call(ask, address)

    def fetch(self, href: str, path: Path) -> None:
        """Write a whole file of a server to `path`. Raises Broken if it exceeds MAX_FETCH_BYTES."""
        address = self._check(href)

        def ask() -> None:
            signed = self.signer.sign(address)
            with self.session.get(signed, stream=True) as response:
                response.raise_for_status()
                size = 0
                with path.open("wb") as stream:
                    for chunk in response.iter_content(1 << 20):
                        size += stream.write(chunk)
                        if size > MAX_FETCH_BYTES:
                            raise Broken(f"{address}: it has more than {MAX_FETCH_BYTES} bytes")
                if size != (_whole_size(response) or size):
                    raise requests.ConnectionError

        self.call(ask, address)

    def _get(self, url: str) -> requests.Response:
        """Return the complete answer to a request."""

        def ask() -> requests.Response:
            response = self.session.get(url)
            response.raise_for_status()
            return response

        return self.call(ask, shown(url))

    def _range(self, href: str, start: int, stop: int) -> ByteRange:
        """Return the bytes of the file at `href` from `start` up to `stop` or its end."""

        def ask() -> ByteRange:
            with self._ask(href, start, stop) as response:
                if response.headers.get("Content-Type", "").startswith("text/html"):
                    raise Broken(
                        f"{href}: the server sent a web page instead of the file; it may need a"
                        " login"
                    )
                if response.status_code != 206:
                    raise Broken(f"{href}: the server sends only whole files, not ranges of bytes")
                size = _whole_size(response)
                last = min(stop, size or stop)
                expected = f"bytes {start}-{last - 1}/{size}"
                if size is None or response.headers.get("Content-Range") != expected:
                    raise Broken(f"{href}: the server sent other bytes than were requested")
                body = self._body(response, last - start)
                return ByteRange(body, size, response.headers.get("ETag"))

        return self.call(ask, href)

    def _ask(self, href: str, start: int, stop: int) -> requests.Response:
        """Return the streamed answer to a request for bytes, with a new token if one is refused."""
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        signed = self.signer.sign(href)
        response = self.session.get(signed, headers=headers, stream=True)
        if response.status_code in (401, 403) and self.signer.renew(href, signed):
            response.close()
            response = self.session.get(self.signer.sign(href), headers=headers, stream=True)
        if not response.ok:
            response.close()
            response.raise_for_status()
        return response

    def _body(self, response: requests.Response, length: int) -> bytes:
        """Return the body of a streamed answer of `length` bytes.

        Raises ReadTimeout below MIN_BYTES_PER_S, ConnectionError for another length.
        """
        deadline = monotonic() + self._timeout_s + length / MIN_BYTES_PER_S
        body = bytearray()
        try:
            while len(body) <= length and (chunk := response.raw.read1(1 << 16)):
                body += chunk
                if monotonic() > deadline:
                    raise requests.ReadTimeout
        except urllib3.exceptions.TimeoutError:
            raise requests.ReadTimeout from None
        except urllib3.exceptions.HTTPError:
            pass  # detected by the length
        if len(body) != length:
            raise requests.ConnectionError
        return bytes(body)


def remotes(catalogue: Mapping[str, Any], **options: Any) -> Callable[[str], Remote]:
    """Return the function from the name of a locked scene (lock.scenes_of) to its Remote.

    options: of Remote.
    """
    optical = Remote(server_of(catalogue, "optical"), **options)
    apart = "server" in catalogue["sar"]
    sar = Remote(server_of(catalogue, "sar"), **options) if apart else optical
    return lambda name: sar if name.partition(" ")[0] == "sar" else optical


@contextmanager
def _opened(name: str, href: str, opener: GdalOpener | None) -> Iterator[Any]:
    """Open a GeoTIFF by GDAL's `name`.

    Errors name `href`; an error of `opener` has priority over the one that GDAL made of it.
    """
    failure: BaseException | None = None
    try:
        # Only this driver: others, such as VRT, would open files on this machine that it names.
        with rasterio.open(name, driver="GTiff", opener=opener) as dataset:
            if dataset.crs is None:
                raise Broken(f"{href}: it has no coordinate reference system; choose another item")
            yield dataset
    except RasterioError as error:
        if href.startswith("s3:"):
            reason = printable(str(error), 120)
            failure = Unavailable(f"{href}: GDAL cannot read it ({reason}); check its AWS settings")
        else:
            failure = Broken(f"{href}: it is not a GeoTIFF, or it is damaged or cut short")
    except Exception as error:
        failure = error
    # The cause of any error that GDAL reports for a failed read.
    failure = (opener and opener.error) or failure
    if failure is not None:
        raise failure from None


def _name_of(href: str) -> str:
    """Return a plain name for the dataset at `href`, for messages."""
    name = href.rpartition("/")[2]
    return name if re.fullmatch(r"\w[\w.-]{,99}", name, re.ASCII) else "asset.tif"


def _stat(path: str) -> os.stat_result:
    try:
        return Path(path).stat()
    except OSError as error:
        raise Broken(f"{path}: {error.strerror}; is the catalogue complete?") from None


def _whole_size(response: requests.Response) -> int | None:
    """Return the size in bytes of the whole file of an answer, or None."""
    whole = response.headers.get("Content-Length", "")
    if response.status_code == 206:
        whole = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(whole) if re.fullmatch(r"[0-9]{1,18}", whole) else None
