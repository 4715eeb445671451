"""Blur the optical bands and add noise to them: the input of denoising."""

from sarfusion.core.job import run

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.windows import Window
from sarfusion.core.files import read_json
from sarfusion.core.raster import band_names, create_raster, open_bands, strips, write_strip
from sarfusion.ground.noise import blur, generator, noise_std, reach
from sarfusion.scenes.bands import optical_of


def main(
    *,
    stack: str | Path,
    description: str | Path,
    noisy: str | Path,
    site: str,
    denoise_settings: Mapping[str, Any],
) -> None:
    """Write the optical bands with blur and noise, NaN where they are in the stack.

    description: JSON with the deviation of each band on training ground. denoise_settings: as in
    the config.
    """
    sigma, snr_db = denoise_settings["sigma_px"], denoise_settings["snr_db"]
    scalings = read_json(description)["normalisation"]
    names = optical_of(band_names(stack))
    deviations = [noise_std(scalings[band]["std"], snr_db) for band in names]
    draws = [generator(denoise_settings["seed"], site, band) for band in names]
    with (
        open_bands([(stack, band) for band in names]) as source,
        create_raster(noisy, source.grid, names, np.float32, np.nan, quick=True) as target,
    ):
        height, width = source.grid.shape
        for window in strips(source.grid.shape):
            top, bottom = window.row_off, window.row_off + window.height
            first, last = max(0, top - reach(sigma)), min(height, bottom + reach(sigma))
            bands = source.read(Window(0, first, width, last - first))
            # Drawn row after row, so that the noise does not depend on the strips.
            worse = [
                blur(band, sigma)[top - first : bottom - first]
                + deviation * draw.standard_normal((window.height, width))
                for band, deviation, draw in zip(bands, deviations, draws, strict=True)
            ]
            write_strip(target, np.stack(worse).astype(np.float32), window)


if __name__ == "__main__":
    run(main, snakemake)
