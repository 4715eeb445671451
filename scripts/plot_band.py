"""Draw one band of one site: original and every method, whole scene and enlarged inset."""

from sarfusion.figures import by_label, save
from sarfusion.figures.inputs import Layer, read_scene
from sarfusion.figures.scenes import band_comparison


def main(stack, split, fused, band, metadata, png, pdf):
    """Read the stack and `fused` ({label: path of a raster of `band`}); write the figure twice."""
    scene = read_scene(stack, split, metadata)
    layers = {label: Layer(path, band, scene.shape) for label, path in fused.items()}
    save(band_comparison(scene, band, layers), png, pdf)


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            snakemake.input.stack,
            snakemake.input.split,
            by_label(snakemake.input.fused, [key[:2] for key in snakemake.params.labels]),
            snakemake.wildcards.band,
            snakemake.input.metadata,
            snakemake.output.png,
            snakemake.output.pdf,
        )
