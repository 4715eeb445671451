"""Draw one large gap of a site: measured, withheld, and as every method fills it."""

from sarfusion.show.figures import by_label, save
from sarfusion.show.figures.gaps import gap_examples
from sarfusion.show.figures.inputs import Layer, layers_of, read_scene


def main(*, stack, split, gaps, fused, metadata, png, pdf):
    """Read the stack, the mask of `gaps` and `fused` ({label: {band: path}}); write it twice."""
    scene = read_scene(stack, split, metadata)
    gap = Layer(gaps, "gap", scene.shape)
    save(gap_examples(scene, gap, layers_of(fused, scene.shape)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            split=snakemake.input.split,
            gaps=snakemake.input.gaps,
            fused=by_label(snakemake.input.fused, snakemake.params.labels),
            metadata=snakemake.input.metadata,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
        )
