"""NetCDF without the attributes by which GDAL knows where a variable lies."""

import shlex
import warnings

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import open_raster
from scipy.io import netcdf_file

X, Y = 500_005 + 10 * np.arange(4), 1_000_095 - 10 * np.arange(3)
VALUES = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


def write(path, x=X, y=Y):
    """A series of two dates with coordinates that no attribute marks as such."""
    with netcdf_file(path, "w") as file:
        for name, size in (("timestamp", 2), ("y", len(y)), ("x", len(x))):
            file.createDimension(name, size)
        for name, values in (("y", y), ("x", x)):
            file.createVariable(name, "f8", (name,))[:] = values
        place = file.createVariable("spatial_ref", "i4", ())
        place.spatial_ref = place.crs_wkt = CRS.from_epsg(32648).to_wkt().encode()
        band = file.createVariable("B04", "i2", ("timestamp", "y", "x"))
        band[:] = VALUES[:, : len(y), : len(x)]
        band.grid_mapping = b"spatial_ref"
    return f'NETCDF:"{path}":B04'


def refusal(name):
    with pytest.raises(StudyError) as error, open_raster(name):
        pass
    return str(error.value)


def test_the_command_places_the_variable_north_up(tmp_path):
    message = refusal(write(tmp_path / "series.nc"))
    assert "reads it upside down; convert it to a GeoTIFF" in message
    command, *arguments = shlex.split(message.partition("bands: ")[2])
    assert command == "gdal_translate"
    left, top, right, bottom = map(float, arguments[4:8])
    assert arguments[:4] == ["--config", "GDAL_NETCDF_BOTTOMUP", "NO", "-a_ullr"]
    assert (left, top, right, bottom) == (500_000, 1_000_100, 500_040, 1_000_070)
    # What gdal_translate reads with this option, and what is read without it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.Env(GDAL_NETCDF_BOTTOMUP="NO"), rasterio.open(arguments[-2]) as source:
            np.testing.assert_array_equal(source.read(), VALUES)
        with rasterio.open(arguments[-2]) as source:
            np.testing.assert_array_equal(source.read(), VALUES[:, ::-1])
    assert arguments[-1] == "B04.tif"


def test_rows_from_south_to_north_have_their_corners_so(tmp_path):
    message = refusal(write(tmp_path / "series.nc", y=Y[::-1]))
    assert "-a_ullr 500000 1000070 500040 1000100" in message


@pytest.mark.parametrize("x", [np.array([5.0, 15, 26, 35]), np.full(4, 5.0)])
def test_coordinates_that_are_not_even_give_no_command(tmp_path, x):
    assert "gdal_translate" not in refusal(write(tmp_path / "series.nc", x=x)).partition(";")[2]
