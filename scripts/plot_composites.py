"""Draw RGB composites of one site: original and every method, whole and enlarged."""

from sarfusion.show.figures import by_label, save
from sarfusion.show.figures.inputs import layers_of, read_scene
from sarfusion.show.figures.scenes import composite_comparison


def main(stack, fused, split, metadata, png, pdf):
    """Read the stack and `fused` ({label: {band: path}}); write the figure twice."""
    scene = read_scene(stack, split, metadata)
    save(composite_comparison(scene, layers_of(fused, scene.shape)), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            snakemake.input.stack,
            by_label(snakemake.input.fused, snakemake.params.labels),
            snakemake.input.split,
            snakemake.input.metadata,
            snakemake.output.png,
            snakemake.output.pdf,
        )
