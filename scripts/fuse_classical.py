"""Fuse a whole scene with the methods that need no training."""

import numpy as np
from sarfusion import gap_filling, landsat, pansharpening, reconstruction, split
from sarfusion.raster import read_band, read_bands, read_grid, write_raster
from sarfusion.resolution import RATIO

MODULES = {
    "reconstruction": reconstruction,
    "cloud_gap": gap_filling,
    "sharpening": pansharpening,
}


def main(*, stack, reduced, use, gaps, fused, runs):
    """Write the fused bands (reflectance, NaN where not valid) of the whole scene.

    stack: raster with the optical and the SAR bands; reduced: with the optical bands that
    `sharpening` starts from; use: the split map; gaps: the mask of what `cloud_gap` withholds.
    The last three may be None where no run needs them. fused: a path for each of `runs`, which
    are (protocol, band, method).
    """
    wanted = {}
    for path, (protocol, band, method) in zip(fused, runs, strict=True):
        wanted.setdefault((protocol, method), {})[band] = path
    for (protocol, method), paths in wanted.items():
        optical = reduced if protocol == "sharpening" else stack
        function = getattr(MODULES[protocol], method)
        values = fuse(protocol, function, list(paths), optical, stack, use, gaps)
        grid = read_grid(optical)
        for band, path in paths.items():
            write_raster(path, values[band][None].astype(np.float32), grid, [band], np.nan)


def fuse(protocol, method, bands, optical, sar, use, gaps):
    """Return {band: fused} of one method, for at least the bands asked for."""
    if protocol == "sharpening":
        triple = method(read_bands(optical, landsat.BANDS), read_band(sar, "ratio_db"), RATIO)
        return dict(zip(landsat.BANDS, triple, strict=True))
    if protocol == "cloud_gap":
        gap, train = read_band(gaps, "gap") == 1, read_band(use, "use") == split.TRAIN
        backscatter = read_bands(sar, ["vv_db", "vh_db"])
        return {band: method(read_band(optical, band), gap, backscatter, train) for band in bands}
    return {band: method(read_band(optical, band)) for band in bands}


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            reduced=snakemake.input.get("reduced"),
            use=snakemake.input.split,
            gaps=snakemake.input.get("gaps"),
            fused=snakemake.output.fused,
            runs=snakemake.params.runs,
        )
