"""Make the raw scenes of a simulated city, and the truth behind them."""

from sarfusion.core.job import run

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.files import describe_file, write_json
from sarfusion.core.raster import write_raster
from sarfusion.scenes import landsat, simulate, simulated_optical, simulated_sar
from sarfusion.scenes.bands import optical_bands
from sarfusion.scenes.landcover import LandCover

SENSORS = {"optical": simulated_optical.SENSOR, "sar": simulated_sar.SENSOR}


def main(
    *,
    optical: str | Path,
    sar: str | Path,
    truth: str | Path,
    metadata: str | Path,
    site: str,
    site_settings: Mapping[str, Any],
    land: str | Path | None = None,
    aerosol: str | Path | None = None,
) -> None:
    """Write optical.tif (raw numbers), sar.tif (linear power), truth.tif (reflectance at 10 m)
    and scene.json of one site: size_px x size_px pixels of 30 m that follow from its seed.

    land: its land cover, if simulate_land.py wrote it for other scripts too. aerosol: raster of
    SR_QA_AEROSOL to write, if the study uses it.
    """
    size_px, seed, looks = (site_settings[name] for name in ("size_px", "seed", "looks"))
    passes = site_settings.get("passes", 1)
    infrared = site_settings.get("infrared", ())
    bands = optical_bands(infrared)
    cover = None if land is None else LandCover.load(land)
    city = simulate.simulate_city(size_px, seed, looks, passes, infrared, cover)
    write_raster(optical, city.optical, city.optical_grid, **landsat.raw_form(bands=bands))
    write_raster(sar, city.sar, city.sar_grid, simulated_sar.SAR_BANDS, np.nan)
    write_raster(truth, city.truth, city.truth_grid, bands, np.nan)
    files = {"optical": optical, "sar": sar, "truth": truth}
    if aerosol is not None:
        bits = simulated_optical.aerosol_bits(size_px, seed)
        write_raster(aerosol, bits[None], city.optical_grid, ["qa_aerosol"], landsat.AEROSOL_FILL)
        files["aerosol"] = aerosol
    of_sar = {} if passes == 1 else {"passes": passes}
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
                name: {
                    "sensor": SENSORS.get(name),
                    "date": None,
                    **(of_sar if name == "sar" else {}),
                    **describe_file(path),
                }
                for name, path in files.items()
            },
            "licence": "CC0-1.0",
        },
    )


if __name__ == "__main__":
    run(main, snakemake)
