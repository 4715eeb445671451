"""Degrade the optical bands as a coarser sensor would see them: the input of Wald's protocol."""

from sarfusion.core.job import run

from pathlib import Path

import numpy as np
from rasterio.windows import Window
from sarfusion.core.pixel_sizes import RATIO
from sarfusion.core.raster import band_names, create_raster, open_bands, strips, write_strip
from sarfusion.ground.degradation import coarse_span, degrade, enlarge
from sarfusion.scenes.bands import optical_of

STRIP_PX = 2**22  # larger than usual: the surroundings of each strip are read and computed again


def main(
    *,
    stack: str | Path,
    reduced: str | Path,
    gain_at_nyquist: float,
) -> None:
    """Write the optical bands degraded by RATIO and interpolated back onto their own grid."""
    names = optical_of(band_names(stack))
    with (
        open_bands([(stack, band) for band in names]) as source,
        create_raster(reduced, source.grid, names, np.float32, np.nan, quick=True) as target,
    ):
        height, width = source.grid.shape
        for window in strips(source.grid.shape, STRIP_PX):
            top, bottom = window.row_off, window.row_off + window.height
            first, last = (RATIO * row for row in coarse_span(top, bottom, -(-height // RATIO)))
            part = source.read(Window(0, first, width, min(last, height) - first))
            fine = [
                enlarge(degrade(band, RATIO, gain_at_nyquist), RATIO, band.shape) for band in part
            ]
            write_strip(target, np.stack(fine)[:, top - first : bottom - first], window)


if __name__ == "__main__":
    run(main, snakemake)
