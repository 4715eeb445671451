"""Writing cloud-optimised GeoTIFFs (COG): overviews inside, laid out for reads over a network."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rasterio.io import DatasetWriter
from rasterio.shutil import copy

from .grid import Grid
from .raster import BLOCK, create_raster
from .raster_file import whole_raster


@contextmanager
def create_cog(
    path: str | Path, grid: Grid, names: Sequence[str], tags: Mapping[str, str], threads: int = 1
) -> Iterator[DatasetWriter]:
    """Yield a float32 raster with named bands for writing by windows; `path` becomes a COG of it.

    Nodata is NaN. tags: of the file, for people and for GDAL. threads: for compression.
    An overview takes the nearest pixel of the level below it, so that the overviews of a band of
    classes contain only classes that exist. The bytes do not depend on `threads`. Values repeat, as
    they come from integers: without a predictor, level 1 takes less than half the time that level 6
    takes with the predictor of floats, for fewer bytes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        whole_raster(path) as final,
        TemporaryDirectory(dir=path.parent, prefix=".part-") as folder,
    ):
        plain = Path(folder, "plain.tif")
        with create_raster(
            plain, grid, names, np.float32, np.nan, threads=threads, quick=True
        ) as dataset:
            yield dataset
            dataset.update_tags(**tags)
        copy(
            plain,
            final,
            driver="COG",
            compress="DEFLATE",
            level=1,
            predictor="NO",
            blocksize=BLOCK,
            overview_resampling="NEAREST",
            bigtiff="IF_SAFER",
            num_threads=threads,
        )
