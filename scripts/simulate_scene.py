"""Make the raw scenes of a simulated city, and the truth behind them."""

from sarfusion.core.job import run

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.files import describe_file, write_json
from sarfusion.core.raster import write_raster
from sarfusion.scenes import landsat, simulate

SENSORS = {"optical": "simulated Landsat 9 OLI-2", "sar": "simulated Sentinel-1 IW GRD"}


def main(
    *,
    optical: str | Path,
    sar: str | Path,
    truth: str | Path,
    metadata: str | Path,
    site: str,
    site_settings: Mapping[str, Any],
) -> None:
    """Write optical.tif (raw numbers), sar.tif (linear power), truth.tif (reflectance at 10 m)
    and scene.json of one site: size_px x size_px pixels of 30 m that follow from its seed."""
    size_px, seed, looks = (site_settings[name] for name in ("size_px", "seed", "looks"))
    city = simulate.simulate_city(size_px, seed, looks)
    write_raster(
        optical,
        city.optical,
        city.optical_grid,
        simulate.OPTICAL_BANDS,
        landsat.FILL,
        scale=simulate.OPTICAL_SCALES,
        offset=simulate.OPTICAL_OFFSETS,
    )
    write_raster(sar, city.sar, city.sar_grid, simulate.SAR_BANDS, np.nan)
    write_raster(truth, city.truth, city.truth_grid, simulate.TRUTH_BANDS, np.nan)
    files = {"optical": optical, "sar": sar, "truth": truth}
    write_json(
        metadata,
        {
            "site": site,
            "source": "simulated",
            "simulated": True,
            "seed": seed,
            "looks": looks,
            "items": [],
            **{
                name: {"sensor": SENSORS.get(name), "date": None, **describe_file(path)}
                for name, path in files.items()
            },
            "licence": "CC0-1.0",
        },
    )


if __name__ == "__main__":
    run(main, snakemake)
