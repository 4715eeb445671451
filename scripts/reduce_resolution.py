"""Degrade the optical bands as a coarser sensor would see them: the input of Wald's protocol."""

import numpy as np
from sarfusion import landsat
from sarfusion.raster import read_bands, read_grid, write_raster
from sarfusion.resolution import RATIO, degrade, enlarge


def main(*, stack, reduced, gain_at_nyquist):
    """Write red, green, blue degraded to 90 m and interpolated back onto the 30 m grid."""
    grid = read_grid(stack)
    bands = [
        enlarge(degrade(band, RATIO, gain_at_nyquist), RATIO, grid.shape)
        for band in read_bands(stack, landsat.BANDS)
    ]
    write_raster(reduced, np.stack(bands).astype(np.float32), grid, landsat.BANDS, np.nan)


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            reduced=snakemake.output.reduced,
            gain_at_nyquist=snakemake.params.gain_at_nyquist,
        )
