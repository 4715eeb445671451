"""Score every fused raster of one site and protocol against the measured bands."""

import numpy as np
import pandas as pd
from sarfusion import landsat, metrics, split
from sarfusion.files import read_json, write_csv
from sarfusion.gaps import regions as gap_regions
from sarfusion.raster import read_band, read_bands, read_grid
from sarfusion.tables import METRIC_COLUMNS, score_rows


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
):
    """Write the tidy table of scores on test ground.

    optical: the raster whose optical bands the methods were given; where it is not valid, none
    is scored. gaps: the mask of what was withheld, or None; gap_settings: as in the config.
    fused: paths; runs: (band, method, input, seed) of each, in the same order.
    """
    ground = read_band(use, "use")
    test = ground == split.TEST
    test &= np.isfinite(read_bands(optical, landsat.BANDS)).all(axis=0)
    data_range = read_json(description)["data_range"]
    reference = {band: read_band(stack, band) for band in landsat.BANDS}
    scored = regions(test, ground != split.NOT_VALID, gaps, gap_settings, read_grid(stack))
    rows, triples = [], {}
    for path, (band, *run) in zip(fused, runs, strict=True):
        values = read_band(path, band)
        triples.setdefault(tuple(run), {})[band] = values
        for region, ground in scored.items():
            place = {"study": study, "site": site, "protocol": protocol, "region": region}
            scores = metrics.score_band(reference[band], values, ground, data_range[band])
            rows += score_rows(place, band, run, scores)
    for run, bands in triples.items():
        if len(bands) < len(landsat.BANDS):  # a study of one band has no triple
            continue
        values = np.stack([bands[band] for band in landsat.BANDS])
        for region, ground in scored.items():
            place = {"study": study, "site": site, "protocol": protocol, "region": region}
            scores = metrics.score_triple(np.stack(list(reference.values())), values, ground)
            rows += score_rows(place, "rgb", run, scores)
    write_csv(table, pd.DataFrame(rows, columns=METRIC_COLUMNS))


def regions(test, valid, gaps, settings, grid):
    """Return {name: ground} to score: the test ground, or its parts inside and outside gaps."""
    if gaps is None:
        return {"test": test}
    return gap_regions(
        read_band(gaps, "gap") == 1,
        test,
        grid.pixel_m,
        settings["distance_edges_m"],
        settings["share_edges"],
        settings["window_px"],
        valid,
    )


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
            gap_settings=snakemake.params.gaps,
        )
