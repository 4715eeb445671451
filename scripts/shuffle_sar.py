"""Shuffle a SAR ratio over its scene: a control with the same values in the wrong places."""

from sarfusion.core.job import run

from pathlib import Path

import numpy as np
from sarfusion.core.raster import read_band, read_grid, write_raster
from sarfusion.scenes.sar import shuffle


def main(
    *,
    stack: str | Path,
    shuffled: str | Path,
    seed: int,
) -> None:
    """Write the shuffled ratio_db of the stack.

    A value may go anywhere, so the whole band is in memory, up to 13 bytes a pixel.
    """
    values = shuffle(read_band(stack, "ratio_db"), seed)
    write_raster(shuffled, values[None], read_grid(stack), ["ratio_db"], np.nan)


if __name__ == "__main__":
    run(main, snakemake)
