"""Scale the channels of several sites together, by the training ground of all of them."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sarfusion.core.files import write_json
from sarfusion.core.raster import read_band
from sarfusion.ground import normalise, split
from sarfusion.scenes import landsat, sar

CHANNELS = (*landsat.BANDS, *sar.CHANNELS)


def main(
    *,
    stacks: Sequence[str | Path],
    splits: Sequence[str | Path],
    description: str | Path,
    sites: Sequence[str],
    clip_percentiles: Sequence[float],
) -> None:
    """Write the normalisation of every channel.

    stacks, splits: paths, one per site. Each site gives the same number of pixels, evenly taken
    from its training ground, so that a large one counts no more than a small one.
    """
    ground = [read_band(path, "use") == split.TRAIN for path in splits]
    most = min(normalise.MAX_SAMPLE // len(sites), *(int(train.sum()) for train in ground))
    samples = [
        normalise.even_sample(normalise.training_sample(stack, CHANNELS, train), most)
        for stack, train in zip(stacks, ground, strict=True)
    ]
    pooled = dict(zip(CHANNELS, np.concatenate(samples, axis=1), strict=True))
    write_json(
        description,
        {
            "trained_on": sites,
            "pixels_per_site": most,
            "normalisation": {
                name: normalise.fit(values, clip_percentiles if name in sar.CHANNELS else None)
                for name, values in pooled.items()
            },
        },
    )


if __name__ == "__main__":
    run(main, snakemake)
