"""Make the inputs of networks for a site with gaps: start surfaces, anomalies, another date."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sarfusion.core.raster import create_raster, read_band, read_grid
from sarfusion.fusion.channels import (
    ANOMALY,
    CLEAR,
    GAP,
    NOT_VALID,
    OF_OTHER_DATE,
    WITHHELD,
)
from sarfusion.fusion.start import start_surface
from sarfusion.ground.pyramid import anomaly
from sarfusion.study.inputs import DATE_AGE, DATE_CLEAR


def main(
    *,
    stack: str | Path,
    sar: str | Path,
    bands: Sequence[str],
    radar: Sequence[str],
    start: str | Path,
    method: str,
    gaps: str | Path | None = None,
    matched: str | Path | None = None,
) -> None:
    """Write the bands with their start surfaces in gaps and where not valid, `gap`, and anomalies.

    The band `gap` is 0 where a pixel is clear, 1 where it is withheld, and 2 where one of the bands
    is not valid. gaps: the mask of what is withheld. Without it, the pixels that are not valid,
    such as those under the clouds of the scene, are the gaps. method: see start_surface. sar,
    radar: a raster, and the names of its bands whose anomalies are written (see
    ground.pyramid.anomaly). matched: the raster of other dates (match_dates.py), whose bands are
    written with their anomalies; None if no network takes another date.
    """
    grid = read_grid(stack)
    withheld = np.zeros(grid.shape, bool) if gaps is None else read_band(gaps, "gap") == 1
    state = np.where(withheld, WITHHELD, CLEAR).astype(np.float32)
    differing = [(sar, name) for name in radar]
    dated: list[tuple[str | Path, str]] = []
    if matched is not None:
        of_date = [(matched, band + OF_OTHER_DATE) for band in bands]
        differing += of_date
        dated = [*of_date, (matched, DATE_AGE), (matched, DATE_CLEAR)]
    anomalies = [name + ANOMALY for _, name in differing]
    names = [*bands, GAP, *anomalies, *(name for _, name in dated)]
    with create_raster(start, grid, names, np.float32, np.nan, quick=True) as target:
        for name in bands:
            band = read_band(stack, name)
            missing = ~np.isfinite(band)
            state[missing] = NOT_VALID
            gap = missing if gaps is None else withheld
            target.write(start_surface(band, gap, method), names.index(name) + 1)
        target.write(state, names.index(GAP) + 1)
        for path, name in differing:
            values = anomaly(read_band(path, name), state != CLEAR)
            target.write(values, names.index(name + ANOMALY) + 1)
        for path, name in dated:
            target.write(read_band(path, name), names.index(name) + 1)


if __name__ == "__main__":
    run(main, snakemake)
