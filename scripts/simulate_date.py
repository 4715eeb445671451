"""Make the optical scene of a simulated city on another day, and the truth behind it."""

from sarfusion.core.job import run

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.files import describe_file, write_json
from sarfusion.core.raster import write_raster
from sarfusion.scenes import landsat, simulate, simulated_optical
from sarfusion.scenes.bands import optical_bands
from sarfusion.scenes.days import days_after_scene
from sarfusion.scenes.landcover import LandCover
from sarfusion.scenes.simulated_dates import simulate_date


def main(
    *,
    land: str | Path,
    optical: str | Path,
    truth: str | Path,
    metadata: str | Path,
    site: str,
    date: str,
    site_settings: Mapping[str, Any],
) -> None:
    """Write the optical scene (raw numbers), the mean reflectance of each pixel, and a description.

    land: the site's land cover, as simulate_land.py writes it. date: the day's name; see
    scenes.days.
    """
    size_px, seed, day = site_settings["size_px"], site_settings["seed"], days_after_scene(date)
    infrared = site_settings.get("infrared", ())
    bands = optical_bands(infrared)
    then = simulate_date(size_px, seed, day, infrared, LandCover.load(land))
    grid = simulate.optical_grid(size_px)
    write_raster(optical, then.optical, grid, **landsat.raw_form(bands=bands))
    write_raster(truth, then.truth, grid, bands, np.nan)
    write_json(
        metadata,
        {
            "site": site,
            "source": "simulated",
            "simulated": True,
            "seed": seed,
            "days": day,
            "items": [],
            "optical": {"sensor": simulated_optical.SENSOR, "date": None, **describe_file(optical)},
            "truth": describe_file(truth),
            "licence": "CC0-1.0",
        },
    )


if __name__ == "__main__":
    run(main, snakemake)
