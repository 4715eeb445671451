"""Compare methods on one site and protocol: differences of their scores, with intervals."""

import numpy as np
import pandas as pd
from sarfusion import landsat, split
from sarfusion.bootstrap import Blocks, compare, distributions
from sarfusion.errors import StudyError
from sarfusion.files import read_json, write_csv
from sarfusion.pairs import pair_in
from sarfusion.raster import read_band, read_bands

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
):
    """Write the table of differences left - right (COLUMNS), the mean over seeds.

    optical: the raster whose optical bands the methods were given; where it is not valid, none
    is scored. gaps: the mask of what was withheld, or None; with one, its test ground alone is
    compared (region "gap"), else all test ground (region "test").
    fused: paths; runs: (band, method, input, seed) of each, in the same order.
    pairs: [left method, left input, right method, right input] of each comparison.
    block_px, draws, seed: of the bootstrap.
    """
    ground = read_band(use, "use") == split.TEST
    ground &= np.isfinite(read_bands(optical, landsat.BANDS)).all(axis=0)
    region = "test"
    if gaps is not None:
        ground &= read_band(gaps, "gap") == 1
        region = "gap"
    if not ground.any():
        raise StudyError(f"site {site}: no ground of region {region} to compare methods on")
    data_range = read_json(description)["data_range"]
    compared = {tuple(pair[:2]) for pair in pairs} | {tuple(pair[2:]) for pair in pairs}

    rows = []
    for band in dict.fromkeys(band for band, *_ in runs):
        reference = read_band(stack, band)
        blocks, scores, counts = None, {}, {}
        for path, (fused_band, method, sar_input, run_seed) in zip(fused, runs, strict=True):
            if fused_band != band or (method, sar_input) not in compared:
                continue
            values = read_band(path, band)
            pair = pair_in(reference, values, ground, data_range=data_range[band])
            blocks = blocks or Blocks(pair.region, block_px, draws, seed)
            for metric, (resampled, n) in distributions(pair, blocks).items():
                scores.setdefault((method, sar_input, metric), {})[run_seed] = resampled
                counts[metric] = n
        for pair in pairs:
            for metric, n in counts.items():
                left, right = (scores[(*side, metric)] for side in (pair[:2], pair[2:]))
                difference = compare(left, right, seed, blocks.enough)
                place = (study, site, protocol, region, band, metric)
                rows.append((*place, *pair, *difference, n))
    write_csv(table, pd.DataFrame(rows, columns=COLUMNS))


if __name__ == "__main__":
    from sarfusion.job import job

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
        )
