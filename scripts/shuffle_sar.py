"""Shuffle SAR over its scene: a control with the same values in the wrong places."""

from sarfusion.core.job import run

from pathlib import Path

import numpy as np
from sarfusion.core.raster import create_raster, read_band, read_grid
from sarfusion.scenes.sar import shuffle
from sarfusion.study.inputs import INPUTS

BANDS = [*dict.fromkeys(name for sar in INPUTS.values() if sar.shuffled for name in sar.bands)]


def main(
    *,
    stack: str | Path,
    shuffled: str | Path,
    seed: int,
) -> None:
    """Write the shuffled bands of the stack that inputs take, BANDS.

    A value may go anywhere, so a whole band is in memory, up to 13 bytes a pixel. All bands are
    shuffled alike: those of a stack are valid at the same pixels.
    """
    with create_raster(shuffled, read_grid(stack), BANDS, np.float32, np.nan) as target:
        for number, name in enumerate(BANDS, 1):
            target.write(shuffle(read_band(stack, name), seed), number)


if __name__ == "__main__":
    run(main, snakemake)
