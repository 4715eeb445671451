"""Draw the paired differences between methods: with SAR minus without, and CAE minus CNN."""

import pandas as pd
from sarfusion.show.figures import of_sites, save
from sarfusion.show.figures.paired import paired_differences


def main(*, differences, png, pdf, sites=None):
    """Read the tables of compare_methods (paths) of every site and protocol; write twice."""
    table = pd.concat([pd.read_csv(path) for path in differences], ignore_index=True)
    save(paired_differences(of_sites(table, sites)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            differences=snakemake.input.differences,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            sites=snakemake.params.sites,
        )
