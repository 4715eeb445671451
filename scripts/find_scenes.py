"""Find the scenes of one site in a catalogue, and choose the pair that the study uses."""

from sarfusion.core.job import is_impatient, is_offline, run

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_csv, write_json
from sarfusion.core.raster import Grid, coarser, repeated
from sarfusion.scenes.bands import optical_of
from sarfusion.scenes.coding import as_qa_pixel
from sarfusion.scenes.sensors import sensor_of
from sarfusion.scenes.stac.answers import Answers
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.choice import Files, NoPair, choose
from sarfusion.scenes.stac.cog import read_window, window_of
from sarfusion.scenes.stac.inspection import optical_fault, radar_view
from sarfusion.scenes.stac.items import read_items
from sarfusion.scenes.stac.lock import describe_scene, search_of
from sarfusion.scenes.stac.pairing import max_days_of_passes
from sarfusion.scenes.stac.remote import Remote
from sarfusion.scenes.stac.servers import radar_files, server_of
from sarfusion.scenes.stac.unprocessed import unprocessed
from tqdm import tqdm


def main(
    *,
    site_settings: Mapping[str, Any],
    mask: Sequence[str],
    answers: str | Path,
    found: str | Path,
    table: str | Path,
) -> None:
    """Write one site's entry for the lock, and the table of all candidates.

    site_settings: the site of the config. mask: the QA_PIXEL flags that make a pixel invalid.
    answers: the folder that keeps the catalogue's answers until the lock is made.
    """
    catalogue_settings, area = site_settings["catalogue"], site_settings["area"]
    archives = {
        sensor: open_archive(catalogue_settings, sensor, answers) for sensor in ("optical", "sar")
    }
    (remote, _), (sar_remote, sar_catalogue) = archives.values()
    assets = catalogue_settings["optical"]["assets"]
    sensor = sensor_of(catalogue_settings["optical"]["sensor"])
    optical_bands = (*optical_of(assets), *sensor.quality)
    aerosol = [name for name in ("qa_aerosol",) if name in assets]
    radar_bands = radar_files(catalogue_settings["sar"])
    first, last = map(date.fromisoformat, site_settings["period"])
    apart = timedelta(days=max_days_of_passes(site_settings))
    around = timedelta(days=site_settings.get("other_dates", {}).get("window_days", 0))
    periods = {"optical": (first - around, last + around), "sar": (first - apart, last + apart)}
    found_items, usable, refused = {}, {}, []
    for kind, period in periods.items():
        _, catalogue = archives[kind]
        items = found_items[kind] = catalogue.search(kind, area, *period)
        usable[kind], unusable = read_items(items, kind, catalogue_settings, catalogue.check_href)
        refused += unusable
        logging.info("%s: %d items, %d of them usable", kind, len(items), len(usable[kind]))
    try:
        choice = choose(
            site_settings,
            mask,
            usable["optical"],
            usable["sar"],
            Files(
                partial(read_quality, remote, area, sensor),
                partial(radar_view, sar_remote, area, catalogue_settings["sar"]),
                partial(optical_fault, remote, area, [*optical_bands, *aerosol], sensor),
            ),
            refused,
            partial(tqdm, disable=None, leave=False),
        )
    except NoPair as error:
        logging.info("%s", error.table.to_string())
        settings, today = catalogue_settings["sar"], datetime.now(UTC).date()
        if not found_items["sar"] and (
            reason := unprocessed(sar_catalogue, settings, area, periods["sar"], today)
        ):
            raise StudyError(reason) from None
        raise
    for warning in choice.warnings:
        logging.warning("warning: %s", warning)
    scenes = {
        "optical": (choice.optical, [*optical_bands, *aerosol], remote),
        "sar": (choice.sar, radar_bands, sar_remote),
        **({"clouds": (choice.cloudy, sensor.quality[:1], remote)} if choice.cloudy else {}),
    }
    dates = [
        describe_scene(chosen, chosen.grid, remote.facts, optical_bands) for chosen in choice.dates
    ]
    passes = [
        describe_scene(each, choice.sar.grid, sar_remote.facts, radar_bands)
        for each in choice.further
    ]
    snapshots: dict[str, str] = {}
    for _, catalogue in archives.values():
        snapshots |= catalogue.snapshots
    write_csv(table, choice.table)
    write_json(
        found,
        {
            "search": search_of(site_settings, mask),
            "found": f"{datetime.now(UTC):%Y-%m-%d}",
            **({"snapshots": snapshots} if snapshots else {}),
            **{
                name: describe_scene(chosen, chosen.grid, server.facts, bands)
                for name, (chosen, bands, server) in scenes.items()
            },
            **({"passes": passes} if "passes" in site_settings else {}),
            **({"dates": dates} if "other_dates" in site_settings else {}),
        },
    )


def open_archive(settings, sensor, answers):
    """Return the Remote and the Catalogue of a sensor."""
    server = server_of(settings, sensor)
    patience_s = 0 if is_impatient() else 60 * server["patience_minutes"]
    remote = Remote(server, offline=is_offline(), patience_s=patience_s)
    return remote, open_catalogue(server, remote, Answers(answers))


def read_quality(remote, area, sensor, item):
    """Return QA_PIXEL (rows, columns) of an item in the area and its Grid, or None.

    It is made from the sensor's quality band, on the pixels of the optical bands.
    """
    band = sensor.quality[0]
    href, times = item.assets[band].href, sensor.coarser.get(band, 1)
    with remote.open(href) as dataset:
        grid = Grid.of(dataset).finer(times)
    window = window_of(grid, area)
    if window is None:
        return None
    numbers, *_ = read_window(remote, href, coarser(window, times))
    return as_qa_pixel(sensor, repeated(numbers, window, times)), grid.part(window)


if __name__ == "__main__":
    run(main, snakemake)
