"""Files of rasters that are either complete or absent."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError

from .files import atomic


@contextmanager
def whole_raster(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path for a raster, like `atomic`; raise OSError if it is incomplete.

    GDAL does not always report a full disk: it does not if several threads compress, nor for the
    last pixels, which it writes when the file is closed.
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


def is_whole(path: Path) -> bool:
    """Return whether a GeoTIFF file contains all of its blocks."""
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
