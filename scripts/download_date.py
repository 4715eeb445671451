"""Download another date of one site, to fill gaps from."""

from sarfusion.core.job import is_offline, run

import shutil
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.files import describe_file, write_json
from sarfusion.core.raster import write_raster
from sarfusion.core.resampling import nearest
from sarfusion.scenes import landsat
from sarfusion.scenes.sensors import sensor_of, title_of
from sarfusion.scenes.stac.download import (
    assemble_optical,
    bands_of,
    download,
    grid_of,
    scaling_of,
)
from sarfusion.scenes.stac.lock import day_of, read_lock, scenes_of, seal
from sarfusion.scenes.stac.remote import remotes
from tqdm import tqdm


def main(
    *,
    site: str,
    site_settings: Mapping[str, Any],
    date: str,
    lock: str | Path,
    parts: str | Path,
    packed: str | Path,
    optical: str | Path,
    metadata: str | Path,
) -> None:
    """Write the raw optical scene of a locked date on the grid of the site's scene; describe it.

    site_settings: the site of the config. lock: the lock file; the checksums of the pixels are
    added to it. parts: folder for the finished parts of an interrupted download. packed: folder of
    unpacked windows, if there is one. Pixels on another grid are resampled by nearest neighbour.
    """
    parts, catalogue = Path(parts), site_settings["catalogue"]
    settings = catalogue["optical"]
    entry = read_lock(lock)["sites"][site]
    found = download(
        remotes(catalogue, offline=is_offline()),
        {date: scenes_of(entry)[date]},
        parts,
        site_settings["download_limit_mb"],
        partial(tqdm, disable=None, leave=False),
        packed,
        sensor_of(settings["sensor"]).coarser,
    )
    numbers, grid = assemble_optical(found[date], parts, settings)
    target = grid_of(entry["optical"])
    if not grid.alike(target):
        numbers = onto(numbers, grid, target)
    form = landsat.raw_form(*scaling_of(found[date], settings), bands_of(found[date]))
    write_raster(optical, numbers, target, **form)
    taken, scene_taken = (
        datetime.fromisoformat(scene["datetime"]) for scene in (found[date], entry["optical"])
    )
    write_json(
        metadata,
        {
            "site": site,
            "source": "stac",
            "simulated": False,
            "days": round((taken - scene_taken).total_seconds() / 86400, 2),
            "items": [{"sensor": "optical", **item} for item in found[date]["items"]],
            "optical": {
                "sensor": title_of(settings["sensor"]),
                "date": found[date]["datetime"],
                "track": found[date]["track"],
                **describe_file(optical),
            },
            "licence": catalogue["licence"],
        },
    )
    dates = [found[date] if day_of(scene) == date else scene for scene in entry["dates"]]
    seal(lock, site, {**entry, "dates": dates})
    shutil.rmtree(parts)


def onto(numbers, grid, target):
    """Return raw optical bands (bands, rows, columns) resampled to another grid; fill beyond."""
    beyond = np.zeros(len(numbers), numbers.dtype)
    beyond[-len(landsat.QUALITY)] = landsat.QA_FILL
    return nearest(numbers, grid, target, beyond)


if __name__ == "__main__":
    run(main, snakemake)
