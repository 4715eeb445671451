"""Score the uncertainties that the methods of one site and protocol give for filled gaps."""

from sarfusion.core.job import run

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
from sarfusion.core.files import write_csv
from sarfusion.core.raster import open_bands
from sarfusion.fusion.ensemble import deviation_name
from sarfusion.ground import split as split_map
from sarfusion.scoring.gap_pixels import GapPixels, read_gap_pixels
from sarfusion.scoring.uncertainty import GapBlocks, assess
from sarfusion.show.tables import RUN_COLUMNS
from sarfusion.study.methods import Run

COLUMNS = [*RUN_COLUMNS, "uncertainty", "seeds", "metric", "value", "low", "high", "n"]


def main(
    *,
    stack: Path | str,
    split: Path | str,
    gaps: Path | str,
    fused: Sequence[Path | str],
    runs: Sequence[Run],
    uncertain: Sequence[str],
    table: Path | str,
    study: str,
    site: str,
    protocol: str,
    block_px: int,
    draws: int,
    seed: int,
) -> None:
    """Write the table of uncertainties (COLUMNS) on test ground in gaps.

    fused: paths; runs: (band, method, input, seed) of each, in the same order; runs of one band,
    method and input are adjacent. uncertain: models whose rasters have a second band with the
    standard deviation. block_px, draws, seed: of the bootstrap.
    """
    pixels = read_gap_pixels(split, stack, gaps)
    is_test = pixels.use == split_map.TEST
    rows, columns = (axis[is_test] for axis in pixels.places)
    blocks = GapBlocks(rows, columns, block_px, draws, seed) if is_test.any() else None
    bands = list(dict.fromkeys(band for band, *_ in runs))
    truth = dict(zip(bands, read(pixels, [(stack, band) for band in bands]), strict=True))
    tables = []
    pairs = zip([tuple(one) for one in runs], fused, strict=True)
    for (band, method, sar_input), of_seeds in groupby(pairs, key=lambda pair: pair[0][:3]):
        paths = [path for _, path in of_seeds]
        names = [band, deviation_name(band)] if method in uncertain else [band]
        found = read(pixels, [(path, name) for name in names for path in paths]).astype(float)
        means, *stds = np.split(found, len(names))
        variances = np.square(stds[0]) if stds else None
        scored = pd.DataFrame(assess(means, variances, truth[band], is_test, blocks))
        about = {"study": study, "site": site, "protocol": protocol, "band": band}
        run_of = {"method": method, "input": sar_input, "seeds": len(paths)}
        tables.append(scored.assign(**about, **run_of)[COLUMNS])
    write_csv(table, pd.concat(tables))


def read(pixels: GapPixels, bands: Sequence[tuple[Path | str, str]]) -> np.ndarray:
    """Return the values (bands, pixels), float32, of each (path, band name)."""
    with open_bands(bands) as reader:
        return pixels.read(reader)


if __name__ == "__main__":
    run(main, snakemake)
