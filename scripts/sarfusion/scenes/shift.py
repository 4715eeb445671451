"""The shift between SAR and optical, estimated by mutual information."""

from typing import TypedDict

import numpy as np
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter

SEARCH_PX = 6
SMOOTHING_PX = 1.0  # sigma; reduces the speckle that hides the common structure
MAX_WINDOW_PX = 1024  # side; enough for the estimate, a whole scene would only take longer
BINS = 32


class Shift(TypedDict):
    """Shift of the SAR image in pixels, positive down and right; all None if not measurable."""

    rows: float | None
    columns: float | None
    distance: float | None


def central_window(shape: tuple[int, int]) -> Window:
    """Return the central Window, at most MAX_WINDOW_PX a side, of a scene (rows, columns)."""
    height, width = (min(size, MAX_WINDOW_PX) for size in shape)
    return Window((shape[1] - width) // 2, (shape[0] - height) // 2, width, height)


def estimate_shift(optical: np.ndarray, sar_db: np.ndarray) -> Shift:
    """Return the shift of the SAR image against the optical one.

    optical, sar_db: (rows, columns) on one grid, NaN where not valid; of a large scene, its
    `central_window`. The shift maximises the normalised mutual information (Studholme, Hill &
    Hawkes 1999, Pattern Recognition 32) over whole-pixel shifts, refined by a parabola through the
    maximum and its neighbours. All values are None if the maximum lies on the edge of the search
    (no common structure, or a shift beyond SEARCH_PX) or too few pixels are valid.
    """
    nothing: Shift = {"rows": None, "columns": None, "distance": None}
    if min(optical.shape) < 4 * SEARCH_PX:
        return nothing
    levels_sar = _levels(_smooth(sar_db))
    levels_optical = _levels(optical)
    span = range(-SEARCH_PX, SEARCH_PX + 1)
    score = np.array(
        [[_mutual_information(levels_optical, levels_sar, dr, dc) for dc in span] for dr in span]
    )
    if not np.isfinite(score).all():
        return nothing
    row, column = np.unravel_index(score.argmax(), score.shape)
    if not (0 < row < 2 * SEARCH_PX and 0 < column < 2 * SEARCH_PX):
        return nothing
    rows = row - SEARCH_PX + _vertex(score[row - 1 : row + 2, column])
    columns = column - SEARCH_PX + _vertex(score[row, column - 1 : column + 2])
    return {
        "rows": float(rows),
        "columns": float(columns),
        "distance": float(np.hypot(rows, columns)),
    }


def _smooth(image: np.ndarray) -> np.ndarray:
    """Return the Gaussian mean of the valid pixels around each valid pixel."""
    valid = np.isfinite(image)
    weight = gaussian_filter(valid.astype(np.float64), SMOOTHING_PX)
    total = gaussian_filter(np.where(valid, image, 0.0), SMOOTHING_PX)
    with np.errstate(invalid="ignore"):
        return np.where(valid, total / weight, np.nan)


def _levels(image: np.ndarray) -> np.ndarray:
    """Return the quantile bin (0 to BINS - 1) of each pixel, -1 where not valid."""
    valid = np.isfinite(image)
    levels = np.full(image.shape, -1)
    if valid.any():
        edges = np.quantile(image[valid], np.linspace(0, 1, BINS + 1)[1:-1])
        levels[valid] = np.searchsorted(edges, image[valid], side="right")
    return levels


def _mutual_information(optical: np.ndarray, sar: np.ndarray, rows: int, columns: int) -> float:
    """Return the normalised mutual information of `optical` and `sar` moved back by the shift.

    It is (H(optical) + H(SAR)) / H(optical, SAR) with the entropies H of the quantile bins; NaN
    if too few pixels are valid.
    """
    height, width = optical.shape
    inner = slice(SEARCH_PX, height - SEARCH_PX), slice(SEARCH_PX, width - SEARCH_PX)
    moved = (
        slice(SEARCH_PX + rows, height - SEARCH_PX + rows),
        slice(SEARCH_PX + columns, width - SEARCH_PX + columns),
    )
    a, b = optical[inner], sar[moved]
    valid = (a >= 0) & (b >= 0)
    if valid.sum() < BINS**2:
        return np.nan
    joint = np.bincount(a[valid] * BINS + b[valid], minlength=BINS**2).reshape(BINS, BINS)
    both = _entropy(joint)
    return (_entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1))) / both if both else np.nan


def _entropy(histogram: np.ndarray) -> float:
    """Return the Shannon entropy of a histogram in nats."""
    share = histogram[histogram > 0] / histogram.sum()
    return -(share * np.log(share)).sum()


def _vertex(three: np.ndarray) -> float:
    """Return the position of the vertex of the parabola through three values at -1, 0, 1."""
    left, middle, right = three
    curvature = left - 2 * middle + right
    return 0.0 if curvature == 0 else 0.5 * (left - right) / curvature
