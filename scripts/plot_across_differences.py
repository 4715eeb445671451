"""Draw the differences between methods over the sites: with SAR minus without, CAE minus CNN."""

import pandas as pd
from sarfusion.show.figures import save
from sarfusion.show.figures.paired import across_sites
from sarfusion.study.missing import missing_line


def main(*, differences, png, pdf, missing):
    """Read the tables of compare_methods (paths) of every site and protocol; write twice."""
    table = pd.concat([pd.read_csv(path) for path in differences], ignore_index=True)
    save(across_sites(table, missing_line(missing)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            differences=snakemake.input.differences,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            missing=snakemake.params.missing,
        )
