"""What Sentinel-1 sees of a simulated city: backscatter of the ground, resolution and speckle."""

import math

import numpy as np
from scipy.special import gammaincinv, ndtr

from . import sar
from .elementary import exp, log10, power_of_ten, sin
from .landcover import ROOFS, Cover, LandCover
from .lattice import block_mean, by_strips
from .point_spread import blur, smooth
from .surfaces import column

SENSOR = "simulated Sentinel-1 IW GRD"
SAR_BANDS = sar.BANDS

# Buildings. Walls along the flight direction face the radar and cause a double bounce in VV; walls
# at an angle to it depolarise into VH. Tall walls return more. Declared choices.
FLIGHT_DIRECTION = np.deg2rad(102.0)  # of an ascending pass, from east to north
DOUBLE_BOUNCE_DB, ALIGNED_WITHIN = 5.0, np.deg2rad(15.0)
TURNED_WALL_DB = 1.5
HEIGHT_DB, LOW_BUILDING_M = 4.0, 7.0  # per tenfold height above that of a low building
IS_ROOF = np.array([cover in ROOFS for cover in Cover])

# SAR. Sentinel-1 IW GRD, high resolution: 4.4 looks, about 20 m resolution sampled at 10 m.
# The noise floor is lower than the -22 dB that the mission requires, as it is in orbit.
RESOLUTION_M = 20.0
RESOLUTION_SIGMA_M = RESOLUTION_M / math.sqrt(8 * math.log(2))  # of full width at half maximum
NOISE_DB = -27.0


def backscatter(rng: np.random.Generator, land: LandCover, blend: np.ndarray) -> np.ndarray:
    """Return the noise-free backscatter coefficient (2, rows, columns) in linear power, VV, VH."""
    of_patch = rng.standard_normal((2, land.patch.max() + 1), dtype=np.float32)
    of_cell = rng.standard_normal((2, *land.cover.shape), dtype=np.float32)
    mean_vv, mean_vh = column(lambda s: s.vv), column(lambda s: s.vh)
    patch_db, cell_db = column(lambda s: s.patch_db), column(lambda s: s.cell_db)
    coupling = column(lambda s: s.coupling)

    def power(
        cover: np.ndarray,
        patch: np.ndarray,
        height: np.ndarray,
        angle: np.ndarray,
        blend: np.ndarray,
        *cell: np.ndarray,
    ) -> np.ndarray:
        cover = cover.astype(np.intp)  # once for all look-ups
        common, alone = of_patch[:, patch]
        vv = mean_vv[cover] + patch_db[cover] * common
        vh = mean_vh[cover] + patch_db[cover] * (0.8 * common + 0.6 * alone)
        vh += coupling[cover] * (blend - 0.5)
        roof = IS_ROOF[cover]
        wall_vv, wall_vh = walls(height[roof], angle[roof])
        vv[roof] += wall_vv
        vh[roof] += wall_vh
        bands = [db + cell_db[cover] * noise for db, noise in zip((vv, vh), cell, strict=True)]
        return power_of_ten(np.stack(bands) / 10)

    return by_strips(power, land.cover, land.patch, land.height, land.angle, blend, *of_cell)


def walls(height: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the walls of buildings add in VV and in VH, dB.

    height: of the buildings in metres; angle: of the streets, as in LandCover.
    """
    turned = (angle - FLIGHT_DIRECTION) % (np.pi / 2)
    turned = np.minimum(turned, np.pi / 2 - turned)  # 0: a wall faces the radar; 45 deg: none
    tall = HEIGHT_DB * log10(np.maximum(height, LOW_BUILDING_M) / LOW_BUILDING_M)
    bounced = DOUBLE_BOUNCE_DB * exp(-((turned / ALIGNED_WITHIN) ** 2))
    return bounced + tall, TURNED_WALL_DB * sin(2 * turned) ** 2 + 0.7 * tall


def mean_power(echo: np.ndarray) -> np.ndarray:
    """Return the power (2, rows, columns; float32) that Sentinel-1 would see without speckle.

    echo: linear power on the lattice. It gets the sensor's resolution, pixels and noise floor.
    """
    return block_mean(blur(echo, RESOLUTION_SIGMA_M), 2) + np.float32(10 ** (NOISE_DB / 10))


def observe_sar(rng: np.random.Generator, power: np.ndarray, looks: float) -> np.ndarray:
    """Return Sentinel-1's image (2, rows, columns; float32) of one pass.

    power: see mean_power. Speckle is added, and a slanted edge of nodata outside the optical grid.
    """
    sigma_px = RESOLUTION_SIGMA_M / 10
    power = power * [speckle(rng, power.shape[1:], looks, sigma_px) for _ in SAR_BANDS]
    rows, columns = np.indices(power.shape[1:])
    power[:, columns < 2 + 10 * rows / power.shape[1]] = np.nan
    return power


def speckle(
    rng: np.random.Generator, shape: tuple[int, ...], looks: float, sigma_px: float
) -> np.ndarray:
    """Return multiplicative speckle: gamma distributed, of unit mean and variance 1 / looks.

    Neighbours are correlated, since the pixels are finer than the resolution: a Gaussian field
    of correlation exp(-d^2 / (4 sigma_px^2)) is mapped by its ranks onto the gamma quantiles.
    """
    normal = rng.standard_normal(shape, dtype=np.float32)
    if sigma_px > 0:
        impulse = np.zeros((33, 33))
        impulse[16, 16] = 1
        norm = np.sqrt((smooth(impulse, sigma_px, "reflect") ** 2).sum())
        normal = smooth(normal, sigma_px, "wrap") / norm
    return (gammaincinv(looks, ndtr(normal.astype(np.float64))) / looks).astype(np.float32)
