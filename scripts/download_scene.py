"""Download the locked raw scenes of one site."""

from sarfusion.core.job import is_offline, run

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.files import describe_file, write_json
from sarfusion.core.raster import write_raster
from sarfusion.scenes import landsat, plausibility, sar
from sarfusion.scenes.stac.download import assemble, download
from sarfusion.scenes.stac.lock import read_lock, seal
from sarfusion.scenes.stac.remote import Remote
from tqdm import tqdm


def main(
    *,
    site: str,
    site_settings: Mapping[str, Any],
    lock: str | Path,
    parts: str | Path,
    optical: str | Path,
    sar: str | Path,
    metadata: str | Path,
) -> None:
    """Write optical.tif (digital numbers), sar.tif (linear power) and scene.json of one site.

    site_settings: the site of the config. lock: the lock file, to which the sums of the pixels are
    added. parts: the folder that keeps what a broken download had finished.
    """
    parts, catalogue = Path(parts), site_settings["catalogue"]
    entry = read_lock(lock)["sites"][site]
    found = download(
        Remote(catalogue, offline=is_offline()),
        {name: entry[name] for name in ("optical", "sar")},
        parts,
        site_settings["download_limit_mb"],
        partial(tqdm, disable=None, leave=False),
    )
    write_optical(found["optical"], catalogue["optical"], parts, optical)
    write_sar(found["sar"], catalogue["sar"], parts, sar, f"site {site}")
    write_json(
        metadata,
        {
            "site": site,
            "source": "stac",
            "simulated": False,
            "items": [
                {"sensor": sensor, **item} for sensor in found for item in found[sensor]["items"]
            ],
            "optical": describe(found["optical"], catalogue["optical"], optical),
            "sar": describe(found["sar"], catalogue["sar"], sar),
            "licence": catalogue["licence"],
        },
    )
    seal(lock, site, {**entry, **found})
    shutil.rmtree(parts)


def write_optical(scene, settings, parts, path):
    """Write the digital numbers of a locked optical scene, fill where no item has data."""
    numbers, grid = assemble(
        scene,
        landsat.RAW_BANDS,
        parts,
        empty=(landsat.FILL, landsat.FILL, landsat.FILL, landsat.QA_FILL, 0),
        is_empty=lambda bands: landsat.is_fill(bands[3]),
    )
    sensor = landsat.sensor_named(scene.get("track", "")) or "oli"
    numbers[4] = landsat.radsat_as_oli(numbers[4], sensor)
    write_raster(
        path,
        numbers,
        grid,
        landsat.RAW_BANDS,
        landsat.FILL,
        scale=[settings["scale"]] * 3 + [1.0, 1.0],
        offset=[settings["offset"]] * 3 + [0.0, 0.0],
    )


def write_sar(scene, settings, parts, path, where):
    """Write the linear power of a locked SAR scene, NaN where no item has data."""
    power, grid = assemble(
        scene,
        sar.BANDS,
        parts,
        empty=(np.nan, np.nan),
        is_empty=lambda bands: np.isnan(bands).any(axis=0),
    )
    for band, values in zip(sar.BANDS, power, strict=True):
        plausibility.check_unit(values, settings["unit"], f"{where}: {band}")
    if settings["unit"] == "db":
        power = sar.from_db(power)
    write_raster(path, power.astype(np.float32), grid, sar.BANDS, np.nan)


def describe(scene, settings, path):
    """Return what scene.json says of one file."""
    measured = ("track", "orbit", "coverage", "masked", "days_apart")
    return {
        "sensor": settings["sensor"],
        "date": scene["datetime"],
        **{key: scene[key] for key in measured if scene.get(key) is not None},
        **describe_file(path),
    }


if __name__ == "__main__":
    run(main, snakemake)
