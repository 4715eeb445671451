"""Reading and writing GeoTIFFs whose bands are found by name."""

import math
import shutil
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import rasterio
from rasterio import windows
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.transform import Affine, array_bounds
from rasterio.windows import Window

from .errors import StudyError
from .files import atomic

METRES_PER_DEGREE = 111_320.0  # of latitude, on the mean Earth sphere; scale bars need no more
BLOCK = 256  # pixels a side of the tiles in a file
STRIP_PX = 2**20  # pixels that a strip may have; a row of blocks has more in a wide raster
CACHE_BYTES = 128 * 2**20  # of GDAL, for a row of blocks twice, on a machine of any size


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a raster lie: CRS, affine transform, and size in pixels."""

    crs: CRS
    transform: Affine
    height: int
    width: int

    @property
    def shape(self):
        """(rows, columns)."""
        return self.height, self.width

    @property
    def bounds(self):
        """(left, bottom, right, top) in units of the CRS."""
        return array_bounds(self.height, self.width, self.transform)

    @property
    def pixel_m(self):
        """Pixel size (across columns, across rows) in metres; degrees at the centre latitude."""
        x, y = abs(self.transform.a), abs(self.transform.e)
        if not self.crs.is_geographic:
            factor = self.crs.linear_units_factor[1]
            return x * factor, y * factor
        _, bottom, _, top = self.bounds
        latitude = math.radians((bottom + top) / 2)
        return x * METRES_PER_DEGREE * math.cos(latitude), y * METRES_PER_DEGREE

    def part(self, window):
        """Return the grid of the pixels in a Window."""
        corner = windows.transform(window, self.transform)
        return Grid(self.crs, corner, window.height, window.width)

    @classmethod
    def of(cls, dataset):
        """Return the grid of an open rasterio dataset."""
        return cls(dataset.crs, dataset.transform, dataset.height, dataset.width)


@contextmanager
def open_raster(path):
    """Open a georeferenced raster for reading.

    Raises StudyError, also for reads inside the block, when the file cannot be read, is cut
    short, or has no coordinate reference system.
    """
    try:
        with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), rasterio.open(path) as dataset:
            if dataset.crs is None:
                raise StudyError(
                    f"{path}: no coordinate reference system; assign one (gdal_edit.py -a_srs)"
                )
            yield dataset
    except RasterioError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise StudyError(
            f"{path}: not a readable raster ({reason}); the file may be cut short, fetch it again"
        ) from error


def read_grid(path):
    """Return the Grid of a raster file."""
    with open_raster(path) as dataset:
        return Grid.of(dataset)


def band_numbers(dataset, names):
    """Return the numbers (from 1) of the bands described as `names`."""
    missing = [name for name in names if name not in dataset.descriptions]
    if missing:
        raise StudyError(
            f"{dataset.name}: no band {', '.join(missing)} (it has {dataset.descriptions})"
        )
    return [dataset.descriptions.index(name) + 1 for name in names]


def strips(shape, pixels=None):
    """Yield the Windows that cut a raster of `shape` (rows, columns) across, from top to bottom.

    A strip is whole rows of blocks, at least one and at most about `pixels` (STRIP_PX without):
    a small raster is one strip. Pixels come in the order of the raster, however it is cut.
    """
    height, width = shape
    rows = max(1, (pixels or STRIP_PX) // (width * BLOCK)) * BLOCK
    for row in range(0, height, rows):
        yield Window(0, row, width, min(rows, height - row))


def finer(window, ratio):
    """Return the Window of the same ground on a grid of `ratio` times as many rows and columns."""
    return Window(*(ratio * side for side in window.flatten()))


class BandReader:
    """Named bands of several rasters on one grid, read together window by window."""

    def __init__(self, bands):
        self.grid = Grid.of(bands[0][0])
        self._count = len(bands)
        self._places = defaultdict(list)  # of each dataset: (index here, band number there)
        for index, (dataset, number) in enumerate(bands):
            self._places[dataset].append((index, number))

    def read(self, window=None):
        """Return the bands as float32 (bands, rows, columns)."""
        shape = self.grid.shape if window is None else (window.height, window.width)
        bands = np.empty((self._count, *shape), np.float32)
        # The bands of a file share its tiles: read one by one, each tile is unpacked for each.
        for dataset, places in self._places.items():
            indices, numbers = zip(*places, strict=True)
            bands[list(indices)] = dataset.read(numbers, window=window)
        return bands


@contextmanager
def open_bands(places):
    """Open the bands `places`, pairs of (path, band name), as a BandReader.

    Raises StudyError when the rasters do not lie on one grid.
    """
    with ExitStack() as stack:
        datasets = {path: stack.enter_context(open_raster(path)) for path, _ in places}
        first, *others = datasets
        for path in others:
            if Grid.of(datasets[path]) != Grid.of(datasets[first]):
                raise StudyError(f"{path} and {first} do not lie on one grid; make both again")
        yield BandReader(
            [(datasets[path], band_numbers(datasets[path], [name])[0]) for path, name in places]
        )


def read_bands(path, names, window=None):
    """Return the bands `names` of a raster as an array (bands, rows, columns)."""
    with open_raster(path) as dataset:
        return dataset.read(band_numbers(dataset, names), window=window)


def read_band(path, name):
    """Return one named band of a raster as an array (rows, columns)."""
    return read_bands(path, [name])[0]


def profile_for(grid, count, dtype, nodata):
    """Return the rasterio profile of every raster that the study writes: tiled, compressed."""
    predictor = 3 if np.issubdtype(dtype, np.floating) else 2
    return {
        "driver": "GTiff",
        "crs": grid.crs,
        "transform": grid.transform,
        "height": grid.height,
        "width": grid.width,
        "count": count,
        "dtype": dtype,
        "nodata": nodata,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
        "predictor": predictor,
        "bigtiff": "if_safer",
    }


@contextmanager
def create_raster(path, grid, names, dtype, nodata, *, scale=None, offset=None, threads=1):
    """Yield a GeoTIFF with named bands to write window by window; it appears when it is whole.

    `scale` and `offset`, one per band, are stored as the bands' GDAL scale and offset
    (value = scale * number + offset); the numbers are written as they are. The bytes of the file
    do not depend on `threads`, which compress, nor on the windows, if these are `strips`.
    """
    profile = profile_for(grid, len(names), np.dtype(dtype), nodata)
    with (
        whole_raster(path) as temporary,
        rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES),
        rasterio.open(temporary, "w", **profile, num_threads=threads) as dataset,
    ):
        yield dataset
        dataset.descriptions = tuple(names)
        if scale is not None:
            dataset.scales = tuple(scale)
            dataset.offsets = tuple(offset)


@contextmanager
def whole_raster(path):
    """Yield a temporary path for a raster, as files.atomic; raise OSError where it is not whole.

    GDAL does not always say so when the disk is full: not when threads compress, nor when the
    last pixels are written as the file is closed.
    """
    with atomic(path) as temporary:
        try:
            yield temporary
            reason = "" if is_whole(temporary) else "it was cut short"
        except RasterioError as error:
            reason = " ".join(str(error.__cause__ or error).split())
        if reason:
            free = shutil.disk_usage(temporary.parent).free
            raise OSError(
                f"{path}: could not be written ({reason}); its disk has {free / 1e6:.1f} MB free"
            )


def is_whole(path):
    """Tell whether all blocks of a GeoTIFF lie inside its file."""
    size = path.stat().st_size
    try:
        with rasterio.open(path) as dataset:
            for band, (height, width) in enumerate(dataset.block_shapes, 1):
                for row in range(-(-dataset.height // height)):
                    for column in range(-(-dataset.width // width)):
                        place = (f"BLOCK_OFFSET_{column}_{row}", f"BLOCK_SIZE_{column}_{row}")
                        start, count = (dataset.get_tag_item(x, "TIFF", band) for x in place)
                        if not start or int(start) + int(count) > size:
                            return False
    except RasterioError:
        return False
    return True


def write_raster(path, array, grid, names, nodata, scale=None, offset=None):
    """Write `array` (bands, rows, columns) by `create_raster`."""
    array = np.asarray(array)
    if array.shape != (len(names), *grid.shape):
        raise ValueError(f"array {array.shape} does not fit {len(names)} bands of {grid.shape}")
    with create_raster(
        path, grid, names, array.dtype, nodata, scale=scale, offset=offset
    ) as dataset:
        dataset.write(array)
