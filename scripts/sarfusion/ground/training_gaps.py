"""Gaps for training: views of a scene under random masks, which are filled before training starts.

A view is a square window of the scene under one mask. A network that learns the difference to a
start surface (fusion/start.py) needs that surface for each patch. The surface is therefore made
once per view, and patches are cut from the views.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..core.files import atomic
from .gaps import GapBank, simulate_gaps
from .pyramid import anomaly

VIEW_PX = 512  # largest side of a view; bounds the system that is solved for a start surface
VIEWS, MOST_VIEWS = 12, 48


class Views(NamedTuple):
    """Views of a scene: n squares of `side` pixels.

    places: int (n, 2), row and column of the top left pixel. gaps: bool (n, side, side), True where
    the bands are hidden. bands: their names. starts: float32 (n, bands, side, side), reflectance,
    with the start surface where hidden.
    """

    places: np.ndarray
    gaps: np.ndarray
    bands: tuple[str, ...]
    starts: np.ndarray

    def save(self, path: str | Path) -> None:
        """Write the views to an npz file, atomically; its bytes depend only on the views."""
        with atomic(path) as temporary, Path(temporary).open("wb") as file:
            # Compression would save a quarter of the file and double the time of the job.
            np.savez(file, **self._asdict())

    def anomalies(self, band: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the anomaly of a band (side, side) in each view.

        band: float32 (rows, columns) of the scene, of SAR or another date. See pyramid.anomaly.
        """
        side = self.gaps.shape[1]
        for (row, column), gap in zip(self.places, self.gaps, strict=True):
            yield anomaly(band[row : row + side, column : column + side], gap)

    @classmethod
    def load(cls, path: str | Path) -> "Views":
        """Return the views of such a file."""
        with np.load(path, allow_pickle=False) as arrays:
            views = cls(**{name: arrays[name] for name in cls._fields})
        return views._replace(bands=tuple(map(str, views.bands)))


def draw_masks(
    side: int, count: int, settings: Mapping[str, Any], generator: np.random.Generator
) -> np.ndarray:
    """Return simulated masks of many sizes and shares (count, side, side), bool.

    settings: the section `gaps` of a study. The size of the gaps is log-uniform in
    training_sizes_px, the share uniform in training_shares.
    """
    least, largest = np.log(settings["training_sizes_px"])
    sizes = np.exp(generator.uniform(least, largest, count))
    fewest, most = settings["training_shares"]
    shares = generator.uniform(fewest, most, count)
    seeds = generator.integers(2**31, size=count)
    dilation_px = settings["dilation_px"]
    return np.stack(
        [
            simulate_gaps((side, side), share, size, seed, dilation_px=dilation_px)
            for size, share, seed in zip(sizes, shares, seeds, strict=True)
        ]
    )


def make_views(
    scene: np.ndarray,
    bands: Sequence[str],
    test: np.ndarray,
    settings: Mapping[str, Any],
    start: Callable[[np.ndarray, np.ndarray], np.ndarray],
    mask: np.ndarray | None = None,
) -> Views:
    """Return views of a scene at random places under random masks.

    scene: float32 (bands, rows, columns), reflectance, NaN where not valid. test: bool (rows,
    columns), the test ground, which is hidden in all views. settings: the section `gaps` of a
    study; its seed draws places and masks. start: (band, gap) -> band with its start surface. mask:
    real gaps, whose cuts are the masks; None for those of draw_masks.

    Views without a clear pixel are left out.
    """
    side = min(VIEW_PX, *test.shape)
    count = min(MOST_VIEWS, VIEWS * -(-test.size // VIEW_PX**2))
    generator = np.random.default_rng([settings["seed"], 1])
    masks = (
        draw_masks(side, count, settings, generator)
        if mask is None
        else GapBank(mask).draw(count, side, generator)
    )
    places = np.stack([generator.integers(n - side + 1, size=count) for n in test.shape], axis=1)
    kept, gaps, starts = [], [], []
    for place, gap in zip(places, masks, strict=True):
        window = tuple(slice(first, first + side) for first in place)
        seen = np.where(test[window], np.nan, scene[:, *window])
        if not np.isfinite(seen[:, ~gap]).any(axis=1).all():
            continue
        kept.append(place)
        gaps.append(gap | ~np.isfinite(seen).all(axis=0))
        starts.append([start(band, gap) for band in seen])
    return Views(  # reshaped, since there may be none
        np.reshape(kept, (-1, 2)).astype(int),
        np.reshape(gaps, (-1, side, side)).astype(bool),
        tuple(bands),
        np.reshape(starts, (-1, len(bands), side, side)).astype(np.float32),
    )
