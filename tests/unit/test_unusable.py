"""Rasters that cannot be used: the true reason for each is reported in one line."""

import struct

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC
from rasterio.transform import Affine, from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import open_raster

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

UTM = CRS.from_epsg(32648)
LOCAL = CRS.from_wkt(
    'LOCAL_CS["Site grid",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
)
CORNERS = [
    GroundControlPoint(row, column, 500_000 + 30 * column, 1_000_000 - 30 * row)
    for row in (0, 8)
    for column in (0, 8)
]
PIXELS = from_origin(500_000, 1_000_000, 30, 30)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "o.tif"


def write(path, crs=UTM, transform=PIXELS, bands=1, **change):
    profile = {"driver": "GTiff", "height": 8, "width": 8, "count": bands, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform, **change) as dataset:
        dataset.write(np.ones((bands, 8, 8), np.uint8))


def refused(path, *messages):
    with pytest.raises(StudyError) as error, open_raster(path) as dataset:
        dataset.read()
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert all(message in str(error.value) for message in messages), error.value


def test_control_points_alone(path):
    write(path, transform=None, gcps=CORNERS)
    refused(path, "only 4 ground control points, like raw Sentinel-1 GRD; terrain-correct it first")


def test_rpcs_alone(path):
    one = [1.0] + [0.0] * 19
    rpc = RPC(
        height_off=0, height_scale=1, lat_off=9, lat_scale=1, long_off=105, long_scale=1,
        line_off=4, line_scale=4, samp_off=4, samp_scale=4,
        line_num_coeff=one, line_den_coeff=one, samp_num_coeff=one, samp_den_coeff=one,
    )  # fmt: skip
    write(path, crs=None, transform=None, rpcs=rpc)
    refused(path, "it has only RPCs; orthorectify it")


def test_a_crs_without_a_geotransform(path):
    write(path, transform=None)
    refused(path, "has no geotransform: nothing says where its pixels are")


def test_pixels_without_area(path):
    write(path, transform=Affine(30, 30, 500_000, 30, 30, 1_000_000))
    refused(path, "gives its pixels no area")


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        (LOCAL, "(Site grid) is local and has no place on a map"),
        (CRS.from_epsg(4978), "(EPSG:4978) is geocentric"),
    ],
)
def test_a_crs_without_a_place(path, crs, message):
    write(path, crs=crs)
    refused(path, message, "assign the correct one (gdal_edit.py -a_srs)")


def test_coordinates_that_its_crs_does_not_have(path):
    write(path, crs=CRS.from_epsg(4326))  # metres of UTM in degrees
    refused(path, "its coordinates, x 500000 to 500240,", "nowhere on the Earth", "(EPSG:4326)")


def test_a_container_of_several_rasters(tmp_path):
    write(tmp_path / "o.tif", bands=3)
    rasterio.shutil.copy(tmp_path / "o.tif", tmp_path / "o.nc", driver="netCDF")
    refused(tmp_path / "o.nc", "it contains several rasters; write one as `path`", "o.nc:Band3")


def test_a_codec_that_gdal_lacks(path):
    write(path, compress="deflate")
    content = bytearray(path.read_bytes())
    at = struct.unpack("<I", content[4:8])[0] + 2
    while struct.unpack("<H", content[at : at + 2])[0] != 259:  # the tag Compression
        at += 12
    content[at + 8 : at + 10] = struct.pack("<H", 50002)  # JPEG XL
    path.write_bytes(content)
    refused(path, "its compression is not built into this GDAL (Cannot open TIFF file due to")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("o.tif", b"", "the file is empty; fetch it again"),
        ("o.tif", b"<html>Log in</html>", "if its download failed, fetch it again; if this GDAL"),
        ("o.zip", b"PK\5\6" + 18 * b"\0", "is an archive; name the raster in it: /vsizip//"),
        ("o.tif.gz", b"\x1f\x8b\x08\0", "is an archive; name the raster in it: /vsigzip//"),
    ],
)
def test_what_is_no_raster(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, message)


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    refused(tmp_path, "is a folder; name a raster in it")
    refused(tmp_path / "gone.tif", "is missing")


def test_a_file_that_reads_a_network(tmp_path):
    (tmp_path / "map.xml").write_text(
        '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}</ServerUrl>'
        "</Service><DataWindow><UpperLeftX>-2e7</UpperLeftX><UpperLeftY>2e7</UpperLeftY>"
        "<LowerRightX>2e7</LowerRightX><LowerRightY>-2e7</LowerRightY><TileLevel>1</TileLevel>"
        "<TileCountX>1</TileCountX><TileCountY>1</TileCountY></DataWindow>"
        "<Projection>EPSG:3857</Projection><BandsCount>1</BandsCount></GDAL_WMS>"
    )
    refused(tmp_path / "map.xml", "is read over a network (WMS); save it as a GeoTIFF first")
