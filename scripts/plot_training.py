"""Draw the training curves of all models."""

from sarfusion.core.files import read_json
from sarfusion.show.figures import save
from sarfusion.show.figures.curves import history_table, training_curves


def main(histories, png, pdf):
    """Read the models' JSON records; write the figure twice."""
    records = [read_json(path) for path in histories]
    save(training_curves(history_table(records)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(snakemake.input.histories, snakemake.output.png, snakemake.output.pdf)
