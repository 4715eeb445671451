"""Windows of cloud-optimised GeoTIFFs: where they lie, what they cost, and their pixels."""

import hashlib
import math
import struct

import numpy as np
import pytest
import rasterio
import tifffile
from cog_files import TILE, TRANSFORM, WINDOW, numbers, remote, write_cog, write_tiled
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import transform as transform_points
from rasterio.windows import Window
from sarfusion.core.raster import Grid
from sarfusion.scenes.stac import cog
from sarfusion.scenes.stac.cog import (
    download_window,
    pixel_sha256,
    planned_bytes,
    read_window,
    target_grid,
    window_of,
)
from sarfusion.scenes.stac.remote import Broken, Unavailable
from servers.files import Fault

UTM = CRS.from_epsg(32648)
DEGREES = Grid(CRS.from_epsg(4326), from_origin(100, 20, 0.25, 0.5), 40, 80)  # 100-120 E, 0-20 N
SCENE = Grid(UTM, TRANSFORM, 1000, 1200)


# Where a window lies


def test_a_window_counted_by_hand():
    # West 101.0 is 4 columns of 0.25 in, east 102.6 in the 11th; north 18.9 in the 3rd row.
    assert window_of(DEGREES, [101.0, 17.0, 102.6, 18.9]) == Window(4, 2, 7, 4)
    assert window_of(DEGREES, [101.0, 17.0, 101.25, 17.5]) == Window(4, 5, 1, 1)
    assert window_of(DEGREES, [90, -50, 100.1, 0.1]) == Window(0, 39, 1, 1)
    assert window_of(DEGREES, [90, -80, 170, 80]) == Window(0, 0, 80, 40)


@pytest.mark.parametrize(
    "area", [[90, 5, 100, 10], [120, 5, 121, 10], [105, 20, 106, 21], [105, -3, 106, 0]]
)
def test_touching_is_no_overlap(area):
    assert window_of(DEGREES, area) is None


def test_rounding_adds_no_pixels():
    grid = Grid(CRS.from_epsg(4326), from_origin(100, 20, 0.3, 0.3), 10, 10)
    area = [100 + 2 * 0.3, 20 - 5 * 0.3, 100 + 4 * 0.3, 20 - 3 * 0.3]
    assert (~grid.transform * (area[0], area[3]))[0] < 2  # by a hair
    assert window_of(grid, area) == Window(2, 3, 2, 2)
    assert target_grid(grid, area).shape == (2, 2)


def test_a_target_goes_beyond_the_grid():
    target = target_grid(DEGREES, [98.9, 17.0, 102.6, 21.2])
    assert target.shape == (9, 16)
    assert target.transform.almost_equals(from_origin(98.75, 21.5, 0.25, 0.5))
    assert target.crs == DEGREES.crs


def test_rasters_that_begin_in_the_south():
    grid = Grid(DEGREES.crs, rasterio.Affine(0.25, 0, 100, 0, 0.5, 0), 40, 80)
    assert window_of(grid, [101.0, 17.0, 102.6, 18.9]) == Window(4, 34, 7, 4)


@given(st.floats(104.5, 106), st.floats(21.2, 22), st.floats(0.001, 0.6), st.floats(0.001, 0.5))
def test_all_of_the_area_is_covered_and_no_more(west, south, wide, high):
    area = [west, south, west + wide, south + high]
    target = target_grid(SCENE, area)
    column, row = ~SCENE.transform * (target.transform.c, target.transform.f)
    assert (column, row) == pytest.approx((round(column), round(row)), abs=1e-6)
    # A dense outline of the area, in pixels of the target.
    share = np.linspace(0, 1, 50)
    lon = np.concatenate([west + share * wide] * 2 + [np.full(50, west), np.full(50, west + wide)])
    lat = np.concatenate(
        [np.full(50, south), np.full(50, south + high)] + [south + share * high] * 2
    )
    x, y = transform_points("EPSG:4326", UTM, lon, lat)
    columns, rows = ~target.transform * (np.array(x), np.array(y))
    assert 0 <= columns.min() + 1e-3 < 1.1
    assert 0 <= rows.min() + 1e-3 < 1.1
    assert -1.1 < columns.max() - 1e-3 - target.width <= 0
    assert -1.1 < rows.max() - 1e-3 - target.height <= 0
    window = window_of(SCENE, area)
    first_row, first_column = max(0, round(row)), max(0, round(column))
    last_row = min(SCENE.height, round(row) + target.height)
    last_column = min(SCENE.width, round(column) + target.width)
    if first_row >= last_row or first_column >= last_column:
        assert window is None
    else:
        assert window.toranges() == ((first_row, last_row), (first_column, last_column))


def test_an_area_that_a_crs_cannot_show_is_told():
    grid = Grid(CRS.from_string("+proj=ortho +lat_0=0 +lon_0=0"), TRANSFORM, 10, 10)
    for place in (window_of, target_grid):
        with pytest.raises(Broken, match="cannot be placed"):
            place(grid, [170, -10, 180, 10])  # the far side of the Earth


# What it costs


@pytest.mark.parametrize("window", [WINDOW, Window(0, 0, 1, 1), Window(0, 0, 640, 640)])
def test_planned_bytes_are_those_of_the_index(folder, window):
    with tifffile.TiffFile(folder / "cog.tif") as file:
        sizes = np.reshape(file.pages[0].databytecounts, (640 // TILE, 640 // TILE))
    (top, bottom), (left, right) = window.toranges()
    touched = sizes[top // TILE : -(-bottom // TILE), left // TILE : -(-right // TILE)]
    with rasterio.open(folder / "cog.tif") as dataset:
        assert planned_bytes(dataset, window) == touched.sum()


@pytest.mark.parametrize(
    "window", [Window(600, 0, 41, 10), Window(0, 641, 1, 1), Window(-1, 0, 5, 5)]
)
def test_a_window_beyond_the_file_is_told(server, window):
    with pytest.raises(Broken, match="cog.tif: .* beyond"):
        read_window(remote(), server.href("cog.tif"), window)


def test_a_header_that_lies_about_a_tile_is_told(server, folder):
    body = bytearray((folder / "cog.tif").read_bytes())
    with tifffile.TiffFile(folder / "cog.tif") as file:
        counts = file.pages[0].tags["TileByteCounts"]
        offset, size = counts.valueoffset, 4
        assert counts.dtype == tifffile.DATATYPE.LONG
    tile = 5 * 640 // TILE + 4  # row 5, column 4
    struct.pack_into("<I", body, offset + size * tile, 300_000_000)
    (folder / "liar.tif").write_bytes(body)
    with pytest.raises(Broken, match="liar.tif: its header says that 8192 bytes are .* 300000000"):
        download_window(remote(), server.href("liar.tif"), WINDOW, folder / "liar" / "out.tif")
    assert list((folder / "liar").iterdir()) == []
    assert server.bytes_sent < 70_000


def test_a_tile_that_would_fill_the_memory_is_told(server, folder):
    profile = {"crs": UTM, "transform": TRANSFORM, "tiled": True, "sparse_ok": True}
    size = {"width": 8192, "height": 8192, "blockxsize": 8192, "blockysize": 8192}
    with rasterio.open(
        folder / "bomb.tif", "w", driver="GTiff", count=1, dtype="float64", **size, **profile
    ):
        pass
    with pytest.raises(Broken, match="tiles of 8192 x 8192"):
        read_window(remote(), server.href("bomb.tif"), Window(0, 0, 10, 10))


def test_a_window_of_a_large_file_moves_few_bytes(server, folder):
    write_cog(folder / "large.tif", numbers(3000), blocksize=256, overviews="none")
    window = Window(1100, 900, 700, 700)
    for name, most in (("out.tif", 1.1), ("again.tif", 1.1)):
        server.forget()
        moved = download_window(remote(), server.href("large.tif"), window, folder / name)["bytes"]
        assert 700 * 700 < moved < server.bytes_sent < most * moved
    assert (folder / "out.tif").read_bytes() == (folder / "again.tif").read_bytes()


# Its pixels


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("uint8", None), ("uint16", 0), ("int16", -9999), ("float32", -32768), ("float64", math.nan)],
)
def test_a_download_is_the_window_and_its_sum(server, folder, dtype, nodata):
    array = numbers(dtype=dtype)
    if dtype.startswith("float"):
        array[320:330, 210:220] = [-0.0, 0.0, math.inf, -math.inf, math.nan] * 2
    predictor = 3 if dtype.startswith("float") else 2
    write_cog(folder / "typed.tif", array, nodata=nodata, predictor=predictor)
    path = folder / "down" / "window.tif"
    record = download_window(remote(), server.href("typed.tif"), WINDOW, path)

    right = array[WINDOW.toslices()]
    with rasterio.open(path) as dataset:
        found = dataset.read(1)
        assert found.tobytes() == right.tobytes()
        assert dataset.transform == from_origin(500_000 + 200 * 30, 2_400_000 - 300 * 30, 30, 30)
        assert dataset.crs == UTM
        assert (dataset.nodata == nodata) or (math.isnan(nodata) and math.isnan(dataset.nodata))
        assert dataset.profile["tiled"]
        assert dataset.compression.name == "deflate"
    little = right.astype(right.dtype.newbyteorder("<")).tobytes()
    expected = hashlib.sha256(f"{dtype} 150 250\n".encode() + little).hexdigest()
    assert record["sha256"] == expected == pixel_sha256(found)
    assert [each.name for each in path.parent.iterdir()] == ["window.tif"]

    numbers_read, grid, found_nodata = read_window(remote(), server.href("typed.tif"), WINDOW)
    assert numbers_read.tobytes() == right.tobytes()
    assert found_nodata == nodata or math.isnan(nodata)
    with rasterio.open(path) as dataset:
        assert grid == Grid.of(dataset)


def test_the_sum_tells_types_and_shapes_apart():
    zeros = np.zeros((2, 6), "uint16")
    different = [zeros, zeros.reshape(3, 4), zeros.astype("int16"), zeros.astype("uint8"), zeros.T]
    assert len({pixel_sha256(each) for each in different}) == 5
    assert pixel_sha256(zeros.astype(">u2")) == pixel_sha256(zeros)
    assert pixel_sha256(np.arange(12).reshape(3, 4)) == pixel_sha256(
        np.arange(24).reshape(3, 8)[:, ::2] // 2
    )


class Bar:
    """A progress bar that records its updates."""

    def __init__(self):
        self.updates = []

    def update(self, moved):
        self.updates.append(moved)


def test_any_way_of_cutting_a_window_gives_the_same(server, folder, monkeypatch):
    href, path = server.href("cog.tif"), folder / "cut.tif"
    whole = download_window(remote(), href, WINDOW, path)
    server.forget()
    for at_once, rows in ((1, 4), (30_000, 4), (80_000, 2), (10**9, 1)):
        monkeypatch.setattr(cog, "READ_BYTES", at_once)
        bar = Bar()
        assert download_window(remote(), href, WINDOW, path, progress=bar) == whole
        assert sum(bar.updates) == whole["bytes"]
        assert len(bar.updates) == rows
        with rasterio.open(path) as dataset:
            np.testing.assert_array_equal(dataset.read(1), numbers()[WINDOW.toslices()])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_window_of_a_file_on_disk(folder, data):
    left, top = data.draw(st.integers(0, 639)), data.draw(st.integers(0, 639))
    wide, high = data.draw(st.integers(1, 640 - left)), data.draw(st.integers(1, 640 - top))
    window = Window(left, top, wide, high)
    local, path = remote(folder / "catalog.json"), folder / "any.tif"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cog, "READ_BYTES", data.draw(st.sampled_from([1, 30_000, 10**9])))
        record = download_window(local, "cog.tif", window, path)
    right = numbers()[window.toslices()]
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(1), right)
    assert record["sha256"] == pixel_sha256(right)


def test_tiles_without_bytes_are_nodata(server, folder):
    array = numbers(dtype="float32")
    array[:, :320] = -32768
    write_cog(folder / "sparse.tif", array, nodata=-32768, predictor=3, sparse_ok=True)
    window = Window(100, 100, 300, 200)
    with rasterio.open(folder / "sparse.tif") as dataset:
        assert dataset.get_tag_item("BLOCK_SIZE_2_2", "TIFF", bidx=1) is None
        assert planned_bytes(dataset, window) > 0
        assert planned_bytes(dataset, Window(0, 0, 320, 640)) == 0
    found, _, nodata = read_window(remote(), server.href("sparse.tif"), window)
    assert nodata == -32768
    np.testing.assert_array_equal(found, array[window.toslices()])
    record = download_window(
        remote(), server.href("sparse.tif"), Window(0, 0, 300, 300), folder / "empty.tif"
    )
    assert record == {"bytes": 0, "sha256": pixel_sha256(array[:300, :300])}


def test_of_several_bands_the_first_is_read(server, folder):
    bands = np.stack([numbers(), numbers(seed=9)])
    profile = {"crs": UTM, "transform": TRANSFORM, "tiled": True, "interleave": "pixel"}
    blocks = {"blockxsize": TILE, "blockysize": TILE, "width": 640, "height": 640}
    with rasterio.open(
        folder / "two.tif", "w", driver="GTiff", count=2, dtype="uint16", **profile, **blocks
    ) as dataset:
        dataset.write(bands)
    found, _, _ = read_window(remote(), server.href("two.tif"), WINDOW)
    np.testing.assert_array_equal(found, bands[0][WINDOW.toslices()])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(cut_after=700, after=1), Unavailable),
        (Fault(status=503, after=1), Unavailable),
        (Fault(status=429, retry_after=5000, after=2), Unavailable),
        (Fault(status=404, after=2), Broken),
        (Fault(ignore_range=True, after=1), Broken),
        (Fault(location="file:///etc/passwd", after=1), Broken),
    ],
)
def test_a_failed_download_leaves_nothing(server, tmp_path, monkeypatch, fault, kind):
    monkeypatch.setattr(cog, "READ_BYTES", 30_000)  # so that something is written before
    server.fault("*", fault)
    path = tmp_path / "parts" / "window.tif"
    with pytest.raises(kind, match="cog.tif"):
        download_window(remote(attempts=2), server.href("cog.tif"), WINDOW, path)
    assert list(path.parent.iterdir()) == []
    server.heal()
    record = download_window(remote(), server.href("cog.tif"), WINDOW, path)
    assert record["sha256"] == pixel_sha256(numbers()[WINDOW.toslices()])


def test_a_file_of_strips_is_read_too(server, folder):
    write_tiled(folder / "strips.tif", numbers(), tiled=False, blockysize=16)
    found, _, _ = read_window(remote(), server.href("strips.tif"), WINDOW)
    np.testing.assert_array_equal(found, numbers()[WINDOW.toslices()])
