"""Score maps of land cover that are made from the filled gaps of one site and protocol."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_csv
from sarfusion.core.raster import read_band
from sarfusion.ground import split as split_map
from sarfusion.scenes.built_up import BUILT, UNKNOWN
from sarfusion.scoring.classifier import MAX_TRAINING, Classifier, fit
from sarfusion.scoring.land_cover import BUILT_UP, MEASURED, IndexTest, MapTest
from sarfusion.scoring.pixel_features import read_features, thinned
from sarfusion.scoring.uncertainty import GapBlocks
from sarfusion.show.tables import RUN_COLUMNS
from sarfusion.study.methods import Run

COLUMNS = [*RUN_COLUMNS, "seeds", "metric", "value", "low", "high", "n"]
MIN_TRAINING = 50  # pixels of training ground of either class


def main(
    *,
    stack: Path | str,
    split: Path | str,
    gaps: Path | str,
    fused: Sequence[Path | str],
    runs: Sequence[Run],
    bands: Sequence[str],
    indices: Sequence[str],
    table: Path | str,
    study: str,
    site: str,
    protocol: str,
    block_px: int,
    draws: int,
    seed: int,
    built_up: Path | str | None = None,
) -> None:
    """Write the scores (COLUMNS) on test ground in gaps; see scoring.land_cover.

    fused: paths; runs: (band, method, input, seed) of each, in the same order, with all `bands` of
    each method and seed. indices: names, of study.indices. built_up: map of built-up ground (see
    scenes.built_up), or None. block_px, draws, seed: of the bootstrap. The column `band` names what
    is mapped: BUILT_UP or an index.
    """
    measured = [(stack, band) for band in bands]
    use, gap = read_band(split, "use"), read_band(gaps, "gap") == 1
    inside = (use == split_map.TEST) & gap
    truth = read_features(measured, inside)
    tests: list[MapTest | IndexTest] = []
    if built_up:
        labels = read_band(built_up, BUILT_UP)
        known = labels != UNKNOWN
        training = (use == split_map.TRAIN) & ~gap & known
        classifier = train(measured, gaps, training, labels, str(built_up))
        blocks = blocks_of(inside & known, block_px, draws, seed)
        tests.append(MapTest(classifier, known[inside], labels[inside] == BUILT, blocks))
    blocks = blocks_of(inside, block_px, draws, seed)
    tests += [IndexTest(name, bands, truth, blocks) for name in indices]
    run_of = (study, site, protocol, "gap")
    rows = [
        (*run_of, test.name, MEASURED, "none", 1, *score)
        for test in tests
        for score in test.of_measured(truth)
    ]
    for (method, sar_input), of_seeds in rasters_of(runs, fused).items():
        filled = [[(paths[band], band) for band in bands] for paths in of_seeds.values()]
        found = [read_features(measured, inside, gaps, each) for each in filled]
        rows += [
            (*run_of, test.name, method, sar_input, len(found), *score)
            for test in tests
            for score in test.of_filled(found)
        ]
    write_csv(table, pd.DataFrame(rows, columns=COLUMNS))


def train(
    measured: Sequence[tuple[Path | str, str]],
    gaps: Path | str,
    training: np.ndarray,
    labels: np.ndarray,
    path: str,
) -> Classifier:
    """Return a classifier of built-up ground, trained on the training pixels outside gaps."""
    chosen = thinned(training, MAX_TRAINING)
    built = labels[chosen] == BUILT
    for name, count in (("built up", built.sum()), ("not built up", (~built).sum())):
        if count < MIN_TRAINING:
            raise StudyError(
                f"{path}: only {count} pixels of training ground are {name}, and a classifier needs"
                f" {MIN_TRAINING}; check the mask, or leave built_up out"
            )
    return fit(read_features(measured, chosen, gaps), built)


def blocks_of(chosen: np.ndarray, block_px: int, draws: int, seed: int) -> GapBlocks | None:
    """Return the resamples of the pixels `chosen`, bool (rows, columns); None if there are none."""
    rows, columns = np.nonzero(chosen)
    return GapBlocks(rows, columns, block_px, draws, seed) if rows.size else None


def rasters_of(
    runs: Sequence[Run], fused: Sequence[Path | str]
) -> dict[tuple[str, str], dict[int, dict[str, Path | str]]]:
    """Return {(method, input): {seed: {band: path}}}."""
    found: dict[tuple[str, str], dict[int, dict[str, Path | str]]] = {}
    for (band, method, sar_input, seed), path in zip(runs, fused, strict=True):
        found.setdefault((method, sar_input), {}).setdefault(seed, {})[band] = path
    return found


if __name__ == "__main__":
    run(main, snakemake)
