"""Draw fused against measured reflectance on test ground: rows bands, columns methods."""

import pandas as pd
from sarfusion.show.figures import by_label, save
from sarfusion.show.figures.density import density
from sarfusion.show.figures.inputs import Layer, layers_of, read_scene

SCORES = ["rmse", "bias", "cc"]


def main(*, stack, fused, runs, metrics, split, metadata, png, pdf, gaps=None):
    """Write the figure twice.

    fused: paths; runs: (band, method, input, seed) of each, in the same order; metrics: the tidy
    table of scores. gaps: path of the mask of what was withheld, or None; with one, only its
    pixels count.
    """
    scene = read_scene(stack, split, metadata)
    gap = None if gaps is None else Layer(gaps, "gap", scene.shape)
    scores = read_scores(metrics, runs, "test" if gaps is None else "gap")
    keys = [(method, sar_input, band) for band, method, sar_input, _ in runs]
    layers = layers_of(by_label(fused, keys), scene.shape)
    save(density(scene, layers, by_label(scores, keys), gap), png, pdf)


def read_scores(metrics, runs, region):
    """Return {metric: value} of each run in a region."""
    table = pd.read_csv(metrics)
    table = table[(table["region"] == region) & table["metric"].isin(SCORES)]
    found = dict(list(table.groupby(["band", "method", "input", "seed"])))
    return [found[tuple(run)].set_index("metric")["value"].to_dict() for run in runs]


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            stack=snakemake.input.stack,
            fused=snakemake.input.fused,
            runs=snakemake.params.runs,
            metrics=snakemake.input.metrics,
            split=snakemake.input.split,
            metadata=snakemake.input.metadata,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            gaps=snakemake.input.get("gaps"),
        )
