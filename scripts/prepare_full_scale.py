"""Bring optical and SAR onto a grid of a third of the Landsat pixel: 10 m from 30 m."""

import numpy as np
from rasterio.transform import Affine
from sarfusion import landsat, sar
from sarfusion.raster import Grid, read_bands, read_grid, write_raster
from sarfusion.resolution import RATIO, enlarge


def main(*, stack, sar_power, full, noise_floor_db):
    """Write red, green, blue (interpolated) and vv_db, vh_db, ratio_db on the fine grid."""
    coarse, source = read_grid(stack), read_grid(sar_power)
    fine = Grid(
        coarse.crs,
        coarse.transform @ Affine.scale(1 / RATIO),
        coarse.height * RATIO,
        coarse.width * RATIO,
    )
    optical = [enlarge(band, RATIO, fine.shape) for band in read_bands(stack, landsat.BANDS)]
    averaged = [
        sar.average_onto(sar.clean_power(power)[0], source, fine)
        for power in read_bands(sar_power, sar.BANDS)
    ]
    *backscatter, _ = sar.channels_db(*averaged, noise_floor_db)
    bands = np.stack([*optical, *backscatter]).astype(np.float32)
    write_raster(full, bands, fine, (*landsat.BANDS, *sar.CHANNELS), np.nan)


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            sar_power=snakemake.input.sar,
            full=snakemake.output.full,
            noise_floor_db=snakemake.params.noise_floor_db,
        )
