"""Find the scenes of one site in a catalogue, and choose the pair that the study is made of."""

from sarfusion.core.job import is_offline, run

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sarfusion.core.files import write_csv, write_json
from sarfusion.core.raster import Grid
from sarfusion.scenes import landsat, sar
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.choice import NoPair, choose
from sarfusion.scenes.stac.cog import read_window, window_of
from sarfusion.scenes.stac.items import read_items
from sarfusion.scenes.stac.lock import describe_scene, search_of
from sarfusion.scenes.stac.remote import Remote
from tqdm import tqdm


def main(
    *,
    site_settings: Mapping[str, Any],
    mask: Sequence[str],
    found: str | Path,
    table: str | Path,
) -> None:
    """Write what the lock will say of one site, and the table of all candidates.

    site_settings: the site of the config. mask: the QA_PIXEL flags that make a pixel invalid.
    """
    catalogue_settings, area = site_settings["catalogue"], site_settings["area"]
    remote = Remote(catalogue_settings, offline=is_offline())
    catalogue = open_catalogue(catalogue_settings, remote)
    first, last = map(date.fromisoformat, site_settings["period"])
    apart = timedelta(days=site_settings["max_days_apart"])
    periods = {"optical": (first, last), "sar": (first - apart, last + apart)}
    usable, refused = {}, []
    for sensor, period in periods.items():
        items = catalogue.search(sensor, area, *period)
        usable[sensor], unusable = read_items(
            items, sensor, catalogue_settings, catalogue.check_href
        )
        refused += unusable
        logging.info("%s: %d items, %d of them usable", sensor, len(items), len(usable[sensor]))
    try:
        choice = choose(
            site_settings,
            mask,
            usable["optical"],
            usable["sar"],
            partial(read_quality, remote, area),
            refused,
            partial(tqdm, desc="reading QA_PIXEL", disable=None, leave=False),
        )
    except NoPair as error:
        logging.info("%s", error.table.to_string())
        raise
    for warning in choice.warnings:
        logging.warning("warning: %s", warning)
    scenes = {
        "optical": (choice.optical, landsat.RAW_BANDS),
        "sar": (choice.sar, sar.BANDS),
        **({"clouds": (choice.cloudy, ["qa_pixel"])} if choice.cloudy else {}),
    }
    write_csv(table, choice.table)
    write_json(
        found,
        {
            "search": search_of(site_settings, mask),
            "found": f"{datetime.now(UTC):%Y-%m-%d}",
            **{
                name: describe_scene(chosen, chosen.grid, remote.facts, bands)
                for name, (chosen, bands) in scenes.items()
            },
        },
    )


def read_quality(remote, area, item):
    """Return QA_PIXEL (rows, columns) of an item's part of the area and its Grid, or None."""
    href = item.assets["qa_pixel"].href
    with remote.open(href) as dataset:
        window = window_of(Grid.of(dataset), area)
    return window and read_window(remote, href, window)[:2]


if __name__ == "__main__":
    run(main, snakemake)
