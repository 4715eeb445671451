"""Draw one large gap of a site: measured, withheld, and as every method fills it."""

from sarfusion.figures import by_label, save
from sarfusion.figures.gaps import gap_examples
from sarfusion.figures.inputs import read_layer, read_layers, read_scene
from sarfusion.figures.maps import RGB


def main(*, stack, split, gaps, fused, metadata, png, pdf):
    """Read the stack, the mask of `gaps` and `fused` ({label: {band: path}}); write it twice."""
    scene = read_scene(stack, split, metadata, RGB)
    gap = read_layer(gaps, scene.split.shape) == 1
    save(gap_examples(scene, gap, read_layers(fused, scene.split.shape)), png, pdf)


if __name__ == "__main__":
    from sarfusion.job import job

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
