"""The one way to what is not on this machine: what may be read, signed, retried, checked."""

import re
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic

import rasterio
import requests
import urllib3
from rasterio.errors import RasterioError

from .hrefs import check_href, shown
from .network import Broken, Retries, Unavailable, open_session
from .ranges import ForGdal, Part, RangeFile
from .signing import PlanetaryComputer, Unsigned
from .text import printable

__all__ = ["Broken", "Remote", "Unavailable", "check_href"]

SLOWEST = 10_000  # bytes a second; a server slower than that is given up
# A GeoTIFF is one file: nothing beside it is looked for, and nothing beside it is believed.
GDAL = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}


class Remote:
    """Reads what a catalogue names; one for a process, used by any number of threads.

    catalogue: its settings; `url`, `signing` and `allow_s3` are looked at.
    offline: refuse the network; files of a catalogue on disk are read all the same.
    timeout_s: for connecting and for each wait for an answer. attempts, delay_s, longest_delay_s:
    as in network.Retries.

    session: a requests.Session that asks only what check_href allows.
    signer: signs hrefs; see signing.
    """

    def __init__(
        self,
        catalogue,
        *,
        offline=False,
        timeout_s=60,
        attempts=5,
        delay_s=1.0,
        longest_delay_s=30.0,
    ):
        url = catalogue["url"]
        on_disk = not url.startswith(("https:", "http:"))
        self._check = partial(
            check_href,
            local_root=Path(url).parent if on_disk else None,
            allow_s3=catalogue["allow_s3"],
        )
        self._offline, self._timeout_s = offline, timeout_s
        self._retries = Retries(attempts, delay_s, longest_delay_s)
        self.session = open_session(timeout_s, offline)
        signed = catalogue["signing"] == "planetary_computer"
        self.signer = PlanetaryComputer(self._get) if signed else Unsigned()

    def call(self, work, what):
        """Return work(), tried again while its failure may pass; see network.Retries.call.

        work: may raise any exception of requests. what: names it in messages.
        """
        return self._retries.call(work, what)

    def facts(self, href):
        """Return {"size", "etag", "modified"} of a file as its server tells them, else None.

        Of a file on disk only the size is told, of one on s3 nothing.
        """
        href = self._check(href)
        facts = {"size": None, "etag": None, "modified": None}
        if href.startswith("/"):
            return facts | {"size": _stat(href).st_size}
        if href.startswith("s3:"):
            return facts

        def ask():
            # One byte rather than HEAD, which some servers refuse, and some signatures too.
            with self._ask(href, 0, 1) as response:
                return facts | {
                    "size": _whole_size(response),
                    "etag": response.headers.get("ETag"),
                    "modified": response.headers.get("Last-Modified"),
                }

        return self.call(ask, href)

    @contextmanager
    def open(self, href):
        """Open the GeoTIFF at `href` for reading, as a rasterio dataset.

        Raises Unavailable or Broken, also at the end of the block for what was read inside it:
        until then, nothing read is to be trusted. s3 is left to GDAL's own client, as the user's
        AWS settings have it; ranges.py says what that client does not see.
        """
        href = self._check(href)
        if href.startswith("s3:") and self._offline:
            raise Unavailable(f"offline: {href} is not here; run once without --offline")
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(**GDAL, GDAL_HTTP_TIMEOUT=self._timeout_s))
            name, opener = href, None
            if href.startswith(("https:", "http:")):
                file = stack.enter_context(closing(RangeFile(partial(self._range, href), href)))
                name, opener = _name_of(href), ForGdal(file)
            yield stack.enter_context(_opened(name, href, opener))

    def _get(self, url):
        """Return the answer to a short request, read whole."""

        def ask():
            response = self.session.get(url)
            response.raise_for_status()
            return response

        return self.call(ask, shown(url))

    def _range(self, href, start, stop):
        """Return the Part of the file at `href` from `start` up to `stop` or its end."""

        def ask():
            with self._ask(href, start, stop) as response:
                if response.status_code != 206:
                    raise Broken(f"{href}: the server gives only whole files, no ranges of bytes")
                size = _whole_size(response)
                last = min(stop, size or stop)
                if response.headers.get("Content-Range") != f"bytes {start}-{last - 1}/{size}":
                    raise Broken(f"{href}: the server gives other bytes than were asked for")
                body = self._body(response, last - start)
                return Part(body, size, response.headers.get("ETag"))

        return self.call(ask, href)

    def _ask(self, href, start, stop):
        """Return a streamed answer to a request of bytes, signed anew if the token is refused."""
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

    def _body(self, response, length):
        """Return the body of a streamed answer, `length` bytes that come fast enough."""
        deadline = monotonic() + self._timeout_s + length / SLOWEST
        body = bytearray()
        try:
            while len(body) <= length and (chunk := response.raw.read1(1 << 16)):
                body += chunk
                if monotonic() > deadline:
                    raise requests.ReadTimeout
        except urllib3.exceptions.TimeoutError:
            raise requests.ReadTimeout from None
        except urllib3.exceptions.HTTPError:
            pass  # the length tells
        if len(body) != length:
            raise requests.ConnectionError
        return bytes(body)


@contextmanager
def _opened(name, href, opener):
    """Open a GeoTIFF by GDAL's `name`; errors tell of `href`, first of all those of `opener`."""
    failure: Exception | None = None
    try:
        # By this driver only: others, such as VRT, would read what a file names on this machine.
        with rasterio.open(name, driver="GTiff", opener=opener) as dataset:
            if dataset.crs is None:
                raise Broken(f"{href}: it has no coordinate reference system; choose another item")
            yield dataset
    except RasterioError as error:
        if href.startswith("s3:"):
            reason = printable(str(error), 120)
            failure = Unavailable(
                f"{href}: GDAL cannot read it ({reason}); see to its AWS settings"
            )
        else:
            failure = Broken(f"{href}: it is no GeoTIFF, or it is damaged or cut short")
    except Exception as error:
        failure = error
    # Whatever GDAL and its reader made of a failed read, this is why.
    failure = (opener and opener.error) or failure
    if failure is not None:
        raise failure from None


def _name_of(href):
    """Return a plain name for the dataset at `href`, by which messages may call it."""
    name = href.rpartition("/")[2]
    return name if re.fullmatch(r"\w[\w.-]{,99}", name, re.ASCII) else "asset.tif"


def _stat(path):
    try:
        return Path(path).stat()
    except OSError as error:
        raise Broken(f"{path}: {error.strerror}; is the catalogue complete?") from None


def _whole_size(response):
    """Return the size in bytes of the file that an answer is part of, or None."""
    whole = response.headers.get("Content-Length", "")
    if response.status_code == 206:
        whole = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(whole) if re.fullmatch(r"[0-9]{1,18}", whole) else None
