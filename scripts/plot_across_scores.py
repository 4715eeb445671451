"""Draw the scores of all methods and bands over the sites as dot plots."""

import pandas as pd
from sarfusion.show.figures import save
from sarfusion.show.figures.scores import across_sites
from sarfusion.study.missing import missing_line


def main(*, metrics, png, pdf, protocol, missing):
    """Read the tidy metrics table; write the figure twice."""
    table = pd.read_csv(metrics)
    save(across_sites(table[table["protocol"] == protocol], missing_line(missing)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            metrics=snakemake.input.metrics,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            protocol=snakemake.wildcards.protocol,
            missing=snakemake.params.missing,
        )
