"""The shift between SAR and optical: estimated by mutual information, and corrected."""

from collections.abc import Callable, Sequence
from typing import TypedDict

import numpy as np
from rasterio.transform import Affine
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter

from ..core.grid import Grid

SEARCH_PX = 6
SMOOTHING_PX = 1.0  # sigma; reduces the speckle that hides the common structure
MAX_WINDOW_PX = 1024  # side; enough for the estimate, a whole scene would only take longer
BINS = 32
# A scene is cut into frames, whose shifts must agree before the shift is corrected.
MIN_FRAME_PX, MAX_FRAME_PX = 96, 384  # side; smaller ones show too little, larger ones take long
MAX_FRAMES = 3  # along a side
MIN_MEASURED = 3  # frames
AGREEMENT_PX = 0.5  # of each frame with the median, in rows and in columns
CORRECTED_PX = 0.5  # larger shifts are corrected
ROUNDS = 3  # of estimating the rest of a shift


class Shift(TypedDict):
    """Shift of the SAR image in pixels, positive down and right; all None if not measurable."""

    rows: float | None
    columns: float | None
    distance: float | None


def central_window(shape: tuple[int, int]) -> Window:
    """Return the central Window, at most MAX_WINDOW_PX a side, of a scene (rows, columns)."""
    height, width = (min(size, MAX_WINDOW_PX) for size in shape)
    return Window((shape[1] - width) // 2, (shape[0] - height) // 2, width, height)


def frames(shape: tuple[int, int]) -> list[Window]:
    """Return Windows of equal size, up to MAX_FRAMES a side, spread evenly over a scene."""
    counts = [min(MAX_FRAMES, max(1, size // MIN_FRAME_PX)) for size in shape]
    found = []
    for row in range(counts[0]):
        for column in range(counts[1]):
            spans = []
            for place, count, size in zip((row, column), counts, shape, strict=True):
                side = min(size // count, MAX_FRAME_PX)
                spans.append((int((place + 0.5) * size / count - side / 2), side))
            (top, height), (left, width) = spans
            found.append(Window(left, top, width, height))
    return found


def agreed(shifts: Sequence[Shift]) -> Shift | None:
    """Return the median of the shifts of frames, None unless these agree.

    They agree if at least MIN_MEASURED and two thirds of them are measured, and each of these is
    within AGREEMENT_PX of the median.
    """
    found = np.array([_pair(each) for each in shifts if each["distance"] is not None])
    if len(found) < max(MIN_MEASURED, 2 / 3 * len(shifts)):
        return None
    median = np.median(found, axis=0)
    return _shift(*median) if np.abs(found - median).max() <= AGREEMENT_PX else None


def refined(start: Shift, left_of: Callable[[Shift], Shift]) -> Shift | None:
    """Return a shift accurate to a few hundredths of a pixel, None if it cannot be measured.

    left_of: returns the shift that is left after a shift is corrected. A parabola through whole
    pixels is off by up to 0.2 px between them, and exact at 0, so the shift that is left is
    estimated again.
    """
    total = start
    for _ in range(ROUNDS):
        left = left_of(total)
        sums = np.add(_pair(total), _pair(left))
        if not np.isfinite(sums).all():
            return None
        total = _shift(*sums)
    return total


def taken_back(sar: Grid, optical: Grid, shift: Shift) -> Grid:
    """Return the grid of a SAR scene after its shift against an optical one is corrected.

    The pixels stay unchanged, so that they are resampled only once, when they are averaged from the
    new grid onto the optical one.
    shift: in pixels of the optical grid.
    """
    middle = np.array([optical.width, optical.height]) / 2
    moved = middle + _pair(shift)[::-1]
    (left, right), (top, bottom) = sar.positions(optical, *np.transpose([middle, moved]))
    transform = sar.transform @ Affine.translation(left - right, top - bottom)
    return Grid(sar.crs, transform, sar.height, sar.width)


def estimate_shift(optical: np.ndarray, sar_db: np.ndarray) -> Shift:
    """Return the shift of the SAR image against the optical one.

    optical, sar_db: (rows, columns) on one grid, NaN where not valid; of a large scene, its
    `central_window`. The shift maximises the normalised mutual information (Studholme, Hill &
    Hawkes 1999, Pattern Recognition 32) over whole-pixel shifts, refined by a parabola through the
    maximum and its neighbours. All values are None if the maximum is on the edge of the search
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
    return _shift(
        row - SEARCH_PX + _vertex(score[row - 1 : row + 2, column]),
        column - SEARCH_PX + _vertex(score[row, column - 1 : column + 2]),
    )


def shift_where_seen(optical: np.ndarray, sar_db: np.ndarray) -> Shift:
    """Return estimate_shift in the middle of the part of a scene that SAR shows.

    optical, sar_db: (rows, columns) on one grid, NaN where not valid. A part that is smaller than
    MIN_FRAME_PX is not measured.
    """
    rows, columns = (np.flatnonzero(np.isfinite(sar_db).any(axis=axis)) for axis in (1, 0))
    if min(rows.size, columns.size) < MIN_FRAME_PX:
        return {"rows": None, "columns": None, "distance": None}
    top, left = rows[0], columns[0]
    window = central_window((rows[-1] - top + 1, columns[-1] - left + 1))
    part = Window(window.col_off + left, window.row_off + top, window.width, window.height)
    return estimate_shift(optical[part.toslices()], sar_db[part.toslices()])


def _shift(rows: float, columns: float) -> Shift:
    """Return a Shift of so many rows and columns."""
    distance = float(np.hypot(rows, columns))
    return {"rows": float(rows), "columns": float(columns), "distance": distance}


def _pair(shift: Shift) -> np.ndarray:
    """Return (rows, columns) of a Shift, NaN where it could not be measured."""
    return np.array([shift["rows"], shift["columns"]], float)


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
