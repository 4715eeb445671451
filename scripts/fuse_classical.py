"""Fuse a whole scene with a method that needs no training."""

import numpy as np
from sarfusion import gap_filling, landsat, pansharpening, reconstruction, split
from sarfusion.classical import METHODS
from sarfusion.raster import read_band, read_bands, read_grid, write_raster
from sarfusion.resolution import RATIO

MODULES = {
    "reconstruction": reconstruction,
    "cloud_gap": gap_filling,
    "sharpening": pansharpening,
}


def main(*, optical, sar, use, gaps, fused, bands, method):
    """Write the fused bands (reflectance, NaN where not valid) of the whole scene.

    optical, sar: rasters that hold the optical and the SAR bands; use: the split map; gaps: the
    mask of what is withheld, or None. fused: a path for each of `bands`.
    """
    protocol = METHODS[method].protocol
    fuse = getattr(MODULES[protocol], method)
    if protocol == "sharpening":
        triple = fuse(read_bands(optical, landsat.BANDS), read_band(sar, "ratio_db"), RATIO)
        values = dict(zip(landsat.BANDS, triple, strict=True))
    elif protocol == "cloud_gap":
        gap, train = read_band(gaps, "gap") == 1, read_band(use, "use") == split.TRAIN
        backscatter = read_bands(sar, ["vv_db", "vh_db"])
        values = {band: fuse(read_band(optical, band), gap, backscatter, train) for band in bands}
    else:
        values = {band: fuse(read_band(optical, band)) for band in bands}
    grid = read_grid(optical)
    for path, band in zip(fused, bands, strict=True):
        write_raster(path, values[band][None].astype(np.float32), grid, [band], np.nan)


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            optical=snakemake.input.optical,
            sar=snakemake.input.sar,
            use=snakemake.input.split,
            gaps=snakemake.input.get("gaps"),
            fused=snakemake.output.fused,
            bands=snakemake.params.bands,
            method=snakemake.wildcards.method,
        )
