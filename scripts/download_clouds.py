"""Download the clouds of another date over one site: the shapes of the gaps of cloud_gap."""

from sarfusion.core.job import is_offline, run

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sarfusion.core.errors import StudyError
from sarfusion.core.raster import write_raster
from sarfusion.scenes import landsat
from sarfusion.scenes.coding import as_qa_pixel
from sarfusion.scenes.sensors import sensor_of
from sarfusion.scenes.stac.download import assemble, download
from sarfusion.scenes.stac.lock import read_lock, seal
from sarfusion.scenes.stac.remote import remotes
from tqdm import tqdm


def main(
    *,
    site: str,
    site_settings: Mapping[str, Any],
    lock: str | Path,
    parts: str | Path,
    packed: str | Path,
    clouds: str | Path,
) -> None:
    """Write the QA_PIXEL band of the locked cloudy date of one site, converted if need be.

    site_settings: the site of the config. lock: the lock file; the checksums of the pixels are
    added to it. parts: folder for the finished parts of an interrupted download. packed: folder of
    unpacked windows, if there is one.
    """
    parts = Path(parts)
    entry = read_lock(lock)["sites"][site]
    if "clouds" not in entry:
        raise StudyError(
            f"site {site}: no other date of its period was fit to shape gaps; set"
            " gap_shapes: simulated, or widen the period and lock again"
        )
    sensor = sensor_of(site_settings["catalogue"]["optical"]["sensor"])
    found = download(
        remotes(site_settings["catalogue"], offline=is_offline()),
        {"clouds": entry["clouds"]},
        parts,
        site_settings["download_limit_mb"],
        partial(tqdm, disable=None, leave=False),
        packed,
        sensor.coarser,
    )
    quality, grid = assemble(
        found["clouds"],
        sensor.quality[:1],
        parts,
        empty=(landsat.QA_FILL,),
        is_empty=lambda bands: landsat.is_fill(bands[0]),
        larger=sensor.coarser,
        decode=lambda bands, item: as_qa_pixel(sensor, bands[0])[None],
    )
    write_raster(clouds, quality, grid, ["qa_pixel"], None)
    seal(lock, site, {**entry, **found})
    shutil.rmtree(parts)


if __name__ == "__main__":
    run(main, snakemake)
