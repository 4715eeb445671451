"""Make the land cover of a simulated city; its scene, other dates and map are made from it."""

from sarfusion.core.job import run

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sarfusion.scenes.city_land import city_land


def main(*, land: str | Path, site_settings: Mapping[str, Any]) -> None:
    """Write the LandCover (see scenes.landcover) of one site."""
    city_land(site_settings["size_px"], site_settings["seed"]).save(land)


if __name__ == "__main__":
    run(main, snakemake)
