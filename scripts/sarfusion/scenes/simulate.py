"""A simulated city as two satellites would see it, in the raw formats of real scenes.

Optical: Landsat Collection 2 Level-2 digital numbers at 30 m with their quality bands. SAR:
Sentinel-1 IW GRD backscatter in linear power at 10 m on a grid of its own. In addition, the surface
reflectance at 10 m from which the optical scene is made: the truth, which no real scene has.

One seed gives the same bytes with every instruction set. NumPy's generator (normal, uniform,
log-normal and beta numbers, and choices), arithmetic, sums, SciPy's Fourier transforms and filters
do not depend on the instruction set. NumPy's exp, log10, sin, cos, powers and products of matrices
do, so this module and landcover.py use the functions of elementary.py instead. Functions of the C
library remain in the generator, in speckle (gammaincinv, ndtr) and in a few constants (math); their
last digits are lost when results are rounded to float32.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import Affine
from scipy.ndimage import binary_dilation, correlate1d
from scipy.special import gammaincinv, ndtr

from ..core.errors import StudyError
from ..core.raster import Grid
from . import infrared as beyond
from . import landsat, sar
from .bands import BANDS, INFRARED
from .city_land import city_land
from .elementary import exp, gaussian_weights, log10, power_of_ten, sin
from .landcover import ROOFS, Cover, LandCover
from .lattice import CELL_M, MARGIN
from .random_fields import random_field, smooth_field

SAR_BANDS = sar.BANDS

# Flags of QA_PIXEL ("clear" means neither cloud nor dilated cloud), and the bits that turn its
# confidences from low, 01, to high, 11.
QA = {name: 1 << bit for name, bit in (landsat.QA_PIXEL_BITS | {"clear": 6, "water": 7}).items()}
QA_CLOUD_HIGH, QA_SHADOW_HIGH = 0b10 << 8, 0b10 << 10


@dataclass(frozen=True)
class Surface:
    """The reflectance and backscatter of a land cover.

    Each patch (building, field) has a colour between the two reflectances (red, green, blue).
    Backscatter is independent of the colour, except for `coupling`.
    """

    first: tuple[float, float, float]
    second: tuple[float, float, float]
    vv: float  # mean, dB
    vh: float
    patch_db: float  # standard deviation from patch to patch
    cell_db: float  # standard deviation from cell to cell in a patch
    texture: float  # standard deviation of the log reflectance from cell to cell
    coupling: float = 0.0  # dB, change of VH from the first colour to the second


# Declared choices, in the range of published values (visible surface reflectance; C-band at
# incidence angles of 30 to 45 degrees); none is a measurement of one place.
SURFACES = {
    Cover.WATER: Surface((.030, .045, .040), (.085, .085, .060), -18.5, -27.0, 0.5, 0.5, 0.03),
    Cover.ROAD: Surface((.085, .083, .078), (.150, .142, .128), -15.5, -22.5, 1.0, 1.5, 0.10),
    Cover.PAVED: Surface((.140, .132, .118), (.260, .242, .212), -12.5, -20.0, 1.5, 2.0, 0.12),
    Cover.ROOF_BRIGHT: Surface((.24, .23, .22), (.44, .43, .41), -6.0, -15.5, 2.0, 3.0, 0.06),
    Cover.ROOF_METAL: Surface((.20, .23, .27), (.36, .36, .36), -5.5, -15.5, 2.5, 3.5, 0.06),
    Cover.ROOF_TILE: Surface((.17, .105, .075), (.29, .165, .115), -6.5, -16.0, 2.0, 3.0, 0.10),
    Cover.ROOF_DARK: Surface((.065, .062, .060), (.125, .118, .110), -6.0, -15.5, 2.0, 3.0, 0.08),
    Cover.TREES: Surface((.025, .045, .022), (.050, .068, .034), -9.5, -15.0, 0.7, 1.0, 0.20),
    Cover.GRASS: Surface((.055, .085, .042), (.135, .125, .075), -13.0, -19.5, 1.0, 1.0, .10, -1.5),
    Cover.CROP: Surface((.032, .068, .030), (.190, .160, .100), -11.5, -17.5, 1.3, 0.8, 0.06, -3.0),
    Cover.SOIL: Surface((.150, .112, .078), (.300, .225, .155), -13.0, -21.5, 2.0, 1.0, 0.08),
}  # fmt: skip

# Buildings. Walls along the flight direction face the radar and cause a double bounce in VV; walls
# at an angle to it depolarise into VH. Tall walls return more. Declared choices.
FLIGHT_DIRECTION = np.deg2rad(102.0)  # of an ascending pass, from east to north
DOUBLE_BOUNCE_DB, ALIGNED_WITHIN = 5.0, np.deg2rad(15.0)
TURNED_WALL_DB = 1.5
HEIGHT_DB, LOW_BUILDING_M = 4.0, 7.0  # per tenfold height above that of a low building

# Optical sensor. Declared choices of the order of the OLI's requirements.
MTF_AT_NYQUIST = 0.35  # of optics and motion, at 30 m sampling, before the pixel's own average
NOISE = 0.002  # standard deviation, reflectance
SATURATION = 1.2  # reflectance at which a band saturates
FLAGGED_SHARE = 0.055  # of the scene, under cloud, shadow and the rim of clouds
HAZY_SHARE = 0.1  # of the scene, with high aerosol
CLOUD, SHADOW_DEPTH = 0.62, 0.6  # reflectance of thick cloud; share of light that it blocks

# SAR. Sentinel-1 IW GRD, high resolution: 4.4 looks, about 20 m resolution sampled at 10 m.
# The noise floor is lower than the -22 dB that the mission requires, as it is in orbit.
RESOLUTION_M = 20.0
NOISE_DB = -27.0

SENSOR = "simulated Landsat 9 OLI-2"
CRS_UTM = CRS.from_epsg(32648)
CORNER = (690_015.0, 1_200_015.0)  # left, top of the optical grid: 30 k + 15, as Landsat's
REACH = 4  # of a point-spread function, in its standard deviations


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
    colour = optical_colour(land, paint, seed, infrared)
    echo = backscatter(echo_rng, land, paint.blend)

    left, top = CORNER
    inner = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    metal = block_mean(land.is_any([Cover.ROOF_METAL])[inner], 6)
    water = block_mean((land.cover == Cover.WATER)[inner], 6)
    sensed = block_mean(blur(colour, psf_sigma_m(MTF_AT_NYQUIST, 30.0))[inner], 6)
    return City(
        optical=observe_optical(
            optical_rng, sensed, water > 0.5, metal, infrared=infrared, noise=beyond.sight(seed)
        ),
        optical_grid=optical_grid(size_px),
        sar=sar.mean_of_passes(
            observe_sar(rng, echo, looks) for rng in (sar_rng, *sar_rng.spawn(passes - 1))
        ),
        sar_grid=square_grid(left - MARGIN * CELL_M, top + MARGIN * CELL_M, 10, echo.shape[1] // 2),
        truth=block_mean(colour[inner], 2),
        truth_grid=square_grid(left, top, 10, 3 * size_px),
    )


def aerosol_bits(size_px: int, seed: int) -> np.ndarray:
    """Return SR_QA_AEROSOL (rows, columns; uint8) of the city of `simulate_city`.

    It has low, medium and high aerosol, which the scene itself does not show. As in Landsat's band,
    aerosol is retrieved in the middle of windows of 3 x 3 pixels and interpolated elsewhere.
    """
    rng = np.random.default_rng(seed).spawn(6)[-1]  # the city has the first five
    haze = smooth_field(rng, size_px, size_px / 16)
    level = 1 + (haze > np.quantile(haze, 0.6)) + (haze > np.quantile(haze, 1 - HAZY_SHARE))
    is_middle = np.arange(size_px) % 3 == 1
    retrieved = is_middle[:, None] & is_middle[None]
    return (level << 6 | np.where(retrieved, 1 << 1, 1 << 5)).astype(np.uint8)


def optical_grid(size_px: int) -> Grid:
    """Return the Grid of the optical scene."""
    return square_grid(*CORNER, 30, size_px)


def square_grid(left: float, top: float, pixel: float, size: int) -> Grid:
    """Return the Grid of size x size pixels of `pixel` metres from the corner left, top."""
    return Grid(CRS_UTM, Affine(pixel, 0, left, 0, -pixel, top), size, size)


def block_mean(array: np.ndarray, factor: int) -> np.ndarray:
    """Return the mean, float32, over blocks of factor x factor in the last two axes."""
    *lead, height, width = array.shape
    blocks = array.reshape(*lead, height // factor, factor, width // factor, factor)
    return blocks.mean(axis=(-3, -1), dtype=np.float64).astype(np.float32)


def blur(bands: np.ndarray, sigma_m: float) -> np.ndarray:
    """Return lattice bands convolved with a Gaussian of standard deviation sigma_m (metres)."""
    return np.stack([smooth(band, sigma_m / CELL_M, "nearest") for band in bands])


def smooth(band: np.ndarray, sigma: float, mode: str) -> np.ndarray:
    """Return a band (rows, columns) convolved with a Gaussian cut at REACH times `sigma` (pixels).

    mode: extension beyond the borders, as in SciPy. scipy.ndimage.gaussian_filter does the same
    with weights from NumPy's exp.
    """
    weights = gaussian_weights(sigma, int(REACH * sigma + 0.5))
    for axis in (0, 1):
        band = correlate1d(band, weights, axis, mode=mode)
    return band


def psf_sigma_m(mtf: float, pixel_m: float) -> float:
    """Return the standard deviation in metres of a Gaussian point-spread function.

    mtf: its modulation transfer at the Nyquist frequency of pixels of `pixel_m` metres.

    A Gaussian of deviation s has MTF(f) = exp(-2 pi^2 s^2 f^2); with f = 1 / (2 p) it follows
    that s = p / pi * sqrt(-2 ln MTF): 13.8 m for an MTF of 0.35 at 30 m.
    """
    return pixel_m / math.pi * math.sqrt(-2 * math.log(mtf))


def column(values: Callable[[Surface], float | tuple]) -> np.ndarray:
    """Return values(surface) of each cover, float32 (covers, ...), to be indexed by a cover map."""
    return np.array([values(SURFACES[cover]) for cover in Cover], dtype=np.float32)


@dataclass(frozen=True)
class Paint:
    """What determines the colours of cells, besides their cover.

    blend: (rows, columns), the position of a cell's colour between the two colours of its cover,
        from 0 to 1. hue: (3, patches), log reflectance of a patch in red, green and blue. grain:
        (rows, columns), a unit field that varies from cell to cell.
    """

    blend: np.ndarray
    hue: np.ndarray
    grain: np.ndarray


def reflectance(rng: np.random.Generator, land: LandCover) -> tuple[np.ndarray, np.ndarray]:
    """Return (surface reflectance (3, rows, columns), blend (rows, columns); see Paint)."""
    paint = mix_paint(rng, land)
    return colour_of(land, paint), paint.blend


def mix_paint(rng: np.random.Generator, land: LandCover) -> Paint:
    """Return the Paint of a land cover."""
    side = land.cover.shape[0]
    of_patch = rng.beta(1.2, 1.2, land.patch.max() + 1).astype(np.float32)
    hue = rng.normal(0, 0.04, (3, of_patch.size)).astype(np.float32)
    # Roads and water cross many patches: what varies in them is smooth.
    smooth = 0.5 + 0.2 * smooth_field(rng, side, 60)
    blend = np.where(is_shared(land), smooth, of_patch[land.patch] + 0.5 * (smooth - 0.5))
    return Paint(blend.clip(0, 1), hue, smooth_field(rng, side, 0.6))


def is_shared(land: LandCover) -> np.ndarray:
    """Return where the cover crosses many patches, bool (rows, columns)."""
    return land.is_any([Cover.WATER, Cover.ROAD])


def colour_of(land: LandCover, paint: Paint) -> np.ndarray:
    """Return the surface reflectance (3, rows, columns) of a land cover in its Paint."""
    ends = column(lambda s: s.first), column(lambda s: s.second)
    return painted(land, paint, *ends, paint.hue)


def optical_colour(land: LandCover, paint: Paint, seed: int, infrared: Sequence[str]) -> np.ndarray:
    """Return the reflectance (bands, rows, columns) of red, green, blue and `infrared` bands."""
    visible = colour_of(land, paint)
    if not infrared:
        return visible
    hue = beyond.hues(seed, paint.hue.shape[1])
    found = painted(land, paint, *beyond.ends(), hue)
    return np.concatenate([visible, found[[INFRARED.index(band) for band in infrared]]])


def painted(
    land: LandCover, paint: Paint, firsts: np.ndarray, seconds: np.ndarray, hue: np.ndarray
) -> np.ndarray:
    """Return the surface reflectance (bands, rows, columns) of a land cover.

    firsts, seconds: the two colours of each cover (covers, bands). hue: of each patch (bands,
    patches).
    """
    cover, blend, shared = land.cover, paint.blend, is_shared(land)
    texture = column(lambda s: s.texture)[cover] * paint.grain
    bands = []
    for number, of_band in enumerate(hue):
        first, second = firsts[:, number][cover], seconds[:, number][cover]
        hues = np.where(shared, 0, of_band[land.patch])
        bands.append((first + blend * (second - first)) * exp(texture + hues))
    return np.stack(bands)


def backscatter(rng: np.random.Generator, land: LandCover, blend: np.ndarray) -> np.ndarray:
    """Return the noise-free backscatter coefficient (2, rows, columns) in linear power, VV, VH."""
    cover, patches = land.cover, land.patch.max() + 1
    common, alone = rng.standard_normal((2, patches), dtype=np.float32)
    common, alone = common[land.patch], alone[land.patch]
    patch_db = column(lambda s: s.patch_db)[cover]
    cell_db = column(lambda s: s.cell_db)[cover]
    vv = column(lambda s: s.vv)[cover] + patch_db * common
    vh = column(lambda s: s.vh)[cover] + patch_db * (0.8 * common + 0.6 * alone)
    vh += column(lambda s: s.coupling)[cover] * (blend - 0.5)

    turned = (land.angle - FLIGHT_DIRECTION) % (np.pi / 2)
    turned = np.minimum(turned, np.pi / 2 - turned)  # 0: a wall faces the radar; 45 deg: none
    roof = land.is_any(ROOFS)
    tall = HEIGHT_DB * log10(np.maximum(land.height, LOW_BUILDING_M) / LOW_BUILDING_M)
    vv += roof * (DOUBLE_BOUNCE_DB * exp(-((turned / ALIGNED_WITHIN) ** 2)) + tall)
    vh += roof * (TURNED_WALL_DB * sin(2 * turned) ** 2 + 0.7 * tall)
    bands = [db + cell_db * rng.standard_normal(db.shape, dtype=np.float32) for db in (vv, vh)]
    return power_of_ten(np.stack(bands) / 10)


def observe_sar(rng: np.random.Generator, echo: np.ndarray, looks: float) -> np.ndarray:
    """Return Sentinel-1's image (2, rows, columns; float32) of the backscatter `echo`.

    echo: linear power on the lattice. Resolution, noise floor and speckle are added, and a
    slanted edge of nodata outside the optical grid.
    """
    sigma_m = RESOLUTION_M / math.sqrt(8 * math.log(2))  # of full width at half maximum
    power = block_mean(blur(echo, sigma_m), 2) + np.float32(10 ** (NOISE_DB / 10))
    power *= np.stack([speckle(rng, power.shape[1:], looks, sigma_m / 10) for _ in SAR_BANDS])
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


def observe_optical(
    rng: np.random.Generator,
    sensed: np.ndarray,
    water: np.ndarray,
    metal: np.ndarray,
    flagged_share: float = FLAGGED_SHARE,
    infrared: Sequence[str] = (),
    noise: np.random.Generator | None = None,
) -> np.ndarray:
    """Return Landsat's image (uint16) of the reflectance `sensed` at 30 m, with quality bits.

    sensed: (bands, rows, columns) of red, green, blue and the `infrared` bands; the generator
    `noise` draws the noise of the latter. water: bool, sets the water bit. metal: share of metal
    roof. A few metal roofs reflect the sun and saturate the sensor; this depends on angles, so it
    is not part of the truth. flagged_share: see make_clouds.
    """
    size = sensed.shape[1]
    rows, columns = np.indices((size, size))
    fill = columns < size / 10 - rows / 6  # the slanted edge of the swath cuts a corner
    thickness, shade = make_clouds(rng, fill, flagged_share)
    cloud, shadow = thickness > 0, shade > 0
    rim = binary_dilation(cloud, iterations=2) & ~cloud

    seen = sensed + glints(rng, np.where(fill | cloud | rim | shadow, -1, metal))
    seen = seen * (1 - SHADOW_DEPTH * shade)
    seen = seen + thickness * (CLOUD + 0.05 * smooth_field(rng, size, 2.0) - seen)
    seen = seen + sensor_noise(rng, size, infrared, noise)

    number = to_number(np.minimum(seen, SATURATION))
    radsat = sum(
        (values >= SATURATION) << landsat.QA_RADSAT_BITS[band]
        for band, values in zip((*BANDS, *infrared), seen, strict=True)
    )
    optical = np.stack([*number, quality(water, cloud, rim, shadow), radsat]).astype(np.uint16)
    optical[:, fill] = np.array([landsat.FILL] * len(sensed) + [QA["fill"], 0])[:, None]
    return optical


def sensor_noise(
    rng: np.random.Generator, size: int, infrared: Sequence[str], more: np.random.Generator | None
) -> np.ndarray:
    """Return the noise (bands, size, size) of red, green and blue by `rng`, then of the infrared.

    more: draws the noise of all infrared bands, so that each band has the same noise with and
    without the other.
    """
    visible = rng.normal(0, NOISE, (len(BANDS), size, size))
    if more is None or not infrared:
        return visible
    found = more.normal(0, NOISE, (beyond.BANDS, size, size))
    return np.concatenate([visible, found[[INFRARED.index(band) for band in infrared]]])


def to_number(seen: np.ndarray) -> np.ndarray:
    """Return Landsat digital numbers (uint16) of reflectance; 0 is reserved for fill."""
    number = np.round((seen - landsat.OFFSET) / landsat.SCALE)
    return np.clip(number, 1, 65535).astype(np.uint16)


def quality(
    water: np.ndarray, cloud: np.ndarray, rim: np.ndarray, shadow: np.ndarray
) -> np.ndarray:
    """Return QA_PIXEL of boolean masks, without fill.

    21824 is clear land, 21952 clear water, 22280 cloud, 23888 shadow, 21762 the rim of a cloud, as
    in real products.
    """
    value = np.full(water.shape, landsat.QA_ALL_LOW)
    value += QA["dilated_cloud"] * rim + QA["clear"] * ~rim + QA["water"] * water
    value += (QA["cloud_shadow"] + QA_SHADOW_HIGH) * shadow
    return np.where(cloud, landsat.QA_ALL_LOW + QA["cloud"] + QA_CLOUD_HIGH, value)


def glints(rng: np.random.Generator, metal: np.ndarray) -> np.ndarray:
    """Return reflectance to add: 1.1 to 1.5 at a few of the pixels with most metal roof, else 0."""
    count = 3 + metal.size // 10_000
    best = np.argsort(metal, axis=None, kind="stable")[-4 * count :]
    glint = np.zeros(metal.size)
    glint[rng.choice(best, count, replace=False)] = rng.uniform(1.1, 1.5, count)
    return glint.reshape(metal.shape)


def make_clouds(
    rng: np.random.Generator, fill: np.ndarray, flagged_share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the opacity of clouds and of their shadows, displaced by the sun (both 0 to 1).

    A fractal field (power spectrum f^-3) is cut at the level at which cloud, rim and shadow cover
    the share `flagged_share` of the scene.
    """
    size = fill.shape[0]
    with np.errstate(divide="ignore"):
        field = random_field(rng, 2 * size, lambda f: np.where(f > 0, 1 / (f * np.sqrt(f)), 0))
    drift = max(3, size // 14)  # pixels; the sun is in the south-east

    def clouds_above(level: float) -> tuple[np.ndarray, np.ndarray]:
        sky = np.clip((field - level) / 0.25, 0, 1)
        return sky[:size, :size], sky[drift : size + drift, drift : size + drift]

    low, high = 0.0, float(field.max())
    for _ in range(16):
        level = (low + high) / 2
        cloud, shade = clouds_above(level)
        flagged = binary_dilation(cloud > 0, iterations=2) | (shade > 0)
        low, high = (level, high) if flagged[~fill].mean() > flagged_share else (low, level)
    return clouds_above(high)
