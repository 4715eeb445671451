"""Map the built-up ground of a simulated city, whose land cover is known."""

from sarfusion.core.job import run

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sarfusion.core.raster import write_raster
from sarfusion.scenes import built_up as maps
from sarfusion.scenes.landcover import LandCover
from sarfusion.scenes.simulate import optical_grid


def main(*, land: str | Path, built_up: str | Path, site_settings: Mapping[str, Any]) -> None:
    """Write the map (uint8; see scenes.built_up) on the optical grid of a site.

    land: its land cover, as simulate_land.py writes it.
    """
    found = maps.simulated_map(LandCover.load(land))
    grid = optical_grid(site_settings["size_px"])
    write_raster(built_up, found[None], grid, [maps.BAND], maps.UNKNOWN)


if __name__ == "__main__":
    run(main, snakemake)
