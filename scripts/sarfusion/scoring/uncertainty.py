"""How uncertain a model is about filled pixels, and whether its uncertainty is right.

The networks of all seeds together give one Gaussian, with the mean and variance v of
fusion.ensemble. The calibration factor of the standard deviation is fitted on validation ground:

    factor = max(1, (95 % quantile of |error| / sqrt(v)) / (95 % quantile of |standard normal|))

If it is above 1, it makes the 95 % interval right there, whatever the distribution of the errors.
The root mean square of |error| / sqrt(v), the maximum-likelihood factor of Gaussian errors, does so
only for Gaussian errors. The quantile is that of split conformal prediction with scaled residuals
(Lei et al. 2018, Distribution-free predictive inference for regression, JASA 113): intervals are
right on other ground whose errors are exchangeable with these. Test ground is made of other blocks
of the same scene, and validation ground also chose the weights that are kept, so this must be
tested and cannot be assumed.

Intervals are never narrowed. Validation ground is a few blocks. What changed little between two
dates there may have changed much elsewhere, so that a factor below 1 says more about these blocks
than about a network (docs/product.md has the outcome on cities that nothing else is judged on). No
factor is fitted to the 50 % and 80 % intervals; they test the Gaussian shape.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri  # scipy.stats has better names, but takes a second to load

from ..fusion.ensemble import ensemble
from .bootstrap import Blocks, percentile_interval
from .cells import cell_px
from .definitions import (
    CALIBRATED,
    CONFIDENCE,
    ENSEMBLE,
    LEVELS,
    REMOVED,
    SCALE,
    SEEDS_ALONE,
    TESTED_LEVELS,
)

METRICS = (
    *("rmse", "width_95", "crps", "ause"),
    *(f"coverage_{level}" for level in LEVELS),
    *(f"sparsified_{removed}" for removed in REMOVED),  # by the standard deviation
    *(f"oracle_{removed}" for removed in REMOVED),  # by the error itself
)


def standardised(error: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return |error| / std; 0 without error, and infinity for an error whose std is 0.

    error, std: (pixels,), reflectance.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error == 0, 0, np.abs(error) / std)


def calibration_factor(error: np.ndarray, std: np.ndarray) -> float:
    """Return the factor of the standard deviation, from pixels of validation ground; see above.

    error, std: (pixels,), reflectance. The factor is at least 1; NaN without pixels, or if the
    quantile is not finite.
    """
    if not error.size:
        return np.nan
    quantile = np.quantile(standardised(error, std), CONFIDENCE, method="higher")
    factor = float(quantile / half_width(100 * CONFIDENCE))
    return max(1.0, factor) if np.isfinite(factor) else np.nan


def half_width(level: float) -> float:
    """Return half the width of the central interval of `level` percent, in standard deviations."""
    return float(ndtri((1 + level / 100) / 2))


def coverage(error: np.ndarray, std: np.ndarray) -> dict[int, float]:
    """Return {level: share of the pixels whose error is in the interval} for LEVELS."""
    found = np.sort(standardised(error, std))
    limits = [half_width(level) for level in LEVELS]
    inside = np.searchsorted(found, limits, side="right")
    return dict(zip(LEVELS, (inside / max(found.size, 1)).tolist(), strict=True))


def crps(error: np.ndarray, std: np.ndarray) -> float:
    """Return the mean continuous ranked probability score of Gaussians, in reflectance.

    s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)) with z = error / s (Gneiting & Raftery 2007,
    Strictly proper scoring rules, JASA 102, section 4.2, with the sign reversed: lower is better).
    It is the absolute error where s is 0.
    """
    z = np.minimum(standardised(error, std), 1e3)  # beyond, it is |error| - s / sqrt(pi)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    score = std * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    far = np.abs(error) - std / np.sqrt(np.pi)
    return float(np.where(z < 1e3, score, far).mean())


def sparsification(error: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the RMSE without the pixels of largest `order`, for each percentage of REMOVED.

    error, order: (pixels,). Values are shares of the RMSE of all pixels, so that the first is 1
    (Ilg et al. 2018, Uncertainty estimates and multi-hypotheses networks for optical flow, ECCV).
    Ties are broken by the order of the pixels.
    """
    squares = np.square(error)[np.argsort(order, kind="stable")]
    total = np.cumsum(squares)
    kept = [error.size - error.size * removed // 100 for removed in REMOVED]
    with np.errstate(invalid="ignore"):
        left = np.sqrt([total[count - 1] / count for count in kept])
        return left / left[0]


def ause(curve: np.ndarray, oracle: np.ndarray) -> float:
    """Return the area between a sparsification curve and that of the errors themselves.

    It is computed by the trapezoidal rule over the share removed, 0 to 1; both curves end at 0. 0
    is best: the most uncertain pixels are then those with the largest errors.
    """
    gap = np.append(curve - oracle, 0.0)
    return float(np.trapezoid(gap, [*(removed / 100 for removed in REMOVED), 1.0]))


class GapBlocks:
    """Resamples of the pixels in gaps, by the moving blocks of scoring.bootstrap.

    rows, columns: of each pixel in the scene (pixels,), at least one. block_px, draws, seed: of
    the bootstrap.
    """

    def __init__(
        self, rows: np.ndarray, columns: np.ndarray, block_px: int, draws: int, seed: int
    ) -> None:
        rows, columns = ((axis - axis.min()) // cell_px(block_px) for axis in (rows, columns))
        self._shape = (int(rows.max()) + 1, int(columns.max()) + 1)
        self._cells = rows * self._shape[1] + columns
        counts = self._sums(np.ones(rows.shape))
        self._blocks = Blocks(counts, block_px, draws, seed)
        self._counts = self._blocks.sums(counts[np.newaxis])[:, 0]

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums over cells (rows, columns) of a value of each pixel."""
        sums = np.bincount(self._cells, weights=values, minlength=int(np.prod(self._shape)))
        return sums.reshape(self._shape)

    def share_interval(self, held: np.ndarray) -> tuple[float, float]:
        """Return the interval of the share of pixels that are True in `held` (pixels,).

        It is for other ground. The networks are not resampled, since an ensemble of fewer seeds is
        another ensemble. NaN twice if the ground is too small for an interval.
        """
        if not self._blocks.enough:
            return np.nan, np.nan
        sums = self.sums(held[np.newaxis])[:, 0]
        return percentile_interval(sums[1:] / self._counts[1:])

    @property
    def enough(self) -> bool:
        """Whether the ground is large enough for an interval."""
        return bool(self._blocks.enough)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums (1 + draws, terms) of values (terms, pixels), as `Blocks.sums`."""
        return self._blocks.sums(np.stack([self._sums(each) for each in values]))


class Score(NamedTuple):
    """A row of the table: a metric, its value, its interval (NaN if none), its number of pixels."""

    region: str
    uncertainty: str
    metric: str
    value: float
    low: float
    high: float
    n: int


def assess(
    means: np.ndarray,
    variances: np.ndarray | None,
    truth: np.ndarray,
    is_test: np.ndarray,
    blocks: GapBlocks | None,
) -> list[Score]:
    """Return the scores of a method in a band, and the factor fitted on validation ground.

    means, variances: (seeds, pixels) of filled pixels on validation and test ground, reflectance
    and its square; variances is None if the network learned none. truth: reflectance (pixels,).
    is_test: (pixels,), whether on test ground. blocks: of the pixels there, None if there are none.
    """
    mean, variance = ensemble(means, variances)
    error, std = mean - truth, np.sqrt(variance)
    fitted = error[~is_test]
    factor = calibration_factor(fitted, std[~is_test])
    stds = {SEEDS_ALONE: np.std(means, axis=0)} if len(means) > 1 else {}
    stds |= {ENSEMBLE: std} if variances is not None else {}
    stds |= {CALIBRATED: factor * std}
    found = [
        Score("gap", kind, *score)
        for kind, of_kind in stds.items()
        for score in _scores(error[is_test], of_kind[is_test], blocks)
    ]
    return [*found, Score("validation", CALIBRATED, SCALE, factor, np.nan, np.nan, fitted.size)]


def _scores(error, std, blocks):
    """Yield (metric, value, low, high, n) for METRICS; all NaN without pixels or factor."""
    if not np.isfinite(std).all():  # validation ground has no gap to fit a factor on
        blocks = None
    values = _values(error, std) if blocks else dict.fromkeys(METRICS, np.nan)
    ratio = standardised(error, std)
    tested = {f"coverage_{level}": half_width(level) for level in TESTED_LEVELS}
    for name, value in values.items():
        ends = (np.nan, np.nan)
        if blocks and name in tested:
            ends = blocks.share_interval(ratio <= tested[name])
        yield name, value, *ends, error.size


def _values(error, std):
    """Return {metric: value} for METRICS."""
    curve, oracle = (sparsification(error, order) for order in (std, np.abs(error)))
    found = [
        float(np.sqrt(np.mean(np.square(error)))),
        2 * half_width(100 * CONFIDENCE) * float(std.mean()),
        crps(error, std),
        ause(curve, oracle),
        *coverage(error, std).values(),
        *curve.tolist(),
        *oracle.tolist(),
    ]
    return dict(zip(METRICS, found, strict=True))
