"""Fuse a whole scene with trained models, one after another, tile by tile."""

from sarfusion.core.job import run

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rasterio.windows import Window
from sarfusion.core.memory import keep_freed_memory
from sarfusion.core.raster import create_raster
from sarfusion.core.tiling import pipeline, tiles
from sarfusion.fusion import channels, checkpoint
from sarfusion.fusion.ensemble import deviation_name
from sarfusion.fusion.networks import predict
from sarfusion.fusion.precision import choose_precision
from sarfusion.fusion.training import choose_device, make_deterministic
from tqdm import tqdm


def main(
    *,
    optical: Sequence[str | Path],
    sar: Sequence[str | Path],
    weights: Sequence[str | Path],
    records: Sequence[str | Path],
    fused: Sequence[str | Path],
    tile_px: int,
    precision: str,
    device: str,
    threads: int,
) -> None:
    """Write the fused bands (reflectance, NaN where an input is not valid) of the whole scene.

    Each argument has one path per model. optical, sar: rasters with the optical band and the SAR
    bands. For a network that fills gaps, `optical` is a raster of start surfaces (start_gaps.py).
    Outside the gaps the measured band is then kept, as a user would do.

    If a network predicts the variance of its error, a second band contains the standard deviation:
    in reflectance, of this network alone and not calibrated; NaN where the measured band is kept.

    precision: of the products in convolutions, "float32" or "bfloat16".
    """
    keep_freed_memory()
    make_deterministic(0, threads)
    device = choose_device(device)
    precision = choose_precision(precision, device, "fusing.precision")
    models = zip(weights, records, optical, sar, fused, strict=True)
    for weights_path, record_path, optical_path, sar_path, fused_path in models:
        network, record = checkpoint.load(weights_path, record_path)
        network.to(device, memory_format=torch.channels_last)
        fuse(network, record, optical_path, sar_path, fused_path, tile_px, precision, device)


def fuse(network, record, optical, sar, fused, tile_px, precision, device):
    """Write the fused band of one network, and its standard deviation if it predicts one."""
    names, band = record["channels"], record["band"]
    made = [band, deviation_name(band)] if network.uncertain else [band]
    with (
        channels.open_channels(names, optical, sar) as source,
        create_raster(fused, source.grid, made, np.float32, np.nan, quick=True) as target,
    ):
        # All work outside the network is done by the threads that read and write.
        def read(tile):
            bands = source.read(Window.from_slices(*tile.read))
            return bands, channels.normalised(bands, names, record["scaling"])

        def fused_tile(tile, contents):
            bands, inputs = contents
            outputs = predict(network, torch.from_numpy(inputs).to(device), precision)
            return bands, outputs.cpu().numpy()

        def write(tile, result):
            bands, output = result
            values = channels.in_reflectance(output, record["scaling"][band])
            keep_measured(values, bands, names)
            target.write(values[:, *tile.inner], window=Window.from_slices(*tile.written))

        plan = list(tiles(source.grid.shape, tile_px, network.radius, network.multiple))
        progress = partial(tqdm, desc="fusing", disable=None, leave=False)
        pipeline(plan, read, fused_tile, write, progress)


def keep_measured(values, bands, names):
    """Put the measured band where there is no gap, and NaN where a band is not valid, in place.

    values: (outputs, rows, columns), the band and its deviation; bands: the channels `names`.
    """
    missing = channels.is_lacking(bands, names)
    if channels.GAP in names:
        state = bands[names.index(channels.GAP)]
        clear = state == channels.CLEAR
        values[0][clear] = bands[0][clear]
        values[1:, clear] = np.nan
        missing |= state == channels.NOT_VALID
    values[:, missing] = np.nan


if __name__ == "__main__":
    run(main, snakemake)
