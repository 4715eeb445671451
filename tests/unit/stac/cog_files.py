"""Small GeoTIFFs of many tiles for the tests of remote files."""

import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import from_origin
from rasterio.windows import Window
from sarfusion.scenes.stac.remote import Remote

SIDE, TILE = 640, 64
TRANSFORM = from_origin(500_000, 2_400_000, 30, 30)
WINDOW = Window(200, 300, 250, 150)  # tiles 3 to 7 across, 4 to 7 down


def numbers(side=SIDE, dtype="uint16", seed=3):
    """Pixel numbers (side, side), none of them 0, that do not compress to nothing."""
    return np.random.default_rng(seed).integers(1, 4000, (side, side)).astype(dtype)


def write_cog(path, array, nodata=0, crs="EPSG:32648", blocksize=TILE, **options):
    """Write `array` (rows, columns) as a cloud-optimised GeoTIFF."""
    profile = {
        "driver": "GTiff",
        "crs": crs,
        "transform": TRANSFORM,
        "count": 1,
        "dtype": array.dtype,
        "nodata": nodata,
    }
    with MemoryFile() as memory:
        with memory.open(height=array.shape[0], width=array.shape[1], **profile) as dataset:
            dataset.write(array, 1)
        options = {"compress": "deflate", "predictor": 2, **options}
        copy(memory.name, path, driver="COG", blocksize=blocksize, **options)
    return path


def write_tiled(path, array, **options):
    """Write `array` as a tiled GeoTIFF whose index of tiles lies somewhere in its header."""
    place = {"crs": "EPSG:32648", "transform": TRANSFORM, "nodata": 0}
    shape = {"height": array.shape[0], "width": array.shape[1], "dtype": array.dtype}
    tiles = {"tiled": True, "blockxsize": TILE, "blockysize": TILE}
    profile = {"driver": "GTiff", "count": 1, **place, **shape, **tiles, **options}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(array, 1)
    return path


def settings(url="https://example.org/", **others):
    return {"url": str(url), "signing": "none", "allow_s3": False, **others}


def remote(url="https://example.org/", **options):
    """A Remote that does not wait long between its attempts."""
    options = {"attempts": 3, "delay_s": 0.01, "max_delay_s": 0.02, "timeout_s": 10, **options}
    return Remote(settings(url), **options)


def read(remote, href, window=WINDOW):
    """Read a window of band 1 through a Remote."""
    with remote.open(href) as dataset:
        return dataset.read(1, window=window)


def right(window=WINDOW):
    """The content of a window of numbers()."""
    return numbers()[window.toslices()]
