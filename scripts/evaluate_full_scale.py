"""Score the products of one site at the finest pixels: consistency, and truth if known."""

from sarfusion.core.job import run

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
from sarfusion.core.files import read_json, write_csv
from sarfusion.core.pixel_sizes import RATIO
from sarfusion.core.raster import band_names, open_bands, read_grid
from sarfusion.ground import split as split_map
from sarfusion.ground.degradation import KERNEL_REACH, degrade, mtf_sigma
from sarfusion.scenes.bands import optical_of
from sarfusion.scoring.image_pair import Given, Run, check_range
from sarfusion.scoring.scene_scores import score_scene
from sarfusion.scoring.scored_ground import reading
from sarfusion.show.tables import METRIC_COLUMNS, score_rows
from sarfusion.study.methods import TRUE_IMAGE


def main(
    *,
    stack: Path | str,
    full: Path | str,
    split: Path | str,
    description: Path | str,
    fused: Sequence[Path | str],
    runs: Sequence[Run],
    table: Path | str,
    study: str,
    site: str,
    protocol: str,
    gain_at_nyquist: float,
    truth: Path | str | None = None,
    threads: int = 1,
) -> None:
    """Write the tidy table of scores on test ground.

    fused: paths of the products; runs: (band, method, input, seed) of each, in the same order.
    In the region `consistency`, the degraded product is compared with the measured band. In the
    region `truth`, the product is compared with the true reflectance, if it is known (a path, else
    None). `consistency` then has the true image as well, as the method TRUE_IMAGE: a perfect
    product would differ from the measured band by as much.
    """
    runs = [Run(*of_band) for of_band in runs]
    ranges = read_json(description)["data_range"]
    for band, *_ in runs:
        check_range(ranges[band])
    givens = {band: Given(ranges[band]) for band, *_ in runs}
    names = list(givens)
    floors = [Run(band, TRUE_IMAGE, "none", 0) for band in names if truth is not None]
    shape = read_grid(split).shape
    beyond = math.ceil(KERNEL_REACH * mtf_sigma(gain_at_nyquist, RATIO) / RATIO)
    with ExitStack() as opened:
        bands = {
            name: reading(opened.enter_context(open_bands(places)))
            for name, places in {
                "use": [(split, "use")],
                "coarse": [(stack, band) for band in names],
                "known": [(full, band) for band in (*optical_of(band_names(full)), "ratio_db")],
                "fine": [(truth, band) for band in names if truth is not None],
                "products": [(path, run[0]) for path, run in zip(fused, runs, strict=True)],
            }.items()
            if places
        }

        def test(rows, columns):
            known = np.isfinite(bands["known"](*(_finer(span) for span in (rows, columns))))
            height, width = rows.stop - rows.start, columns.stop - columns.start
            blocks = known.all(axis=0).reshape(height, RATIO, width, RATIO)
            return (bands["use"](rows, columns)[0] == split_map.TEST) & blocks.all(axis=(1, 3))

        def fine_test(rows, columns):
            wide = [slice(at.start // RATIO, -(-at.stop // RATIO)) for at in (rows, columns)]
            fine = test(*wide).repeat(RATIO, axis=0).repeat(RATIO, axis=1)
            top, left = (RATIO * span.start for span in wide)
            return fine[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]

        kinds = [kind for kind in ("products", "fine") if kind in bands]

        def degraded(rows, columns):
            images = (bands[kind](_finer(rows), _finer(columns)) for kind in kinds)
            return np.stack(
                [degrade(image, RATIO, gain_at_nyquist) for fine in images for image in fine]
            )

        def at_native(tile, with_fused):
            images = []
            if with_fused:
                images = tile.padded(degraded, beyond)[:, beyond:-beyond, beyond:-beyond]
            measured = tile.padded(bands["coarse"])
            made = [*runs, *floors]
            return _parts("consistency", tile.padded(test), names, measured, made, images)

        def at_10_m(tile, with_fused):
            images = tile.padded(bands["products"]) if with_fused else []
            measured = tile.padded(bands["fine"])
            return _parts("truth", tile.padded(fine_test), names, measured, runs, images)

        found = score_scene(shape, at_native, givens, threads=threads)
        if truth is not None:
            fine_shape = (RATIO * shape[0], RATIO * shape[1])
            found |= score_scene(fine_shape, at_10_m, givens, threads=threads)
    rows = []
    for (region, scored), scores in found.items():
        place = {"study": study, "site": site, "protocol": protocol, "region": region}
        rows += score_rows(place, scored.band, scored[1:], scores)
    write_csv(table, pd.DataFrame(rows, columns=METRIC_COLUMNS))


def _finer(span):
    """Return a slice of native pixels as a slice of the finest pixels."""
    return slice(RATIO * span.start, RATIO * span.stop)


def _parts(region, mask, bands, measured, runs, images):
    """Return what score_scene needs for a tile."""
    runs = dict(zip(runs, images, strict=False))
    return {region: mask}, dict(zip(bands, measured, strict=True)), runs


if __name__ == "__main__":
    run(main, snakemake)
