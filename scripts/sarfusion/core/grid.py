"""The pixel grid of a raster: where it lies on the ground, and how it lies to another grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from rasterio import windows
from rasterio.crs import CRS
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.transform import Affine
from rasterio.warp import transform
from rasterio.windows import Window

from .earth import METRES_PER_DEGREE

ROUNDING_PX = 1e-6  # grids that differ by less are the same; programs round coordinates
LONGITUDES = CRS.from_epsg(4326)
NORTHWARD = 1e-3  # degrees of a step to the north: short beside any scene, long beside rounding


@dataclass(frozen=True)
class Grid:
    """The pixel grid of a raster: CRS, affine transform, and size in pixels."""

    crs: CRS
    transform: Affine
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.height, self.width

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) in units of the CRS, whichever way the grid lies."""
        x, y = self.transform @ self.corners
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    @property
    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """(columns, rows) of the four corners, in pixels."""
        return np.array([0, 1, 1, 0]) * self.width, np.array([0, 0, 1, 1]) * self.height

    @property
    def pixel_m(self) -> tuple[float, float]:
        """Pixel size (along a row, along a column) in metres.

        Degrees are converted at the latitude of the centre.
        """
        a, b, _, d, e, _ = self.transform[:6]
        if self.crs.is_geographic:
            _, bottom, _, top = self.bounds
            degrees = _degrees(self.crs)
            north = METRES_PER_DEGREE * degrees
            east = north * math.cos(math.radians((bottom + top) / 2 * degrees))
        else:
            east = north = self.crs.linear_units_factor[1]
        return math.hypot(a * east, d * north), math.hypot(b * east, e * north)

    @property
    def north_deg(self) -> float:
        """The way to the North Pole at the centre, in degrees clockwise from "up", -180 to 180.

        "Up" is from the last row to the first. NaN where the centre has no place on the Earth.
        """
        centre = np.array([self.width / 2]), np.array([self.height / 2])
        here = _moved(self.crs, LONGITUDES, self.transform @ centre)
        beyond = here[0], np.minimum(here[1] + NORTHWARD, 90)
        x, y = _moved(LONGITUDES, self.crs, beyond)
        column, row = ~self.transform @ (x, y)
        across, down = self.pixel_m
        step = float(column[0] - centre[0][0]) * across, float(centre[1][0] - row[0]) * down
        return math.degrees(math.atan2(*step))

    def north_up(self) -> Grid:
        """Return the grid of the same pixels with x growing along rows and y falling down columns.

        Its pixels are those of this grid mirrored, or turned by quarter turns. A grid that lies at
        any other angle is returned as it is, since its pixels would have to be resampled.
        """
        a, b, c, d, e, f = self.transform[:6]
        transposed = abs(b) > abs(a)
        straight = Affine(0, b, c, d, 0, f) if transposed else Affine(a, 0, c, 0, e, f)
        if not self.alike(replace(self, transform=straight)):
            return self
        left, _, _, top = replace(self, transform=straight).bounds
        across, down = (b, d) if transposed else (a, e)
        height, width = self.shape[::-1] if transposed else self.shape
        return Grid(self.crs, Affine(abs(across), 0, left, 0, -abs(down), top), height, width)

    def positions(
        self, other: Grid, columns: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where positions of another grid lie on this one: (columns, rows) in pixels.

        Longitudes are counted from the centre of this grid, so that 180.1 and -179.9 degrees are
        one place. NaN where there is no such place in this CRS.
        """
        x, y = other.transform @ (np.asarray(columns, float), np.asarray(rows, float))
        x, y = _moved(other.crs, self.crs, (x, y))
        if self.crs.is_geographic:
            turn = 360 / _degrees(self.crs)
            left, _, right, _ = self.bounds
            x = x - turn * np.round((x - (left + right) / 2) / turn)
        return ~self.transform @ (x, y)

    def alike(self, other: Grid) -> bool:
        """Tell whether the pixels of another grid are those of this one, to ROUNDING_PX.

        Two CRSs that differ in their text alone count as one.
        """
        if self.shape != other.shape:
            return False
        found = np.subtract(self.positions(other, *other.corners), self.corners)
        return bool((np.abs(found) < ROUNDING_PX).all())

    def part(self, window: Window) -> Grid:
        """Return the grid of the pixels in a Window."""
        corner = windows.transform(window, self.transform)
        return Grid(self.crs, corner, window.height, window.width)

    @classmethod
    def of(cls, dataset: DatasetReader | DatasetWriter) -> Self:
        """Return the grid of an open rasterio dataset."""
        return cls(dataset.crs, dataset.transform, dataset.height, dataset.width)


def crs_name(crs: CRS) -> str:
    """Return the name of a CRS for people: its code if it has one, such as EPSG:32648, or its name.

    One without either is called by its projection, if it has one.
    """
    code = crs.to_authority()
    if code:
        return ":".join(code)
    about = crs.to_dict(projjson=True)
    about = about.get("source_crs", about)  # of a CRS that is bound to a change of datum
    if about["name"].lower() not in ("unknown", "unnamed", "undefined", ""):
        return about["name"]
    method = about.get("conversion", {}).get("method", {}).get("name")
    return f"an unnamed CRS ({method})" if method else "an unnamed CRS"


def _degrees(crs: CRS) -> float:
    """Return the degrees in a unit of a geographic CRS: 1, but 0.9 where it is in grads."""
    return round(math.degrees(crs.units_factor[1]), 9)


def _moved(
    source: CRS, target: CRS, places: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return places (x, y) of one CRS in another; NaN if it has no such places."""
    if source == target:
        return places
    try:
        x, y = transform(source, target, *(along.tolist() for along in places))
    except Exception:  # GDAL raises classes that are not public
        nowhere = np.full(places[0].shape, np.nan)
        return nowhere, nowhere
    return np.array(x), np.array(y)
