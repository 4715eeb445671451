"""Draw fused against measured reflectance on test ground: rows bands, columns methods."""

from sarfusion.figures import by_label, save
from sarfusion.figures.density import density
from sarfusion.figures.inputs import read_layers, read_scene
from sarfusion.figures.maps import RGB


def main(stack, fused, split, metadata, png, pdf):
    """Read the stack and `fused` ({label: {band: path}}); write the figure twice."""
    scene = read_scene(stack, split, metadata, RGB)
    save(density(scene, read_layers(fused, scene.split.shape)), png, pdf)


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            snakemake.input.stack,
            by_label(snakemake.input.fused, snakemake.params.labels),
            snakemake.input.split,
            snakemake.input.metadata,
            snakemake.output.png,
            snakemake.output.pdf,
        )
