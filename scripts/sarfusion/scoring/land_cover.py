"""What errors inside gaps mean for maps of built-up ground and of two spectral indices.

Built-up ground. A classifier (see `classifier`) is trained on measured pixels of training ground
outside gaps, and maps test ground inside gaps: from the measured bands, which is the best it can
do there, and from the bands as each method filled them. With M the pixels that are mapped as built
up and T those that truly are,

    iou = |M and T| / |M or T|        area = |M| / |T|

Indices of two bands a and b, (a - b) / (a + b), between -1 and 1, by INDICES. The error of an index
is that of the filled bands minus that of the measured ones; `index_rmse` and `index_bias` are its
root mean square and its mean. Reflectance below LEAST, an artefact of atmospheric correction,
counts as LEAST, so that every pixel has an index.

Values are means over seeds. Intervals are for other ground: test ground is resampled in blocks (see
`bootstrap`), while the networks stay the same.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..study.indices import INDICES
from .bootstrap import percentile_interval
from .classifier import Classifier
from .uncertainty import GapBlocks

BUILT_UP = "built_up"
MEASURED = "measured"  # the name, as a method, of the measured bands themselves
LEAST = 1e-4  # reflectance
MAP_METRICS, INDEX_METRICS, SHARE = ("iou", "area"), ("index_rmse", "index_bias"), "share"


class Score(NamedTuple):
    """A row of the table: a metric, its value, its interval (NaN if none), its number of pixels."""

    metric: str
    value: float
    low: float
    high: float
    n: int


def index(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (a - b) / (a + b) of reflectances a and b, which count as at least LEAST; float64."""
    a, b = (np.maximum(band.astype(np.float64), LEAST) for band in (first, second))
    return (a - b) / (a + b)


class MapTest:
    """The test of maps of built-up ground, on the pixels in gaps on test ground.

    known: bool (pixels,), whether the truth is known. built: bool (pixels,), the truth. blocks: of
    the known pixels, None if there are none.
    """

    name = BUILT_UP

    def __init__(
        self,
        classifier: Classifier,
        known: np.ndarray,
        built: np.ndarray,
        blocks: GapBlocks | None,
    ) -> None:
        self._classifier, self._known, self._blocks = classifier, known, blocks
        self._built = built[known]

    def of_measured(self, found: np.ndarray) -> list[Score]:
        """Return the scores of the measured bands, from their features (pixels, n).

        `share`, the share of built-up pixels, is the `iou` of a map that marks all pixels.
        """
        share = float(self._built.mean()) if self._built.size else np.nan
        last = Score(SHARE, share, np.nan, np.nan, self._built.size)
        return [*self.of_filled([found]), last]

    def of_filled(self, found: Sequence[np.ndarray]) -> list[Score]:
        """Return the scores of filled bands, by the features (pixels, n) of each seed."""
        maps = np.array([self._classifier.predict(each[self._known]) for each in found])
        return map_scores(maps, self._built, self._blocks)


class IndexTest:
    """The test of an index, on the pixels in gaps on test ground.

    bands: names, in the order of the features. measured: features (pixels, n) of the measured
    bands. blocks: of the pixels, None if there are none.
    """

    def __init__(
        self, name: str, bands: Sequence[str], measured: np.ndarray, blocks: GapBlocks | None
    ) -> None:
        self.name, self._blocks = name, blocks
        self._at = [bands.index(band) for band in INDICES[name]]  # features start with values
        self._truth = self._index(measured)

    def of_measured(self, found: np.ndarray) -> list[Score]:
        """Return no score, since the measured bands are the truth."""
        return []

    def of_filled(self, found: Sequence[np.ndarray]) -> list[Score]:
        """Return the scores of filled bands, by the features (pixels, n) of each seed."""
        return index_scores(
            np.array([self._index(each) for each in found]), self._truth, self._blocks
        )

    def _index(self, found):
        return index(*(found[:, at] for at in self._at))


def map_scores(maps: np.ndarray, truth: np.ndarray, blocks: GapBlocks | None) -> list[Score]:
    """Return `iou` and `area` of maps of built-up ground.

    maps: bool (seeds, pixels). truth: bool (pixels,). blocks: of these pixels, None if there are
    none. n is the number of pixels that truly are built up: one pixel moves a score by at most 1/n.
    """
    if blocks is None or not truth.any():
        return unknown(MAP_METRICS)
    both, mapped = blocks.sums(maps & truth), blocks.sums(maps)
    true = blocks.sums(truth[np.newaxis])
    n = int(truth.sum())
    return [
        _over_seeds("iou", both, mapped + true - both, n, blocks),
        _over_seeds("area", mapped, true, n, blocks),
    ]


def index_scores(found: np.ndarray, truth: np.ndarray, blocks: GapBlocks | None) -> list[Score]:
    """Return `index_rmse` and `index_bias` of an index.

    found: (seeds, pixels). truth: (pixels,). blocks: of these pixels, None if there are none.
    """
    if blocks is None:
        return unknown(INDEX_METRICS)
    error = found - truth
    squares, errors = blocks.sums(np.square(error)), blocks.sums(error)
    count = blocks.sums(np.ones((1, truth.size)))
    return [
        _over_seeds("index_rmse", squares, count, truth.size, blocks, np.sqrt),
        _over_seeds("index_bias", errors, count, truth.size, blocks),
    ]


def unknown(metrics: Sequence[str]) -> list[Score]:
    """Return undefined scores of these metrics, for ground without a pixel."""
    return [Score(metric, np.nan, np.nan, np.nan, 0) for metric in metrics]


def _over_seeds(
    metric: str,
    above: np.ndarray,
    below: np.ndarray,
    n: int,
    blocks: GapBlocks,
    of_ratio: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> Score:
    """Return the Score from ratios of sums (1 + draws, seeds) of the ground and its resamples."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = of_ratio(above / below).mean(axis=1)
    ends = percentile_interval(values[1:]) if blocks.enough else (np.nan, np.nan)
    return Score(metric, float(values[0]), *ends, n)
