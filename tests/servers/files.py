"""An HTTP server of files on loopback, with range requests and faults on demand.

It runs in a process of its own: GDAL holds the interpreter's lock during some of its requests,
and a server in a thread of the same process would never answer them.
"""

import json
import mimetypes
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from email.utils import formatdate
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

CHUNK = 1 << 14  # bytes


@dataclass
class Fault:
    """What goes wrong with the requests of `method` (None: any), by the fields that are set.

    The first `after` matching requests succeed, the next `times` (None: all) do not.
    """

    status: int | None = None  # answered instead of the file
    retry_after: str | int | None = None  # its Retry-After
    location: str | None = None  # a redirect to there (302, or `status`)
    cut_after: int | None = None  # bytes of the body, then the connection is closed
    delay_s: float = 0.0  # before each chunk of CHUNK bytes
    ignore_range: bool = False  # 200 with the whole file
    page: str | None = None  # a web page with this text, such as a login, instead of the file
    method: str | None = None
    after: int = 0
    times: int | None = None

    def strikes(self, method):
        """Return whether the fault hits a request of `method`, and count the request."""
        if self.method not in (None, method):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
            return self.times >= 0
        return True


class FileServer:
    """Serves the files in `folder` while its `with` block runs.

    with FileServer(folder) as server:
        server.fault("*.tif", Fault(status=429, retry_after=1, times=2))
        requests.get(server.href("a.tif"))
    """

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self._token = None

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://127.0.0.1:{self._answer()}"
        return self

    def __exit__(self, *_):
        self._process.communicate()  # it stops at the end of its input

    def _answer(self):
        return json.loads(self._process.stdout.readline())

    def _ask(self, name, *arguments):
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def href(self, path):
        """Return the address of the file `path`, relative to the folder; without a token."""
        return f"{self.url}/{path}"

    def fault(self, pattern, fault):
        """Apply `fault` to requests whose path (such as /a/b.tif) matches the glob `pattern`."""
        self._ask("fault", pattern, asdict(fault))

    def heal(self):
        """Forget all faults."""
        self._ask("heal")

    @property
    def token(self):
        """The ?sig= that each address must have, else 403; None: not needed. May be changed."""
        return self._token

    @token.setter
    def token(self, token):
        self._token = token
        self._ask("need_token", token)

    def forget(self):
        """Reset the counts of requests and bytes."""
        self._ask("forget")

    @property
    def requests(self):
        """(method, path, Range header or None) of each request, in order."""
        return [tuple(request) for request in self._ask("counts")[0]]

    @property
    def bytes_sent(self):
        """Bytes of bodies sent."""
        return self._ask("counts")[1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = Path(folder)
        self.lock = threading.Lock()
        self.token = None
        self.heal()
        self.forget()

    def obey(self, lines):
        """Run the call in each of `lines`, and print its result."""
        for line in lines:
            name, *arguments = json.loads(line)
            with self.lock:
                print(json.dumps(getattr(self, name)(*arguments)), flush=True)

    def fault(self, pattern, fields):
        self.faults.append((pattern, Fault(**fields)))

    def heal(self):
        self.faults = []

    def need_token(self, token):
        self.token = token

    def forget(self):
        self.requests, self.bytes_sent = [], 0

    def counts(self):
        return self.requests, self.bytes_sent

    def fault_of(self, method, path, wanted):
        """Record a request and return the Fault that hits it, or one without effect."""
        with self.lock:
            self.requests.append((method, path, wanted))
            for pattern, fault in self.faults:
                if fnmatch(path, pattern) and fault.strikes(method):
                    return fault
        return Fault()

    def handle_error(self, request, address):
        """Report all errors except clients that hang up, which is allowed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        server, url = self.server, urlsplit(self.path)
        fault = server.fault_of(self.command, url.path, self.headers["Range"])
        path = (server.folder / unquote(url.path).lstrip("/")).resolve()
        if fault.location is not None:
            self._send(fault.status or 302, {"Location": fault.location})
        elif fault.page is not None:
            self._send_page(fault.page.encode())
        elif fault.status is not None:
            wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            self._send(fault.status, wait)
        elif server.token is not None and parse_qs(url.query).get("sig") != [server.token]:
            self._send(403)
        elif not path.is_relative_to(server.folder) or not path.is_file():
            self._send(404)
        else:
            self._send_file(path, fault)

    def _send_file(self, path, fault):
        stat = path.stat()
        headers = {
            "Content-Type": mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            "Accept-Ranges": "bytes",
            "ETag": f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"',
            "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
        }
        wanted = None if fault.ignore_range else _range(self.headers["Range"], stat.st_size)
        if wanted is None:
            self._send(200, headers, path, range(stat.st_size), fault)
        elif not wanted:
            self._send(416, {"Content-Range": f"bytes */{stat.st_size}"})
        else:
            headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{stat.st_size}"
            self._send(206, headers, path, wanted, fault)

    def _send_page(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send(self, status, headers=None, path=None, wanted=range(0), fault=None):
        """Answer with the bytes `wanted` of the file `path`, or with no body."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(wanted)))
        self.end_headers()
        if path is None or self.command == "HEAD":
            return
        if fault.cut_after is not None:
            self.close_connection = True
            wanted = wanted[: fault.cut_after]
        with path.open("rb") as stream:
            stream.seek(wanted.start)
            for start in range(0, len(wanted), CHUNK):
                time.sleep(fault.delay_s)
                chunk = stream.read(len(wanted[start : start + CHUNK]))
                with self.server.lock:
                    self.server.bytes_sent += len(chunk)
                self.wfile.write(chunk)


def _range(header, size):
    """Return the `range` of bytes that a Range header asks for; empty when outside the file.

    None where there is no header, or several ranges (which a server may answer in full).
    """
    if not header or not header.startswith("bytes=") or "," in header:
        return None
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        return range(max(0, size - int(last)), size)
    return range(int(first), min(int(last) + 1, size) if last else size)


if __name__ == "__main__":
    server = _Server(sys.argv[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    server.obey(sys.stdin)
