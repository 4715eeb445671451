"""Draw the scores of all methods, bands and seeds as dot plots."""

import pandas as pd
from sarfusion.show.figures import of_sites, save
from sarfusion.show.figures.scores import scores


def main(metrics, png, pdf, protocol=None, sites=None):
    """Read the tidy metrics table, or its rows of one protocol or some sites; write twice."""
    table = of_sites(pd.read_csv(metrics), sites)
    if protocol is not None:
        table = table[table["protocol"] == protocol]
    save(scores(table), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            snakemake.output.png,
            snakemake.output.pdf,
            snakemake.wildcards.protocol,
            snakemake.params.sites,
        )
