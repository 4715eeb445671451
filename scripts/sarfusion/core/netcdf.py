"""NetCDF files whose location GDAL does not find, and the command to convert them to GeoTIFF.

GDAL finds the coordinates of a variable by attributes of the CF conventions. Without them it gives
no geotransform and assumes that the first row is the southernmost, so that images come out upside
down. The coordinates are in the file all the same, in variables named like the dimensions.
"""

import re
import shlex
import warnings

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

AXES = (("x", "y"), ("lon", "lat"), ("longitude", "latitude"), ("easting", "northing"))
NAME = re.compile(r'netcdf:"?(?P<path>.+?)"?:(?P<variable>[^:"]+)', re.IGNORECASE)
MAX_UNEVEN = 1e-3  # of a pixel


def placing_command(dataset: DatasetReader) -> str:
    """Return the command that converts an open variable of a NetCDF file to a placed GeoTIFF.

    "" if the raster is something else, or its file has no evenly spaced coordinates.
    """
    name = NAME.fullmatch(dataset.name)
    if dataset.driver != "netCDF" or name is None:
        return ""
    for across, down in AXES:
        x = _edges(name["path"], across, dataset.width)
        y = _edges(name["path"], down, dataset.height)
        if x and y:
            corners = [f"{side:.10g}" for side in (x[0], y[0], x[1], y[1])]
            return shlex.join(
                [
                    *("gdal_translate", "--config", "GDAL_NETCDF_BOTTOMUP", "NO"),
                    *("-a_ullr", *corners, dataset.name, f"{name['variable']}.tif"),
                ]
            )
    return ""


def _edges(path: str, variable: str, count: int) -> tuple[float, float] | None:
    """Return where the first pixel of an axis begins and the last one ends, None if unknown.

    The variable should contain the centres of `count` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(f'netcdf:"{path}":{variable}') as axis:
                centres = axis.read(1).ravel().astype(np.float64)
    except RasterioError:
        return None
    if centres.size != count or count < 2:
        return None
    step = (centres[-1] - centres[0]) / (count - 1)
    even = centres[0] + step * np.arange(count)
    if not step or not np.allclose(centres, even, rtol=0, atol=MAX_UNEVEN * abs(step)):
        return None
    return float(centres[0] - step / 2), float(centres[-1] + step / 2)
