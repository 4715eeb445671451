"""What Landsat sees of a simulated city: noise, clouds and shadows, saturation, quality bits."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import binary_dilation

from . import infrared as beyond
from . import landsat
from .bands import BANDS, INFRARED
from .random_fields import random_field, smooth_field

# Flags of QA_PIXEL ("clear" means neither cloud nor dilated cloud), and the bits that turn its
# confidences from low, 01, to high, 11.
QA = {name: 1 << bit for name, bit in (landsat.QA_PIXEL_BITS | {"clear": 6, "water": 7}).items()}
QA_CLOUD_HIGH, QA_SHADOW_HIGH = 0b10 << 8, 0b10 << 10

# Optical sensor. Declared choices of the order of the OLI's requirements.
MTF_AT_NYQUIST = 0.35  # of optics and motion, at 30 m sampling, before the pixel's own average
NOISE = 0.002  # standard deviation, reflectance
SATURATION = 1.2  # reflectance at which a band saturates
FLAGGED_SHARE = 0.055  # of the scene, under cloud, shadow and the rim of clouds
HAZY_SHARE = 0.1  # of the scene, with high aerosol
CLOUD, SHADOW_DEPTH = 0.62, 0.6  # reflectance of thick cloud; share of light that it blocks

SENSOR = "simulated Landsat 9 OLI-2"


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
