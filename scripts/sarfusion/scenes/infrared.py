"""The simulated city in the near and the shortwave infrared (OLI B5 and B6).

Its random numbers are drawn separately from those of the visible bands, so that red, green and
blue, SAR and clouds of a city are the same with and without the infrared.
"""

import numpy as np

from .bands import INFRARED
from .landcover import Cover

# Reflectance (near, shortwave infrared) of the first and the second colour of a cover, which
# surfaces.SURFACES has in the visible. Declared choices, in the range of published values: plants
# are bright in the near infrared, dry ones and bare ground in the shortwave, water is dark in both.
COLOURS = {
    Cover.WATER: ((.015, .008), (.050, .020)),
    Cover.ROAD: ((.110, .125), (.180, .205)),
    Cover.PAVED: ((.180, .195), (.290, .310)),
    Cover.ROOF_BRIGHT: ((.27, .26), (.47, .45)),
    Cover.ROOF_METAL: ((.28, .26), (.37, .34)),
    Cover.ROOF_TILE: ((.24, .29), (.36, .41)),
    Cover.ROOF_DARK: ((.075, .090), (.145, .170)),
    Cover.TREES: ((.28, .110), (.40, .170)),
    Cover.GRASS: ((.34, .190), (.26, .300)),
    Cover.CROP: ((.42, .180), (.26, .330)),
    Cover.SOIL: ((.210, .270), (.370, .440)),
}  # fmt: skip
HUE = 0.04  # standard deviation of the log reflectance of a patch in a band
HUES, SIGHT = 7, 8  # streams of random numbers, after those of simulated_dates
BANDS = len(INFRARED)


def ends() -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the second colour of each cover, float32 (covers, bands)."""
    both = np.array([COLOURS[cover] for cover in Cover], dtype=np.float32)
    return both[:, 0], both[:, 1]


def hues(seed: int, patches: int) -> np.ndarray:
    """Return the log reflectance of each patch of a city, float32 (bands, patches)."""
    rng = np.random.default_rng([HUES, seed])
    return rng.normal(0, HUE, (BANDS, patches)).astype(np.float32)


def sight(seed: int, *day: int) -> np.random.Generator:
    """Return the generator of noise and light in the infrared, for the scene or another day."""
    return np.random.default_rng([SIGHT, seed, *day])
