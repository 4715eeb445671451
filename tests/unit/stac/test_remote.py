"""Reading files of a real server on loopback, on disk and on s3."""

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
from cog_files import TILE, WINDOW, numbers, read, remote, right, settings, write_cog, write_tiled
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac import ranges
from sarfusion.scenes.stac.remote import Broken, Remote, Unavailable
from servers.files import Fault

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
    monkeypatch.setattr(ranges, "PIECE_BYTES", 10_000)
    server.forget()
    np.testing.assert_array_equal(read(remote(), href), right())
    longest = [int(b) - int(a) + 1 for a, b in re.findall(r"(\d+)-(\d+)", str(server.requests))]
    assert sorted(longest)[-2:] == [10_000, ranges.HEADER_BYTES]
    assert server.bytes_sent == ranges.HEADER_BYTES + 4 * 5 * TILE * TILE * 2


def test_a_large_header_is_read_on(server, folder):
    array = numbers(1600, "uint8")
    write_cog(folder / "wide.tif", array, blocksize=16, overviews="none")  # 10 000 tiles
    window = Window(1500, 1500, 90, 90)
    found = read(remote(), server.href("wide.tif"), window)
    np.testing.assert_array_equal(found, array[window.toslices()])
    assert server.requests[1][2].startswith("bytes=32768-")


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
