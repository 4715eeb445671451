"""Score the 10 m products of one site: consistency with the 30 m bands, and truth if known."""

import numpy as np
import pandas as pd
from sarfusion import landsat, metrics, split
from sarfusion.files import read_json, write_csv
from sarfusion.raster import read_band, read_bands
from sarfusion.resolution import RATIO, degrade
from sarfusion.tables import METRIC_COLUMNS, score_rows


def main(
    *, stack, full, use, description, truth, products, runs, table, study, site, gain_at_nyquist
):
    """Write the tidy table of scores on test ground.

    products: paths; runs: (band, method, input, seed) of each, in the same order. Region
    `consistency`: the product degraded to 30 m against the measured band. Region `truth`, where
    the 10 m reflectance is known (a path, else None): the product against it.
    """
    test = read_band(use, "use") == split.TEST
    valid = np.isfinite(read_bands(full, (*landsat.BANDS, "ratio_db"))).all(axis=0)
    blocks = valid.reshape(test.shape[0], RATIO, test.shape[1], RATIO)
    test &= blocks.all(axis=(1, 3))
    fine_test = test.repeat(RATIO, axis=0).repeat(RATIO, axis=1)
    data_range = read_json(description)["data_range"]
    rows = []
    for path, (band, *run) in zip(products, runs, strict=True):
        product = read_band(path, band)
        degraded = degrade(product, RATIO, gain_at_nyquist)
        compared = {"consistency": (read_band(stack, band), degraded, test)}
        if truth is not None:
            compared["truth"] = (read_band(truth, band), product, fine_test)
        for region, (reference, values, ground) in compared.items():
            place = {"study": study, "site": site, "protocol": "sharpening", "region": region}
            scores = metrics.score_band(reference, values, ground, data_range[band])
            rows += score_rows(place, band, run, scores)
    write_csv(table, pd.DataFrame(rows, columns=METRIC_COLUMNS))


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            full=snakemake.input.full,
            use=snakemake.input.split,
            description=snakemake.input.description,
            truth=snakemake.input.get("truth"),
            products=snakemake.input.products,
            runs=snakemake.params.runs,
            table=snakemake.output.table,
            study=snakemake.params.study,
            site=snakemake.wildcards.site,
            gain_at_nyquist=snakemake.params.gain_at_nyquist,
        )
