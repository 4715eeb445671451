"""Score every fused raster of one site and protocol against the measured bands."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sarfusion.core.files import read_json, write_csv
from sarfusion.core.memory import keep_freed_memory
from sarfusion.core.raster import open_bands
from sarfusion.scenes import landsat
from sarfusion.scoring.cells import write_cells
from sarfusion.scoring.image_pair import Given, Run, check_range
from sarfusion.scoring.scene_scores import score_scene
from sarfusion.scoring.scored_ground import open_ground, reading
from sarfusion.show.tables import METRIC_COLUMNS, score_rows

TRIPLE = "rgb"


def main(
    *,
    stack: Path | str,
    split: Path | str,
    description: Path | str,
    optical: Path | str,
    fused: Sequence[Path | str],
    runs: Sequence[Run],
    table: Path | str,
    study: str,
    site: str,
    protocol: str,
    gap_settings: Mapping[str, Any],
    gaps: Path | str | None = None,
    cells: Path | str | None = None,
    pairs: Sequence[Sequence[str]] = (),
    block_px: int = 0,
    threads: int = 1,
) -> None:
    """Write the tidy table of scores on test ground, and the file of cells to compare methods by.

    optical: the raster whose optical bands the methods were given; where it is not valid, none
    is scored. gaps: the mask of what was withheld, or None; gap_settings: as in the config.
    fused: paths; runs: (band, method, input, seed) of each, in the same order.
    cells: the file of cells (see scoring.cells), or None. It has the runs that stand in `pairs`,
    [left method, left input, right method, right input] of each comparison, on test ground (region
    "test") or, with gaps, inside these alone (region "gap"). block_px: of the bootstrap.
    """
    keep_freed_memory()
    runs = [Run(*of_band) for of_band in runs]
    ranges = read_json(description)["data_range"]
    for band, *_ in runs:
        check_range(ranges[band])
    givens = {band: Given(ranges[band]) for band in landsat.BANDS if band in ranges}
    sides = {tuple(side) for pair in pairs for side in (pair[:2], pair[2:])}
    compared = [of_band for of_band in runs if of_band[1:3] in sides]
    places = [(stack, band) for band in landsat.BANDS]
    products = [(path, band) for path, (band, *_) in zip(fused, runs, strict=True)]
    with ExitStack() as opened:
        grid, regions = opened.enter_context(open_ground(split, optical, gaps, gap_settings))
        measured = opened.enter_context(open_bands(places))
        everything = opened.enter_context(open_bands(places + products))
        writer = None
        if cells:
            region = "test" if gaps is None else "gap"
            writer = opened.enter_context(write_cells(cells, region, block_px, compared, ranges))

        def read(tile, with_fused):
            bands = tile.padded(reading(everything if with_fused else measured))
            references = dict(zip(landsat.BANDS, bands, strict=False))
            images = dict(zip(runs, bands[len(places) :], strict=False))
            triples = stacked(images)
            if triples:
                references[TRIPLE] = bands[: len(places)]
            return regions(tile), references, images | triples

        found = score_scene(
            grid.shape, read, givens | {TRIPLE: Given()}, threads=threads, cells=writer
        )
    rows = []
    for (region, scored), scores in found.items():
        place = {"study": study, "site": site, "protocol": protocol, "region": region}
        rows += score_rows(place, scored.band, scored[1:], scores)
    write_csv(table, pd.DataFrame(rows, columns=METRIC_COLUMNS))


def stacked(images: Mapping[Run, np.ndarray]) -> dict[Run, np.ndarray]:
    """Return {run of TRIPLE: (3, rows, columns)} of the runs that have all three bands."""
    bands = {
        triple: [triple._replace(band=band) for band in landsat.BANDS]
        for triple in dict.fromkeys(one._replace(band=TRIPLE) for one in images)
    }
    return {
        triple: np.stack([images[one] for one in of_bands])
        for triple, of_bands in bands.items()
        if images.keys() >= set(of_bands)
    }


if __name__ == "__main__":
    run(main, snakemake)
