"""Draw the RMSE inside gaps against the distance to the gap's edge."""

import pandas as pd
from sarfusion.show.figures import of_sites, save
from sarfusion.show.figures.distance import distance


def main(*, metrics, png, pdf, sites=None):
    """Read the tidy metrics table; write the figure twice."""
    save(distance(of_sites(pd.read_csv(metrics), sites)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            metrics=snakemake.input.metrics,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            sites=snakemake.params.sites,
        )
