"""Bring a user's own mask of built-up ground onto the optical grid of a site."""

from sarfusion.core.job import run

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sarfusion.core.raster import read_grid, write_raster
from sarfusion.scenes import built_up as maps
from sarfusion.scenes import own_sources


def main(
    *,
    optical: str | Path,
    built_up: str | Path,
    site: str,
    mask: str,
    mask_settings: Mapping[str, Any],
) -> None:
    """Write the map (uint8; see scenes.built_up) on the grid of the raster `optical`.

    mask: GDAL's name of the raster. mask_settings: `built_up` of the site.
    """
    own_sources.check(mask, f"site {site}: {maps.BAND}")
    grid = read_grid(optical)
    found = maps.own_map(mask, mask_settings["band"], mask_settings.get("classes"), grid)
    write_raster(built_up, found[None], grid, [maps.BAND], maps.UNKNOWN)


if __name__ == "__main__":
    run(main, snakemake)
