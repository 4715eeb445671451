"""Draw each band of one site: original and every method, whole scene and enlarged inset."""

from sarfusion.show.figures import by_label, save
from sarfusion.show.figures.inputs import layers_of, read_scene
from sarfusion.show.figures.scenes import band_comparison


def main(stack, split, fused, bands, metadata, pngs, pdfs):
    """Read the stack and `fused` ({label: {band: path}}); write the figure of each band twice."""
    scene = read_scene(stack, split, metadata)
    layers = layers_of(fused, scene.shape)
    for band, png, pdf in zip(bands, pngs, pdfs, strict=True):
        shown = {label: found[band] for label, found in layers.items() if band in found}
        save(band_comparison(scene, band, shown), png, pdf)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            snakemake.input.stack,
            snakemake.input.split,
            by_label(snakemake.input.fused, snakemake.params.labels),
            snakemake.params.bands,
            snakemake.input.metadata,
            snakemake.output.pngs,
            snakemake.output.pdfs,
        )
