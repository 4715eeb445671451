"""The shift between the sensors of a stack: measured, and refined to be corrected."""

import logging
from collections.abc import Sequence
from pathlib import Path

from ..core.grid import Grid
from ..core.raster import BandReader, read_bands
from . import sar
from .shift import (
    CORRECTED_PX,
    Shift,
    agreed,
    central_window,
    estimate_shift,
    frames,
    refined,
    taken_back,
)

ALIGNED = ["red", "vv_db"]  # bands of a stack in which the shift is measured


def measure_frames(stack: str | Path, shape: tuple[int, int]) -> list[Shift]:
    """Return the estimated SAR-optical shift in each frame of the scene."""
    return [estimate_shift(*read_bands(stack, ALIGNED, window)) for window in frames(shape)]


def correction(
    of_frames: Sequence[Shift],
    stack: str | Path,
    power: BandReader,
    grid: Grid,
    noise_floor_db: float,
    site: str,
) -> Shift | None:
    """Return the shift to correct, and log it; None if it is small, or if frames disagree.

    of_frames: see `measure_frames`. power: VV and VH, not yet corrected. grid: of the stack.
    """
    found = agreed(of_frames)
    if found is None or (found["distance"] or 0) <= CORRECTED_PX:
        return None
    window = central_window(grid.shape)
    (red,) = read_bands(stack, ALIGNED[:1], window)
    original = power.grid

    def left_of(shift: Shift) -> Shift:
        power.grid = taken_back(original, grid, shift)
        vv, vh = sar.read_power(power, grid, window)
        vv_db, *_ = sar.channels_db(vv, vh, noise_floor_db)
        return estimate_shift(red, vv_db)

    try:
        shift = refined(found, left_of)
    finally:
        power.grid = original
    if shift:
        logging.info(
            "site %s: SAR was shifted by %.2f px from optical (%+.2f rows, %+.2f columns);"
            " this is corrected",
            site,
            shift["distance"],
            shift["rows"],
            shift["columns"],
        )
    return shift


def measure_shift(stack: str | Path, shape: tuple[int, int], site: str) -> Shift:
    """Return the estimated SAR-optical shift; log a warning above one pixel or without one."""
    shift = estimate_shift(*read_bands(stack, ALIGNED, central_window(shape)))
    if shift["distance"] is None:
        logging.warning("warning: site %s: the SAR-optical shift could not be measured", site)
    elif shift["distance"] > 1:
        logging.warning(
            "warning: site %s: SAR is shifted by %.1f px from optical (%+.1f rows, %+.1f columns);"
            " check the terrain correction and the dates",
            site,
            shift["distance"],
            shift["rows"],
            shift["columns"],
        )
    return shift
