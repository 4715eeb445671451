"""Filling gaps from similar pixels of the neighbourhood and from another date."""

import numpy as np
from scipy.spatial import cKDTree

from .dates import Dates

CLASSES = 4  # of land cover, approximately: m of the threshold of similarity
SIMILAR = 20  # pixels from which a prediction is made
CANDIDATES = 400  # nearest common pixels among which similar ones are searched
MIN_DIFFERENCE = 1e-4  # reflectance; a smaller one is rounding, and must not be a divisor
CHUNK_PX = 2_000  # pixels at a time, which bounds the memory


def nspi(optical: np.ndarray, gap: np.ndarray, dates: Dates, train: np.ndarray) -> np.ndarray:
    """Fill with the neighbourhood similar pixel interpolator, from the nearest clear date.

    Chen et al. 2011, Remote Sensing of Environment 115, 1053-1064, section 2. Pixel i, clear on
    both dates, is similar to the pixel x of the gap if, on the other date, its
    RMSD_i = sqrt(mean over bands of (L(i) - L(x))^2) is at most the mean over bands of 2 sigma / m;
    sigma is the standard deviation of a band of the date, m = CLASSES. For the nearest SIMILAR
    ones, with distances D_i in pixels and weights W_i of sum 1 in proportion to 1 / (RMSD_i D_i):

        L_1 = sum W_i L(i, scene)                               from the neighbourhood
        L_2 = L(x, date) + sum W_i (L(i, scene) - L(i, date))   from the date
        L = (L_1 / R_1 + L_2 / R_2) / (1 / R_1 + 1 / R_2)

    R_1 is the mean of RMSD_i, which shows how varied the neighbourhood is, and R_2 is the mean of
    the root mean square difference between the two dates at i. As in Zhu et al. 2012, IEEE
    Geoscience and Remote Sensing Letters 9, 521-525, who fill clouds, the nearest similar pixels
    are taken however far away the rim of the gap is, here from the CANDIDATES nearest pixels. If
    none of these is similar, those with the least RMSD are taken.
    """
    known = ~gap & np.isfinite(optical).all(axis=0)
    places = np.argwhere(gap)
    found = np.full((len(optical), len(places)), np.nan)
    usable = (known & dates.clear).any(axis=(1, 2))
    day = dates.nearest(dates.bands[..., gap], usable, with_day=True)[1]
    for number in np.flatnonzero(usable):
        image, common = dates.bands[number], known & dates.clear[number]
        pixels = np.flatnonzero(day == dates.days[number])
        scene, other = optical[:, common].T, image[:, common].T
        tree = cKDTree(np.argwhere(common))
        spread = image[:, dates.clear[number]].std(axis=1, dtype=np.float64)
        threshold = (2 * spread / CLASSES).mean()
        for start in range(0, len(pixels), CHUNK_PX):
            chunk = pixels[start : start + CHUNK_PX]
            distance, index = tree.query(places[chunk], np.arange(min(CANDIDATES, len(other))) + 1)
            at = image[(slice(None), *places[chunk].T)].T
            found[:, chunk] = _predict(at, scene, other, distance, index, threshold).T
    return found


def _predict(
    at: np.ndarray,
    scene: np.ndarray,
    other: np.ndarray,
    distance: np.ndarray,
    index: np.ndarray,
    threshold: float,
) -> np.ndarray:
    """Return L (pixels, bands) of pixels whose reflectance on the other date is `at`.

    scene, other: (common pixels, bands) on the two dates. distance, index: (pixels, candidates) of
    the candidates among these, nearest first.
    """
    unlike = _root_mean_square(other[index] - at[:, None])
    # Similar ones by distance, then the others by RMSD.
    rank = np.where(unlike <= threshold, distance, distance.max() + 1 + unlike)
    # Many are equally far. A stable sort takes the same of these on every processor.
    chosen = np.argsort(rank, axis=1, kind="stable")[:, :SIMILAR]
    unlike, distance, index = (
        np.take_along_axis(each, chosen, axis=1) for each in (unlike, distance, index)
    )
    similar = unlike <= threshold
    used = similar | ~similar.any(axis=1, keepdims=True)

    unlike = np.maximum(unlike, MIN_DIFFERENCE)
    weight = used / (unlike * distance)
    weight /= weight.sum(axis=1, keepdims=True)
    change = scene[index] - other[index]
    from_neighbours = (weight[..., None] * scene[index]).sum(axis=1)
    from_date = at + (weight[..., None] * change).sum(axis=1)
    count = used.sum(axis=1)
    variety = (used * unlike).sum(axis=1) / count
    changed = (used * _root_mean_square(change)).sum(axis=1) / count
    share = 1 / variety / (1 / variety + 1 / np.maximum(changed, MIN_DIFFERENCE))
    return share[:, None] * from_neighbours + (1 - share[:, None]) * from_date


def _root_mean_square(difference: np.ndarray) -> np.ndarray:
    """Return the root of the mean square over the last axis, the bands."""
    return np.sqrt((difference.astype(np.float64) ** 2).mean(axis=-1))
