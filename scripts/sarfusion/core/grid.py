"""The pixel grid of a raster: where it is on the ground, and where relative to another grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from rasterio import windows
from rasterio.crs import CRS
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.transform import Affine
from rasterio.warp import transform, transform_bounds
from rasterio.windows import Window

from .earth import METRES_PER_DEGREE

ROUNDING_PX = 1e-6  # grids that differ by less are the same; programs round coordinates
STRETCH = 0.02  # relative; the ellipsoid and UTM's scale factor change lengths by less
SIDE_POINTS = 21  # checked along each side of a grid, which is curved in another CRS
LONGITUDES = CRS.from_epsg(4326)
NORTHWARD = 1e-3  # degrees; a step much shorter than any scene, and much longer than rounding


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
        """(left, bottom, right, top) in units of the CRS, whichever way the grid is turned."""
        x, y = self.transform @ self.corners
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    @property
    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """(columns, rows) of the four corners, in pixels."""
        return np.array([0, 1, 1, 0]) * self.width, np.array([0, 0, 1, 1]) * self.height

    @property
    def pixel_m(self) -> tuple[float, float]:
        """Pixel size (along a row, along a column) in metres on the ground, at the centre.

        A projection's own metres count as metres on the ground, unless it stretches the ground by
        more than STRETCH, as Web Mercator does away from the Equator.
        """
        a, b, _, d, e, _ = self.transform[:6]
        if self.crs.is_geographic:
            _, bottom, _, top = self.bounds
            degrees = _degrees(self.crs)
            north = METRES_PER_DEGREE * degrees
            east = north * math.cos(math.radians((bottom + top) / 2 * degrees))
            return math.hypot(a * east, d * north), math.hypot(b * east, e * north)
        unit = self.crs.linear_units_factor[1]
        sides = math.hypot(a, d) * unit, math.hypot(b, e) * unit
        ground = self._ground_m()
        return ground if np.abs(np.divide(sides, ground) - 1).max() > STRETCH else sides

    def _ground_m(self) -> tuple[float, float]:
        """Return the lengths on the ground of a step by one column and by one row, in metres.

        They are taken at the centre, on the mean sphere. NaN if the centre is not on the Earth.
        """
        columns, rows = self.width / 2 + np.array([0, 1, 0]), self.height / 2 + np.array([0, 0, 1])
        longitude, latitude = _moved(self.crs, LONGITUDES, self.transform @ (columns, rows))
        east = (longitude[1:] - longitude[0] + 180) % 360 - 180
        east *= math.cos(math.radians(latitude[0]))
        across, down = np.hypot(east, latitude[1:] - latitude[0]) * METRES_PER_DEGREE
        return float(across), float(down)

    @property
    def centre(self) -> tuple[np.ndarray, np.ndarray]:
        """(longitude, latitude) of the centre in degrees, arrays of one; NaN if it has none."""
        middle = np.array([self.width / 2]), np.array([self.height / 2])
        return _moved(self.crs, LONGITUDES, self.transform @ middle)

    @property
    def is_on_earth(self) -> bool:
        """Whether the centre has a longitude and a latitude."""
        longitude, latitude = self.centre
        return bool(np.isfinite(longitude[0]) and abs(latitude[0]) <= 90)

    @property
    def north_deg(self) -> float:
        """The direction of north at the centre, in degrees clockwise from "up", -180 to 180.

        "Up" is from the last row to the first. NaN if the centre is not on the Earth.
        """
        longitude, latitude = self.centre
        beyond = longitude, np.minimum(latitude + NORTHWARD, 90)
        column, row = ~self.transform @ _moved(LONGITUDES, self.crs, beyond)
        across, down = self.pixel_m
        step = (column[0] - self.width / 2) * across, (self.height / 2 - row[0]) * down
        return math.degrees(math.atan2(*step))

    def north_up(self) -> Grid:
        """Return the grid of the same pixels with x growing along rows and y falling down columns.

        Its pixels are those of this grid mirrored, or turned by quarter turns. A grid at any other
        angle is returned unchanged, since its pixels would have to be resampled.
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
        """Return where positions of another grid are on this one: (columns, rows) in pixels.

        Longitudes are counted from the centre of this grid, so that 180.1 and -179.9 degrees are
        the same place. NaN for positions that this CRS does not have.
        """
        x, y = other.transform @ (np.asarray(columns, float), np.asarray(rows, float))
        x, y = _moved(other.crs, self.crs, (x, y))
        if self.crs.is_geographic:
            turn = 360 / _degrees(self.crs)
            left, _, right, _ = self.bounds
            x = x - turn * np.round((x - (left + right) / 2) / turn)
        return ~self.transform @ (x, y)

    def under(self, other: Grid) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the (least, greatest) column and row of this grid that another reaches, in pixels.

        They may be outside this grid, and are NaN if the other has no place in this CRS.
        """
        side = np.linspace(0, 1, SIDE_POINTS)
        ends = np.zeros(SIDE_POINTS)
        columns = np.concatenate([side, side, ends, ends + 1]) * other.width
        rows = np.concatenate([ends, ends + 1, side, side]) * other.height
        column, row = (
            (float(along.min()), float(along.max()))
            for along in self.positions(other, columns, rows)
        )
        return column, row

    def place(self) -> str:
        """Return in words where the grid is, in degrees if possible."""
        try:
            box = transform_bounds(self.crs, LONGITUDES, *self.bounds)
        except Exception:  # GDAL raises classes that are not public
            box = (math.nan,) * 4
        if not np.isfinite(box).all():
            left, bottom, right, top = self.bounds
            return (
                f"x {left:.6g} to {right:.6g}, y {bottom:.6g} to {top:.6g} ({crs_name(self.crs)})"
            )
        west, south, east, north = box
        return f"{west:.4f} to {east:.4f}° east, {south:.4f} to {north:.4f}° north"

    def alike(self, other: Grid) -> bool:
        """Return whether another grid has the same pixels as this one, to ROUNDING_PX.

        Two CRSs that differ only in their text count as the same.
        """
        if self.shape != other.shape:
            return False
        found = np.subtract(self.positions(other, *other.corners), self.corners)
        return bool((np.abs(found) < ROUNDING_PX).all())

    def turn_to(self, other: Grid) -> float:
        """Return the angle between the rows of another grid and the nearest axis of this one.

        In degrees, 0 to 45, at the centre of the other; NaN if that has no place in this CRS.
        """
        middle = other.width / 2
        columns, rows = self.positions(
            other, np.array([middle, middle + 1]), np.full(2, other.height / 2)
        )
        across, down = self.pixel_m
        angle = math.degrees(math.atan2(np.diff(rows)[0] * down, np.diff(columns)[0] * across)) % 90
        return min(angle, 90 - angle)

    def finer(self, times: int) -> Grid:
        """Return the grid of the same ground with `times` as many rows and columns."""
        scale = Affine.scale(1 / times)
        return Grid(self.crs, self.transform @ scale, self.height * times, self.width * times)

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

    A CRS without either is described by its projection, if it has one.
    """
    code = crs.to_authority()
    if code:
        return ":".join(code)
    about = crs.to_dict(projjson=True)
    about = about.get("source_crs", about)  # if the CRS is bound to a datum transformation
    if about["name"].lower() not in ("unknown", "unnamed", "undefined", ""):
        return about["name"]
    method = about.get("conversion", {}).get("method", {}).get("name")
    return f"an unnamed CRS ({method})" if method else "an unnamed CRS"


def _degrees(crs: CRS) -> float:
    """Return the degrees per unit of a geographic CRS: 1, but 0.9 if it is in grads."""
    return round(math.degrees(crs.units_factor[1]), 9)


def _moved(
    source: CRS, target: CRS, places: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return places (x, y) of one CRS in another; NaN if the other has no such places."""
    if source == target:
        return places
    try:
        x, y = transform(source, target, *(along.tolist() for along in places))
    except Exception:  # GDAL raises classes that are not public
        nowhere = np.full(places[0].shape, np.nan)
        return nowhere, nowhere
    return np.array(x), np.array(y)
