"""Reading files of a real server on loopback, well-behaved and failing in every way."""

import logging
import os
import re
import shutil
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import numpy as np
import pytest
import rasterio
import requests
from cog_files import TILE, numbers, remote, settings, write_cog, write_tiled
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window
from sarfusion.errors import StudyError
from sarfusion.stac import network, ranges
from sarfusion.stac import remote as remote_module
from sarfusion.stac.network import retry_after
from sarfusion.stac.remote import Broken, Remote, Unavailable
from servers.files import Fault, FileServer

WINDOW = Window(200, 300, 250, 150)  # tiles 3..7 across, 4..7 down; the last rows are in no other
TOKEN = "a-very-secret-token"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_cog(folder / "cog.tif", numbers())
    write_cog(folder / "other.tif", numbers(seed=4))
    write_cog(folder / "lzw.tif", numbers(), compress="lzw", predictor=1)
    write_cog(folder / "float.tif", numbers(dtype="float32"), predictor=3, nodata=-32768)
    write_tiled(folder / "tiled.tif", numbers(), compress="deflate")
    write_tiled(folder / "raw.tif", numbers())
    return folder


@pytest.fixture(scope="module")
def running(folder):
    with FileServer(folder) as server:
        yield server


@pytest.fixture
def server(running):
    running.heal()
    running.forget()
    running.token = None
    return running


def read(remote, href, window=WINDOW):
    with remote.open(href) as dataset:
        return dataset.read(1, window=window)


def right(window=WINDOW, dtype="uint16"):
    return numbers(dtype=dtype)[window.toslices()]


# What servers do well


@pytest.mark.parametrize("name", ["cog", "lzw", "float", "tiled", "raw"])
def test_a_window_is_read_as_it_is(server, name):
    with remote().open(server.href(f"{name}.tif")) as dataset:
        assert dataset.crs.to_epsg() == 32648
        assert dataset.nodata == (-32768 if name == "float" else 0)
        np.testing.assert_array_equal(dataset.read(1, window=WINDOW), right())
    assert {method for method, _, _ in server.requests} == {"GET"}


def test_facts_are_those_of_the_server(server, folder):
    path = folder / "mine.tif"
    shutil.copy(folder / "cog.tif", path)
    server.fault("*", Fault(status=405, method="HEAD"))
    facts = remote().facts(server.href("mine.tif?sig=x"))
    assert facts["size"] == path.stat().st_size
    assert re.fullmatch(r'"[0-9a-f]+-[0-9a-f]+"', facts["etag"])
    assert facts["modified"].endswith(" GMT")
    assert remote().facts(server.href("mine.tif")) == facts
    assert {part for _, _, part in server.requests} == {"bytes=0-0"}
    os.utime(path, (10**9, 10**9))
    changed = remote().facts(server.href("mine.tif"))
    assert changed["size"] == facts["size"]
    assert changed["etag"] != facts["etag"]
    assert changed["modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    server.fault("*", Fault(ignore_range=True))
    assert remote().facts(server.href("mine.tif")) == changed


def test_many_threads_share_one_remote(server):
    one = remote()
    windows = [Window(8 * i, 16 * i, 300, 200) for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda w: read(one, server.href("cog.tif"), w), windows))
    for window, array in zip(windows, found, strict=True):
        np.testing.assert_array_equal(array, right(window))


def test_neighbouring_tiles_are_fetched_at_once_and_side_by_side(server, monkeypatch):
    href = server.href("raw.tif")
    with remote().open(href) as dataset:
        server.forget()
        dataset.read(1, window=WINDOW)
    assert len(server.requests) == 4  # one for each row of tiles
    monkeypatch.setattr(ranges, "PIECE", 10_000)
    server.forget()
    np.testing.assert_array_equal(read(remote(), href), right())
    longest = [int(b) - int(a) + 1 for a, b in re.findall(r"(\d+)-(\d+)", str(server.requests))]
    assert sorted(longest)[-2:] == [10_000, ranges.HEADER]
    assert server.bytes_sent == ranges.HEADER + 4 * 5 * TILE * TILE * 2


def test_a_large_header_is_read_on(server, folder):
    array = numbers(1600, "uint8")
    write_cog(folder / "wide.tif", array, blocksize=16, overviews="none")  # 10 000 tiles
    window = Window(1500, 1500, 90, 90)
    found = read(remote(), server.href("wide.tif"), window)
    np.testing.assert_array_equal(found, array[window.toslices()])
    assert server.requests[1][2].startswith("bytes=32768-")


# What they do badly, for a moment


@pytest.mark.parametrize("after", [0, 1], ids=["header", "tile"])
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retry_after": 0},
        {"status": 500},
        {"status": 503},
        {"cut_after": 0},
        {"cut_after": 700},
        {"delay_s": 2.0},
    ],
    ids=str,
)
def test_what_passes_is_tried_again(server, fault, after):
    server.fault("*", Fault(**fault, after=after, times=2))
    patient = remote(timeout_s=0.5 if "delay_s" in fault else 30, attempts=6)
    found = read(patient, server.href("cog.tif"))
    np.testing.assert_array_equal(found, right())


@pytest.mark.parametrize("after", [0, 1], ids=["header", "tile"])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 429}, "answered 429"),
        ({"status": 503}, "answered 503"),
        ({"cut_after": 700}, "cut"),
        ({"delay_s": 2.0}, "in time|cut"),
    ],
    ids=str,
)
def test_what_does_not_pass_ends_in_one_line(server, fault, after, reason):
    server.fault("*", Fault(**fault, after=after))
    href = server.href("cog.tif")
    with pytest.raises(Unavailable, match=reason) as failed:
        read(remote(timeout_s=0.3 if "delay_s" in fault else 30, attempts=2), href)
    assert str(failed.value).startswith(f"{href}: ")
    assert str(failed.value).isprintable()


@pytest.mark.parametrize("name", ["cog", "tiled", "raw"])
def test_a_header_cut_short_never_gives_pixels(server, folder, name):
    # GDAL's own client takes the cut for the end of the file, and reads zeros or no nodata value.
    size = (folder / f"{name}.tif").stat().st_size
    for bytes_sent in [*range(8, 2000, 83), *range(2000, min(size, ranges.HEADER), 3001)]:
        server.heal()
        server.fault("*", Fault(cut_after=bytes_sent))
        with pytest.raises(Unavailable, match="cut"):
            read(remote(attempts=1), server.href(f"{name}.tif"))


def test_nobody_listens():
    with pytest.raises(Unavailable, match="connection failed"):
        read(remote(), "http://127.0.0.1:1/cog.tif")


def test_attempts_are_bounded(server):
    server.fault("*", Fault(status=503))
    with pytest.raises(Unavailable, match="4 attempts"):
        remote(attempts=4).facts(server.href("cog.tif"))
    assert len(server.requests) == 4


def test_pauses_grow_and_are_random(server, monkeypatch):
    pauses = []
    monkeypatch.setattr("tenacity.nap.time.sleep", pauses.append)
    server.fault("*", Fault(status=503))
    for _ in range(20):
        with pytest.raises(Unavailable):
            remote(attempts=6, delay_s=1, longest_delay_s=3).facts(server.href("cog.tif"))
    pauses = np.reshape(pauses, (20, 5))
    assert (pauses <= [1, 2, 3, 3, 3]).all()
    assert (pauses.max(axis=0) > [0.5, 1, 1.5, 1.5, 1.5]).all()
    assert len(np.unique(pauses)) == pauses.size


def test_a_server_may_ask_to_wait(server, monkeypatch):
    pauses = []
    monkeypatch.setattr("tenacity.nap.time.sleep", pauses.append)
    server.fault("*", Fault(status=429, retry_after=7, times=1))
    server.fault("*", Fault(status=503, retry_after="Thu, 01 Jan 2060 00:00:40 GMT", times=1))
    monkeypatch.setattr(network, "time", lambda: 2840140800.0)  # 2060-01-01 00:00
    remote().facts(server.href("cog.tif"))
    assert 7 <= pauses[0] <= 7.01
    assert 40 <= pauses[1] <= 40.02


def test_a_server_may_not_ask_for_hours(server):
    server.fault("*", Fault(status=429, retry_after=7200))
    with pytest.raises(Unavailable, match="asks to wait 7200 s"):
        remote().facts(server.href("cog.tif"))
    assert len(server.requests) == 1


@pytest.mark.parametrize("text", ["", "soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "1e9"])
def test_other_wishes_are_none(text):
    response = requests.Response()
    response.headers["Retry-After"] = text
    assert retry_after(response) == 0


def test_a_server_that_drips_is_given_up(server, monkeypatch):
    monkeypatch.setattr(remote_module, "SLOWEST", 1e9)
    server.fault("*", Fault(delay_s=0.2, after=1))  # some 1.2 s for each row of tiles
    with pytest.raises(Unavailable, match="in time"):
        read(remote(timeout_s=0.5, attempts=1), server.href("raw.tif"))


# What they do badly, for good


@pytest.mark.parametrize("status", [400, 404, 410, 416])
def test_what_is_gone_is_not_asked_for_again(server, status):
    server.fault("*", Fault(status=status))
    with pytest.raises(Broken, match=f"cog.tif: the server answered {status}"):
        read(remote(), server.href("cog.tif"))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_what_is_forbidden_is_not_asked_for_again(server, status):
    server.fault("*", Fault(status=status))
    with pytest.raises(Unavailable, match=f"answered {status}"):
        read(remote(), server.href("cog.tif"))
    assert len(server.requests) == 1


@pytest.mark.parametrize("after", [0, 1])
def test_a_server_without_ranges_is_refused(server, after):
    server.fault("*", Fault(ignore_range=True, after=after))
    with pytest.raises(Broken, match="no ranges"):
        read(remote(), server.href("cog.tif"))


@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
@pytest.mark.parametrize("name", ["cog", "tiled", "raw"])
def test_a_truncated_file_is_told(server, folder, name, share):
    body = (folder / f"{name}.tif").read_bytes()
    (folder / "short.tif").write_bytes(body[: int(share * len(body))])
    with pytest.raises(Broken, match="cut short"):
        read(remote(), server.href("short.tif"), Window(0, 0, 640, 640))


def test_a_damaged_tile_is_told(server, folder):
    with rasterio.open(folder / "cog.tif") as dataset:
        start = int(dataset.get_tag_item("BLOCK_OFFSET_4_5", "TIFF", bidx=1))
    body = bytearray((folder / "cog.tif").read_bytes())
    body[start : start + 100] = bytes(100)
    (folder / "damaged.tif").write_bytes(body)
    with pytest.raises(Broken, match="damaged"):
        read(remote(), server.href("damaged.tif"))


@pytest.mark.parametrize("body", [b"", b"II", b"<html>not found</html>", b"II*\0" + b"\xff" * 99])
def test_what_is_no_geotiff_is_told(server, folder, body):
    (folder / "page.tif").write_bytes(body)
    with pytest.raises(Broken, match="no GeoTIFF|416"):
        read(remote(), server.href("page.tif"))


@pytest.mark.filterwarnings("ignore", category=NotGeoreferencedWarning)
def test_pixels_that_lie_nowhere_are_told(server, folder):
    write_tiled(folder / "nowhere.tif", numbers(), crs=None, transform=None)
    with pytest.raises(Broken, match="no coordinate reference system"):
        read(remote(), server.href("nowhere.tif"))


def test_a_file_cannot_name_files_on_this_machine(server, folder, tmp_path):
    secret = write_cog(tmp_path / "secret.tif", numbers())
    vrt = (
        '<VRTDataset rasterXSize="640" rasterYSize="640"><SRS>EPSG:32648</SRS>'
        "<GeoTransform>500000,30,0,2400000,0,-30</GeoTransform>"
        '<VRTRasterBand dataType="UInt16" band="1"><SimpleSource>'
        f"<SourceFilename>{secret}</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    (folder / "vrt.tif").write_text(vrt)
    with rasterio.open(folder / "vrt.tif") as dataset:  # it would work
        np.testing.assert_array_equal(dataset.read(1), numbers())
    for href in (server.href("vrt.tif"), str(folder / "vrt.tif")):
        with pytest.raises(Broken, match="no GeoTIFF"):
            read(remote(folder / "catalog.json"), href)


def test_a_file_that_changes_while_it_is_read_is_told(server, folder):
    shutil.copy(folder / "cog.tif", folder / "changing.tif")
    with (  # noqa: PT012
        pytest.raises(Broken, match="changed on the server"),
        remote().open(server.href("changing.tif")) as dataset,
    ):
        shutil.copy(folder / "other.tif", folder / "changing.tif")
        dataset.read(1, window=WINDOW)


@pytest.mark.parametrize("error", [Broken("no more"), KeyboardInterrupt(), MemoryError()], ids=repr)
def test_a_failed_read_is_told_though_gdal_may_give_zeros(server, monkeypatch, error):
    def fail(*_):
        raise error

    with (  # noqa: PT012
        pytest.raises(type(error)) as told,
        remote().open(server.href("cog.tif")) as dataset,
    ):
        monkeypatch.setattr(ranges.RangeFile, "read_many", fail)
        with suppress(rasterio.errors.RasterioIOError):
            dataset.read(1, window=WINDOW)
        monkeypatch.undo()
        with suppress(rasterio.errors.RasterioIOError):
            dataset.read(1, window=Window(0, 0, 100, 100))
    assert told.value is error
    assert len(server.requests) == 1  # nothing is read after a failure


def test_a_header_cannot_make_us_read_without_end():
    asked = []

    def ask(start, stop):
        asked.append((start, stop))
        return ranges.Part(bytes(stop - start), 10**12, None)

    file = ranges.RangeFile(ask, "endless.tif")
    with closing(file), pytest.raises(Broken, match="endless.tif: .* absurd"):
        file.read(0, 10**10)
    with closing(file), pytest.raises(Broken, match="endless.tif: .* scattered"):  # noqa: PT012
        for place in range(10**9):
            file.read(place * 10**6, place * 10**6 + 2)
    assert sum(stop - start for start, stop in asked) < 17_000_000


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
    """Signs with the token it holds; renewing takes the next one."""

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


# Without a network, and without a server


def test_offline_asks_nobody(server):
    alone = remote(offline=True)
    href = server.href("cog.tif")
    for ask in (
        lambda: read(alone, href),
        lambda: alone.facts(href),
        lambda: alone.call(lambda: alone.session.get(href), "the catalogue"),
    ):
        with pytest.raises(Unavailable, match=f"offline: {href} is not here; run once without"):
            ask()
    assert server.requests == []
    on_s3 = Remote(settings(allow_s3=True), offline=True)
    with pytest.raises(Unavailable, match="offline: s3://bucket/a.tif"):
        read(on_s3, "s3://bucket/a.tif")


@pytest.mark.parametrize("offline", [False, True])
def test_a_catalogue_on_disk(folder, offline):
    local = remote(folder / "catalog.json", offline=offline)
    size = (folder / "cog.tif").stat().st_size
    assert local.facts("cog.tif") == {"size": size, "etag": None, "modified": None}
    np.testing.assert_array_equal(read(local, (folder / "cog.tif").as_uri()), right())
    with pytest.raises(Broken, match="No such file"):
        local.facts("none.tif")
    with pytest.raises(Broken, match="none.tif"):
        read(local, "none.tif")
    with pytest.raises(StudyError, match="outside"):
        read(local, "../cog.tif")
    with pytest.raises(StudyError, match="only for a catalogue on disk"):
        read(remote(), str(folder / "cog.tif"))


def test_nothing_beside_a_local_file_is_believed(folder, tmp_path):
    path = write_tiled(tmp_path / "scene.tif", numbers())
    (tmp_path / "scene.tif.aux.xml").write_text(
        '<PAMDataset><PAMRasterBand band="1"><NoDataValue>7</NoDataValue></PAMRasterBand>'
        "</PAMDataset>"
    )
    with rasterio.open(path) as dataset:
        assert dataset.nodata == 7
    with remote(tmp_path / "catalog.json").open("scene.tif") as dataset:
        assert dataset.nodata == 0


def test_s3_goes_to_gdal(server, folder, monkeypatch):
    (folder / "bucket").mkdir(exist_ok=True)
    shutil.copy(folder / "cog.tif", folder / "bucket" / "cog.tif")
    monkeypatch.setenv("AWS_S3_ENDPOINT", server.url.removeprefix("http://"))
    monkeypatch.setenv("AWS_HTTPS", "NO")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTING", "FALSE")
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "YES")
    on_s3 = Remote(settings(allow_s3=True))
    np.testing.assert_array_equal(read(on_s3, "s3://bucket/cog.tif"), right())
    assert {path for _, path, _ in server.requests} == {"/bucket/cog.tif"}
    assert on_s3.facts("s3://bucket/cog.tif") == dict.fromkeys(("size", "etag", "modified"))
    with pytest.raises(StudyError, match="allow_s3"):
        read(remote(), "s3://bucket/cog.tif")
    server.fault("*", Fault(status=403))
    with pytest.raises(Unavailable, match=r"s3://bucket/lzw.tif: GDAL cannot .* AWS settings"):
        read(on_s3, "s3://bucket/lzw.tif")


# Calls of others


def test_a_call_gives_what_the_work_gives(server):
    assert remote().call(lambda: 42, "the answer") == 42
    for error in (StudyError("mine"), ValueError("a bug")):

        def work(error=error):
            raise error

        with pytest.raises(type(error)) as caught:
            remote().call(work, "it")
        assert caught.value is error


def test_a_call_names_what_failed(server):
    server.fault("*", Fault(status=502))
    asking = remote(attempts=2)

    def search():
        answer = asking.session.get(server.href("search"))
        answer.raise_for_status()

    with pytest.raises(Unavailable, match="^the catalogue's answer: the server answered 502"):
        asking.call(search, "the catalogue's answer")
    assert len(server.requests) == 2


def test_the_session_does_not_wait_for_ever(server):
    server.fault("*", Fault(delay_s=30))
    asking = remote(timeout_s=0.2, attempts=1)
    with pytest.raises(Unavailable, match="in time"):
        asking.call(lambda: asking.session.get(server.href("cog.tif")), "it")
