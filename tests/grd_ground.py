"""The rasters for a made Sentinel-1 product: heights of its ground, and an optical scene."""

import numpy as np
import rasterio
from grd_scene import LATITUDE, LONGITUDE
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import transform

UNDULATION_M = -28.0  # the geoid in the middle, which rises to the east and to the north
UTM = CRS.from_epsg(32648)


def undulation(longitude, latitude):
    """Return the geoid above the ellipsoid, metres."""
    return UNDULATION_M + 20 * (longitude - LONGITUDE) + 30 * (latitude - LATITUDE)


def write_degrees(path, function, step, half, left=None):
    """Write a function of (longitude, latitude) as a raster around the middle.

    step, half: degrees of a pixel, and to each side. left: first longitude, by default from `half`.
    """
    west = LONGITUDE - half if left is None else left
    size = round(2 * half / step)
    columns = round((LONGITUDE + half - west) / step)
    longitude = west + (np.arange(columns) + 0.5) * step
    latitude = LATITUDE + half - (np.arange(size) + 0.5) * step
    values = function(*np.meshgrid(longitude, latitude)).astype(np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        dtype="float32",
        count=1,
        height=size,
        width=columns,
        crs=CRS.from_epsg(4326),
        transform=from_origin(west, LATITUDE + half, step, step),
    ) as dataset:
        dataset.write(values, 1)
    return path


def write_heights(folder, scene, half=0.03):
    """Write elevation in the form of GLO-30 (1 arc second, above the geoid), and the geoid.

    Returns their paths. half: degrees of the elevation to each side of the middle.
    """
    elevation = write_degrees(
        folder / "dem.tif",
        lambda *place: scene.height(*place) - undulation(*place),
        1 / 3600,
        half,
    )
    return elevation, write_degrees(folder / "geoid.tif", undulation, 1 / 24, 0.25)


def write_optical(path, pixels=40):
    """Write an optical scene of 30 m pixels in the place's UTM zone, with the same middle."""
    (x,), (y,) = transform("EPSG:4326", UTM, [LONGITUDE], [LATITUDE])
    left, top = x - 15 * pixels + 3, y + 15 * pixels - 4  # on no grid of 10 m
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        dtype="uint16",
        count=3,
        height=pixels,
        width=pixels,
        crs=UTM,
        transform=from_origin(left, top, 30, 30),
    ) as dataset:
        dataset.write(np.random.default_rng(0).integers(9000, 15000, (3, pixels, pixels)))
    return path
