"""Make the gaps of one site: where the optical band is withheld, the same for every method."""

from sarfusion.core.job import run

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import open_raster, read_band, read_grid, write_raster
from sarfusion.core.resampling import nearest
from sarfusion.ground.gaps import dilate, gaps_from_quality, simulate_gaps
from sarfusion.ground.split import NOT_VALID, TEST
from sarfusion.scenes import landsat, own_sources
from sarfusion.scenes.coding import as_qa_pixel, check_quality
from sarfusion.scenes.own_rasters import own_band
from sarfusion.scenes.plausibility import HUGE
from sarfusion.scenes.qa_plausibility import check_qa_pixel
from sarfusion.scenes.sensors import DEFAULT, sensor_of

MIN_GAP = 0.01  # share of the test ground; with fewer gaps, scores inside them mean nothing
MIN_COVER = 0.5  # share of the test ground that a mask file must have data for
UNKNOWN, CLEAR, GAP = range(3)


def main(
    *,
    split: str | Path,
    stack: str | Path,
    gaps: str | Path,
    gap_settings: Mapping[str, Any],
    mask_file: str | Path | None = None,
    flags: Sequence[str] | None = None,
    sensor: str = DEFAULT,
) -> None:
    """Write the gap mask (uint8, 1 = withheld) on the grid of the stack.

    gap_settings: as in the config. Without mask_file the gaps are simulated with its share,
    size_px and seed. With mask_file they are those of the file: the QA_PIXEL `flags` if given, else
    all pixels that are not 0. Both are dilated by a disc of dilation_px. sensor: of the file, whose
    quality band is converted to QA_PIXEL.
    """
    grid = read_grid(stack)
    use = read_band(split, "use")
    test, valid = use == TEST, use != NOT_VALID
    dilation_px = gap_settings["dilation_px"]
    if mask_file is None:
        gap = simulate_gaps(
            grid.shape,
            gap_settings["share"],
            gap_settings["size_px"],
            gap_settings["seed"],
            dilation_px=dilation_px,
        )
        advice = "change gaps.seed, or lower gaps.size_px"
    else:
        own_sources.check(str(mask_file), "gap_mask")
        gap = dilate(read_mask(mask_file, flags, sensor, grid, test), dilation_px)
        advice = f"choose another mask than {mask_file} (or, for a quality band, other gaps.flags)"
    withheld = gap[test].mean()
    if withheld < MIN_GAP:
        raise StudyError(f"gaps: only {withheld:.2%} of the test ground is in a gap; {advice}")
    if gap[valid].all():
        raise StudyError(f"gaps: no valid pixel is left outside them; {advice}")
    logging.info("%.1f %% of the test ground is in gaps", 100 * withheld)
    write_raster(gaps, gap.astype(np.uint8)[None], grid, ["gap"], None)


def read_mask(path, flags, sensor, grid, test):
    """Return the gaps of a mask file on `grid`, by nearest neighbour, before dilation.

    The band called qa_pixel is read, or the first one. Raises StudyError unless the file has data
    (neither fill nor nodata) on at least MIN_COVER of the `test` ground.
    """
    with open_raster(path) as dataset:
        names = dataset.descriptions
        number = names.index("qa_pixel") + 1 if "qa_pixel" in names else 1
        band = own_band(dataset, number, str(path)).under(grid)
        source, whole = band.grid, Window(0, 0, band.grid.width, band.grid.height)
        if flags:
            values, known = band.read_bits(whole)
            record = sensor_of(sensor)
            check_quality(record, values[known], str(path))
            values = as_qa_pixel(record, values)
            check_qa_pixel(values, str(path))
            gap = gaps_from_quality(values, flags)
            known &= ~landsat.is_fill(values)
        else:
            values, known = band.with_zero().read(whole)
            gap = values > 0
            known &= (values >= 0) & (values < HUGE)  # not an undeclared fill value

    classes = np.where(known, np.where(gap, GAP, CLEAR), UNKNOWN).astype(np.uint8)
    state = nearest(classes, source, grid, UNKNOWN)
    cover = (state[test] != UNKNOWN).mean()
    if cover < MIN_COVER:
        raise StudyError(
            f"{path}: covers {cover:.0%} of the test ground; give a mask of the same place"
        )
    return state == GAP


if __name__ == "__main__":
    run(main, snakemake)
