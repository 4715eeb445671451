"""Score every fused raster of one site and protocol against the measured bands."""

from sarfusion.core.job import job

from contextlib import ExitStack

import numpy as np
import pandas as pd
from sarfusion.core.files import read_json, write_csv
from sarfusion.core.memory import keep_freed_memory
from sarfusion.core.raster import open_bands
from sarfusion.scenes import landsat
from sarfusion.scoring.image_pair import Given
from sarfusion.scoring.scene_scores import check_range, score_scene
from sarfusion.scoring.scored_ground import open_ground, reading
from sarfusion.show.tables import METRIC_COLUMNS, score_rows

TRIPLE = "rgb"


def main(
    *,
    stack,
    use,
    description,
    optical,
    gaps,
    fused,
    runs,
    table,
    study,
    site,
    protocol,
    gap_settings,
    threads=1,
):
    """Write the tidy table of scores on test ground.

    optical: the raster whose optical bands the methods were given; where it is not valid, none
    is scored. gaps: the mask of what was withheld, or None; gap_settings: as in the config.
    fused: paths; runs: (band, method, input, seed) of each, in the same order.
    """
    keep_freed_memory()
    ranges = read_json(description)["data_range"]
    for band, *_ in runs:
        check_range(ranges[band])
    givens = {band: Given(ranges[band]) for band in landsat.BANDS if band in ranges}
    places = [(stack, band) for band in landsat.BANDS]
    products = [(path, band) for path, (band, *_) in zip(fused, runs, strict=True)]
    with open_ground(use, optical, gaps, gap_settings) as (grid, regions), ExitStack() as opened:
        measured = opened.enter_context(open_bands(places))
        everything = opened.enter_context(open_bands(places + products))

        def read(tile, with_fused):
            bands = tile.read(reading(everything if with_fused else measured))
            references = dict(zip(landsat.BANDS, bands, strict=False))
            images = dict(zip(map(tuple, runs), bands[len(places) :], strict=False))
            triples = stacked(images)
            if triples:
                references[TRIPLE] = bands[: len(places)]
            return regions(tile), references, images | triples

        found = score_scene(grid.shape, read, givens | {TRIPLE: Given()}, threads=threads)
    rows = []
    for (region, (band, *run)), scores in found.items():
        place = {"study": study, "site": site, "protocol": protocol, "region": region}
        rows += score_rows(place, band, run, scores)
    write_csv(table, pd.DataFrame(rows, columns=METRIC_COLUMNS))


def stacked(images):
    """Return {(TRIPLE, *run): (3, rows, columns)} of the runs that have all three bands."""
    wanted = dict.fromkeys(tuple(run) for _, *run in images)
    return {
        (TRIPLE, *run): np.stack([images[(band, *run)] for band in landsat.BANDS])
        for run in wanted
        if all((band, *run) in images for band in landsat.BANDS)
    }


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            use=snakemake.input.split,
            description=snakemake.input.description,
            optical=snakemake.input.optical,
            gaps=snakemake.input.get("gaps"),
            fused=snakemake.input.fused,
            runs=snakemake.params.runs,
            table=snakemake.output.table,
            study=snakemake.params.study,
            site=snakemake.wildcards.site,
            protocol=snakemake.wildcards.protocol,
            gap_settings=snakemake.params.gaps,
            threads=snakemake.threads,
        )
