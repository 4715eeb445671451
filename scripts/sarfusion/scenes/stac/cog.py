"""Windows of cloud-optimised GeoTIFFs: place, size in bytes, reading and download."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.warp import transform_bounds
from rasterio.windows import Window, transform

from ...core.files import atomic
from ...core.grid import Grid, crs_name
from ...core.raster import profile_for
from .network import Broken
from .remote import Remote

READ_BYTES = 8 << 20  # per read; GDAL fetches up to 10 MiB in parallel, the rest in sequence
MAX_INFLATION = 8  # bytes in memory per byte of READ_BYTES, for the pixels of one read
MAX_TILE_BYTES = 64 << 20  # compressed or not; common tiles have up to 1 MiB
EDGE_TOLERANCE_PX = 1e-6  # an edge this close to a pixel's edge coincides with it


def window_of(grid: Grid, area: Sequence[float]) -> Window | None:
    """Return the Window of whole pixels of `grid` over `area`, None if they do not overlap.

    area: [west, south, east, north] in degrees; the window covers its bounding box in the CRS of
    the grid.
    """
    left, top, right, bottom = _pixels_over(grid, area)
    left, right = max(left, 0), min(right, grid.width)
    top, bottom = max(top, 0), min(bottom, grid.height)
    if left >= right or top >= bottom:
        return None
    return Window(left, top, right - left, bottom - top)


def target_grid(grid: Grid, area: Sequence[float]) -> Grid:
    """Return the Grid of the pixels over all of `area`, extending `grid` if necessary."""
    left, top, right, bottom = _pixels_over(grid, area)
    moved = grid.transform * Affine.translation(left, top)
    return Grid(grid.crs, moved, bottom - top, right - left)


def _pixels_over(grid: Grid, area: Sequence[float]) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom) of `area` in whole pixels of `grid`."""
    west, south, east, north = transform_bounds("EPSG:4326", grid.crs, *area)
    if not np.isfinite([west, south, east, north]).all():
        raise Broken(f"the area cannot be placed in {crs_name(grid.crs)}; choose another item")
    corners = [~grid.transform * corner for corner in ((west, north), (east, south))]
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    return (
        math.floor(left + EDGE_TOLERANCE_PX),
        math.floor(top + EDGE_TOLERANCE_PX),
        math.ceil(right - EDGE_TOLERANCE_PX),
        math.ceil(bottom - EDGE_TOLERANCE_PX),
    )


def planned_bytes(dataset: Any, window: Window) -> int:
    """Return the size in the file of the tiles of band 1 that `window` touches.

    Empty tiles, which are nodata, count 0. Raises Broken for an implausible header.
    """
    return int(tile_bytes(dataset, window).sum())


def tile_bytes(dataset: Any, window: Window, overview: int | None = None) -> np.ndarray:
    """Return the bytes in the file (tile rows, tile columns) of the tiles that `window` touches.

    overview: number of an overview whose tiles under the window are returned instead; they are
    assumed to be as large as those of the file. Raises Broken for an implausible header.
    """
    name = Path(dataset.name).name
    if not _inside(window, dataset):
        raise Broken(
            f"{name}: {window} reaches beyond its {dataset.height} x {dataset.width} pixels"
        )
    high, wide = dataset.block_shapes[0]
    bands = dataset.count if dataset.interleaving == rasterio.enums.Interleaving.pixel else 1
    raw = high * wide * bands * np.dtype(dataset.dtypes[0]).itemsize
    if raw > MAX_TILE_BYTES:
        raise Broken(f"{name}: tiles of {high} x {wide} pixels; it is not cloud-optimised")
    (top, bottom), (left, right) = window.toranges()
    if overview is not None:
        factor = dataset.overviews(1)[overview]
        top, bottom, left, right = (pixel // factor for pixel in (top, bottom, left, right))
        bottom, right = max(bottom, top + 1), max(right, left + 1)
    of_overview = {} if overview is None else {"ovr": overview}
    sizes = np.array(
        [
            [
                int(
                    dataset.get_tag_item(
                        f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=1, **of_overview
                    )
                    or 0
                )
                for column in range(left // wide, math.ceil(right / wide))
            ]
            for row in range(top // high, math.ceil(bottom / high))
        ]
    )
    if sizes.max() > min(2 * raw + (64 << 10), MAX_TILE_BYTES):
        raise Broken(f"{name}: its header says that {raw} bytes are packed into {sizes.max()}")
    return sizes


def _inside(window: Window, dataset: Any) -> bool:
    (top, bottom), (left, right) = window.toranges()
    return 0 <= top < bottom <= dataset.height and 0 <= left < right <= dataset.width


def read_window(remote: Remote, href: str, window: Window) -> tuple[np.ndarray, Grid, float | None]:
    """Return (numbers (rows, columns), their Grid, nodata or None) of a window of band 1."""
    with remote.open(href) as source:
        tiles = tile_bytes(source, window)
        numbers = np.concatenate([strip for _, strip, _ in _strips(source, window, tiles)])
        return numbers, grid_of_window(source, window), source.nodata


def download_window(
    remote: Remote, href: str, window: Window, path: str | Path, *, progress: Any = None
) -> dict[str, Any]:
    """Write a window of band 1 as a tiled GeoTIFF to `path`, atomically.

    Returns {"sha256": pixel_sha256 of the window, "bytes": planned_bytes}. progress: a tqdm bar,
    updated with the bytes of each read.
    """
    with atomic(path) as temporary, remote.open(href) as source:
        tiles = tile_bytes(source, window)
        grid = grid_of_window(source, window)
        profile = profile_for(grid, 1, source.dtypes[0], source.nodata)
        digest = _digest(source.dtypes[0], grid.shape)
        with rasterio.open(temporary, "w", **profile) as target:
            for rows, strip, moved in _strips(source, window, tiles):
                digest.update(_raw(strip))
                target.write(strip, 1, window=Window(0, rows.start, grid.width, len(rows)))
                if progress is not None:
                    progress.update(moved)
    return {"sha256": digest.hexdigest(), "bytes": int(tiles.sum())}


def _strips(
    source: Any, window: Window, tiles: np.ndarray
) -> Iterator[tuple[range, np.ndarray, int]]:
    """Yield (rows of the window, their pixels, bytes in the file) from top to bottom.

    tiles: result of tile_bytes. The window is read in rectangles of whole tiles, which GDAL
    fetches in parallel.
    """
    high, wide = source.block_shapes[0]
    (top, bottom), (left, right) = window.toranges()
    raw = high * wide * np.dtype(source.dtypes[0]).itemsize
    weights = np.maximum(tiles, raw // MAX_INFLATION)
    for first, last in _groups(weights.sum(axis=1), READ_BYTES):
        rows = _clipped(first, last, high, top, bottom)
        strip = np.empty((len(rows), right - left), source.dtypes[0])
        for start, stop in _groups(weights[first:last].sum(axis=0), READ_BYTES):
            columns = _clipped(start, stop, wide, left, right)
            source.read(
                1,
                window=Window(columns.start, rows.start, len(columns), len(rows)),
                out=strip[:, columns.start - left : columns.stop - left],
            )
        yield range(rows.start - top, rows.stop - top), strip, int(tiles[first:last].sum())


def _groups(weights: np.ndarray, limit: int) -> list[tuple[int, int]]:
    """Return the ranges (first, last) of runs of `weights` with a sum of at most `limit`.

    A weight above the limit is a run by itself.
    """
    groups: list[tuple[int, int]] = []
    first, total = 0, 0
    for index, weight in enumerate(weights):
        if index > first and total + weight > limit:
            groups.append((first, index))
            first, total = index, 0
        total += weight
    return [*groups, (first, len(weights))]


def _clipped(first: int, last: int, size: int, start: int, stop: int) -> range:
    """Return the pixels of tiles [first, last) of a window from `start` to `stop`.

    size: of a tile in pixels; the window's first tile is number 0.
    """
    origin = start // size
    return range(max((origin + first) * size, start), min((origin + last) * size, stop))


def grid_of_window(dataset: Any, window: Window) -> Grid:
    return Grid(dataset.crs, transform(window, dataset.transform), window.height, window.width)


def pixel_sha256(numbers: np.ndarray) -> str:
    """Return the SHA-256 of the type, shape and pixels of `numbers` (rows, columns).

    The bytes are little-endian and in row order on every machine.
    """
    digest = _digest(numbers.dtype, numbers.shape)
    digest.update(_raw(numbers))
    return digest.hexdigest()


def _digest(dtype: Any, shape: tuple[int, ...]) -> Any:
    rows, columns = shape
    return hashlib.sha256(f"{np.dtype(dtype).name} {rows} {columns}\n".encode())


def _raw(numbers: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<"))
