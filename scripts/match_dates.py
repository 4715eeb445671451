"""Match the other dates of a site to its scene, for networks that are given them."""

from sarfusion.core.job import run

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sarfusion.core.raster import band_names, read_band, read_bands, read_grid, write_raster
from sarfusion.fusion.channels import OF_OTHER_DATE
from sarfusion.fusion.classical.dates import Dates
from sarfusion.fusion.classical.temporal import match
from sarfusion.ground.split import TRAIN
from sarfusion.scenes.bands import optical_of
from sarfusion.scenes.other_dates import read_dates
from sarfusion.study.inputs import DATE_AGE, DATE_CLEAR


def main(
    *,
    stack: str | Path,
    split: str | Path,
    matched: str | Path,
    mask: Sequence[str],
    dates: Sequence[str | Path] = (),
    calendar: Sequence[str | Path] = (),
) -> None:
    """Write the bands on the nearest date on which a pixel is clear, its age, and where one is.

    Each date is matched to the scene by a gain and an offset for each band, fitted on training
    ground alone (temporal.match), so that the parts of an image that come from different days fit
    together. The age is in days from the scene, before or after it. Where no date is clear, bands
    and age are NaN. mask: QA_PIXEL flags that make a pixel invalid.
    """
    of_stack = optical_of(band_names(stack))
    grid, optical = read_grid(stack), read_bands(stack, of_stack)
    others = Dates(*read_dates(dates, calendar, grid, mask, of_stack))
    train, everywhere = read_band(split, "use") == TRAIN, np.ones(grid.shape, bool)
    values, day = others.nearest(match(optical, others, train, everywhere), None, with_day=True)
    clear = np.isfinite(day)
    logging.info("%.1f %% of the pixels are clear on another date", 100 * clear.mean())
    bands = np.concatenate([values, [np.abs(day), clear]]).reshape(-1, *grid.shape)
    names = [*(band + OF_OTHER_DATE for band in of_stack), DATE_AGE, DATE_CLEAR]
    write_raster(matched, bands.astype(np.float32), grid, names, np.nan, quick=True)


if __name__ == "__main__":
    run(main, snakemake)
