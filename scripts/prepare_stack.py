"""Turn one raw scene into the study's stack: masked reflectance, backscatter in dB, split."""

from sarfusion.core.job import run

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.core.grid import crs_name
from sarfusion.core.raster import (
    Grid,
    band_numbers,
    create_raster,
    open_bands,
    open_raster,
    read_bands,
    strips,
    write_raster,
)
from sarfusion.ground import normalise
from sarfusion.ground import split as splitting
from sarfusion.scenes import landsat
from sarfusion.scenes import sar as radar
from sarfusion.scenes.shift import central_window, estimate_shift

LITTLE_SAR = 0.5  # of the optical scene
CHANNELS = (*landsat.BANDS, *radar.CHANNELS)


def main(
    *,
    optical: str | Path,
    sar: str | Path,
    stack: str | Path,
    split: str | Path,
    description: str | Path,
    site: str,
    mask: Sequence[str],
    sar_settings: Mapping[str, Any],
    split_settings: Mapping[str, Any],
    threads: int = 1,
) -> None:
    """Write the stack, the split map and their description.

    Scenes of any size: strip by strip, and only one byte of each pixel is kept. threads: of the
    compression.
    """
    floor = sar_settings["noise_floor_db"]
    with open_raster(optical) as numbers, open_bands([(sar, b) for b in radar.BANDS]) as power:
        grid = Grid.of(numbers)
        radar.check_overlap(power.grid, grid, sar)
        radar.warn_if_larger(power.grid, grid, f"site {site}", "the optical scene")
        sar_counts = count_backscatter(power)
        with create_raster(stack, grid, CHANNELS, np.float32, np.nan, threads=threads) as target:
            valid, counts = fill_stack(target, numbers, power, grid, mask, floor)
            check_valid(valid, counts, site)
            warn_of_little_sar(counts["backscatter"]["valid"] / valid.size, site)
            ground = split_ground(valid, site, split_settings)

    train = ground == splitting.TRAIN
    sample = dict(zip(CHANNELS, normalise.training_sample(stack, CHANNELS, train), strict=True))
    check_varied(sample, site)
    write_raster(split, ground[None], grid, ["use"], splitting.NOT_VALID)
    write_json(
        description,
        {
            "site": site,
            "grid": {
                "crs": crs_name(grid.crs),
                "transform": list(grid.transform)[:6],
                "height": grid.height,
                "width": grid.width,
                "pixel_m": list(grid.pixel_m),
                "north_deg": round(grid.north_deg, 1) + 0.0,  # no -0.0
            },
            "optical": dict(counts["optical"]),
            "sar": {
                "pixel_m": list(power.grid.pixel_m),
                **sar_counts,
                **counts["floor"],
                "noise_floor_db": floor,
            },
            "valid_pixels": int(valid.sum()),
            "split": {"pixels": splitting.counts(ground), **split_settings},
            "normalisation": {
                name: normalise.fit(
                    values, sar_settings["clip_percentiles"] if name in radar.CHANNELS else None
                )
                for name, values in sample.items()
            },
            "data_range": {band: normalise.data_range(sample[band]) for band in landsat.BANDS},
            "shift_px": measure_shift(stack, grid.shape, site),
        },
    )


def count_backscatter(power):
    """Return what the SAR scene, an open BandReader, holds on its own grid: counts by band."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in radar.BANDS}
    for window in strips(power.grid.shape):
        for name, values in zip(radar.BANDS, power.read(window), strict=True):
            counts[name].update(radar.count_power(values))
    return {name: dict(count) for name, count in counts.items()}


def fill_stack(target, numbers, power, grid, mask, noise_floor_db):
    """Write the channels to the open stack; return (valid, counts).

    numbers: the open raw optical scene; power: a BandReader of VV and VH. valid: bool
    (rows, columns), where every channel is. counts: of "optical", "floor" and "backscatter".
    """
    bands = band_numbers(numbers, landsat.RAW_BANDS)
    scale, offset = numbers.scales[:3], numbers.offsets[:3]
    valid = np.empty(grid.shape, bool)
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("optical", "floor", "backscatter")
    }
    for window in strips(grid.shape):
        raw = numbers.read(bands, window=window)
        qa_pixel, qa_radsat = raw[3:].astype(np.uint16)
        reflectance, found = landsat.to_reflectance(
            raw[:3], qa_pixel, qa_radsat, scale, offset, mask
        )
        counts["optical"].update(found)
        vv, vh = radar.read_power(power, grid, window)
        *backscatter, found = radar.channels_db(vv, vh, noise_floor_db)
        counts["floor"].update(found)
        counts["backscatter"]["valid"] += int(np.isfinite(backscatter[0]).sum())
        channels = np.stack([*reflectance, *backscatter])
        valid[window.toslices()] = np.isfinite(channels).all(axis=0)
        target.write(channels, window=window)
    return valid, counts


def check_valid(valid, counts, site):
    """Raise StudyError, with the reason, where no pixel is valid in all channels."""
    if valid.any():
        return
    raise StudyError(
        f"site {site}: no valid pixel is left: {share(counts['optical'], 'fill')} of the optical"
        f" scene is fill, {share(counts['optical'], 'masked')} is masked in all, and SAR is valid"
        f" on {counts['backscatter']['valid'] / valid.size:.0%}; check nodata, or choose"
        " another date"
    )


def warn_of_little_sar(covered, site):
    """Log a warning where SAR is valid on a small share of the optical scene."""
    if covered < LITTLE_SAR:
        logging.warning(
            "warning: site %s: SAR is valid on only %s of the optical scene, and the rest is left"
            " out; check which scenes belong together",
            site,
            f"{covered:.0%}" if covered >= 0.01 else "less than 1%",
        )


def check_varied(sample, site):
    """Raise StudyError for a channel without values of its own; sample: {name: training values}."""
    for name, values in sample.items():
        if normalise.data_range(values) == 0:
            raise StudyError(
                f"site {site}: {name} is constant on the training ground ({values[0]:g}); a study"
                " needs bands that vary: check the file, its band and its unit"
            )


def split_ground(valid, site, settings):
    """Return the use of every pixel, as ground.split.split_ground; errors name the site."""
    try:
        return splitting.split_ground(valid, **settings)
    except StudyError as error:
        raise StudyError(f"site {site}: {error}") from error


def measure_shift(stack, shape, site):
    """Return the estimated SAR-optical shift; log a warning above one pixel or without one."""
    shift = estimate_shift(*read_bands(stack, ["red", "vv_db"], central_window(shape)))
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
    run(main, snakemake)
