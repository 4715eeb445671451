"""Bring a person's own GeoTIFFs into the form of raw scenes."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.errors import StudyError
from sarfusion.core.files import describe_file, sha256, write_json
from sarfusion.core.raster import Grid, open_raster, write_raster
from sarfusion.scenes import landsat
from sarfusion.scenes import sar as radar


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
    """
    if absent:
        raise StudyError(absent)
    paths = dict(zip(bands, files, strict=True))
    numbers, optical_grid, scale, offset = read_optical(site_settings["optical"], paths, site)
    power, sar_grid = read_sar(site_settings["sar"], paths, site)
    radar.check_overlap(sar_grid, optical_grid, f"site {site}")

    write_raster(
        optical, numbers, optical_grid, landsat.RAW_BANDS, landsat.FILL, scale=scale, offset=offset
    )
    write_raster(sar, power, sar_grid, radar.BANDS, np.nan)
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


def read_optical(settings, paths, site):
    """Return (numbers, grid, scales, offsets): red, green, blue, qa_pixel, qa_radsat.

    Without QA files a pixel is fill where any band has no data, saturated from `saturation` on,
    and clear elsewhere.
    """
    layers, grids, nodata = zip(
        *(
            read_file(paths[f"optical.{band}"], settings[band]["band"], f"site {site}: {band}")
            for band in landsat.BANDS
        ),
        strict=True,
    )
    if len(set(grids)) > 1:
        raise StudyError(f"site {site}: red, green and blue lie on different grids; align them")
    colours = np.stack(layers)
    fill = ~np.isfinite(colours).all(axis=0)
    for values, declared in zip(colours, nodata, strict=True):
        number = settings.get("nodata", declared)
        if number is not None:
            fill |= values == number

    quality = {}
    for name in ("qa_pixel", "qa_radsat"):
        quality[name] = np.zeros(fill.shape, np.uint16)
        if name in settings:
            values, grid, _ = read_file(
                paths[f"optical.{name}"], settings[name]["band"], f"site {site}: {name}"
            )
            if grid != grids[0]:
                raise StudyError(f"site {site}: {name} lies on another grid than red; align them")
            quality[name] = values.astype(np.uint16)
    quality["qa_pixel"][fill] |= landsat.QA_FILL
    if "saturation" in settings:
        for band, values in zip(landsat.BANDS, colours, strict=True):
            saturated = values >= settings["saturation"]
            quality["qa_radsat"][saturated] |= 1 << landsat.QA_RADSAT_BITS[band]

    # One file has one number type: the colours', widened where they cannot hold the QA bits.
    dtype = np.result_type(colours.dtype, np.uint16)
    numbers = np.stack([*colours, quality["qa_pixel"], quality["qa_radsat"]]).astype(dtype)
    numbers[:3, fill] = landsat.FILL
    scale = [settings["scale"]] * 3 + [1.0, 1.0]
    offset = [settings["offset"]] * 3 + [0.0, 0.0]
    return numbers, grids[0], scale, offset


def read_sar(settings, paths, site):
    """Return (power, grid): VV and VH as linear power (float32), NaN where there is no data."""
    power, grids = [], []
    for band in radar.BANDS:
        where = f"site {site}: {band}"
        values, grid, declared = read_file(paths[f"sar.{band}"], settings[band]["band"], where)
        values = values.astype(np.float32)
        number = settings.get("nodata", declared)
        if number is not None:
            values[values == number] = np.nan
        radar.check_unit(values, settings["unit"], where)
        power.append(radar.from_db(values) if settings["unit"] == "db" else values)
        grids.append(grid)
    if grids[0] != grids[1]:
        raise StudyError(f"site {site}: VV and VH lie on different grids; align them")
    return np.stack(power), grids[0]


def read_file(path, band, where):
    """Return (values, grid, nodata) of band number `band` of a raster file."""
    with open_raster(path) as dataset:
        if band > dataset.count:
            raise StudyError(
                f"{where}: {path} has no band {band}, it has {dataset.count}; mend `band`"
            )
        return dataset.read(band), Grid.of(dataset), dataset.nodatavals[band - 1]


if __name__ == "__main__":
    run(main, snakemake)
