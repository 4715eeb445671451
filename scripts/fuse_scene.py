"""Fuse a whole scene with one trained model, tile by tile."""

import numpy as np
import rasterio
import torch
from rasterio.windows import Window
from sarfusion import channels, checkpoint, normalise
from sarfusion.files import atomic
from sarfusion.raster import profile_for
from sarfusion.tiling import predict, tiles
from sarfusion.training import choose_device, make_deterministic
from tqdm import tqdm


def main(*, optical, sar, gaps, weights, record, fused, tile_px, device, threads):
    """Write the fused band (reflectance, NaN where an input is not valid) of the whole scene.

    optical, sar: rasters that hold the optical band and the SAR bands; gaps: the mask of what is
    withheld, or None. Outside the gaps the measured band is kept, as a user would.
    """
    make_deterministic(0, threads)
    device = choose_device(device)
    network, record = checkpoint.load(weights, record)
    network.to(device)
    names, band = record["channels"], record["band"]
    with channels.open_channels(names, optical, sar, gaps) as source, atomic(fused) as temporary:
        profile = profile_for(source.grid, 1, np.float32, np.nan)
        with rasterio.open(temporary, "w", **profile) as target:
            target.descriptions = (band,)
            plan = list(tiles(source.grid.shape, tile_px, network.radius, network.multiple))
            for tile in tqdm(plan, "fusing", disable=None, leave=False):
                bands = source.read(Window.from_slices(tile.read_rows, tile.read_columns))
                inputs = channels.normalised(bands, names, record["scaling"])
                output = predict(network, torch.from_numpy(inputs).to(device)).cpu().numpy()
                values = normalise.undo(output, record["scaling"][band])
                if channels.GAP in names:
                    clear = bands[names.index(channels.GAP)] == 0
                    values[clear] = bands[0][clear]
                values[~np.isfinite(bands).all(axis=0)] = np.nan
                written = Window.from_slices(tile.rows, tile.columns)
                target.write(values[tile.inner], 1, window=written)


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            optical=snakemake.input.optical,
            sar=snakemake.input.sar,
            gaps=snakemake.input.get("gaps"),
            weights=snakemake.input.weights,
            record=snakemake.input.record,
            fused=snakemake.output.fused,
            tile_px=snakemake.params.tile_px,
            device=snakemake.params.device,
            threads=snakemake.threads,
        )
