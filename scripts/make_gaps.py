"""Make the gaps of one site: where the optical band is withheld, the same for every method."""

import logging

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import reproject
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid, open_raster, read_band, read_grid, write_raster
from sarfusion.ground.gaps import SLOPE, dilate, gaps_from_quality, simulate_gaps
from sarfusion.ground.split import NOT_VALID, TEST
from sarfusion.scenes import landsat

LEAST_GAP = 0.01  # of the test ground; below it a score inside gaps says nothing
LEAST_COVER = 0.5  # of the test ground that a mask file must know
UNKNOWN, CLEAR, GAP = range(3)


def main(
    *,
    split,
    stack,
    gaps,
    share,
    size_px,
    dilation_px,
    seed,
    mask_file=None,
    flags=None,
    slope=SLOPE,
):
    """Write the gap mask (uint8, 1 = withheld) on the grid of the stack.

    Without mask_file the gaps are simulated from share, size_px, seed and slope. With it they
    are those of the file: QA_PIXEL `flags` when given, else all pixels that are not 0. Both are
    dilated by a disc of dilation_px.
    """
    grid = read_grid(stack)
    use = read_band(split, "use")
    test, valid = use == TEST, use != NOT_VALID
    if mask_file is None:
        gap = simulate_gaps(grid.shape, share, size_px, seed, dilation_px=dilation_px, slope=slope)
        advice = "change gaps.seed, or lower gaps.size_px"
    else:
        gap = dilate(read_mask(mask_file, flags, grid, test), dilation_px)
        advice = f"choose another mask than {mask_file} (or, of a QA_PIXEL band, other gaps.flags)"
    withheld = gap[test].mean()
    if withheld < LEAST_GAP:
        raise StudyError(f"gaps: only {withheld:.2%} of the test ground lies in one; {advice}")
    if gap[valid].all():
        raise StudyError(f"gaps: no valid pixel is left outside them; {advice}")
    logging.info("%.1f %% of the test ground lies in gaps", 100 * withheld)
    write_raster(gaps, gap.astype(np.uint8)[None], grid, ["gap"], None)


def read_mask(path, flags, grid, test):
    """Return the gaps of a mask file on `grid`, by nearest neighbour, before dilation.

    The band called qa_pixel is read, or the first one. Raises StudyError unless the file knows
    (neither fill nor nodata) at least LEAST_COVER of the `test` ground.
    """
    with open_raster(path) as dataset:
        names = dataset.descriptions
        number = names.index("qa_pixel") + 1 if "qa_pixel" in names else 1
        values, source = dataset.read(number), Grid.of(dataset)
        known = (dataset.read_masks(number) > 0) & np.isfinite(values)
    if flags and not np.issubdtype(values.dtype, np.integer):
        raise StudyError(f"{path}: {values.dtype} is no QA_PIXEL band; leave out gaps.flags")
    if flags:
        gap = gaps_from_quality(values, flags)
        known &= ~landsat.is_fill(values)
    else:
        gap = values != 0
        known |= values == 0  # a mask that declares 0 as nodata still means clear by it

    state = np.full(grid.shape, UNKNOWN, np.uint8)
    reproject(
        np.where(known, np.where(gap, GAP, CLEAR), UNKNOWN).astype(np.uint8),
        state,
        src_transform=source.transform,
        src_crs=source.crs,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        resampling=Resampling.nearest,
    )
    cover = (state[test] != UNKNOWN).mean()
    if cover < LEAST_COVER:
        raise StudyError(
            f"{path}: covers {cover:.0%} of the test ground; give a mask of the same place"
        )
    return state == GAP


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        settings = snakemake.params.gaps
        main(
            split=snakemake.input.split,
            stack=snakemake.input.stack,
            gaps=snakemake.output.gaps,
            share=settings["share"],
            size_px=settings["size_px"],
            dilation_px=settings["dilation_px"],
            seed=settings["seed"],
            mask_file=snakemake.input.get("mask_file"),
            flags=snakemake.params.flags,
        )
