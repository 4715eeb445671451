"""Scale the channels of several sites together, by the training ground of all of them."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sarfusion.core.files import write_json
from sarfusion.core.raster import band_names, read_band
from sarfusion.ground import normalise, split
from sarfusion.scenes import sar
from sarfusion.scenes.bands import optical_of


def main(
    *,
    stacks: Sequence[str | Path],
    splits: Sequence[str | Path],
    description: str | Path,
    sites: Sequence[str],
    clip_percentiles: Sequence[float],
) -> None:
    """Write the normalisation of every channel, and percentiles of its values.

    stacks, splits: paths, one per site. Each site contributes the same number of pixels, taken
    evenly from its training ground, so that a large site counts no more than a small one.
    """
    names = (*optical_of(band_names(stacks[0])), *sar.CHANNELS)
    ground = [read_band(path, "use") == split.TRAIN for path in splits]
    most = min(normalise.MAX_SAMPLE // len(sites), *(int(train.sum()) for train in ground))
    samples = [
        normalise.even_sample(normalise.training_sample(stack, names, train), most)
        for stack, train in zip(stacks, ground, strict=True)
    ]
    pooled = dict(zip(names, np.concatenate(samples, axis=1), strict=True))
    write_json(
        description,
        {
            "trained_on": sites,
            "pixels_per_site": most,
            "normalisation": {
                name: normalise.fit(values, clip_percentiles if name in sar.CHANNELS else None)
                for name, values in pooled.items()
            },
            "percentiles": {name: normalise.percentiles(x) for name, x in pooled.items()},
        },
    )


if __name__ == "__main__":
    run(main, snakemake)
