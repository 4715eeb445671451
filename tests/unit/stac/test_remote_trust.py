"""Where a server may lead us, and where our tokens may be seen."""

import logging
import traceback

import numpy as np
import pytest
import requests
from cog_files import WINDOW, read, remote, right
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.remote import Broken, Unavailable
from servers.files import Fault

TOKEN = "a-very-secret-token"


# Where redirects lead


def test_redirects_to_what_may_be_read_are_followed(server):
    server.fault("/old.tif", Fault(location=server.href("cog.tif")))
    server.fault("/older.tif", Fault(location="/old.tif", status=301))
    np.testing.assert_array_equal(read(remote(), server.href("older.tif")), right())
    assert remote().facts(server.href("older.tif")) == remote().facts(server.href("cog.tif"))


@pytest.mark.parametrize("after", [0, 1], ids=["header", "tile"])
@pytest.mark.parametrize(
    "location",
    [
        "file:///{folder}/cog.tif",
        "file://127.0.0.1/{folder}/cog.tif",
        "ftp://127.0.0.1/cog.tif",
        "http://example.org/cog.tif?sig=a-very-secret-token",
        "http://169.254.169.254/latest/meta-data",
        "https://user:a-very-secret-token@example.org/",
        "gopher://127.0.0.1/x",
        "//example.org/cog.tif",
        "https://[::1/",
        "/cog.tif",
    ],
)
def test_other_redirects_are_refused(server, folder, location, after):
    server.fault("/cog.tif", Fault(location=location.format(folder=folder), after=after))
    with pytest.raises(Broken, match="cog.tif: (it leads to|the server redirects)") as refused:
        read(remote(), server.href("cog.tif"))
    assert TOKEN not in str(refused.value)
    with pytest.raises(Broken):
        remote().facts(server.href("cog.tif"))


def test_the_session_itself_asks_for_nothing_else():
    session = remote().session
    for url in ("http://example.org/", "http://192.168.0.1/", "https://user:word@example.org/"):
        with pytest.raises(requests.exceptions.InvalidURL, match="refused"):
            session.get(url)
    for url in ("file:///etc/passwd", "ftp://example.org/", "s3://a/b"):
        with pytest.raises(requests.exceptions.InvalidSchema):
            session.get(url)


# Tokens


class Signer:
    """Signs with its current token; renewing takes the next one."""

    def __init__(self, *tokens):
        self.tokens = list(tokens)
        self.renewed = []

    def sign(self, href):
        return f"{href}?sig={self.tokens[0]}"

    def renew(self, href, refused):
        self.renewed.append((href, refused))
        if refused == self.sign(href) and len(self.tokens) > 1:
            self.tokens.pop(0)
        return True


def signed(*tokens, **options):
    signing = remote(**options)
    signing.signer = Signer(*tokens)
    return signing


def test_a_token_that_ends_is_renewed(server):
    href = server.href("cog.tif")
    server.token = "first"
    reader = signed("first", "second")
    with reader.open(href) as dataset:
        server.token = "second"
        np.testing.assert_array_equal(dataset.read(1, window=WINDOW), right())
    assert set(reader.signer.renewed) == {(href, f"{href}?sig=first")}
    assert signed("old", "second").facts(href)["size"] > 0


def test_a_renewed_token_that_does_not_help_is_told(server):
    server.token = "other"
    with pytest.raises(Unavailable, match="answered 403"):
        signed("first", "second", "third").facts(server.href("cog.tif"))
    assert len(server.requests) == 2


@pytest.mark.parametrize("after", [0, 1], ids=["header", "tile"])
@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"status": 403},
        {"status": 404},
        {"status": 503},
        {"status": 429, "retry_after": 999},
        {"cut_after": 10},
        {"delay_s": 1.0},
        {"ignore_range": True},
        {"location": "file:///etc/passwd"},
        {"location": f"http://example.org/?{TOKEN}"},
        {"location": f"/cog.tif?sig={TOKEN}"},
    ],
    ids=str,
)
def test_a_token_is_seen_nowhere(server, caplog, capfd, fault, after):
    caplog.set_level(logging.DEBUG)
    server.token = TOKEN
    server.fault("*", Fault(**fault, after=after) if fault else Fault(times=0))
    reader = signed(TOKEN, timeout_s=0.2, attempts=2)
    said = []
    try:
        with reader.open(server.href("cog.tif")) as dataset:
            said.append(repr(dataset))
            dataset.read(1, window=WINDOW)
        said.append(str(reader.facts(server.href("cog.tif"))))
    except StudyError as error:
        said += traceback.format_exception(error)
        while error is not None:
            said.append(repr(error))
            error = error.__cause__ or error.__context__
    assert len(said) > 1
    assert "/cog.tif" in caplog.text  # requests are logged
    assert TOKEN not in "".join([*said, caplog.text, *capfd.readouterr()])
