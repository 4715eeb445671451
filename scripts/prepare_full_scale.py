"""Bring optical and SAR onto a grid with a third of the optical pixel size."""

from sarfusion.core.job import run

from pathlib import Path

import numpy as np
from rasterio.windows import Window
from sarfusion.core.files import read_json
from sarfusion.core.pixel_sizes import RATIO
from sarfusion.core.raster import band_names, create_raster, open_bands, strips, write_strip
from sarfusion.ground.degradation import coarse_span, enlarge
from sarfusion.scenes import sar as radar
from sarfusion.scenes.bands import optical_of
from sarfusion.scenes.shift import taken_back


def main(
    *,
    stack: str | Path,
    sar: str | Path,
    description: str | Path,
    full: str | Path,
    site: str,
    noise_floor_db: float,
) -> None:
    """Write the optical bands (interpolated) and vv_db, vh_db, ratio_db on the fine grid.

    description: JSON with the shift of SAR that was corrected in the stack; it is corrected here
    too.
    """
    shift = read_json(description)["shift_corrected_px"]
    optical_bands = optical_of(band_names(stack))
    with (
        open_bands([(stack, band) for band in optical_bands]) as optical,
        open_bands([(sar, band) for band in radar.BANDS]) as power,
    ):
        if shift:
            power.grid = taken_back(power.grid, optical.grid, shift)
        fine = optical.grid.finer(RATIO)
        radar.warn_if_larger(power.grid, fine, f"site {site}", "its sharpened products")
        names = (*optical_bands, *radar.CHANNELS)
        with create_raster(full, fine, names, np.float32, np.nan, quick=True) as target:
            for window in strips(fine.shape):
                vv, vh = radar.read_power(power, fine, window)
                *backscatter, _ = radar.channels_db(vv, vh, noise_floor_db)
                bands = [*enlarged(optical, window), *backscatter]
                write_strip(target, np.stack(bands), window)


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
