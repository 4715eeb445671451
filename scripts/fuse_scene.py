"""Fuse a whole scene with the trained models of each seed, tile by tile."""

from sarfusion.core.job import run

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.windows import Window
from sarfusion.core.memory import keep_freed_memory
from sarfusion.core.raster import profile_for, whole_raster
from sarfusion.core.tiling import pipeline, tiles
from sarfusion.fusion import channels, checkpoint
from sarfusion.fusion.networks import predict
from sarfusion.fusion.training import choose_device, make_deterministic
from sarfusion.ground import normalise
from tqdm import tqdm


def main(
    *,
    optical: str | Path,
    sar: str | Path,
    weights: Sequence[str | Path],
    records: Sequence[str | Path],
    fused: Sequence[str | Path],
    tile_px: int,
    device: str,
    threads: int,
    gaps: str | Path | None = None,
) -> None:
    """Write the fused bands (reflectance, NaN where an input is not valid) of the whole scene.

    optical, sar: rasters that hold the optical band and the SAR bands; gaps: the mask of what is
    withheld, or None. Outside the gaps the measured band is kept, as a user would.
    weights, records, fused: paths, one per seed.
    """
    keep_freed_memory()
    make_deterministic(0, threads)
    device = choose_device(device)
    for weights_path, record_path, fused_path in zip(weights, records, fused, strict=True):
        network, record = checkpoint.load(weights_path, record_path)
        network.to(device, memory_format=torch.channels_last)
        fuse(network, record, optical, sar, gaps, fused_path, tile_px, device)


def fuse(network, record, optical, sar, gaps, fused, tile_px, device):
    """Write the fused band of one network."""
    names, band = record["channels"], record["band"]
    opened = channels.open_channels(names, optical, sar, gaps)
    with opened as source, whole_raster(fused) as temporary:
        plan = list(tiles(source.grid.shape, tile_px, network.radius, network.multiple))
        # Level 1 takes less than half the time of level 6, for 1 % more bytes.
        profile = profile_for(source.grid, 1, np.float32, np.nan) | {"zlevel": 1}
        with rasterio.open(temporary, "w", **profile) as target:
            target.descriptions = (band,)

            # What is not the network's work is done by the threads that read and write.
            def read(tile):
                bands = source.read(Window.from_slices(*tile.read))
                return bands, channels.normalised(bands, names, record["scaling"])

            def fused_tile(tile, contents):
                bands, inputs = contents
                return bands, predict(network, torch.from_numpy(inputs).to(device)).cpu().numpy()

            def write(tile, result):
                bands, output = result
                values = normalise.undo(output, record["scaling"][band])
                if channels.GAP in names:
                    clear = bands[names.index(channels.GAP)] == 0
                    values[clear] = bands[0][clear]
                values[~np.isfinite(bands).all(axis=0)] = np.nan
                place = Window.from_slices(*tile.written)
                target.write(values[tile.inner], 1, window=place)

            progress = partial(tqdm, desc="fusing", disable=None, leave=False)
            pipeline(plan, read, fused_tile, write, progress)


if __name__ == "__main__":
    run(main, snakemake)
