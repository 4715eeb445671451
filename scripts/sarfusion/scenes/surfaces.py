"""The surfaces of a simulated city: reflectance and backscatter of covers, colours of patches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import infrared as beyond
from .bands import INFRARED
from .elementary import exp
from .landcover import Cover, LandCover
from .lattice import by_strips
from .random_fields import smooth_field


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


def column(values: Callable[[Surface], float | tuple]) -> np.ndarray:
    """Return values(surface) of each cover, float32 (covers, ...), to be indexed by a cover map."""
    return np.array([values(SURFACES[cover]) for cover in Cover], dtype=np.float32)


# Whether a cover crosses many patches. What varies in it is smooth.
SHARED = np.array([cover in (Cover.WATER, Cover.ROAD) for cover in Cover])


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


def mix_paint(rng: np.random.Generator, land: LandCover) -> Paint:
    """Return the Paint of a land cover."""
    side = land.cover.shape[0]
    of_patch = rng.beta(1.2, 1.2, land.patch.max() + 1).astype(np.float32)
    hue = rng.normal(0, 0.04, (3, of_patch.size)).astype(np.float32)

    def blend(cover: np.ndarray, patch: np.ndarray, field: np.ndarray) -> np.ndarray:
        smooth = 0.5 + 0.2 * field
        alone = of_patch[patch] + 0.5 * (smooth - 0.5)
        return np.where(SHARED[cover], smooth, alone).clip(0, 1)

    blended = by_strips(blend, land.cover, land.patch, smooth_field(rng, side, 60))
    return Paint(blended, hue, smooth_field(rng, side, 0.6))


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
    texture_of, spans = column(lambda s: s.texture), seconds - firsts

    def colour(
        cover: np.ndarray, patch: np.ndarray, blend: np.ndarray, grain: np.ndarray
    ) -> np.ndarray:
        cover, patch = cover.astype(np.intp), patch.astype(np.intp)  # once for all look-ups
        texture, shared = texture_of[cover] * grain, SHARED[cover]
        bands = []
        for first, span, of_band in zip(firsts.T, spans.T, hue, strict=True):
            hues = np.where(shared, 0, of_band[patch])
            bands.append((first[cover] + blend * span[cover]) * exp(texture + hues))
        return np.stack(bands)

    return by_strips(colour, land.cover, land.patch, paint.blend, paint.grain)
