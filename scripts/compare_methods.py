"""Compare methods on one site and protocol: differences of their scores, with intervals."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_csv
from sarfusion.core.memory import keep_freed_memory
from sarfusion.scoring.cells import CellReader, cell_px, open_cells
from sarfusion.scoring.differences import Difference, Ground, Score, compare, score
from sarfusion.scoring.image_pair import Given

PLACE = ["study", "site", "protocol", "region", "band", "metric"]
SIDES = ["left_method", "left_input", "right_method", "right_input"]
COLUMNS = [*PLACE, *SIDES, *Difference._fields, "n"]


def main(
    *,
    cells: Path | str,
    table: Path | str,
    study: str,
    site: str,
    protocol: str,
    pairs: Sequence[Sequence[str]],
) -> None:
    """Write the table of differences left - right (COLUMNS), the mean over seeds.

    cells: the file of cells that scoring made; it names the region to compare on. pairs: [left
    method, left input, right method, right input] of each comparison; a band in which one side has
    no scores is left out.
    """
    keep_freed_memory()
    rows = []
    with open_cells(cells) as sums:
        if not sums.counts.any():
            raise StudyError(
                f"site {site}: no ground of region {sums.region} to compare methods on"
            )
        ground = Ground(sums.counts > 0, cell_px(sums.block_px), sums.block_px)
        for band in dict.fromkeys(band for band, *_ in sums.runs):
            scores, counts = of_band(sums, band)
            for pair in pairs:
                for metric in counts:
                    sides = [(*side, metric) for side in (pair[:2], pair[2:])]
                    if not scores.keys() >= set(sides):  # no models of this band are available
                        continue
                    left, right = (scores[side] for side in sides)
                    difference = compare(left, right, counts[metric], ground)
                    place = (study, site, protocol, sums.region, band, metric)
                    rows.append((*place, *pair, *difference, int(counts[metric].sum())))
    write_csv(table, pd.DataFrame(rows, columns=COLUMNS))


def of_band(
    sums: CellReader, band: str
) -> tuple[Mapping[tuple[str, ...], Mapping[int, Score]], Mapping[str, np.ndarray]]:
    """Return ({(method, input, metric): {seed: Score}}, {metric: counts (cells,)}) of a band."""
    scores: dict[tuple[str, ...], dict[int, Score]] = {}
    counts = {}
    for run_ in sums.runs:
        if run_.band != band:
            continue
        for metric, terms in sums.sums(run_).items():
            found = score(metric, terms, Given(sums.data_range[band]))
            scores.setdefault((run_.method, run_.input, metric), {})[run_.seed] = found
            counts[metric] = terms[0].copy()  # not a view, which would keep all terms
    return scores, counts


if __name__ == "__main__":
    run(main, snakemake)
