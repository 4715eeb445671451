"""Put SAR in the wrong places of its scene: a control with the same values."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sarfusion.core.raster import create_raster, read_band, read_grid
from sarfusion.scenes.sar import move, shuffle
from sarfusion.study.inputs import SHUFFLED


def main(
    *,
    stack: str | Path,
    displaced: str | Path,
    bands: Sequence[str],
    control: str,
    seed: int,
) -> None:
    """Write the bands of the stack, shuffled or moved (inputs.CONTROLS).

    A value may move anywhere, so a whole band is in memory, at up to 30 bytes per pixel. All bands
    are displaced alike; they can be, since the bands of a stack are valid at the same pixels. seed:
    of the shuffling.
    """
    grid = read_grid(stack)
    with create_raster(displaced, grid, bands, np.float32, np.nan, quick=True) as target:
        for number, name in enumerate(bands, 1):
            values = read_band(stack, name)
            target.write(shuffle(values, seed) if control == SHUFFLED else move(values), number)


if __name__ == "__main__":
    run(main, snakemake)
