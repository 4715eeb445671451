"""Draw the verdicts on the claims."""

import pandas as pd
from sarfusion.figures import save
from sarfusion.figures.claims import forest


def main(claims, png, pdf):
    """Read the table of verdicts; write the figure twice."""
    save(forest(pd.read_csv(claims)), png, pdf)


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(snakemake.input.claims, snakemake.output.png, snakemake.output.pdf)
