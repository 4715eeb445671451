"""Fuse a whole scene with a method that needs no training."""

import numpy as np
from sarfusion.classical import METHODS
from sarfusion.raster import read_band, read_grid, write_raster


def main(*, stack, fused, band, method):
    """Write the fused band (reflectance, NaN where not valid) of the whole scene."""
    values = METHODS[method](read_band(stack, band))
    write_raster(fused, values[None].astype(np.float32), read_grid(stack), [band], np.nan)


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            fused=snakemake.output.fused,
            band=snakemake.wildcards.band,
            method=snakemake.wildcards.method,
        )
