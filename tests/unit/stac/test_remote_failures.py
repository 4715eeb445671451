"""Servers that fail in every way: the right bytes or one clear line."""

import shutil
from contextlib import closing, suppress

import numpy as np
import pytest
import rasterio
import requests
from cog_files import WINDOW, numbers, read, remote, right, write_cog, write_tiled
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window
from sarfusion.scenes.stac import network, ranges
from sarfusion.scenes.stac import remote as remote_module
from sarfusion.scenes.stac.network import retry_after
from sarfusion.scenes.stac.remote import Broken, Unavailable
from servers.files import Fault

# What they do badly for a moment


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
    for bytes_sent in [*range(8, 2000, 83), *range(2000, min(size, ranges.HEADER_BYTES), 3001)]:
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
            remote(attempts=6, delay_s=1, max_delay_s=3).facts(server.href("cog.tif"))
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
    monkeypatch.setattr(remote_module, "MIN_BYTES_PER_S", 1e9)
    server.fault("*", Fault(delay_s=0.2, after=1))  # some 1.2 s for each row of tiles
    with pytest.raises(Unavailable, match="in time"):
        read(remote(timeout_s=0.5, attempts=1), server.href("raw.tif"))


# What they do badly all the time


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
    with pytest.raises(Broken, match="not ranges"):
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
    with pytest.raises(Broken, match="not a GeoTIFF|416"):
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
        with pytest.raises(Broken, match="not a GeoTIFF"):
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
        return ranges.ByteRange(bytes(stop - start), 10**12, None)

    file = ranges.RangeFile(ask, "endless.tif")
    with closing(file), pytest.raises(Broken, match="endless.tif: .* absurd"):
        file.read(0, 10**10)
    with closing(file), pytest.raises(Broken, match="endless.tif: .* scattered"):  # noqa: PT012
        for place in range(10**9):
            file.read(place * 10**6, place * 10**6 + 2)
    assert sum(stop - start for start, stop in asked) < 17_000_000
