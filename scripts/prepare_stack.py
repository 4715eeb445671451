"""Turn one raw scene into the study's stack: masked reflectance, backscatter in dB, split."""

from sarfusion.core.job import run

import logging
import math
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
    write_strip,
)
from sarfusion.ground import normalise
from sarfusion.ground import split as splitting
from sarfusion.scenes import landsat
from sarfusion.scenes import sar as radar
from sarfusion.scenes.bands import BANDS
from sarfusion.scenes.looks import Looks, estimate_looks
from sarfusion.scenes.registration import correction, measure_frames, measure_shift
from sarfusion.scenes.shift import central_window, taken_back

LITTLE_SAR = 0.5  # share of the optical scene
SATURATED = "_saturated"  # suffix of a band in the counts of a scene
FLOOR_MARGIN_DB = 0.01  # above the noise floor, for rounding


def main(
    *,
    optical: str | Path,
    sar: str | Path,
    stack: str | Path,
    description: str | Path,
    site: str,
    optical_bands: Sequence[str] = BANDS,
    mask: Sequence[str],
    sar_settings: Mapping[str, Any],
    split_settings: Mapping[str, Any],
    threads: int = 1,
    split: str | Path | None = None,
    aerosol: str | Path | None = None,
    mask_aerosol: Sequence[str] = (),
) -> None:
    """Write the stack, the split map and their description.

    Scenes may have any size: they are processed strip by strip, and only one byte per pixel is kept
    in memory. optical_bands: of the stack, before those of SAR. threads: of the compression. split:
    None if nothing is trained; all valid ground is then described. aerosol: raster of SR_QA_AEROSOL
    on the same grid, whose flags mask_aerosol are masked.
    """
    floor = sar_settings["noise_floor_db"]
    channels = (*optical_bands, *radar.CHANNELS)
    with open_raster(optical) as numbers, open_bands([(sar, b) for b in radar.BANDS]) as power:
        grid = Grid.of(numbers)
        radar.check_overlap(power.grid, grid, sar)
        radar.warn_if_larger(power.grid, grid, f"site {site}", "the optical scene")
        sar_counts = count_backscatter(power)

        def hazy(window):
            """Return {flag: where it is set in a window} for the aerosol flags to mask."""
            if aerosol is None:
                return {}
            (bits,) = read_bands(aerosol, ["qa_aerosol"], window)
            return {flag: landsat.aerosol_flagged(bits, flag) for flag in mask_aerosol}

        def write():
            with create_raster(
                stack, grid, channels, np.float32, np.nan, threads=threads, quick=True
            ) as target:
                valid, counts = fill_stack(
                    target, numbers, power, grid, optical_bands, mask, floor, hazy
                )
                check_valid(valid, counts, site)
                ground = split_ground(valid, site, split_settings) if split else None
            return valid, counts, ground

        valid, counts, ground = write()
        of_frames = measure_frames(stack, grid.shape)
        corrected = None
        if sar_settings["correct_shift"]:
            corrected = correction(of_frames, stack, power, grid, floor, site)
        if corrected:
            power.grid = taken_back(power.grid, grid, corrected)
            valid, counts, ground = write()
        warn_of_little_sar(counts["backscatter"]["valid"] / valid.size, site)

    described = valid if ground is None else ground == splitting.TRAIN
    sample = dict(zip(channels, normalise.training_sample(stack, channels, described), strict=True))
    check_varied(sample, site)
    if split and ground is not None:
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
                "looks": measure_looks(stack, grid, power.grid, floor, site),
            },
            "valid_pixels": int(valid.sum()),
            **({} if ground is None else of_training(ground, sample, split_settings, sar_settings)),
            "percentiles": {name: normalise.percentiles(x) for name, x in sample.items()},
            "shift_px": measure_shift(stack, grid.shape, site),
            "shift_frames_px": of_frames,
            "shift_corrected_px": corrected,
        },
    )


def of_training(ground, sample, split_settings, sar_settings):
    """Return what the description says about the split and the scaling by training ground."""
    return {
        "split": {"pixels": splitting.counts(ground), **split_settings},
        "normalisation": {
            name: normalise.fit(
                values, sar_settings["clip_percentiles"] if name in radar.CHANNELS else None
            )
            for name, values in sample.items()
        },
        "data_range": {
            name: normalise.data_range(values)
            for name, values in sample.items()
            if name not in radar.CHANNELS
        },
    }


def count_backscatter(power):
    """Return counts by band of the SAR scene, an open BandReader, on its own grid."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in radar.BANDS}
    for window in strips(power.grid.shape):
        for name, values in zip(radar.BANDS, power.read(window), strict=True):
            counts[name].update(radar.count_power(values))
    return {name: dict(count) for name, count in counts.items()}


def fill_stack(target, numbers, power, grid, optical_bands, mask, noise_floor_db, hazy):
    """Write the channels to the open stack; return (valid, counts).

    numbers: the open raw optical scene, with the optical bands; power: a BandReader of VV and VH.
    hazy: function of a window that returns {aerosol flag: where it is set} for the flags to mask.
    valid: bool (rows, columns), where every channel is valid. counts: of "optical", "floor" and
    "backscatter".
    """
    bands = band_numbers(numbers, (*optical_bands, *landsat.QUALITY))
    count = len(optical_bands)
    scale, offset = (
        [of_all[number - 1] for number in bands[:count]]
        for of_all in (numbers.scales, numbers.offsets)
    )
    valid = np.empty(grid.shape, bool)
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("optical", "floor", "backscatter")
    }
    for window in strips(grid.shape):
        raw = numbers.read(bands, window=window)
        qa_pixel, qa_radsat = raw[count:].astype(np.uint16)
        reflectance, found = landsat.to_reflectance(
            raw[:count], qa_pixel, qa_radsat, scale, offset, mask, optical_bands
        )
        fill = landsat.is_unseen(raw[:count], qa_pixel)
        for flag, where in hazy(window).items():
            is_new = where & np.isfinite(reflectance).any(axis=0)
            reflectance[:, where] = np.nan
            found[f"aerosol_{flag}"] = int((where & ~fill).sum())
            found["masked"] += int(is_new.sum())
        counts["optical"].update(found)
        vv, vh = radar.read_power(power, grid, window)
        *backscatter, found = radar.channels_db(vv, vh, noise_floor_db)
        counts["floor"].update(found)
        counts["backscatter"]["valid"] += int(np.isfinite(backscatter[0]).sum())
        channels = np.stack([*reflectance, *backscatter])
        valid[window.toslices()] = np.isfinite(channels).all(axis=0)
        write_strip(target, channels, window)
    return valid, counts


def check_valid(valid, counts, site):
    """Raise StudyError, with the reason, where no pixel is valid in all channels."""
    if valid.any():
        return
    optical = counts["optical"]
    saturated = {
        name.removesuffix(SATURATED): number
        for name, number in optical.items()
        if name.endswith(SATURATED) and number
    }
    worst = max(saturated, key=lambda band: saturated[band], default=None)
    too_bright = f" {share(optical, worst + SATURATED)} is saturated in {worst}," if worst else ""
    raise StudyError(
        f"site {site}: no valid pixel is left: {share(optical, 'fill')} of the optical scene is"
        f" fill, {share(optical, 'masked')} is masked in all,{too_bright} and SAR is valid on"
        f" {counts['backscatter']['valid'] / valid.size:.0%}; check nodata"
        f"{' and saturation' if worst else ''}, or choose another date"
    )


def warn_of_little_sar(covered, site):
    """Log a warning where SAR is valid on a small share of the optical scene."""
    if covered < LITTLE_SAR:
        logging.warning(
            "warning: site %s: SAR is valid on only %s of the optical scene, and the rest is left"
            " out; check that the scenes belong together",
            site,
            f"{covered:.0%}" if covered >= 0.01 else "less than 1%",
        )


def check_varied(sample, site):
    """Raise StudyError for a channel that is constant; sample: {name: training values}."""
    for name, values in sample.items():
        if normalise.data_range(values) == 0:
            raise StudyError(
                f"site {site}: {name} is constant on the training ground ({values[0]:g}); a study"
                " needs bands that vary: check the file, its band and its unit"
            )


def split_ground(valid, site, settings):
    """Return the use of every pixel, like ground.split.split_ground; errors name the site."""
    try:
        return splitting.split_ground(valid, **settings)
    except StudyError as error:
        raise StudyError(f"site {site}: {error}") from error


def measure_looks(stack, grid, sar_grid, noise_floor_db, site) -> Looks | None:
    """Return the estimated Looks of the backscatter in the stack, and log them."""
    window = central_window(grid.shape)
    db = read_bands(stack, ["vv_db", "vh_db"], window)
    power = np.where(db > noise_floor_db + FLOOR_MARGIN_DB, radar.from_db(db), np.nan)
    sides = (math.sqrt(math.prod(each.pixel_m)) for each in (grid, sar_grid))
    looks = estimate_looks(power, read_bands(stack, BANDS, window), *sides)
    if looks is None:
        logging.info("site %s: the number of looks could not be estimated", site)
    else:
        logging.info(
            "site %s: %.1f looks in VV, %.1f in VH; speckle of %.2f dB in their ratio",
            site,
            *looks.values(),
        )
    return looks


def share(counts, name):
    """Return counts[name] as a share of all pixels, as text."""
    return f"{counts[name] / counts['pixels']:.0%}"


if __name__ == "__main__":
    run(main, snakemake)
