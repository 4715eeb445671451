"""Reading and writing GeoTIFFs with named bands."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window

from .errors import StudyError
from .gdal_names import is_remote
from .grid import Grid
from .raster_file import whole_raster
from .unusable import check_placed, why_unreadable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

BLOCK = 256  # side of the blocks in a file, pixels
STRIP_PX = 2**20  # most pixels of a strip, unless one row of blocks has more
CACHE_BYTES = 256 * 2**20  # of GDAL: room for four rows of blocks, those of tiles with a halo


@contextmanager
def open_raster(path: str | Path, shared: bool = False) -> Iterator[DatasetReader]:
    """Open a georeferenced raster for reading.

    shared: whether it shares its unpacked blocks with other open rasters of this path that are
    shared too; all of them must then be read by one thread.

    Raises StudyError, also for reads inside the block, when the file cannot be read, is cut
    short, is on a network, or has no place on the Earth.
    """
    if is_remote(str(path)):
        raise StudyError(f"{path}: is on a network; download it first")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # check_placed reports it
            dataset = rasterio.open(path, sharing=shared)
        with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), dataset:
            check_placed(dataset)
            yield dataset
    except RasterioError as error:
        raise StudyError(f"{path}: {why_unreadable(path, error)}") from error


@contextmanager
def reading(dataset: DatasetReader) -> Iterator[None]:
    """Raise StudyError with the name of this raster if a read fails; others may be open too."""
    try:
        yield
    except RasterioError as error:
        raise StudyError(f"{dataset.name}: {why_unreadable(dataset.name, error)}") from error


def read_grid(path: str | Path) -> Grid:
    """Return the Grid of a raster file."""
    with open_raster(path) as dataset:
        return Grid.of(dataset)


def band_names(path: str | Path) -> tuple[str | None, ...]:
    """Return the names of the bands of a raster file: their descriptions."""
    with open_raster(path) as dataset:
        return tuple(dataset.descriptions)


def band_numbers(dataset: DatasetReader, names: Iterable[str]) -> list[int]:
    """Return the numbers (from 1) of the bands named `names`, in this order.

    A name is the description of a band. Raises StudyError if a band is missing.
    """
    missing = [name for name in names if name not in dataset.descriptions]
    if missing:
        raise StudyError(
            f"{dataset.name}: no band {', '.join(missing)} (it has {dataset.descriptions})"
        )
    return [dataset.descriptions.index(name) + 1 for name in names]


def strips(shape: tuple[int, int], pixels: int | None = None) -> Iterator[Window]:
    """Yield Windows of full width that divide a raster of `shape` (rows, columns), top to bottom.

    A strip consists of whole rows of blocks: as many as have `pixels` pixels (default: STRIP_PX),
    at least one. A small raster is one strip.
    """
    height, width = shape
    rows = max(1, (pixels or STRIP_PX) // (width * BLOCK)) * BLOCK
    for row in range(0, height, rows):
        yield Window(0, row, width, min(rows, height - row))


def finer(window: Window, ratio: int) -> Window:
    """Return the Window of the same ground on a grid with pixels finer by the factor `ratio`."""
    return Window(*(ratio * side for side in window.flatten()))


def coarser(window: Window, times: int) -> Window:
    """Return the Window of pixels, each side `times` as long, that contains a Window."""
    (top, bottom), (left, right) = window.toranges()
    first, upper = left // times, top // times
    return Window(first, upper, -(-right // times) - first, -(-bottom // times) - upper)


def repeated(pixels: np.ndarray, window: Window, times: int) -> np.ndarray:
    """Return large pixels repeated onto a Window of small ones, (rows, columns).

    pixels: the large pixels of `coarser(window, times)`.
    """
    top, left = window.row_off % times, window.col_off % times
    fine = pixels.repeat(times, axis=0).repeat(times, axis=1)
    return fine[top : top + window.height, left : left + window.width]


class BandReader:
    """Bands of several rasters on one grid, read together window by window.

    bands: pairs of (open dataset, band number from 1).
    """

    def __init__(self, bands: Sequence[tuple[DatasetReader, int]]) -> None:
        self.grid = Grid.of(bands[0][0])
        self._count = len(bands)
        # {dataset: [(index among the bands here, band number in the dataset), ...]}
        self._places: dict[DatasetReader, list[tuple[int, int]]] = defaultdict(list)
        for index, (dataset, number) in enumerate(bands):
            self._places[dataset].append((index, number))

    def read(self, window: Window | None = None) -> np.ndarray:
        """Return the bands, whole or of a window, as float32 (bands, rows, columns)."""
        shape = self.grid.shape if window is None else (window.height, window.width)
        bands = np.empty((self._count, *shape), np.float32)
        # Bands of one file share its blocks, so read them together: each block is unpacked once.
        for dataset, places in self._places.items():
            indices, numbers = zip(*places, strict=True)
            with reading(dataset):
                bands[list(indices)] = dataset.read(numbers, window=window)
        return bands


@contextmanager
def open_bands(
    places: Sequence[tuple[str | Path, str]], shared: bool = False
) -> Iterator[BandReader]:
    """Open the bands `places`, pairs of (path, band name), as a BandReader.

    shared: see `open_raster`. Raises StudyError when the rasters have different grids.
    """
    with ExitStack() as stack:
        datasets = {path: stack.enter_context(open_raster(path, shared)) for path, _ in places}
        first, *others = datasets
        for path in others:
            if not Grid.of(datasets[path]).alike(Grid.of(datasets[first])):
                raise StudyError(f"{path} and {first} are not on one grid; make both again")
        yield BandReader(
            [(datasets[path], band_numbers(datasets[path], [name])[0]) for path, name in places]
        )


def read_bands(path: str | Path, names: Sequence[str], window: Window | None = None) -> np.ndarray:
    """Return the bands `names` of a raster, whole or of a window, as (bands, rows, columns)."""
    with open_raster(path) as dataset:
        return dataset.read(band_numbers(dataset, names), window=window)


def read_band(path: str | Path, name: str) -> np.ndarray:
    """Return one named band of a raster as an array (rows, columns)."""
    return read_bands(path, [name])[0]


def profile_for(grid: Grid, count: int, dtype: DTypeLike, nodata: float | None) -> dict[str, Any]:
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
def create_raster(
    path: str | Path,
    grid: Grid,
    names: Sequence[str],
    dtype: DTypeLike,
    nodata: float | None,
    *,
    scale: Sequence[float] | None = None,
    offset: Sequence[float] | None = None,
    threads: int = 1,
    quick: bool = False,
) -> Iterator[DatasetWriter]:
    """Yield a GeoTIFF with named bands for writing by windows; `path` exists once it is complete.

    scale, offset: one number per band each, stored as GDAL's scale and offset of the band
    (value = scale * digital number + offset). Digital numbers are written unchanged. threads: for
    compression. quick: whether the file is for other steps of the workflow, and its checksum is not
    published. It is then compressed by Zstandard at level 1, without a predictor: bands of a scene
    are written in a quarter and read in half of the time that deflate takes at its level 1, for 6
    to 20 % more bytes. And its blocks have one band each. Blocks of all bands would be unpacked for
    each band that is read, and packed again for each that is written. The bytes of the file depend
    neither on `threads` nor on the windows, if these are written by `write_strip`.
    """
    profile = profile_for(grid, len(names), np.dtype(dtype), nodata)
    if quick:
        profile |= {"compress": "zstd", "zstd_level": 1, "predictor": 1, "interleave": "band"}
    with (
        whole_raster(path) as temporary,
        rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES),
        rasterio.open(temporary, "w", **profile, num_threads=threads) as dataset,
    ):
        yield dataset
        dataset.descriptions = tuple(names)
        if scale is not None:
            dataset.scales = tuple(scale)
        if offset is not None:
            dataset.offsets = tuple(offset)


def write_strip(dataset: DatasetWriter, bands: np.ndarray, window: Window) -> None:
    """Write `bands` (bands, rows, columns) at one of `strips`, one row of blocks after another.

    So the order of blocks that have one band each does not depend on the height of the strips.
    """
    for row in range(0, window.height, BLOCK):
        part = bands[:, row : row + BLOCK]
        top = window.row_off + row
        dataset.write(part, window=Window(window.col_off, top, window.width, part.shape[1]))


def write_raster(
    path: str | Path,
    array: ArrayLike,
    grid: Grid,
    names: Sequence[str],
    nodata: float | None,
    scale: Sequence[float] | None = None,
    offset: Sequence[float] | None = None,
    quick: bool = False,
) -> None:
    """Write `array` (bands, rows, columns) by `create_raster`.

    Raises ValueError if its shape does not fit `names` and `grid`.
    """
    array = np.asarray(array)
    if array.shape != (len(names), *grid.shape):
        raise ValueError(f"array {array.shape} does not fit {len(names)} bands of {grid.shape}")
    with create_raster(
        path, grid, names, array.dtype, nodata, scale=scale, offset=offset, quick=quick
    ) as dataset:
        write_strip(dataset, array, Window(0, 0, grid.width, grid.height))
