"""Compare methods on one site and protocol: differences of their scores, with intervals."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_csv
from sarfusion.core.memory import keep_freed_memory
from sarfusion.scoring.bootstrap import Blocks, compare, resampled
from sarfusion.scoring.cells import open_cells
from sarfusion.scoring.image_pair import Given

PLACE = ["study", "site", "protocol", "region", "band", "metric"]
SIDES = ["left_method", "left_input", "right_method", "right_input"]
COLUMNS = [*PLACE, *SIDES, "difference", "low", "high", "seeds", "n"]


def main(
    *,
    cells: Path | str,
    table: Path | str,
    study: str,
    site: str,
    protocol: str,
    pairs: Sequence[Sequence[str]],
    draws: int,
    seed: int,
) -> None:
    """Write the table of differences left - right (COLUMNS), the mean over seeds.

    cells: the file of cells that scoring made; it says which region is compared. pairs:
    [left method, left input, right method, right input] of each comparison. draws, seed: of the
    bootstrap.
    """
    keep_freed_memory()
    scores: dict[tuple, dict[int, np.ndarray]] = {}  # by band, method, input and metric: by seed
    counts = {}
    with open_cells(cells) as sums:
        region = sums.region
        if not sums.counts.any():
            raise StudyError(f"site {site}: no ground of region {region} to compare methods on")
        blocks = Blocks(sums.counts, sums.block_px, draws, seed)
        bands = dict.fromkeys(band for band, *_ in sums.runs)
        for one in sums.runs:
            found = resampled(blocks, sums.sums(one), Given(sums.data_range[one.band]))
            for metric, (values, n) in found.items():
                scores.setdefault((*one[:3], metric), {})[one.seed] = values
                counts[one.band, metric] = n

    rows = []
    for band in bands:
        for pair in pairs:
            for metric in (metric for other, metric in counts if other == band):
                left, right = (scores[(band, *side, metric)] for side in (pair[:2], pair[2:]))
                difference = compare(left, right, seed, blocks.enough)
                place = (study, site, protocol, region, band, metric)
                rows.append((*place, *pair, *difference, counts[band, metric]))
    write_csv(table, pd.DataFrame(rows, columns=COLUMNS))


if __name__ == "__main__":
    run(main, snakemake)
