"""Compare methods on one site and protocol: differences of their scores, with intervals."""

from sarfusion.core.job import run

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_csv
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
    with open_cells(cells) as sums:
        if not sums.counts.any():
            raise StudyError(
                f"site {site}: no ground of region {sums.region} to compare methods on"
            )
        place = (study, site, protocol, sums.region)
        bands = dict.fromkeys(run_.band for run_ in sums.runs)
        rows = [(*place, *row) for band in bands for row in rows_of(sums, band, pairs)]
    write_csv(table, pd.DataFrame(rows, columns=COLUMNS))


def rows_of(sums: CellReader, band: str, pairs: Sequence[Sequence[str]]) -> Iterable[tuple]:
    """Return the rows of a band, pair by pair, with the values of COLUMNS from the band on."""
    ground = Ground(sums.counts > 0, cell_px(sums.block_px), sums.block_px)
    scores, counts = scores_of(sums, band)
    of_pairs: list[list[tuple]] = [[] for _ in pairs]
    for metric, of_runs in scores.items():  # the outer loop, so that all pairs share its counts
        map_, n = ground.map(counts[metric]), int(counts[metric].sum())
        for pair, of_pair in zip(pairs, of_pairs, strict=True):
            left, right = (of_runs.get(tuple(side)) for side in (pair[:2], pair[2:]))
            if left and right:  # else no models of this band are available
                of_pair.append((band, metric, *pair, *compare(left, right, map_, ground), n))
    return chain.from_iterable(of_pairs)


def scores_of(
    sums: CellReader, band: str
) -> tuple[Mapping[str, Mapping[tuple[str, ...], Mapping[int, Score]]], Mapping[str, np.ndarray]]:
    """Return ({metric: {(method, input): {seed: Score}}}, {metric: counts (cells,)}) of a band."""
    scores: dict[str, dict[tuple[str, ...], dict[int, Score]]] = {}
    counts = {}
    for run_ in sums.runs:
        if run_.band != band:
            continue
        for metric, terms in sums.sums(run_).items():
            of_runs = scores.setdefault(metric, {})
            of_seeds = of_runs.setdefault((run_.method, run_.input), {})
            of_seeds[run_.seed] = score(metric, terms, Given(sums.data_range[band]))
            counts[metric] = terms[0].copy()  # not a view, which would keep all terms
    return scores, counts


if __name__ == "__main__":
    run(main, snakemake)
