"""Terrain correction and flattening of a Sentinel-1 image, by sarsen.

sarsen finds where each point of the ground is in the image (zero Doppler time and range), and sums
the ground in each cell of the image. Gamma nought is beta nought times the area of a cell, divided
by the area of its ground perpendicular to the look direction (Small 2011, Flattening Gamma:
Radiometric Terrain Correction for SAR Imagery, doi:10.1109/TGRS.2011.2120616). The area of a cell
is summed from the same points, as their projection onto the plane of azimuth and slant range, with
a negative sign where slopes reverse the order of ranges. The ratio then does not depend on how many
points happen to fall into a cell: with points 10 m apart, errors have a standard deviation of 0.02
dB, compared with 0.26 dB for the nominal area of a cell, which sarsen uses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.polynomial import polynomial
from rasterio.transform import Affine
from rasterio.windows import Window
from sarsen import geocoding, orbit, radiometry, scene

from ...core.errors import StudyError
from ...core.grid import Grid
from ...core.tiling import tiles
from .product import Product

SPEED_OF_LIGHT = 299_792_458.0  # m/s
TILE_PX = 1024
HALO_PX = 128  # of 10 m; points in one cell are closer than that, for hills of up to 1 km
COARSE_PX = 16  # between the points that are used to find which part of an image to read
MARGIN_PX = 32  # around that part
EXACT_M = 0.01  # accuracy along the orbit to which zero Doppler is solved
# Of the area of ground in a cell, counted without sign, to that with sign. Above this ratio, slopes
# overlap in the image, and the nominal area of the cell is taken.
LAYOVER = 1.5
LEAST_AREA = 0.05  # of a cell's area; ground with less across the look is in shadow


@dataclass(frozen=True)
class Seen:
    """Ground as the radar saw it; all arrays are (rows, columns).

    seconds: after the first line. slant_range: metres. across, in_image: area in m2 of the ground
    of each point, perpendicular to the look direction and in the plane of the image; the latter is
    negative where slopes reverse the order of ranges.
    """

    seconds: xr.DataArray
    slant_range: xr.DataArray
    across: xr.DataArray
    in_image: xr.DataArray


class Terrain:
    """Ground of known heights, and where it is in a product.

    heights: metres above the ellipsoid (rows, columns) on `grid`. Its outer HALO_PX are only input
    for the pixels within.
    """

    def __init__(self, product: Product, heights: np.ndarray, grid: Grid) -> None:
        self._product, self._heights, self._grid = product, heights, grid
        times, places = product.orbit
        self._orbit = orbit.OrbitPolyfitInterpolator.from_position(
            xr.DataArray(
                places,
                dims=("axis", "azimuth_time"),
                coords={"axis": [0, 1, 2], "azimuth_time": times},
            )
        )

    def window(self) -> Window:
        """Return the Window of the product's images that contains the ground, with a margin.

        Raises StudyError if the ground is outside the images.
        """
        places = self._places(np.s_[::COARSE_PX, ::COARSE_PX])
        line, sample = self._pixels(self._seen(places, with_areas=False))
        lines, samples = self._product.shape
        spans = []
        for found, size in ((line, lines), (sample, samples)):
            first = max(0, int(np.floor(found.min())) - MARGIN_PX)
            last = min(size, int(np.ceil(found.max())) + MARGIN_PX)
            spans.append((first, last))
        (top, bottom), (left, right) = spans
        if top >= bottom or left >= right:
            raise StudyError(
                f"the product does not cover the ground, {self._grid.place()}; give a product of"
                " this place"
            )
        return Window(left, top, right - left, bottom - top)

    def gamma_nought(
        self, images: Mapping[str, np.ndarray], window: Window
    ) -> Iterator[tuple[Window, np.ndarray]]:
        """Yield (Window of `inner_grid`, gamma nought), tile by tile.

        images: {band: beta nought} of a Window of the product. Gamma nought is (bands, rows,
        columns; float32), NaN outside the images, in their gaps and in shadow.
        """
        inner = self.inner_grid
        for tile in tiles(inner.shape, TILE_PX):
            (top, bottom), (left, right) = tile.rows, tile.columns
            part = np.s_[top : bottom + 2 * HALO_PX, left : right + 2 * HALO_PX]
            seen = self._seen(self._places(part), with_areas=True)
            flattening = self._flattening(seen)
            line, sample = self._pixels(seen)
            middle = np.s_[HALO_PX:-HALO_PX, HALO_PX:-HALO_PX]
            found = np.stack(
                [
                    _bilinear(image, line[middle] - window.row_off, sample[middle] - window.col_off)
                    for image in images.values()
                ]
            )
            gamma = (found * flattening[middle]).astype(np.float32)
            yield Window(left, top, right - left, bottom - top), gamma

    @property
    def inner_grid(self) -> Grid:
        """The grid without its halo."""
        rows, columns = self._heights.shape
        return self._grid.part(Window(HALO_PX, HALO_PX, columns - 2 * HALO_PX, rows - 2 * HALO_PX))

    def _places(self, part: tuple[slice, slice]) -> xr.DataArray:
        """Return the Earth-fixed positions (3, rows, columns) of a part of the ground, metres."""
        transform = self._grid.transform @ Affine.translation(0.5, 0.5)
        rows, columns = (np.arange(size) for size in self._heights.shape)
        x, y = transform.c + transform.a * columns, transform.f + transform.e * rows
        heights = xr.DataArray(
            self._heights[part], dims=("y", "x"), coords={"y": y[part[0]], "x": x[part[1]]}
        )
        return scene.convert_to_dem_ecef(heights, source_crs=self._grid.crs)

    def _seen(self, places: xr.DataArray, with_areas: bool) -> Seen:
        """Return positions on the ground (3, rows, columns) as Seen."""
        found = geocoding.backward_geocode(places, self._orbit, zero_doppler_distance=EXACT_M)
        after = (found.azimuth_time - self._product.first_line) / np.timedelta64(1, "s")
        slant_range = (found.dem_distance**2).sum("axis") ** 0.5
        if not with_areas:
            return Seen(after, slant_range, slant_range, slant_range)
        look = found.dem_distance / slant_range
        speed = (found.satellite_velocity**2).sum("axis") ** 0.5
        out_of_image = xr.cross(look, found.satellite_velocity / speed, dim="axis")
        ground = scene.compute_dem_oriented_area(places)
        across = -xr.dot(ground, look, dim="axis")
        in_image = xr.dot(ground, out_of_image, dim="axis")
        upward = np.sign(float(xr.dot(places, out_of_image, dim="axis").sum()))
        return Seen(after, slant_range, across.where(across > 0, 0), in_image * upward)

    def _flattening(self, seen: Seen) -> np.ndarray:
        """Return the factor (rows, columns) from beta to gamma nought, NaN in shadow."""
        cell_m = self._product.spacing_m[1]
        cells = {
            "slant_range_time0": self._product.slant_to_ground[1][0] * 2 / SPEED_OF_LIGHT,
            "slant_range_time_interval_s": cell_m * 2 / SPEED_OF_LIGHT,
            "azimuth_time0": self._product.first_line,
            "azimuth_time_interval_s": self._product.interval_s,
        }
        nanoseconds = (seen.seconds * 1e9).round().astype("timedelta64[ns]")
        points = xr.Dataset(
            {
                "azimuth_time": self._product.first_line + nanoseconds,
                "slant_range_time": seen.slant_range * 2 / SPEED_OF_LIGHT,
            }
        )
        across, signed, unsigned = (
            radiometry.gamma_weights_nearest(points.assign(gamma_area=area), **cells).values
            for area in (seen.across, seen.in_image, np.abs(seen.in_image))
        )
        nominal = cell_m * self._product.spacing_m[0]
        area = np.where(unsigned > LAYOVER * np.abs(signed), nominal, np.abs(signed))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(across > LEAST_AREA * area, area / across, np.nan)

    def _pixels(self, seen: Seen) -> tuple[np.ndarray, np.ndarray]:
        """Return (lines, samples) in the product's images, 0 at the middle of the first."""
        times = self._product.slant_to_ground[0]
        at = (times - self._product.first_line) / np.timedelta64(1, "s")
        seconds, slant_range = seen.seconds.values, seen.slant_range.values
        grounds = np.full(slant_range.shape, np.nan)
        after = np.clip(np.searchsorted(at, seconds, side="right"), 1, max(1, len(at) - 1))
        for index in np.unique(after):
            chosen = after == index
            grounds[chosen] = self._ground_range(index, at, seconds[chosen], slant_range[chosen])
        return seconds / self._product.interval_s, grounds / self._product.spacing_m[1]

    def _ground_range(
        self, index: int, at: np.ndarray, seconds: np.ndarray, slant_range: np.ndarray
    ) -> np.ndarray:
        """Return ground range, metres, from two polynomials: that of `index` and the one before.

        Their values are interpolated along time; outside the times of both, the nearer one counts.
        """
        _, first, coefficients = self._product.slant_to_ground
        pair = (index - 1, min(index, len(at) - 1))
        before, next_one = (
            polynomial.polyval(slant_range - first[one], coefficients[one]) for one in pair
        )
        length = at[pair[1]] - at[pair[0]]
        weight = np.clip((seconds - at[pair[0]]) / length, 0, 1) if length else 0.0
        return before * (1 - weight) + next_one * weight


def _bilinear(image: np.ndarray, lines: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return an image at lines and samples, linear between pixels; NaN next to one without data."""
    points = xr.DataArray(image, dims=("line", "sample"), coords=_counted(image.shape))
    where = {
        "line": xr.DataArray(lines, dims=("y", "x")),
        "sample": xr.DataArray(samples, dims=("y", "x")),
    }
    return points.interp(where).values


def _counted(shape: tuple[int, int]) -> dict[str, np.ndarray]:
    return {name: np.arange(size) for name, size in zip(("line", "sample"), shape, strict=True)}
