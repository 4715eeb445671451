"""Windows of cloud-optimised GeoTIFFs: which pixels, how many bytes, and reading them."""

import hashlib
import math
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.warp import transform_bounds
from rasterio.windows import Window, transform

from ...core.files import atomic
from ...core.raster import Grid, profile_for
from .network import Broken

AT_ONCE = 8 << 20  # bytes; GDAL fetches up to 10 MiB of one read side by side, the rest in turn
INFLATED = 8  # times as much, at most, may the pixels of one read take in memory
LARGEST_TILE = 64 << 20  # bytes, compressed or not; common tiles have up to 1 MiB
ROUNDING = 1e-6  # of a pixel


def window_of(grid, area):
    """Return the Window of whole pixels of `grid` over `area`, or None where it has none.

    area: [west, south, east, north] in degrees; its bounding box in the CRS of the grid counts.
    """
    left, top, right, bottom = _pixels_over(grid, area)
    left, right = max(left, 0), min(right, grid.width)
    top, bottom = max(top, 0), min(bottom, grid.height)
    if left >= right or top >= bottom:
        return None
    return Window(left, top, right - left, bottom - top)


def target_grid(grid, area):
    """Return the Grid of the pixels over all of `area`, on the raster of `grid` continued."""
    left, top, right, bottom = _pixels_over(grid, area)
    moved = grid.transform * Affine.translation(left, top)
    return Grid(grid.crs, moved, bottom - top, right - left)


def _pixels_over(grid, area):
    """Return (left, top, right, bottom) over `area` in whole pixels, counted as in `grid`."""
    west, south, east, north = transform_bounds("EPSG:4326", grid.crs, *area)
    if not np.isfinite([west, south, east, north]).all():
        raise Broken(f"the area cannot be placed in {grid.crs}; choose another item")
    corners = [~grid.transform * corner for corner in ((west, north), (east, south))]
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    return (
        math.floor(left + ROUNDING),
        math.floor(top + ROUNDING),
        math.ceil(right - ROUNDING),
        math.ceil(bottom - ROUNDING),
    )


def planned_bytes(dataset, window):
    """Return how many bytes the tiles take in the file that `window` touches in band 1.

    Tiles without bytes, which hold nodata, count 0. Raises Broken for a header that is absurd.
    """
    return int(_tile_bytes(dataset, window).sum())


def _tile_bytes(dataset, window):
    """Return the bytes in the file (tile rows, tile columns) of the tiles that `window` touches."""
    name = Path(dataset.name).name
    if not _inside(window, dataset):
        raise Broken(
            f"{name}: {window} reaches beyond its {dataset.height} x {dataset.width} pixels"
        )
    high, wide = dataset.block_shapes[0]
    bands = dataset.count if dataset.interleaving == rasterio.enums.Interleaving.pixel else 1
    raw = high * wide * bands * np.dtype(dataset.dtypes[0]).itemsize
    if raw > LARGEST_TILE:
        raise Broken(f"{name}: tiles of {high} x {wide} pixels; it is not cloud-optimised")
    (top, bottom), (left, right) = window.toranges()
    found = np.array(
        [
            [
                int(dataset.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=1) or 0)
                for column in range(left // wide, math.ceil(right / wide))
            ]
            for row in range(top // high, math.ceil(bottom / high))
        ]
    )
    if found.max() > min(2 * raw + (64 << 10), LARGEST_TILE):
        raise Broken(f"{name}: its header says that {raw} bytes are packed into {found.max()}")
    return found


def _inside(window, dataset):
    (top, bottom), (left, right) = window.toranges()
    return 0 <= top < bottom <= dataset.height and 0 <= left < right <= dataset.width


def read_window(remote, href, window):
    """Return (numbers (rows, columns), their Grid, nodata or None) of a window of band 1."""
    with remote.open(href) as source:
        tiles = _tile_bytes(source, window)
        numbers = np.concatenate([strip for _, strip, _ in _strips(source, window, tiles)])
        return numbers, _grid_of(source, window), source.nodata


def download_window(remote, href, window, path, *, progress=None):
    """Write a window of band 1 as a tiled GeoTIFF to `path`, atomically.

    Returns {"sha256": pixel_sha256 of the window, "bytes": planned_bytes}. progress.update gets
    the bytes as they come.
    """
    with atomic(path) as temporary, remote.open(href) as source:
        tiles = _tile_bytes(source, window)
        grid = _grid_of(source, window)
        profile = profile_for(grid, 1, source.dtypes[0], source.nodata)
        digest = _digest(source.dtypes[0], grid.shape)
        with rasterio.open(temporary, "w", **profile) as target:
            for rows, strip, moved in _strips(source, window, tiles):
                digest.update(_raw(strip))
                target.write(strip, 1, window=Window(0, rows.start, grid.width, len(rows)))
                if progress is not None:
                    progress.update(moved)
    return {"sha256": digest.hexdigest(), "bytes": int(tiles.sum())}


def _strips(source, window, tiles):
    """Yield (range of the window's rows, their pixels, bytes moved) from top to bottom.

    tiles: as _tile_bytes gives them. The window is read in rectangles of whole tiles that GDAL
    fetches side by side.
    """
    high, wide = source.block_shapes[0]
    (top, bottom), (left, right) = window.toranges()
    raw = high * wide * np.dtype(source.dtypes[0]).itemsize
    weights = np.maximum(tiles, raw // INFLATED)
    for first, last in _groups(weights.sum(axis=1), AT_ONCE):
        rows = _clipped(first, last, high, top, bottom)
        strip = np.empty((len(rows), right - left), source.dtypes[0])
        for start, stop in _groups(weights[first:last].sum(axis=0), AT_ONCE):
            columns = _clipped(start, stop, wide, left, right)
            source.read(
                1,
                window=Window(columns.start, rows.start, len(columns), len(rows)),
                out=strip[:, columns.start - left : columns.stop - left],
            )
        yield range(rows.start - top, rows.stop - top), strip, int(tiles[first:last].sum())


def _groups(weights, limit):
    """Return (first, last) of runs of `weights` whose sum is at most `limit`, or one long."""
    groups, first, total = [], 0, 0
    for index, weight in enumerate(weights):
        if index > first and total + weight > limit:
            groups.append((first, index))
            first, total = index, 0
        total += weight
    return [*groups, (first, len(weights))]


def _clipped(first, last, size, start, stop):
    """Return the range of pixels of tiles first..last of a window from `start` to `stop`."""
    origin = start // size
    return range(max((origin + first) * size, start), min((origin + last) * size, stop))


def _grid_of(dataset, window):
    return Grid(dataset.crs, transform(window, dataset.transform), window.height, window.width)


def pixel_sha256(numbers):
    """Return the SHA-256 of pixel numbers (rows, columns), with their type and shape before them.

    The bytes are little-endian and in row order on every machine.
    """
    digest = _digest(numbers.dtype, numbers.shape)
    digest.update(_raw(numbers))
    return digest.hexdigest()


def _digest(dtype, shape):
    rows, columns = shape
    return hashlib.sha256(f"{np.dtype(dtype).name} {rows} {columns}\n".encode())


def _raw(numbers):
    return np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<"))
