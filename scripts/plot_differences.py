"""Draw maps of fused - original of one site: rows bands, columns methods."""

from sarfusion.show.figures import by_label, save
from sarfusion.show.figures.differences import differences
from sarfusion.show.figures.inputs import Layer, layers_of, read_scene


def main(stack, fused, split, metadata, png, pdf, gaps=None):
    """Read the stack and `fused` ({label: {band: path}}); write the figure twice.

    gaps: path of the mask of what was withheld, or None; with one, gaps are outlined.
    """
    scene = read_scene(stack, split, metadata)
    gap = None if gaps is None else Layer(gaps, "gap", scene.shape)
    save(differences(scene, layers_of(fused, scene.shape), gap), png, pdf)


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
            snakemake.input.get("gaps"),
        )
