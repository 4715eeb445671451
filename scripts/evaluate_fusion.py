"""Score every fused raster of one site and protocol against the measured bands."""

import numpy as np
import pandas as pd
from sarfusion import landsat, metrics, split
from sarfusion.files import read_json, write_csv
from sarfusion.raster import read_band
from sarfusion.tables import METRIC_COLUMNS

REGION = "test"


def main(*, stack, use, description, fused, runs, table, study, site, protocol):
    """Write the tidy table of scores on test ground.

    fused: paths; runs: (band, method, input, seed) of each, in the same order.
    """
    test = read_band(use, "use") == split.TEST
    data_range = read_json(description)["data_range"]
    reference = {band: read_band(stack, band) for band in landsat.BANDS}
    place = {"study": study, "site": site, "protocol": protocol, "region": REGION}
    rows, triples = [], {}
    for path, (band, *run) in zip(fused, runs, strict=True):
        values = read_band(path, band)
        triples.setdefault(tuple(run), {})[band] = values
        scores = metrics.score_band(reference[band], values, test, data_range[band])
        rows += rows_of(place, band, run, scores)
    for run, bands in triples.items():
        if len(bands) < len(landsat.BANDS):  # a study of one band has no triple
            continue
        values = np.stack([bands[band] for band in landsat.BANDS])
        scores = metrics.score_triple(
            np.stack([reference[band] for band in landsat.BANDS]),
            values,
            test,
        )
        rows += rows_of(place, "rgb", run, scores)
    write_csv(table, pd.DataFrame(rows, columns=METRIC_COLUMNS))


def rows_of(place, band, run, scores):
    """Return the rows of the tidy table for the scores of one fused raster."""
    method, sar_input, seed = run
    run = {"band": band, "method": method, "input": sar_input, "seed": seed}
    return [
        {**place, **run, "metric": name, "value": score.value, "n": score.n}
        for name, score in scores.items()
    ]


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            use=snakemake.input.split,
            description=snakemake.input.description,
            fused=snakemake.input.fused,
            runs=snakemake.params.runs,
            table=snakemake.output.table,
            study=snakemake.params.study,
            site=snakemake.wildcards.site,
            protocol=snakemake.wildcards.protocol,
        )
