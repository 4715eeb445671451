"""Draw the overview of one site: true colour, VV, VH, ratio and split."""

from sarfusion.show.figures import save
from sarfusion.show.figures.inputs import read_scene
from sarfusion.show.figures.scenes import overview

BANDS = ("red", "green", "blue", "vv_db", "vh_db", "ratio_db")


def main(stack, split, metadata, png, pdf):
    """Read the stack, its split and the scene's metadata; write the figure twice."""
    save(overview(read_scene(stack, split, metadata, BANDS)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            snakemake.input.stack,
            snakemake.input.split,
            snakemake.input.metadata,
            snakemake.output.png,
            snakemake.output.pdf,
        )
