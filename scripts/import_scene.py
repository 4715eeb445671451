"""Bring a user's own GeoTIFFs into the form of raw scenes."""

from sarfusion.core.job import run

import logging
import math
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.errors import StudyError
from sarfusion.core.files import describe_file, read_json, write_json
from sarfusion.core.raster import create_raster, open_raster, strips
from sarfusion.scenes import landsat, own_sources
from sarfusion.scenes import sar as radar
from sarfusion.scenes.own_scene import OwnOptical, OwnSar
from sarfusion.scenes.sensors import title_of

LARGE_BLOCK = 2**28  # bytes; a block is read as a whole


def main(
    *,
    site: str,
    site_settings: Mapping[str, Any],
    rasters: Mapping[str, str],
    optical: str | Path,
    sar: str | Path,
    metadata: str | Path,
    absent: str | None = None,
    origin: str | Path | None = None,
    aerosol: str | Path | None = None,
) -> None:
    """Write optical.tif (raw numbers), sar.tif (linear power) and scene.json of one site.

    site_settings: the site of the config. rasters: {"optical.red": GDAL's name, ...} of its
    rasters. absent: the error to raise if the site lacks a file. origin: the file that
    calibrate_grd.py wrote about the SAR that it made. aerosol: raster of SR_QA_AEROSOL to write,
    if the study uses it.
    Files may have any size: they are read strip by strip, and SAR only under the optical scene.
    """
    if absent:
        raise StudyError(absent)
    for band, name in rasters.items():
        own_sources.check(name, f"site {site}: {band}")
    with ExitStack() as opened:
        datasets = {name: opened.enter_context(open_raster(name)) for name in {*rasters.values()}}
        for dataset in datasets.values():
            warn_of_large_block(dataset)
        bands = {band: datasets[name] for band, name in rasters.items()}
        seen = OwnOptical(bands, site_settings, site)
        heard = OwnSar(bands, site_settings, site, seen.grid)
        seen.check()
        heard.check()
        write_optical(optical, seen, site_settings["optical"])
        write_sar(sar, heard)
        if aerosol is not None:
            write_aerosol(aerosol, seen)

    about = site_settings["sar"]
    made = [band for band in rasters if origin and band.startswith("sar.")]
    items = [
        {"band": band, **own_sources.described(name)}
        for band, name in rasters.items()
        if band not in made
    ]
    if origin:
        product = read_json(origin)
        about = {**about, "sensor": product["sensor"], "date": product["date"]}
        items.append({"band": "sar", "path": product["path"], "files": product["files"]})
    write_json(
        metadata,
        {
            "site": site,
            "source": site_settings["source"],
            "simulated": False,
            "items": items,
            "optical": describe(site_settings["optical"], ("sensor", "date"), optical),
            "sar": {
                **describe(about, ("sensor", "date", "unit"), sar),
                **({} if heard.passes == 1 else {"passes": heard.passes}),
            },
            **({} if aerosol is None else {"aerosol": describe_file(aerosol)}),
            "licence": site_settings["licence"],
        },
    )


def warn_of_large_block(dataset):
    """Log a warning where a raster has to be read in pieces that take much memory."""
    (height, width), size = dataset.block_shapes[0], np.dtype(dataset.dtypes[0]).itemsize
    is_mixed = dataset.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE") == "PIXEL"
    together = dataset.count if is_mixed else 1
    block = math.prod((height, width, size, together))
    if block > LARGE_BLOCK:
        logging.warning(
            "warning: %s: its blocks of %d x %d pixels take %.1f GB of memory each; tile it if"
            " that is too much (gdal_translate -co TILED=YES)",
            dataset.name,
            height,
            width,
            block / 1e9,
        )


def describe(settings, keys, path):
    """Return what scene.json says about one file."""
    stated = {key: settings[key] for key in keys}
    return {**stated, "sensor": title_of(settings["sensor"]), **describe_file(path)}


def write_optical(path, scene, settings):
    """Write the digital numbers and quality bits of an OwnOptical."""
    form = landsat.raw_form(settings["scale"], settings["offset"], scene.names)
    with create_raster(path, scene.grid, dtype=scene.dtype, **form) as target:
        for window in strips(scene.grid.shape):
            target.write(scene.read(window), window=window)


def write_aerosol(path, scene):
    """Write the aerosol bits of an OwnOptical."""
    nodata = landsat.AEROSOL_FILL
    with create_raster(path, scene.grid, ["qa_aerosol"], np.uint8, nodata) as target:
        for window in strips(scene.grid.shape):
            target.write(scene.read_aerosol(window), 1, window=window)


def write_sar(path, scene):
    """Write the linear power of an OwnSar."""
    with create_raster(path, scene.grid, radar.BANDS, np.float32, np.nan) as target:
        for window in strips(scene.grid.shape):
            target.write(scene.read(window), window=window)


if __name__ == "__main__":
    run(main, snakemake)
