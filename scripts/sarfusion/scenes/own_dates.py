"""Other dates of a site from a user's own rasters, on the grid of its scene."""

import shlex
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from rasterio.windows import Window

from ..core.errors import StudyError
from ..core.grid import Grid, crs_name
from . import landsat
from .own_rasters import OwnBand, own_band
from .own_scene import OwnOptical, Rasters

COMMON = ("scale", "offset", "nodata", "saturation", "sensor")  # as for the scene if not given


def settings_of_date(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the settings of a site as if a date were its scene. name: the date, YYYY-MM-DD."""
    (entry,) = (each for each in settings["other_dates"] if each["date"] == name)
    scene = settings["optical"]
    common = {key: scene[key] for key in COMMON if key in scene}
    return {**settings, "optical": {**common, **entry}}


def days_after(settings: Mapping[str, Any], name: str) -> int:
    """Return the days from the scene of a site to another date, negative before it."""
    return (date.fromisoformat(name) - date.fromisoformat(settings["optical"]["date"])).days


class OwnDate:
    """The optical bands and quality bits of a site on another date, on the grid of its scene.

    rasters: the open rasters, {"optical.red": ..., "optical.mask": ...}. settings: as
    settings_of_date returns them. where: site and date, for messages. Raises StudyError if the
    pixels are not those of `grid`, and for all that OwnOptical refuses.
    """

    def __init__(
        self, rasters: Rasters, settings: Mapping[str, Any], where: str, grid: Grid
    ) -> None:
        self.grid = grid
        self._scene = OwnOptical(rasters, settings, where)
        self.dtype, self.names = self._scene.dtype, self._scene.names
        own = self._scene.grid
        column, row = (round(float(at[0])) for at in own.positions(grid, *np.zeros((2, 1))))
        self._column, self._row = column, row
        shifted = Window(column, row, grid.width, grid.height)
        if not own.part(shifted).alike(grid):
            raise StudyError(f"site {where}: {_advice(rasters['optical.red'].name, grid)}")
        if self._overlap(Window(0, 0, grid.width, grid.height)) is None:
            raise StudyError(
                f"site {where}: is at {own.place()}, but the scene at {grid.place()}; give another"
                " date of the same place"
            )
        self._mask = None
        if "mask" in settings["optical"]:
            number = settings["optical"]["mask"]["band"]
            self._mask = own_band(rasters["optical.mask"], number, f"site {where}: mask")
            if not self._mask.grid.alike(own):
                raise StudyError(f"site {where}: mask is on another grid than red; align them")
            self._mask = self._mask.with_zero()

    def check(self) -> None:
        """Raise StudyError unless the numbers can be what the settings say."""
        self._scene.check()

    def read(self, window: Window) -> np.ndarray:
        """Return the optical bands, qa_pixel and qa_radsat (bands, rows, columns) of a window.

        window: of `grid`. Pixels beyond the rasters, or not 0 in the mask, are fill.
        """
        count = len(self.names)
        bands = count + len(landsat.QUALITY)
        raw = np.zeros((bands, window.height, window.width), self.dtype)
        raw[:count], raw[count] = landsat.FILL, landsat.QA_FILL
        overlap = self._overlap(window)
        if overlap is None:
            return raw
        inside, own = overlap
        part = self._scene.read(own)
        if self._mask is not None:
            hidden = _hidden(self._mask, own)
            part[:count, hidden] = landsat.FILL
            part[count, hidden] = part[count, hidden].astype(np.uint16) | landsat.QA_FILL
        raw[:, *inside] = part
        return raw

    def _overlap(self, window: Window) -> tuple[tuple[slice, slice], Window] | None:
        """Return (slices in a window of `grid`, Window of the rasters) of what they share."""
        own = self._scene.grid
        top, left = window.row_off + self._row, window.col_off + self._column
        rows = max(top, 0), min(top + window.height, own.height)
        columns = max(left, 0), min(left + window.width, own.width)
        if rows[0] >= rows[1] or columns[0] >= columns[1]:
            return None
        inside = (
            slice(rows[0] - top, rows[1] - top),
            slice(columns[0] - left, columns[1] - left),
        )
        return inside, Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])


def _hidden(mask: OwnBand, window: Window) -> np.ndarray:
    """Return where a mask hides a pixel, or does not know it."""
    values, known = mask.read(window)
    return ~known | (values != 0)


def _advice(path: str, grid: Grid) -> str:
    """Return what to do with a raster whose pixels are not those of `grid`, which is north up."""
    command = [
        *("gdalwarp", "-t_srs", crs_name(grid.crs), "-r", "bilinear"),
        *("-te", *(f"{side:.10g}" for side in grid.bounds)),
        *("-ts", str(grid.width), str(grid.height), path, "warped.tif"),
    ]
    return (
        f"its pixels are not those of the scene; warp each raster (masks with -r near):"
        f" {shlex.join(command)}"
    )
