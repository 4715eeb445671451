"""Bring optical and SAR onto a grid with a third of the optical pixel size."""

from sarfusion.core.job import run

from pathlib import Path

import numpy as np
from rasterio.windows import Window
from sarfusion.core.pixel_sizes import RATIO
from sarfusion.core.raster import create_raster, open_bands, strips
from sarfusion.ground.degradation import coarse_span, enlarge
from sarfusion.scenes import landsat
from sarfusion.scenes import sar as radar


def main(
    *,
    stack: str | Path,
    sar: str | Path,
    full: str | Path,
    site: str,
    noise_floor_db: float,
) -> None:
    """Write red, green, blue (interpolated) and vv_db, vh_db, ratio_db on the fine grid."""
    with (
        open_bands([(stack, band) for band in landsat.BANDS]) as optical,
        open_bands([(sar, band) for band in radar.BANDS]) as power,
    ):
        fine = optical.grid.finer(RATIO)
        radar.warn_if_larger(power.grid, fine, f"site {site}", "its sharpened products")
        names = (*landsat.BANDS, *radar.CHANNELS)
        with create_raster(full, fine, names, np.float32, np.nan) as target:
            for window in strips(fine.shape):
                vv, vh = radar.read_power(power, fine, window)
                *backscatter, _ = radar.channels_db(vv, vh, noise_floor_db)
                bands = [*enlarged(optical, window), *backscatter]
                target.write(np.stack(bands), window=window)


def enlarged(optical, window):
    """Return the bands of an open BandReader interpolated onto a strip of the fine grid."""
    height, width = optical.grid.shape
    top, bottom = window.row_off, window.row_off + window.height
    first, last = coarse_span(top, bottom, height)
    shape = (RATIO * (last - first), RATIO * width)
    rows = slice(top - RATIO * first, bottom - RATIO * first)
    bands = optical.read(Window(0, first, width, last - first))
    return [enlarge(band, RATIO, shape)[rows] for band in bands]


if __name__ == "__main__":
    run(main, snakemake)
