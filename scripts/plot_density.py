"""Draw fused against measured reflectance on test ground: rows bands, columns methods."""

from sarfusion.figures import by_label, save
from sarfusion.figures.density import density
from sarfusion.figures.inputs import read_layer, read_layers, read_scene
from sarfusion.figures.maps import RGB


def main(stack, fused, split, metadata, png, pdf, gaps=None):
    """Read the stack and `fused` ({label: {band: path}}); write the figure twice.

    gaps: path of the mask of what was withheld, or None; with one, only its pixels count.
    """
    scene = read_scene(stack, split, metadata, RGB)
    shape = scene.split.shape
    gap = None if gaps is None else read_layer(gaps, shape) == 1
    save(density(scene, read_layers(fused, shape), gap), png, pdf)


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
            snakemake.input.get("gaps"),
        )
