"""The simulated city on other days: what changes on the ground, in the light and in the sky.

On the ground, crops and other plants follow the season, and each field has its own calendar; some
buildings of the scene were building sites before; open ground is cleared for new ones; the water
rises and falls. Each date has its own illumination, haze and clouds. All of this follows from the
seed and the day, so that a date is the same whichever other dates are made. On the day of the
scene, nothing on the ground is changed.

What simulate.py says about instruction sets applies here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .bands import INFRARED
from .city_land import city_land
from .elementary import sin
from .infrared import sight
from .landcover import ROOFS, Cover, LandCover
from .lattice import INNER, block_mean, by_strips, within
from .point_spread import blur, psf_sigma_m
from .random_fields import smooth_field
from .simulated_optical import MTF_AT_NYQUIST, observe_optical
from .surfaces import Paint, mix_paint, optical_colour

YEAR = 365.2425  # days
MAX_DAYS = 10_000  # from the scene, either way

# Declared choices, in the order of what real places show; none is a measurement of one place.
SWING = {Cover.CROP: 1.0, Cover.GRASS: 0.5, Cover.TREES: 0.3, Cover.SOIL: 0.2}  # of the blend
CALENDAR_YEARS = 0.08  # standard deviation of the calendars of fields
BUILDING_SHARE = 0.08  # of buildings, and of open ground, that change within WORK_DAYS
WORK_DAYS = 200
OPEN = {Cover.GRASS: Cover.SOIL, Cover.SOIL: Cover.PAVED}  # what open ground becomes
TIDE_M, FLOOD_M = 10.0, 3.0  # shift of the shore from low to high water; a date's own deviation
FLOODED = (Cover.GRASS, Cover.TREES, Cover.SOIL, Cover.CROP)
LIGHT, TINT = 0.05, 0.015  # standard deviations of the gain of a date, and of what a band adds
HAZE = 0.012  # reflectance; typical brightness of haze in blue
HAZE_BANDS = (0.6, 0.8, 1.0)  # its share in red, green and blue
HAZE_INFRARED = {"nir": 0.35, "swir16": 0.1}
FLAGGED = (0.1, 0.4)  # least and largest share of a date under clouds and their shadows
PLACE, SKY = 5, 6  # streams of random numbers, after the five of simulate_city


@dataclass(frozen=True)
class CityDate:
    """The city on another day; arrays are (bands, rows, columns) on the grid of the scene."""

    optical: np.ndarray  # uint16, optical bands and quality bits, 0 = fill
    truth: np.ndarray  # float32, of the optical bands: mean surface reflectance of a pixel


@dataclass(frozen=True)
class Calendar:
    """The times of changes on the ground, for each patch (patches,), and of the water.

    phase: of the season, in years. work: day on which its building is finished or its open ground
    cleared, NaN if neither happens. tide: phase of the water, in years.
    """

    phase: np.ndarray
    work: np.ndarray
    tide: float


def simulate_date(
    size_px: int,
    seed: int,
    day: int,
    infrared: Sequence[str] = (),
    land: LandCover | None = None,
) -> CityDate:
    """Return the city of `size_px`, `seed`, `infrared` and `land` (see simulate_city) on a day."""
    land = land or city_land(size_px, seed)
    _, colour_rng = np.random.default_rng(seed).spawn(2)
    paint = mix_paint(colour_rng, land)
    calendar = make_calendar(np.random.default_rng([PLACE, seed]), land.patch.max() + 1)
    rng = np.random.default_rng([SKY, seed, day + MAX_DAYS])
    rise_m = FLOOD_M * rng.normal() + TIDE_M * float(since_scene(day, calendar.tide))
    then = flooded(built(land, calendar, day), rise_m)
    colour = optical_colour(then, grown(then, paint, calendar, day), seed, infrared)
    sensed = block_mean(blur(colour, psf_sigma_m(MTF_AT_NYQUIST, 30.0))[INNER], 6)
    metal = block_mean((then.cover == Cover.ROOF_METAL)[INNER], 6)
    is_water = block_mean((then.cover == Cover.WATER)[INNER], 6) > 0.5
    noise = sight(seed, day + MAX_DAYS)
    seen, flagged_share = lit(rng, sensed, infrared, noise), rng.uniform(*FLAGGED)
    return CityDate(
        optical=observe_optical(rng, seen, is_water, metal, flagged_share, infrared, noise),
        truth=block_mean(colour[INNER], 6),
    )


def make_calendar(rng: np.random.Generator, patches: int) -> Calendar:
    """Return the Calendar of a city with `patches` patches."""
    work = rng.uniform(-WORK_DAYS, WORK_DAYS, patches)
    work[rng.random(patches) > BUILDING_SHARE] = np.nan
    phase = rng.uniform() + CALENDAR_YEARS * rng.normal(size=patches)
    return Calendar(phase.astype(np.float32), work, tide=rng.uniform())


def since_scene(day: int, phase: np.ndarray | float) -> np.ndarray:
    """Return the change of the season, a sine from 0 to 1 over the year, since the scene's date."""
    turns = 2 * np.pi * np.asarray(phase, np.float64)
    return 0.5 * (sin(turns + 2 * np.pi * day / YEAR) - sin(turns))


def built(land: LandCover, calendar: Calendar, day: int) -> LandCover:
    """Return the land cover with the buildings and the cleared ground of a day."""
    work = calendar.work
    is_site, is_cleared = (work <= 0) & (day < work), (work > 0) & (day >= work)
    cover = land.cover.copy()
    cover[land.is_any(ROOFS) & is_site[land.patch]] = Cover.SOIL
    cleared = is_cleared[land.patch]
    for before, after in OPEN.items():
        cover[(land.cover == before) & cleared] = after
    return replace(land, cover=cover)


def flooded(land: LandCover, rise_m: float) -> LandCover:
    """Return the land cover after the shore moved by `rise_m` metres towards the land.

    Ground that falls dry is bare. Roads and buildings stay.
    """
    cover, water = land.cover.copy(), land.cover == Cover.WATER
    if rise_m > 0:
        cover[land.is_any(FLOODED) & within(water, rise_m)] = Cover.WATER
    else:
        cover[water & within(~water, -rise_m)] = Cover.SOIL
    return replace(land, cover=cover)


def grown(land: LandCover, paint: Paint, calendar: Calendar, day: int) -> Paint:
    """Return the Paint after the plants changed their colour with the season."""
    swing = np.array([SWING.get(cover, 0.0) for cover in Cover], np.float32)
    change = since_scene(day, calendar.phase).astype(np.float32)

    def blend(before: np.ndarray, cover: np.ndarray, patch: np.ndarray) -> np.ndarray:
        return (before + swing[cover] * change[patch]).clip(0, 1)

    return replace(paint, blend=by_strips(blend, paint.blend, land.cover, land.patch))


def lit(
    rng: np.random.Generator,
    sensed: np.ndarray,
    infrared: Sequence[str] = (),
    more: np.random.Generator | None = None,
) -> np.ndarray:
    """Return reflectance (bands, rows, columns) after an imperfect correction of the light.

    A date has its own gain, slightly different from band to band, and haze, which is brightest in
    blue and uneven over the scene. sensed: reflectance of red, green, blue and the `infrared`
    bands; the generator `more` draws the differences in gain of the latter.
    """
    light = 1 + LIGHT * rng.normal()
    gain = light + TINT * rng.normal(size=3)
    haze = HAZE * abs(rng.normal())
    size = sensed.shape[1]
    uneven = (1 + 0.5 * smooth_field(rng, size, size / 6)).clip(0)
    shares = [*HAZE_BANDS, *(HAZE_INFRARED[band] for band in infrared)]
    bands = np.array(shares)[:, None, None]
    if more is not None and infrared:
        tint = dict(zip(INFRARED, TINT * more.normal(size=2), strict=True))
        gain = np.append(gain, [light + tint[band] for band in infrared])
    return (gain[:, None, None] * sensed + haze * bands * uneven).astype(np.float32)
