"""Download the locked raw scenes of one site."""

from sarfusion.core.job import is_offline, run

import logging
import shutil
from collections.abc import Mapping
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from sarfusion.core.files import describe_file, write_json
from sarfusion.core.raster import write_raster
from sarfusion.scenes import landsat, plausibility, sar
from sarfusion.scenes.sensors import sensor_of, title_of
from sarfusion.scenes.shift import shift_where_seen
from sarfusion.scenes.stac.download import (
    assemble,
    assemble_optical,
    bands_of,
    download,
    grid_of,
    scaling_of,
)
from sarfusion.scenes.stac.lock import radar_of, read_lock, seal
from sarfusion.scenes.stac.remote import remotes
from sarfusion.scenes.stac.scaling import check_offset
from sarfusion.scenes.stac.servers import radar_files
from tqdm import tqdm

MAX_SEAM_PX = 1.0


def main(
    *,
    site: str,
    site_settings: Mapping[str, Any],
    lock: str | Path,
    parts: str | Path,
    packed: str | Path,
    optical: str | Path,
    sar: str | Path,
    metadata: str | Path,
    aerosol: str | Path | None = None,
) -> None:
    """Write optical.tif (digital numbers), sar.tif (linear power) and scene.json of one site.

    SAR is the mean of its passes where the lock has several.
    site_settings: the site of the config. lock: the lock file; the checksums of the pixels are
    added to it. parts: folder for the finished parts of an interrupted download. packed: folder of
    unpacked windows, if there is one. aerosol: raster of SR_QA_AEROSOL to write, if the study uses
    it.
    """
    parts, catalogue = Path(parts), site_settings["catalogue"]
    entry = read_lock(lock)["sites"][site]
    found = download(
        remotes(catalogue, offline=is_offline()),
        {"optical": entry["optical"], **radar_of(entry)},
        parts,
        site_settings["download_limit_mb"],
        partial(tqdm, disable=None, leave=False),
        packed,
        sensor_of(catalogue["optical"]["sensor"]).coarser,
    )
    write_optical(found["optical"], catalogue["optical"], parts, optical, f"site {site}")
    if aerosol is not None:
        write_aerosol(found["optical"], parts, aerosol)
    optical_scene, *passes = found.values()
    write_sar(passes, catalogue["sar"], parts, sar, f"site {site}")
    frames = shifts_of_frames(optical_scene, passes[0], catalogue, parts, f"site {site}")
    write_json(
        metadata,
        {
            "site": site,
            "source": "stac",
            "simulated": False,
            "items": [
                {"sensor": name.partition(" ")[0], **item}
                for name, scene in found.items()
                for item in scene["items"]
            ],
            "optical": {
                **describe(optical_scene, catalogue["optical"], optical),
                **of_versions(optical_scene, catalogue["optical"]),
            },
            "sar": {
                **describe(passes[0], catalogue["sar"], sar),
                **of_passes(passes),
                **({"frames": frames} if frames else {}),
            },
            **({} if aerosol is None else {"aerosol": describe_file(aerosol)}),
            "licence": catalogue["licence"],
        },
    )
    further = {"passes": passes[1:]} if "passes" in entry else {}
    seal(lock, site, {**entry, "optical": optical_scene, "sar": passes[0], **further})
    shutil.rmtree(parts)


def write_optical(scene, settings, parts, path, where):
    """Write the digital numbers of a locked optical scene, fill where no item has data."""
    numbers, grid = assemble_optical(scene, parts, settings)
    bands, (scale, offset) = bands_of(scene), scaling_of(scene, settings)
    if "offset" not in settings:
        clear = ~landsat.any_flagged(numbers[-2], landsat.QA_PIXEL_BITS)
        check_offset(scale * numbers[: len(bands), clear] + offset, bands, where)
    write_raster(path, numbers, grid, **landsat.raw_form(scale, offset, bands))


def of_versions(scene, settings):
    """Return the scale and offset for scene.json if the items state them, else nothing."""
    return {} if "offset" in settings else {"scaling": list(scaling_of(scene, settings))}


def write_aerosol(scene, parts, path):
    """Write the aerosol bits of a locked optical scene, fill where no item has data."""
    (bits, _), grid = assemble(
        scene,
        ["qa_aerosol", "qa_pixel"],
        parts,
        empty=(landsat.AEROSOL_FILL, landsat.QA_FILL),
        is_empty=lambda bands: landsat.is_fill(bands[1]),
    )
    bits = bits.astype(np.uint8)
    write_raster(path, bits[None], grid, ["qa_aerosol"], landsat.AEROSOL_FILL)


def write_sar(passes, settings, parts, path, where):
    """Write the mean linear power of locked SAR passes on one grid, NaN where none has data."""
    power = sar.mean_of_passes(read_pass(scene, settings, parts, where) for scene in passes)
    write_raster(path, power, grid_of(passes[0]), sar.BANDS, np.nan)


def read_pass(scene, settings, parts, where):
    """Return the linear power (2, rows, columns; float32) of a locked SAR pass."""
    bands = radar_files(settings)

    def is_empty(numbers):
        lacking = np.logical_or.reduce(sar.is_empty(numbers[:2]))
        return lacking if len(bands) == 2 else lacking | (numbers[2] != settings["mask_valid"])

    power, _ = assemble(scene, bands, parts, empty=[np.nan] * len(bands), is_empty=is_empty)
    power = power[:2]
    for band, values in zip(sar.BANDS, power, strict=True):
        plausibility.check_unit(values, settings["unit"], f"{where}: {band}")
    if settings["unit"] == "db":
        power = sar.from_db(power)
    return power.astype(np.float32)


def shifts_of_frames(optical, scene, catalogue, parts, where):
    """Return the shift (px of optical) of each frame of a SAR pass that is a mosaic of several.

    Logs a warning if two of them differ by more than MAX_SEAM_PX: the scene then has a seam.
    """
    if len(scene["items"]) == 1:
        return []
    numbers, grid = assemble_optical(optical, parts, catalogue["optical"])
    red = numbers[bands_of(optical).index("red")].astype(np.float32)
    red[landsat.any_flagged(numbers[-2], landsat.QA_PIXEL_BITS)] = np.nan
    frames = []
    for item in scene["items"]:
        vv, _ = read_pass({**scene, "items": [item]}, catalogue["sar"], parts, where)
        seen = sar.average_onto(sar.clean_power(vv), grid_of(scene), grid)
        frames.append({"item": item["id"], "shift_px": shift_where_seen(red, sar.to_db(seen))})
    known = [frame["shift_px"] for frame in frames if frame["shift_px"]["distance"] is not None]
    seam = max(
        (
            np.hypot(one["rows"] - other["rows"], one["columns"] - other["columns"])
            for one, other in combinations(known, 2)
        ),
        default=0,
    )
    if seam > MAX_SEAM_PX:
        logging.warning(
            "warning: %s: the SAR frames are shifted by %.1f px from each other, so that a seam"
            " runs through the scene; scene.json has the shift of each; choose another date",
            where,
            seam,
        )
    return frames


def of_passes(passes):
    """Return what scene.json says about several SAR passes; nothing for a single one."""
    if len(passes) == 1:
        return {}
    return {"passes": len(passes), "pass_dates": sorted(each["datetime"] for each in passes)}


def describe(scene, settings, path):
    """Return what scene.json says about one file."""
    measured = ("track", "orbit", "coverage", "masked", "days_apart")
    return {
        "sensor": title_of(settings["sensor"]),
        "date": scene["datetime"],
        **{key: scene[key] for key in measured if scene.get(key) is not None},
        **describe_file(path),
    }


if __name__ == "__main__":
    run(main, snakemake)
