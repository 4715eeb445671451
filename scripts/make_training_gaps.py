"""Make the training gaps of one site: views of its bands under random masks."""

from sarfusion.core.job import run

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sarfusion.core.errors import StudyError
from sarfusion.core.raster import read_band, read_bands
from sarfusion.fusion.start import start_surface
from sarfusion.ground.split import TEST
from sarfusion.ground.training_gaps import make_views


def main(
    *,
    stack: str | Path,
    split: str | Path,
    views: str | Path,
    bands: Sequence[str],
    gap_settings: Mapping[str, Any],
    gaps: str | Path | None = None,
) -> None:
    """Write the views (see ground/training_gaps.py). gap_settings: as in the config.

    gaps: the real mask of the site, if the random masks are cut from it. Raises StudyError if no
    view has a clear pixel.
    """
    made = make_views(
        read_bands(stack, bands),
        bands,
        read_band(split, "use") == TEST,
        gap_settings,
        partial(start_surface, method=gap_settings["start"]),
        None if gaps is None else read_band(gaps, "gap") == 1,
    )
    if not len(made.places):
        raise StudyError("gaps: no training mask leaves a clear pixel; lower gaps.training_shares")
    hidden = 100 * made.gaps.mean()
    logging.info("%d views of %d px, %.1f %% hidden", *made.gaps.shape[:2], hidden)
    made.save(views)


if __name__ == "__main__":
    run(main, snakemake)
