"""Draw one place of a site at 90 m, 30 m and 10 m: input, measured, products, and the truth."""

from sarfusion.core.raster import read_grid
from sarfusion.show.figures import by_label, save
from sarfusion.show.figures.inputs import Layer, layers_of, read_scene
from sarfusion.show.figures.maps import RGB
from sarfusion.show.figures.sharpening import sharpening


def main(*, stack, reduced, full, products, metadata, split, png, pdf, truth=None):
    """Read the stack, `reduced` on its grid and `products` ({label: {band: path}}) and `truth`
    (a path, or None) on the finer grid of `full`; write the figure twice."""
    scene = read_scene(stack, split, metadata)
    fine = read_grid(full).shape
    figure = sharpening(
        scene,
        Layer(reduced, list(RGB), scene.shape),
        layers_of(products, fine),
        None if truth is None else Layer(truth, list(RGB), fine),
    )
    save(figure, png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            reduced=snakemake.input.reduced,
            full=snakemake.input.full,
            products=by_label(snakemake.input.products, snakemake.params.labels),
            metadata=snakemake.input.metadata,
            split=snakemake.input.split,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            truth=snakemake.input.get("truth"),
        )
