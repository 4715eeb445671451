"""Bringing rasters from one grid onto another."""

import numpy as np
from numpy.typing import ArrayLike
from rasterio.warp import Resampling, reproject

from .grid import Grid


def nearest(values: np.ndarray, source: Grid, target: Grid, beyond: ArrayLike) -> np.ndarray:
    """Return values (rows, columns) or (bands, rows, columns), resampled to another grid.

    Each pixel takes the nearest value. beyond: the value of pixels that the source does not reach,
    one for all or one for each band.
    """
    found = np.empty((*values.shape[:-2], *target.shape), values.dtype)
    found[...] = np.reshape(beyond, (-1, 1, 1)) if np.ndim(beyond) else beyond
    reproject(
        values,
        found,
        src_transform=source.transform,
        src_crs=source.crs,
        dst_transform=target.transform,
        dst_crs=target.crs,
        resampling=Resampling.nearest,
        init_dest_nodata=False,
    )
    return found
