"""Calibrate a raw Sentinel-1 scene, correct it for terrain, and cut it to the area of a site."""

from sarfusion.core.job import run

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256, write_json
from sarfusion.core.raster import create_raster, read_grid
from sarfusion.scenes.grd.heights import ellipsoidal, radar_grid, widened
from sarfusion.scenes.grd.product import read_product
from sarfusion.scenes.grd.radiometry import beta_nought, to_edges
from sarfusion.scenes.sar import BANDS


def main(
    *,
    site: str,
    safe: str | Path,
    elevation: Sequence[str],
    geoid: str | None,
    red: str,
    absent: str | None = None,
    calibrated: str | Path,
    origin: str | Path,
) -> None:
    """Write `calibrated` (VV and VH, gamma nought as linear power, 10 m) and `origin` of a site.

    safe: folder of the product. elevation, geoid: names of rasters of heights; see
    heights.ellipsoidal. red: name of the optical raster that defines the area. absent: the error to
    raise if the site lacks a file. origin: sensor, date, and the files that were read.
    """
    if absent:
        raise StudyError(absent)
    try:
        from sarfusion.scenes.grd.terrain import HALO_PX, Terrain
    except ModuleNotFoundError as error:
        raise StudyError(
            f"site {site}: raw Sentinel-1 needs the Python package {error.name}: ./reproduce STUDY"
            " installs it, or pip install --require-hashes -r envs/requirements-grd.lock"
        ) from error
    product = read_product(safe)
    grid = radar_grid(read_grid(red))
    around = widened(grid, HALO_PX)
    terrain = Terrain(product, ellipsoidal(elevation, geoid, around), around)
    window = to_edges(terrain.window(), product.shape)
    images = beta_nought(product, window)
    known = 0
    with create_raster(calibrated, grid, BANDS, np.float32, np.nan) as target:
        for part, gamma in terrain.gamma_nought(images, window):
            target.write(gamma, window=part)
            known += int(np.isfinite(gamma).all(axis=0).sum())
        share = known / (grid.width * grid.height)
        if not known:
            raise StudyError(f"site {site}: {safe} has no data on the ground, {grid.place()}")
    logging.info("%.2f %% of the ground has data, the rest is outside or in shadow", 100 * share)
    files = [*product.files, *map(Path, elevation), *([Path(geoid)] if geoid else [])]
    about = {"sensor": product.sensor, "date": str(product.first_line)[:10]}
    listed = [{"path": str(path), "sha256": sha256(path)} for path in files]
    write_json(origin, {**about, "path": str(safe), "files": listed})


if __name__ == "__main__":
    run(main, snakemake)
