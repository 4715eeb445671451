"""A token of the user: sent to the hosts that the settings name, and never to any other."""

import json
import logging
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from cog_files import numbers, read, right, settings, write_cog
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.remote import Broken, Remote, Unavailable

TOKEN = "eyJhbGciOi.very-secret_token"
VARIABLE = {"variable": "MY_TOKEN", "hosts": ["127.0.0.1"]}


@contextmanager
def server(answer):
    """A server that notes the Authorization header of each request; answer: path -> an answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            noted.append((self.path, self.headers["Authorization"]))
            status, headers, body = answer(self.path, self.headers)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    noted = []
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield running.server_address[1], noted
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def part(content, headers):
    """The answer with the range of bytes that is requested."""
    first, last = map(int, headers["Range"].removeprefix("bytes=").split("-"))
    body = content[first : last + 1]
    stated = f"bytes {first}-{first + len(body) - 1}/{len(content)}"
    return 206, {"Content-Range": stated}, body


def remote(token=VARIABLE):
    return Remote(
        settings(signing="bearer", token=token), attempts=2, delay_s=0.01, max_delay_s=0.01
    )


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", TOKEN)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return write_cog(tmp_path_factory.mktemp("file") / "cog.tif", numbers()).read_bytes()


def test_a_named_host_gets_the_token(token, content):
    with server(lambda path, headers: part(content, headers)) as (port, noted):
        found = read(remote(), f"http://127.0.0.1:{port}/cog.tif")
    np.testing.assert_array_equal(found, right())
    assert {header for _, header in noted} == {f"Bearer {TOKEN}"}


def test_another_host_gets_none(token, content):
    with server(lambda path, headers: part(content, headers)) as (port, noted):
        read(remote(), f"http://localhost:{port}/cog.tif")
    assert {header for _, header in noted} == {None}


def test_a_redirect_to_another_host_takes_no_token_along(token, content):
    """As for OPERA's files: a named host that redirects to a signed address of a bucket."""

    def answer(path, headers):
        if path == "/cog.tif":
            return 303, {"Location": f"http://localhost:{ports[0]}/signed.tif?sig=x"}, b""
        return part(content, headers)

    ports = []
    with server(answer) as (port, noted):
        ports.append(port)
        found = read(remote(), f"http://127.0.0.1:{port}/cog.tif")
    np.testing.assert_array_equal(found, right())
    sent = {path.partition("?")[0]: header for path, header in noted}
    assert sent == {"/cog.tif": f"Bearer {TOKEN}", "/signed.tif": None}


def test_a_redirect_between_named_hosts_keeps_it(token, content):
    def answer(path, headers):
        if path == "/cog.tif":
            return 302, {"Location": f"http://localhost:{ports[0]}/other.tif"}, b""
        return part(content, headers)

    ports = []
    both = {**VARIABLE, "hosts": ["127.0.0.1", "localhost"]}
    with server(answer) as (port, noted):
        ports.append(port)
        read(remote(both), f"http://127.0.0.1:{port}/cog.tif")
    assert {header for _, header in noted} == {f"Bearer {TOKEN}"}


def test_no_password_of_netrc_is_sent_instead(token, content, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\ndefault login me password mine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with server(lambda path, headers: part(content, headers)) as (port, noted):
        read(remote(), f"http://127.0.0.1:{port}/cog.tif")
        read(remote(), f"http://localhost:{port}/cog.tif")
        assert {header for _, header in noted} == {f"Bearer {TOKEN}", None}
        noted.clear()
        of_netrc = {"netrc": "127.0.0.1", "hosts": ["127.0.0.1"]}
        read(remote(of_netrc), f"http://127.0.0.1:{port}/cog.tif")
        assert {header for _, header in noted} == {"Bearer mine"}


@pytest.mark.parametrize("value", [None, "", "two words", "line\nbreak"])
def test_a_missing_or_odd_token_is_told(monkeypatch, content, value):
    monkeypatch.delenv("MY_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_TOKEN", value)
    with server(lambda path, headers: part(content, headers)) as (port, noted):
        with pytest.raises(StudyError) as failed:
            read(remote(), f"http://127.0.0.1:{port}/cog.tif")
        assert noted == []
    assert str(failed.value) == (
        "the catalogue needs a token, but the environment variable MY_TOKEN contains none"
    )


def test_a_login_page_is_told_as_that(token):
    page = {"Content-Type": "text/html; charset=utf-8"}
    with server(lambda path, headers: (200, page, b"<html>Sign in</html>")) as (port, _):
        href = f"http://127.0.0.1:{port}/cog.tif"
        with pytest.raises(Broken) as failed:
            read(remote(), href)
    assert str(failed.value) == (
        f"{href}: the server sent a web page instead of the file; it may need a login"
    )


def test_the_token_is_in_no_message_and_no_log(token, caplog):
    caplog.set_level(logging.DEBUG)
    with server(lambda *_: (401, {}, b"")) as (port, _), pytest.raises(Unavailable) as failed:
        read(remote(), f"http://127.0.0.1:{port}/cog.tif")
    shown = [str(failed.value), repr(failed.value.__context__), caplog.text]
    assert TOKEN not in json.dumps(shown)
