"""Draw the verdicts on the claims."""

import pandas as pd
from sarfusion.show.figures import of_sites, save
from sarfusion.show.figures.claims import OVERALL, forest


def main(claims, png, pdf, sites=None):
    """Read the table of verdicts, or those of some sites and of all; write the figure twice."""
    save(forest(of_sites(pd.read_csv(claims), sites and [*sites, OVERALL])), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            snakemake.input.claims,
            snakemake.output.png,
            snakemake.output.pdf,
            snakemake.params.sites,
        )
