"""Map the built-up ground of a simulated city, whose land cover is known."""

from sarfusion.core.job import run

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sarfusion.core.raster import write_raster
from sarfusion.scenes import built_up as maps
from sarfusion.scenes.simulate import optical_grid


def main(*, built_up: str | Path, site_settings: Mapping[str, Any]) -> None:
    """Write the map (uint8; see scenes.built_up) on the optical grid of a site."""
    size_px, seed = site_settings["size_px"], site_settings["seed"]
    found = maps.simulated_map(size_px, seed)
    write_raster(built_up, found[None], optical_grid(size_px), [maps.BAND], maps.UNKNOWN)


if __name__ == "__main__":
    run(main, snakemake)
