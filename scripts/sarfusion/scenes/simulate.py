"""A simulated city as two satellites would see it, in the raw formats of real scenes.

Optical: Landsat Collection 2 Level-2 digital numbers at 30 m with their quality bands. SAR:
Sentinel-1 IW GRD backscatter in linear power at 10 m on a grid of its own. In addition, the surface
reflectance at 10 m from which the optical scene is made: the truth, which no real scene has.

One seed gives the same bytes with every instruction set. NumPy's generator (normal, uniform,
log-normal and beta numbers, and choices), arithmetic, sums, SciPy's Fourier transforms and filters
do not depend on the instruction set. NumPy's exp, log10, sin, cos, powers and products of matrices
do, so the modules of the simulated city use the functions of elementary.py instead. Functions of
the C library remain in the generator, in speckle (gammaincinv, ndtr) and in a few constants (math);
their last digits are lost when results are rounded to float32 or compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import Affine

from ..core.errors import StudyError
from ..core.raster import Grid
from . import infrared as beyond
from . import sar
from .city_land import city_land
from .landcover import Cover, LandCover
from .lattice import CELL_M, INNER, MARGIN, block_mean
from .point_spread import blur, psf_sigma_m
from .simulated_optical import MTF_AT_NYQUIST, observe_optical
from .simulated_sar import backscatter, mean_power, observe_sar
from .surfaces import mix_paint, optical_colour

CRS_UTM = CRS.from_epsg(32648)
CORNER = (690_015.0, 1_200_015.0)  # left, top of the optical grid: 30 k + 15, as Landsat's


@dataclass(frozen=True)
class City:
    """The two raw scenes and the truth; arrays are (bands, rows, columns)."""

    optical: np.ndarray  # uint16, optical bands and quality bits, 0 = fill
    optical_grid: Grid
    sar: np.ndarray  # float32, SAR_BANDS, linear power, NaN = no data
    sar_grid: Grid
    truth: np.ndarray  # float32, surface reflectance of the optical bands; 3 x 3 pixels per pixel
    truth_grid: Grid


def simulate_city(
    size_px: int,
    seed: int,
    looks: float = 4.4,
    passes: int = 1,
    infrared: Sequence[str] = (),
    land: LandCover | None = None,
) -> City:
    """Return the City of `size_px` x `size_px` optical pixels for `seed`.

    looks: equivalent number of looks of one SAR pass. passes: number of passes whose mean is the
    SAR scene; each has its own speckle over the same ground. infrared: bands of INFRARED to add
    after red, green and blue. land: that of city_land, if it is already available. Raises
    StudyError if a number is out of range.
    """
    land = land or city_land(size_px, seed)
    if looks <= 0:
        raise StudyError(f"simulated scene: looks {looks} is below its range")
    # The second stream also gives the colours of other dates (simulated_dates.py).
    _, colour_rng, echo_rng, optical_rng, sar_rng = np.random.default_rng(seed).spawn(5)
    paint = mix_paint(colour_rng, land)
    power = mean_power(backscatter(echo_rng, land, paint.blend))
    colour = optical_colour(land, paint, seed, infrared)

    left, top = CORNER
    metal = block_mean((land.cover == Cover.ROOF_METAL)[INNER], 6)
    water = block_mean((land.cover == Cover.WATER)[INNER], 6)
    sensed = block_mean(blur(colour, psf_sigma_m(MTF_AT_NYQUIST, 30.0))[INNER], 6)
    return City(
        optical=observe_optical(
            optical_rng, sensed, water > 0.5, metal, infrared=infrared, noise=beyond.sight(seed)
        ),
        optical_grid=optical_grid(size_px),
        sar=sar.mean_of_passes(
            observe_sar(rng, power, looks) for rng in (sar_rng, *sar_rng.spawn(passes - 1))
        ),
        sar_grid=square_grid(left - MARGIN * CELL_M, top + MARGIN * CELL_M, 10, power.shape[1]),
        truth=block_mean(colour[INNER], 2),
        truth_grid=square_grid(left, top, 10, 3 * size_px),
    )


def optical_grid(size_px: int) -> Grid:
    """Return the Grid of the optical scene."""
    return square_grid(*CORNER, 30, size_px)


def square_grid(left: float, top: float, pixel: float, size: int) -> Grid:
    """Return the Grid of size x size pixels of `pixel` metres from the corner left, top."""
    return Grid(CRS_UTM, Affine(pixel, 0, left, 0, -pixel, top), size, size)
