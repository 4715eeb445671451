"""State what share of a product was filled and, if the truth is known, the error of the filling."""

from sarfusion.core.job import run

import math
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
from sarfusion.core.files import read_json, write_csv
from sarfusion.core.pixel_sizes import RATIO
from sarfusion.core.raster import open_bands
from sarfusion.core.tiling import tiles
from sarfusion.ground.degradation import KERNEL_REACH, degrade, mtf_sigma
from sarfusion.product.bands import NAMES
from sarfusion.product.score import COLUMNS, Tally, add_part, placed, score_rows, share_rows
from sarfusion.scenes.bands import BANDS
from sarfusion.scoring.scored_ground import reading

TILE_PX = 1024


def main(
    *,
    picture: str | Path,
    facts: str | Path,
    table: str | Path,
    gain_at_nyquist: float,
    truth: str | Path | None = None,
) -> None:
    """Write the tidy table of a product.

    truth: raster of the true reflectance at the finest pixels, or None where it is not known. It is
    degraded to the pixels of the product by a sensor-like low-pass of gain_at_nyquist.
    """
    about = read_json(facts)
    rows = share_rows(about["pixels"])
    if truth is not None:
        rows += score_rows(tally_against(picture, truth, gain_at_nyquist))
    write_csv(table, pd.DataFrame(placed(rows, about), columns=COLUMNS))


def tally_against(picture, truth, gain):
    """Return {(region, band): Tally} of a product and the true reflectance at finer pixels."""
    margin = math.ceil(KERNEL_REACH * mtf_sigma(gain, RATIO) / RATIO)
    tallies: dict[tuple[str, str], Tally] = {}
    with ExitStack() as opened:
        product = opened.enter_context(open_bands([(picture, name) for name in NAMES]))
        fine = reading(opened.enter_context(open_bands([(truth, b) for b in BANDS])))
        coarse = reading(product)

        def degraded(rows, columns):
            spans = (slice(RATIO * span.start, RATIO * span.stop) for span in (rows, columns))
            return np.stack([degrade(band, RATIO, gain) for band in fine(*spans)])

        for tile in tiles(product.grid.shape, TILE_PX):
            true = tile.padded(degraded, margin)[:, margin:-margin, margin:-margin]
            add_part(tallies, coarse(*tile.written), true)
    return tallies


if __name__ == "__main__":
    run(main, snakemake)
