import errno
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.core.files import atomic, read_json, sha256, write_json
from sarfusion.core.raster import (
    Grid,
    create_raster,
    open_raster,
    read_band,
    read_bands,
    read_grid,
    strips,
    write_raster,
)

SCRIPTS = Path(__file__).parents[2] / "scripts"
GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 40, 50)


def write(path, values=None, **options):
    if values is None:
        values = np.random.default_rng(0).normal(size=(2, *GRID.shape)).astype(np.float32)
    write_raster(path, values, GRID, ["red", "vv_db"], np.nan, **options)
    return values


def write_to_full_disk():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fail_like_a_library():
    raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize("write", [write_to_full_disk, fail_like_a_library])
def test_a_full_disk_is_said_with_the_file_and_what_to_do(tmp_path, write):
    target = tmp_path / "x.safetensors"
    with pytest.raises(OSError, match="once there is space") as raised, atomic(target):
        write()
    assert str(raised.value) == (
        f"{target}: could not be written (No space left on device); once there is space, the same"
        " command continues"
    )
    assert list(tmp_path.iterdir()) == []


def test_another_error_of_a_writer_stays_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"), atomic(tmp_path / "x.txt"):
        (tmp_path / "gone").read_text()


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "deep" / "x.txt"
    with pytest.raises(RuntimeError), atomic(target) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert list(target.parent.iterdir()) == []
    with atomic(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_rewrite_leaves_the_old_file(tmp_path):
    target = tmp_path / "x.json"
    write_json(target, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(target, {"a": float("nan")})
    assert read_json(target) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path):
    target, other = tmp_path / "a[1].json", tmp_path / "b.json"
    with atomic(other) as others:
        others.write_text("half")
        with atomic(target) as temporary:
            left = tmp_path / f"{temporary.name}.copy"  # as if its writer had been killed
            left.write_text("half")
        write_json(target, 1)
        assert not left.exists()
        assert sorted(tmp_path.iterdir()) == sorted([target, others])


def test_results_are_as_readable_as_other_new_files(tmp_path):
    write_json(tmp_path / "a.json", {})
    (tmp_path / "b.json").write_text("{}")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_sha256_of_a_published_vector(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    )


def test_a_raster_keeps_its_place_its_names_and_its_nodata(tmp_path):
    values = write(tmp_path / "a.tif")
    assert np.array_equal(read_bands(tmp_path / "a.tif", ["vv_db", "red"]), values[::-1])
    assert read_grid(tmp_path / "a.tif") == GRID
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert np.isnan(dataset.nodata)
        assert dataset.block_shapes == [(256, 256)] * 2
        assert dataset.compression.name == "deflate"


def test_a_quick_raster_keeps_its_values_and_has_blocks_of_one_band(tmp_path):
    values = write(tmp_path / "a.tif", quick=True)
    assert np.array_equal(read_bands(tmp_path / "a.tif", ["vv_db", "red"]), values[::-1])
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert (dataset.compression.name, dataset.interleaving.name) == ("zstd", "band")


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 10**6))
def test_strips_cover_every_row_once_in_whole_blocks(height, width, pixels):
    windows = list(strips((height, width), pixels))
    rows = [row for window in windows for row in range(*window.toslices()[0].indices(height))]
    assert rows == list(range(height))
    for window in windows:
        assert (window.row_off % 256, window.col_off, window.width) == (0, 0, width)
        assert window.height <= 256 or window.height * width <= pixels


@pytest.mark.parametrize("threads", [1, 3])
def test_the_bytes_of_a_raster_depend_on_neither_strips_nor_threads(tmp_path, threads):
    grid = Grid(GRID.crs, GRID.transform, 600, 300)
    values = np.random.default_rng(1).normal(size=(2, *grid.shape)).astype(np.float32)
    write_raster(tmp_path / "whole.tif", values, grid, ["a", "b"], np.nan)
    with create_raster(
        tmp_path / "strips.tif", grid, ["a", "b"], np.float32, np.nan, threads=threads
    ) as target:
        for window in strips(grid.shape, pixels=1):
            target.write(values[:, *window.toslices()], window=window)
    assert (tmp_path / "strips.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_a_raster_written_by_tiles_while_another_is_read_takes_no_more_of_the_disk(tmp_path):
    """GDAL packs a block once, not again at a new place in the file for each tile in it."""
    grid = Grid(GRID.crs, GRID.transform, 256, 256)
    values = np.random.default_rng(1).normal(size=(1, *grid.shape)).astype(np.float32)
    write_raster(tmp_path / "whole.tif", values, grid, ["a"], np.nan)
    with (
        open_raster(tmp_path / "whole.tif") as source,
        create_raster(tmp_path / "tiles.tif", grid, ["a"], np.float32, np.nan) as target,
    ):
        for column, row in itertools.product(range(0, 256, 64), repeat=2):
            window = Window(column, row, 64, 64)
            target.write(source.read(window=window), window=window)
    assert (tmp_path / "tiles.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_a_raster_that_fails_while_it_is_written_leaves_nothing(tmp_path):
    with (
        pytest.raises(ValueError, match="shape"),
        create_raster(tmp_path / "a.tif", GRID, ["a"], np.uint8, 0) as target,
    ):
        target.write(np.ones((2, *GRID.shape), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_the_grid_of_a_part_lies_where_its_pixels_do():
    part = GRID.part(Window(10, 4, 20, 8))
    assert part.shape == (8, 20)
    assert part.bounds == (500_300, 999_640, 500_900, 999_880)


def test_pixel_size_in_metres_on_a_projected_and_a_geographic_grid():
    assert GRID.pixel_m == (30, 30)
    degrees = Grid(CRS.from_epsg(4326), from_origin(10, 60.5, 0.001, 0.001), 1000, 1000)
    x, y = degrees.pixel_m
    assert y == pytest.approx(111.32)
    assert x == pytest.approx(111.32 * 0.5, rel=1e-9)  # cos 60 degrees


def test_a_missing_band_is_named(tmp_path):
    write(tmp_path / "a.tif")
    with pytest.raises(StudyError, match="a.tif: no band blue "):
        read_band(tmp_path / "a.tif", "blue")


def test_a_truncated_raster_is_said(tmp_path):
    path = tmp_path / "a.tif"
    write(path)
    whole = path.read_bytes()
    for length in (len(whole) // 2, 100):
        path.write_bytes(whole[:length])
        with pytest.raises(StudyError, match="a.tif: not a readable raster .*; the file may be"):
            read_band(path, "red")


def test_a_raster_without_crs_is_said(tmp_path):
    profile = {"driver": "GTiff", "height": 4, "width": 4, "count": 1, "dtype": "uint8"}
    transform = from_origin(0, 4, 1, 1)
    with rasterio.open(tmp_path / "a.tif", "w", transform=transform, **profile) as dataset:
        dataset.write(np.ones((1, 4, 4), np.uint8))
    with (
        pytest.raises(
            StudyError, match="a.tif: no coordinate reference system; assign the correct one"
        ),
        open_raster(tmp_path / "a.tif"),
    ):
        pass


@pytest.mark.parametrize(
    ("raising", "last"),
    [
        ("StudyError('site a: no\\n data')", "error: site a: no data"),
        ("OSError(28, 'No space left on device')", "error: [Errno 28] No space left on device"),
        ("ValueError('oops')", "error: ValueError: oops"),
    ],
)
def test_a_job_ends_with_one_line_for_its_error(tmp_path, raising, last):
    program = (
        "from sarfusion.core.job import job; from sarfusion.core.errors import StudyError\n"
        f"with job('{tmp_path}/logs/a.log'): raise {raising}"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    lines = (tmp_path / "logs" / "a.log").read_text().splitlines()
    assert lines[-1] == last
    assert lines[0].startswith("started in ")
    assert ("Traceback" in lines[1]) == raising.startswith("ValueError")


def test_a_warning_reaches_the_terminal_and_the_log(tmp_path):
    program = (
        "import logging; from sarfusion.core.job import job\n"
        f"with job('{tmp_path}/a.log'): logging.info('fine'); logging.warning('warning: far off')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert done.stderr == "warning: far off\n"
    assert (tmp_path / "a.log").read_text().splitlines()[1:] == ["fine", "warning: far off"]


def test_json_is_written_for_people(tmp_path):
    write_json(tmp_path / "a.json", {"city": "Hà Nội"})
    assert "Hà Nội" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"city": "Hà Nội"}
