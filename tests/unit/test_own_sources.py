"""GDAL's names of a person's rasters, the files behind them, and which places are refused."""

import gzip
import html
import os
import tarfile
import time
import zipfile

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256
from sarfusion.core.gdal_names import located, problem
from sarfusion.core.raster import BandReader, Grid, open_raster, write_raster
from sarfusion.scenes import own_sources
from sarfusion.scenes.own_sources import check, described, files_behind, watched

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 8, 8)
MOSAIC = """
<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32648</SRS>
<GeoTransform>500000, 30, 0, 1000000, 0, -30</GeoTransform>
<VRTRasterBand dataType="Float32" band="1"><SimpleSource>
<SourceFilename relativeToVRT="{relative}">{source}</SourceFilename>
</SimpleSource></VRTRasterBand></VRTDataset>"""


@pytest.fixture
def folder(tmp_path):
    own_sources.files_behind.cache_clear()
    own_sources._sum.cache_clear()
    write(tmp_path / "part.tif")
    return tmp_path


def write(path, bands=1):
    names = [f"band{number}" for number in range(bands)]
    write_raster(path, np.ones((bands, 8, 8), np.float32), GRID, names, np.nan)


def mosaic(path, source):
    relative = int("://" not in source and not source.startswith("/"))
    path.write_text(MOSAIC.format(source=source, relative=relative))
    return str(path)


def container(folder):
    """Write a NetCDF file of three rasters."""
    write(folder / "bands.tif", 3)
    rasterio.shutil.copy(folder / "bands.tif", folder / "scene.nc", driver="netCDF")


def archives(folder):
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.write(folder / "part.tif", "in it/part.tif")
    for name, mode in (("all.tar", "w"), ("all.tar.gz", "w:gz")):
        with tarfile.open(folder / name, mode) as archive:
            archive.add(folder / "part.tif", "part.tif")
    (folder / "part.tif.gz").write_bytes(gzip.compress((folder / "part.tif").read_bytes()))


def refused(name, *messages):
    with pytest.raises(StudyError) as error:
        check(name, "site a: red")
    assert str(error.value).startswith("site a: red: ")
    assert "\n" not in str(error.value)
    assert all(message in str(error.value) for message in messages), error.value


@pytest.mark.parametrize(
    "name", ["a b#1 100%.tif", "ảnh {x-1} <y z>.tif", "a:b.tif", "~a.tif", "é/o.tif"]
)
def test_a_plain_path_is_what_it_says(folder, name):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    write(path)
    assert located(name, folder) == str(path)
    assert watched(str(path)) == [str(path)]
    check(str(path), "site a: red")
    with open_raster(located(name, folder)) as dataset:
        assert dataset.shape == (8, 8)


@pytest.mark.parametrize("name", ["{x}.tif", "a/${ x }/o.tif", "{x,[0-9]{2}}.tif", "<logs>.tif"])
def test_a_path_that_is_a_pattern_for_snakemake(folder, name):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path)
    refused(str(path), f"{path}: Snakemake would replace")
    outer = mosaic(folder / "m.vrt", html.escape(name))
    refused(outer, f"is made from others: {path}: Snakemake would")


def test_the_home_folder_is_found(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert located("~/part.tif", "/elsewhere") == located("part.tif", "~") == f"{folder}/part.tif"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("/vsizip/all.zip/in it/part.tif", "all.zip"),
        ("/vsitar/all.tar/part.tif", "all.tar"),
        ("/vsitar/all.tar.gz/part.tif", "all.tar.gz"),
        ("/vsigzip/part.tif.gz", "part.tif.gz"),
        ('NETCDF:"scene.nc":Band2', "scene.nc"),
        ("netcdf:scene.nc:Band2", "scene.nc"),
        ("GTIFF_DIR:1:part.tif", "part.tif"),
    ],
)
def test_a_raster_in_another_file_is_read_and_that_file_watched(folder, name, file):
    archives(folder)
    container(folder)
    full = located(name, folder)
    assert full == name.replace(file, f"{folder}/{file}")
    assert located(full, "/elsewhere") == full
    check(full, "site a: red")
    with open_raster(full) as dataset:
        assert dataset.read(1)[0, 0] == 1
    assert watched(full) == [f"{folder}/{file}"]
    assert described(full) == {
        "path": full,
        "files": [{"path": f"{folder}/{file}", "sha256": sha256(folder / file)}],
    }


def test_all_files_of_a_mosaic_are_watched(folder):
    inner = mosaic(folder / "inner.vrt", "part.tif")
    outer = mosaic(folder / "outer.vrt", "inner.vrt")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(folder / "part.tif", "r+") as d:
        d.write_mask(np.ones((8, 8), bool))
    assert watched(outer) == [
        outer, inner, *(f"{folder}/part.tif{suffix}" for suffix in ("", ".msk"))
    ]  # fmt: skip


def test_what_stands_beside_a_raster_is_watched_but_for_overviews(folder):
    profile = {"driver": "ENVI", "height": 8, "width": 8, "count": 1, "dtype": "uint8"}
    with rasterio.open(folder / "o.img", "w", **profile, crs=GRID.crs, transform=GRID.transform):
        pass
    assert {f"{folder}/o.img", f"{folder}/o.hdr"} <= set(watched(str(folder / "o.img")))
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(folder / "part.tif", "r+") as dataset:
        dataset.build_overviews([2])
    assert (folder / "part.tif.ovr").exists()
    assert watched(str(folder / "part.tif")) == [f"{folder}/part.tif"]


def test_a_mosaic_that_contains_itself_ends(folder):
    loop = mosaic(folder / "loop.vrt", "loop.vrt")
    assert files_behind(loop)[0] == loop
    with open_raster(loop) as dataset, pytest.raises(StudyError, match="refer back to it; correct"):
        BandReader([(dataset, 1)]).read()


def test_a_read_that_fails_is_told_of_the_raster_that_is_read(folder):
    mosaic(folder / "m.vrt", "page.tif")
    (folder / "page.tif").write_text("<html>")
    with (
        pytest.raises(StudyError, match=rf"^{folder}/m.vrt: not a readable raster .*page.tif"),
        open_raster(folder / "m.vrt") as one,
        open_raster(folder / "part.tif") as other,
    ):
        BandReader([(other, 1), (one, 1)]).read()


def test_code_in_a_mosaic_is_not_run(folder):
    path = mosaic(folder / "m.vrt", "part.tif")
    code = (
        ' subClass="VRTDerivedRasterBand"><PixelFunctionType>f</PixelFunctionType>'
        "<PixelFunctionLanguage>Python</PixelFunctionLanguage>"
        "<PixelFunctionCode>def f(*a): pass</PixelFunctionCode><SimpleSource>"
    )
    text = MOSAIC.format(source="part.tif", relative=1)
    (folder / "m.vrt").write_text(text.replace("><SimpleSource>", code))
    with open_raster(path) as dataset, pytest.raises(StudyError, match="code that it contains"):
        BandReader([(dataset, 1)]).read()


def test_a_part_that_is_missing_is_named(folder):
    mosaic(folder / "inner.vrt", "gone.tif")
    outer = mosaic(folder / "outer.vrt", "inner.vrt")
    assert watched(outer) == [outer, f"{folder}/inner.vrt"]
    refused(outer, f"{outer} is made from others: no such file: {folder}/gone.tif")


@pytest.mark.parametrize(
    "name",
    [
        "https://example.org/o.tif",
        "/vsicurl/https://example.org/o.tif",
        "/vsis3/bucket/o.tif",
        's3://bucket/o.tif',
        'NETCDF:"https://example.org/scene.nc":red',
        "/vsizip//vsicurl/https://example.org/all.zip/o.tif",
    ],
)  # fmt: skip
def test_nothing_is_read_over_a_network(folder, name, monkeypatch):
    monkeypatch.setattr(rasterio, "open", None)  # it would raise TypeError
    assert located(name, folder) == name
    assert watched(name) == []
    refused(name, "is on a network; download it first")
    with pytest.raises(StudyError, match="is on a network"), open_raster(name):
        pass


@pytest.mark.parametrize("source", ["https://example.org/o.tif", "/vsicurl/http://example.org/o"])
def test_nor_is_a_part_of_a_mosaic(folder, source):
    path = mosaic(folder / "m.vrt", source)
    assert watched(path) == [path]
    refused(path, f"{path} is made from others: {source}: is on a network")


def test_a_name_in_a_container_that_is_not_there(folder):
    container(folder)
    refused(f'NETCDF:"{folder}/scene.nc":red', "it contains several rasters", "scene.nc:Band3")
    refused(f'HDF4_SDS:UNKNOWN:"{folder}/part.tif":0', "GDAL cannot open", "a raster itself")
    (folder / "scene.hdf").write_bytes(b"\x0e\x03\x13\x01" + 99 * b"\0")
    refused(f'HDF4_SDS:UNKNOWN:"{folder}/scene.hdf":0', "format may be missing (rio env --formats)")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.tif", "no such file: {folder}/gone.tif; correct path or data"),
        ("", "is a folder; name a raster in it"),
        ("zip://all.zip!part.tif", "/vsizip/ARCHIVE.zip/NAME.tif"),
        ("/vsizip/gone.zip/o.tif", "no such file: {folder}/gone.zip/o.tif"),
        ('NETCDF:"gone.nc":red', "no such file: {folder}/gone.nc;"),
        ("x" * 300, "no such file"),
    ],
)
def test_what_is_no_file_is_said_before_anything_is_opened(folder, name, message, monkeypatch):
    monkeypatch.setattr(rasterio, "open", None)
    assert message.format(folder=folder) in problem(located(name, folder))


def test_a_pipe_is_no_raster(folder):
    os.mkfifo(folder / "pipe.tif")
    assert problem(str(folder / "pipe.tif")).endswith(
        "is not a file but a pipe or a device; name a raster"
    )


def test_a_date_in_the_future_is_said_with_its_remedy(folder):
    path = str(folder / "part.tif")
    later = time.time() + 3600
    os.utime(path, (later, later))
    assert problem(path).startswith(f"{path}: its modification time is in the future (20")
    assert problem(path).endswith(f"reset it: touch '{path}'")
    assert watched(path) == []
    refused(mosaic(folder / "m.vrt", "part.tif"), f"touch '{path}'")
    os.utime(path)
    assert problem(path) == ""
