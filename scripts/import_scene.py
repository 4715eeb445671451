"""Bring a person's own GeoTIFFs into the form of raw scenes."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.errors import StudyError
from sarfusion.core.files import describe_file, sha256, write_json
from sarfusion.core.raster import create_raster, open_raster, strips
from sarfusion.scenes import landsat
from sarfusion.scenes import sar as radar
from sarfusion.scenes.own_scene import OwnOptical, OwnSar


def main(
    *,
    site: str,
    site_settings: Mapping[str, Any],
    files: Sequence[str],
    bands: Sequence[str],
    optical: str | Path,
    sar: str | Path,
    metadata: str | Path,
    absent: str | None = None,
) -> None:
    """Write optical.tif (raw numbers), sar.tif (linear power) and scene.json of one site.

    site_settings: the site of the config. files: its rasters, one for each of `bands`
    ("optical.red", ..., "sar.vv", ...). absent: which file the site lacks, as an error to raise.
    Files of any size: strip by strip; of SAR only what lies under the optical scene.
    """
    if absent:
        raise StudyError(absent)
    paths = dict(zip(bands, files, strict=True))
    with ExitStack() as opened:
        rasters = {path: opened.enter_context(open_raster(path)) for path in dict.fromkeys(files)}
        rasters = {band: rasters[path] for band, path in paths.items()}
        seen = OwnOptical(rasters, site_settings, site)
        heard = OwnSar(rasters, site_settings, site, seen.grid)
        seen.check()
        heard.check()
        write_optical(optical, seen, site_settings["optical"])
        write_sar(sar, heard)

    write_json(
        metadata,
        {
            "site": site,
            "source": "files",
            "simulated": False,
            "items": [
                {"band": band, "path": path, "sha256": sha256(path)} for band, path in paths.items()
            ],
            "optical": describe(site_settings["optical"], ("sensor", "date"), optical),
            "sar": describe(site_settings["sar"], ("sensor", "date", "unit"), sar),
            "licence": site_settings["licence"],
        },
    )


def describe(settings, keys, path):
    """Return what scene.json says of one file."""
    return {**{key: settings[key] for key in keys}, **describe_file(path)}


def write_optical(path, scene, settings):
    """Write the digital numbers and quality bits of an OwnOptical."""
    scale = [settings["scale"]] * 3 + [1.0, 1.0]
    offset = [settings["offset"]] * 3 + [0.0, 0.0]
    bands, fill = landsat.RAW_BANDS, landsat.FILL
    with create_raster(
        path, scene.grid, bands, scene.dtype, fill, scale=scale, offset=offset
    ) as target:
        for window in strips(scene.grid.shape):
            target.write(scene.read(window), window=window)


def write_sar(path, scene):
    """Write the linear power of an OwnSar."""
    with create_raster(path, scene.grid, radar.BANDS, np.float32, np.nan) as target:
        for window in strips(scene.grid.shape):
            target.write(scene.read(window), window=window)


if __name__ == "__main__":
    run(main, snakemake)
