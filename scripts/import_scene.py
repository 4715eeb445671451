"""Bring a person's own GeoTIFFs into the form of raw scenes."""

import numpy as np
from sarfusion.core.errors import StudyError
from sarfusion.core.files import describe_file, sha256, write_json
from sarfusion.core.raster import Grid, open_raster, write_raster
from sarfusion.scenes import landsat, sar


def main(*, site, settings, paths, optical, sar_power, metadata):
    """Write optical.tif (raw numbers), sar.tif (linear power) and scene.json of one site.

    settings: the site of the config. paths: {"optical.red": path, ..., "sar.vv": path, ...}.
    """
    numbers, optical_grid, scale, offset = read_optical(settings["optical"], paths, site)
    power, sar_grid = read_sar(settings["sar"], paths, site)
    sar.check_overlap(sar_grid, optical_grid, f"site {site}")

    write_raster(
        optical, numbers, optical_grid, landsat.RAW_BANDS, landsat.FILL, scale=scale, offset=offset
    )
    write_raster(sar_power, power, sar_grid, sar.BANDS, np.nan)
    write_json(
        metadata,
        {
            "site": site,
            "source": "files",
            "simulated": False,
            "items": [
                {"band": band, "path": path, "sha256": sha256(path)} for band, path in paths.items()
            ],
            "optical": describe(settings["optical"], ("sensor", "date"), optical),
            "sar": describe(settings["sar"], ("sensor", "date", "unit"), sar_power),
            "licence": settings["licence"],
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
    colours, grids, nodata = zip(
        *(
            read_file(paths[f"optical.{band}"], settings[band]["band"], f"site {site}: {band}")
            for band in landsat.BANDS
        ),
        strict=True,
    )
    if len(set(grids)) > 1:
        raise StudyError(f"site {site}: red, green and blue lie on different grids; align them")
    colours = np.stack(colours)
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
    for band in sar.BANDS:
        where = f"site {site}: {band}"
        values, grid, declared = read_file(paths[f"sar.{band}"], settings[band]["band"], where)
        values = values.astype(np.float32)
        number = settings.get("nodata", declared)
        if number is not None:
            values[values == number] = np.nan
        sar.check_unit(values, settings["unit"], where)
        power.append(sar.from_db(values) if settings["unit"] == "db" else values)
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
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        if snakemake.params.absent:
            raise StudyError(snakemake.params.absent)
        main(
            site=snakemake.wildcards.site,
            settings=snakemake.params.settings,
            paths=dict(zip(snakemake.params.bands, snakemake.input.files, strict=True)),
            optical=snakemake.output.optical,
            sar_power=snakemake.output.sar,
            metadata=snakemake.output.metadata,
        )
