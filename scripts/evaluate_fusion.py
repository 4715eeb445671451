"""Score every fused raster of one site and protocol against the measured bands."""

from sarfusion.core.job import run

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sarfusion.core.files import read_json, write_csv
from sarfusion.core.raster import band_names, open_bands, read_band
from sarfusion.scenes.bands import BANDS, optical_of
from sarfusion.scoring.cells import write_cells
from sarfusion.scoring.dates import shares_from_dates
from sarfusion.scoring.definitions import FROM_DATES
from sarfusion.scoring.image_pair import Given, Run, check_range
from sarfusion.scoring.scene_scores import score_scene
from sarfusion.scoring.scored_ground import contrasts, open_ground, reading
from sarfusion.show.tables import METRIC_COLUMNS, score_rows
from sarfusion.study.inputs import DATE_AGE
from sarfusion.study.methods import OVER_TIME
from sarfusion.study.protocols import PROTOCOLS

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
    from_dates: Path | str | None = None,
    matched: Path | str | None = None,
    dated: Collection[str] = (),
    cells: Path | str | None = None,
    compared: Sequence[Run] = (),
    block_px: int = 0,
    threads: int = 1,
) -> None:
    """Write the tidy table of scores on test ground, and the file of cells to compare methods by.

    optical: the raster whose optical bands the methods were given; no method is scored where it is
    not valid. gaps: the mask of what was withheld, or None; gap_settings: as in the config.
    from_dates: raster with a band for each method over time, 1 where it filled from a date, or
    None. matched: raster of other dates (match_dates.py), or None. With it, there are scores by the
    age of the nearest clear date. dated: the inputs with another date. With `from_dates`, or a run
    with such an input, each run also gets the share of pixels that it filled with the help of
    dates.
    fused: paths; runs: (band, method, input, seed) of each, in the same order.
    cells: the file of cells (see scoring.cells), or None. It has the runs `compared`, those that
    comparisons of methods need, on test ground (region "test") or, with gaps, only inside the gaps
    (region "gap"). block_px: of the bootstrap.
    """
    runs = [Run(*of_band) for of_band in runs]
    ranges = read_json(description)["data_range"]
    for band, *_ in runs:
        check_range(ranges[band])
    names = optical_of(band_names(stack))
    givens = {band: Given(ranges[band]) for band in names if band in ranges}
    givens[TRIPLE] = Given(h_over_l=1 / PROTOCOLS[protocol].sharpens)
    compared = [Run(*of_band) for of_band in compared]
    places = [(stack, band) for band in names]
    products = [(path, band) for path, (band, *_) in zip(fused, runs, strict=True)]
    with ExitStack() as opened:
        grid, regions = opened.enter_context(
            open_ground(split, optical, gaps, gap_settings, matched)
        )
        # The stack is in both and often gives the ground too: shared, it is unpacked once for all.
        measured = opened.enter_context(open_bands(places, shared=True))
        everything = opened.enter_context(open_bands(places + products, shared=True))
        writer = None
        if cells:
            region = "test" if gaps is None else "gap"
            writer = opened.enter_context(write_cells(cells, region, block_px, compared, ranges))

        def read(tile, with_fused):
            bands = tile.padded(reading(everything if with_fused else measured))
            references = dict(zip(names, bands, strict=False))
            images = dict(zip(runs, bands[len(places) :], strict=False))
            triples = stacked(images)
            if triples:
                references[TRIPLE] = bands[: len(BANDS)]  # which come first
            return regions(tile), references, images | triples

        found = score_scene(
            grid.shape,
            read,
            givens,
            threads=threads,
            cells=writer,
            contrasts={"gap": contrasts(gap_settings, matched is not None)} if gaps else {},
        )
        shares = {}
        if from_dates is not None or any(run.input in dated for run in runs):
            flags = read_flags({run[1:3] for run in runs}, from_dates, matched, dated)
            shares = shares_from_dates(grid.shape, regions, flags)
    rows = []
    for (region, scored), scores in found.items():
        if shares:
            scores = scores | {FROM_DATES: shares[region, scored[1:3]]}
        place = {"study": study, "site": site, "protocol": protocol, "region": region}
        rows += score_rows(place, scored.band, scored[1:], scores)
    write_csv(table, pd.DataFrame(rows, columns=METRIC_COLUMNS))


def read_flags(
    methods: Iterable[tuple[str, str]],
    from_dates: Path | str | None,
    matched: Path | str | None,
    dated: Collection[str],
) -> dict[tuple[str, str], np.ndarray | None]:
    """Return {(method, input): bool (rows, columns)}, where each fills from dates; None: nowhere.

    A network with another date uses it wherever a date is clear, that is, where it has an age. See
    main.
    """
    clear = None if matched is None else np.isfinite(read_band(matched, DATE_AGE))
    return {
        (method, sar_input): read_band(from_dates, method) == 1
        if from_dates is not None and method in OVER_TIME
        else clear
        if sar_input in dated
        else None
        for method, sar_input in methods
    }


def stacked(images: Mapping[Run, np.ndarray]) -> dict[Run, np.ndarray]:
    """Return {run of TRIPLE: (3, rows, columns)} for the runs that have all three bands."""
    bands = {
        triple: [triple._replace(band=band) for band in BANDS]
        for triple in dict.fromkeys(one._replace(band=TRIPLE) for one in images)
    }
    return {
        triple: np.stack([images[one] for one in of_bands])
        for triple, of_bands in bands.items()
        if images.keys() >= set(of_bands)
    }


if __name__ == "__main__":
    run(main, snakemake)
