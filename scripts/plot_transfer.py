"""Draw what a model loses on a site that it has not seen."""

import pandas as pd
from sarfusion.show.figures import save
from sarfusion.show.figures.paired import transfer
from sarfusion.study.missing import missing_line


def main(*, metrics, transferred, png, pdf, missing):
    """Read the tidy tables of models on their own site and of transferred ones; write twice."""
    save(transfer(pd.read_csv(metrics), pd.read_csv(transferred), missing_line(missing)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            metrics=snakemake.input.metrics,
            transferred=snakemake.input.transferred,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            missing=snakemake.params.missing,
        )
