"""Turn one raw scene into the study's stack: masked reflectance, backscatter in dB, split."""

import logging

import numpy as np
from sarfusion import landsat, normalise, sar, split
from sarfusion.errors import StudyError
from sarfusion.files import write_json
from sarfusion.raster import Grid, band_numbers, open_raster, read_bands, read_grid, write_raster
from sarfusion.shift import estimate_shift

CHANNELS = (*landsat.BANDS, *sar.CHANNELS)


def main(*, optical, sar_power, stack, use, description, site, mask, sar_settings, split_settings):
    """Write the stack, the split map and their description."""
    reflectance, grid, optical_counts = read_reflectance(optical, mask)
    backscatter, sar_counts = read_backscatter(sar_power, grid, sar_settings["noise_floor_db"])
    channels = dict(zip(CHANNELS, (*reflectance, *backscatter), strict=True))

    valid = np.isfinite(np.stack(list(channels.values()))).all(axis=0)
    if not valid.any():
        raise StudyError(
            f"site {site}: no valid pixel is left: {share(optical_counts, 'fill')} of the optical"
            f" scene is fill, {share(optical_counts, 'masked')} is masked in all, and SAR is valid"
            f" on {np.isfinite(backscatter[0]).mean():.0%}; choose another date"
        )
    try:
        ground = split.split_ground(valid, **split_settings)
    except StudyError as error:
        raise StudyError(f"site {site}: {error}") from error
    train = ground == split.TRAIN
    shift = measure_shift(channels, site)

    write_raster(stack, np.stack(list(channels.values())), grid, CHANNELS, np.nan)
    write_raster(use, ground[None], grid, ["use"], split.NOT_VALID)
    write_json(
        description,
        {
            "site": site,
            "grid": {
                "crs": grid.crs.to_string(),
                "transform": list(grid.transform)[:6],
                "height": grid.height,
                "width": grid.width,
                "pixel_m": list(grid.pixel_m),
            },
            "optical": optical_counts,
            "sar": {**sar_counts, "noise_floor_db": sar_settings["noise_floor_db"]},
            "valid_pixels": int(valid.sum()),
            "split": {"pixels": split.counts(ground), **split_settings},
            "normalisation": {
                name: normalise.fit(
                    values[train],
                    sar_settings["clip_percentiles"] if name in sar.CHANNELS else None,
                )
                for name, values in channels.items()
            },
            "data_range": {
                band: normalise.data_range(channels[band][train]) for band in landsat.BANDS
            },
            "shift_px": shift,
        },
    )


def read_reflectance(path, mask):
    """Return (reflectance, grid, counts) of a raw optical scene."""
    with open_raster(path) as dataset:
        numbers = dataset.read(band_numbers(dataset, landsat.RAW_BANDS))
        scale, offset, grid = dataset.scales[:3], dataset.offsets[:3], Grid.of(dataset)
    qa_pixel, qa_radsat = numbers[3:].astype(np.uint16)
    reflectance, counts = landsat.to_reflectance(
        numbers[:3], qa_pixel, qa_radsat, scale, offset, mask
    )
    return reflectance, grid, counts


def read_backscatter(path, grid, noise_floor_db):
    """Return ((vv_db, vh_db, ratio_db), counts) of a raw SAR scene on the optical grid."""
    source = read_grid(path)
    sar.check_overlap(source, grid, path)
    averaged, counts = [], {}
    for name, power in zip(sar.BANDS, read_bands(path, sar.BANDS), strict=True):
        power, counts[name] = sar.clean_power(power)
        averaged.append(sar.average_onto(power, source, grid))
    *backscatter, floor_counts = sar.channels_db(*averaged, noise_floor_db)
    return backscatter, {**counts, **floor_counts}


def measure_shift(channels, site):
    """Return the estimated SAR-optical shift; log a warning above one pixel or without one."""
    shift = estimate_shift(channels["red"], channels["vv_db"])
    if shift["distance"] is None:
        logging.warning("warning: site %s: the SAR-optical shift could not be measured", site)
    elif shift["distance"] > 1:
        logging.warning(
            "warning: site %s: SAR lies %.1f px from optical (%+.1f rows, %+.1f columns);"
            " check the terrain correction and the dates",
            site,
            shift["distance"],
            shift["rows"],
            shift["columns"],
        )
    return shift


def share(counts, name):
    """Return counts[name] as a share of all pixels, for people."""
    return f"{counts[name] / counts['pixels']:.0%}"


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            optical=snakemake.input.optical,
            sar_power=snakemake.input.sar,
            stack=snakemake.output.stack,
            use=snakemake.output.split,
            description=snakemake.output.description,
            site=snakemake.wildcards.site,
            mask=snakemake.params.mask,
            sar_settings=snakemake.params.sar,
            split_settings=snakemake.params.split,
        )
