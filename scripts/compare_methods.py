"""Compare methods on one site and protocol: differences of their scores, with intervals."""

from sarfusion.core.job import job

import pandas as pd
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, write_csv
from sarfusion.core.memory import keep_freed_memory
from sarfusion.core.raster import open_bands
from sarfusion.scoring.bootstrap import Blocks, compare, distributions, ground_cells
from sarfusion.scoring.image_pair import Given
from sarfusion.scoring.scene_scores import check_range
from sarfusion.scoring.scored_ground import open_ground, reading

PLACE = ["study", "site", "protocol", "region", "band", "metric"]
SIDES = ["left_method", "left_input", "right_method", "right_input"]
COLUMNS = [*PLACE, *SIDES, "difference", "low", "high", "seeds", "n"]


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
    pairs,
    block_px,
    draws,
    seed,
    threads=1,
):
    """Write the table of differences left - right (COLUMNS), the mean over seeds.

    optical: the raster whose optical bands the methods were given; where it is not valid, none
    is scored. gaps: the mask of what was withheld, or None; with one, its test ground alone is
    compared (region "gap"), else all test ground (region "test").
    fused: paths; runs: (band, method, input, seed) of each, in the same order.
    pairs: [left method, left input, right method, right input] of each comparison.
    block_px, draws, seed: of the bootstrap.
    """
    keep_freed_memory()
    region = "test" if gaps is None else "gap"
    ranges = read_json(description)["data_range"]
    compared = {tuple(pair[:2]) for pair in pairs} | {tuple(pair[2:]) for pair in pairs}
    scores, counts = {}, {}
    with open_ground(use, optical, gaps) as (grid, regions):
        ground = ground_cells(grid.shape, lambda tile: regions(tile)[region], block_px)
        if ground is None:
            raise StudyError(f"site {site}: no ground of region {region} to compare methods on")
        cells, pixels = ground
        blocks = Blocks(pixels, block_px, draws, seed)
        for path, (band, method, sar_input, run_seed) in zip(fused, runs, strict=True):
            if (method, sar_input) not in compared:
                continue
            check_range(ranges[band])
            with open_bands([(stack, band), (path, band)]) as bands:
                found = distributions(
                    grid.shape,
                    _reader(bands, regions),
                    Given(ranges[band]),
                    cells,
                    blocks,
                    threads=threads,
                )
            for metric, (resampled, n) in found.items():
                scores.setdefault((band, method, sar_input, metric), {})[run_seed] = resampled
                counts[band, metric] = n

    rows = []
    for band in dict.fromkeys(band for band, *_ in runs):
        for pair in pairs:
            for metric in (metric for other, metric in counts if other == band):
                left, right = (scores[(band, *side, metric)] for side in (pair[:2], pair[2:]))
                difference = compare(left, right, seed, blocks.enough)
                place = (study, site, protocol, region, band, metric)
                rows.append((*place, *pair, *difference, counts[band, metric]))
    write_csv(table, pd.DataFrame(rows, columns=COLUMNS))


def _reader(bands, regions):
    """Return the function that reads a Tile of two bands and its regions."""

    def read(tile, _):
        reference, fused = tile.read(reading(bands))
        return regions(tile), {"": reference}, {("",): fused}

    return read


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
            pairs=snakemake.params.pairs,
            block_px=snakemake.params.block_px,
            draws=snakemake.params.draws,
            seed=snakemake.params.seed,
            threads=snakemake.threads,
        )
