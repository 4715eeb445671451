"""Bring a user's own GeoTIFFs of another date onto the grid of the scene."""

from sarfusion.core.job import run

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sarfusion.core.files import describe_file, write_json
from sarfusion.core.raster import create_raster, open_raster, read_grid, strips
from sarfusion.scenes import landsat, own_sources
from sarfusion.scenes.own_dates import OwnDate, days_after, settings_of_date
from sarfusion.scenes.sensors import title_of


def main(
    *,
    site: str,
    site_settings: Mapping[str, Any],
    date: str,
    rasters: Mapping[str, str],
    scene: str | Path,
    optical: str | Path,
    metadata: str | Path,
) -> None:
    """Write the optical scene of a date (raw numbers) on the grid of `scene`, and describe it.

    site_settings: the site of the config. rasters: {"optical.red": GDAL's name, ...} of the date.
    """
    where = f"{site}, {date}"
    settings = settings_of_date(site_settings, date)
    chosen = settings["optical"]
    for band, name in rasters.items():
        own_sources.check(name, f"site {where}: {band}")
    with ExitStack() as opened:
        datasets = {name: opened.enter_context(open_raster(name)) for name in {*rasters.values()}}
        bands = {band: datasets[name] for band, name in rasters.items()}
        seen = OwnDate(bands, settings, where, read_grid(scene))
        seen.check()
        form = landsat.raw_form(chosen["scale"], chosen["offset"], seen.names)
        target = opened.enter_context(create_raster(optical, seen.grid, dtype=seen.dtype, **form))
        for window in strips(seen.grid.shape):
            target.write(seen.read(window), window=window)
    write_json(
        metadata,
        {
            "site": site,
            "source": site_settings["source"],
            "simulated": False,
            "days": days_after(site_settings, date),
            "items": [
                {"band": band, **own_sources.described(name)} for band, name in rasters.items()
            ],
            "optical": {
                "sensor": title_of(chosen["sensor"]),
                "date": date,
                **describe_file(optical),
            },
            "licence": site_settings["licence"],
        },
    )


if __name__ == "__main__":
    run(main, snakemake)
