"""Drawing a raster as a map: true proportions, scale bar, missing data, outlines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import ScaledTranslation
from rasterio.windows import Window
from scipy.ndimage import binary_fill_holes

from ...core.earth import north_words
from ...ground.split import TEST
from ..pixels import metres
from . import MM, NO_DATA, PALETTE

KEPT_BORDERS = 8  # the maps of a job outline the same ground
SCALE_BAR_MM = 4.5  # room under a map for its scale bar
Line = dict[str, Any]  # properties of a line, as matplotlib takes them
# Hatched, since plain grey could be mistaken for a value on a grey-scale map.
NO_DATA_FILL: dict[str, Any] = {
    "facecolor": NO_DATA,
    "edgecolor": "#6E6E6E",
    "hatch": "//////",
    "linewidth": 0,
}
TEST_LINE: Line = {"color": PALETTE["orange"], "linewidth": 0.9}
INSET_LINE: Line = {"color": PALETTE["sky"], "linewidth": 1.3}
GAP_LINE: Line = {"color": PALETTE["pink"], "linewidth": 0.7}
RGB = ("red", "green", "blue")
Extent = tuple[float, float, float, float]  # (left, right, bottom, top) in metres, see MapScene


class MapLayer(Protocol):
    """A raster that a figure can draw: (rows, columns), or (bands, rows, columns).

    Implemented by inputs.Layer, which reads from a file.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of the raster in pixels; rows and columns come last."""

    @property
    def whole(self) -> np.ndarray:
        """The raster, or, if it is large, means over squares of pixels."""

    @property
    def thinned(self) -> np.ndarray:
        """The raster, or, if it is large, a regular sample of pixels on the grid of `whole`."""

    def at(self, window: Window) -> np.ndarray:
        """Return the pixels in a Window."""


FusedBands = Mapping[str, Mapping[str, MapLayer]]  # {label of a method: {band: reflectance}}


@dataclass(frozen=True, eq=False)
class MapScene:
    """The layers of a site that map figures draw, all on one grid.

    pixel_m: pixel size in metres (along columns, along rows); shape: (rows, columns). bands: layers
    by name, reflectance or dB, NaN where there is no data. rgb: one layer of red, green and blue.
    split: a layer of 0 not valid, 1 train, 2 validation, 3 test, 4 buffer. north_deg: the direction
    of north, in degrees clockwise from up.
    """

    site: str
    simulated: bool
    pixel_m: tuple[float, float]
    shape: tuple[int, int]
    bands: Mapping[str, MapLayer]
    rgb: MapLayer
    split: MapLayer
    north_deg: float = 0.0

    @property
    def name(self) -> str:
        """The site, and whether it is simulated, in words."""
        return f"Site: {self.site} (simulated scene)" if self.simulated else f"Site: {self.site}"

    @property
    def reduction(self) -> float:
        """Pixels of the scene along one pixel of a map of the whole scene; 1 in a small scene."""
        return self.shape[0] / self.test.shape[0]

    @property
    def notes(self) -> list[str]:
        """Notes for a figure: the site, the direction of north, whether map pixels are means."""
        found = [self.name]
        if north := north_words(self.north_deg):
            found.append(f"On the maps, {north}")
        if self.reduction != 1:
            side = metres(self.reduction * self.pixel_m[1])
            found.append(f"Whole maps show means over {side} m")
        return found

    @cached_property
    def test(self) -> np.ndarray:
        """Boolean map of test ground, on the grid of maps of the whole scene."""
        return self.split.thinned == TEST

    def extent(self, window: Window | None = None) -> Extent:
        """Return (left, right, bottom, top) of the scene, or of a Window, in metres.

        Distances are measured from the upper left corner of the scene, to the right and down.
        """
        rows, columns = ((0, side) for side in self.shape)
        if window is not None:
            rows, columns = ((span.start, span.stop) for span in window.toslices())
        x, y = self.pixel_m
        return columns[0] * x, columns[1] * x, rows[1] * y, rows[0] * y

    def aspect(self, window: Window | None = None) -> float:
        """Return height / width on the ground of the scene, or of a Window."""
        left, right, bottom, top = self.extent(window)
        return (bottom - top) / (right - left)


class StackedLayers:
    """Several layers on one grid as one layer of (layers, rows, columns)."""

    def __init__(self, layers: Sequence[MapLayer]) -> None:
        self._layers = layers
        self.shape = layers[0].shape

    def at(self, window: Window) -> np.ndarray:
        """Return the pixels in a Window."""
        return np.stack([layer.at(window) for layer in self._layers])

    @cached_property
    def whole(self) -> np.ndarray:
        """The maps of the whole scene."""
        return np.stack([layer.whole for layer in self._layers])


def percentiles(values: np.ndarray, low: float = 2, high: float = 98) -> tuple[float, float]:
    """Return two percentiles of the finite `values`, moved apart if equal; (0, 1) if none is."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    bottom, top = (float(value) for value in np.percentile(finite, [low, high]))
    return (bottom, top) if top > bottom else (bottom - 1e-3, top + 1e-3)


def composite(rgb: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return three bands (3, rows, columns) as an image (rows, columns, 3) of values 0 to 1.

    Values are stretched linearly from `limits`. A pixel without data in one band is NaN in all.
    """
    low, high = limits
    image = np.moveaxis(np.clip((rgb - low) / (high - low), 0, 1), 0, -1)
    return np.where(np.isfinite(image).all(axis=-1, keepdims=True), image, np.nan)


def draw_map(axes: Axes, array: np.ndarray, extent: Extent, **kwargs: Any) -> AxesImage:
    """Draw `array` (rows, columns[, 3]) on `axes`, with a scale bar; return the image.

    extent: of the array and of the axes; kwargs: for Axes.imshow.
    """
    is_complete = not np.ma.is_masked(array) and np.isfinite(array).all()
    if array.ndim == 3:
        valid = np.isfinite(array).all(axis=-1, keepdims=True)
        array = np.concatenate([np.where(valid, array, 0), valid], axis=-1)
    image = axes.imshow(array, extent=extent, **kwargs)
    if not is_complete:
        axes.patch.set(**NO_DATA_FILL)  # visible where the image is NaN, thus transparent
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)
    axes.autoscale(False)
    left, right, *_ = extent
    add_scale_bar(axes, left, right - left)
    return image


def scale_bar_length(width: float, share: float = 0.34) -> float:
    """Return the largest 1, 2 or 5 times a power of ten within `share` of `width` (metres)."""
    longest = width * share
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest)


def length_label(metres: float) -> str:
    """Return a length as text: 500 -> "500 m", 2000 -> "2 km"."""
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"


def add_scale_bar(axes: Axes, left: float, width: float) -> Line2D:
    """Draw a scale bar under a map whose axis runs from `left` over `width` metres.

    It is outside the map, so that it hides no pixel and is legible for any image. Returns its line.
    """
    length = scale_bar_length(width)
    under = axes.get_xaxis_transform() + ScaledTranslation(
        0, -SCALE_BAR_MM / 2 * MM, axes.figure.dpi_scale_trans
    )
    (bar,) = axes.plot(
        [left, left + length],
        [0, 0],
        color="black",
        linewidth=1.4,
        solid_capstyle="butt",
        transform=under,
        clip_on=False,
        gid="scale-bar",
    )
    axes.annotate(
        length_label(length),
        (left + length, 0),
        (3, 0),
        xycoords=under,
        textcoords="offset points",
        va="center_baseline",
        annotation_clip=False,
    )
    return bar


def outline(
    axes: Axes, mask: np.ndarray, extent: Extent, *, holes: bool = False, **line: Any
) -> None:
    """Draw the border of the ground where a boolean `mask` (rows, columns) is true.

    extent: of the mask; holes: whether to draw the borders of holes in it too.
    """
    if not mask.any():
        return
    axes.add_collection(
        PathCollection(
            [_border(mask.tobytes(), mask.shape, extent, holes)],
            facecolors="none",
            edgecolors=line["color"],
            linewidths=line["linewidth"],
            zorder=2,
            transform=axes.transData,
        ),
        autolim=False,
    )


@lru_cache(maxsize=KEPT_BORDERS)
def _border(pixels: bytes, shape: tuple[int, int], extent: Extent, holes: bool) -> Path:
    """Return the border of the mask with these pixels; see `outline`."""
    mask = np.frombuffer(pixels, bool).reshape(shape)
    # Padding with false closes the border along the edge of the scene.
    padded = np.pad(mask if holes else binary_fill_holes(mask), 1).astype(float)
    left, right, bottom, top = extent
    x, y = (right - left) / mask.shape[1], (bottom - top) / mask.shape[0]
    columns = left + (np.arange(padded.shape[1]) - 0.5) * x
    rows = top + (np.arange(padded.shape[0]) - 0.5) * y
    (border,) = Figure().add_subplot().contour(columns, rows, padded, [0.5]).get_paths()
    return border


def frame(axes: Axes, extent: Extent, **line: Any) -> None:
    """Draw a frame around the ground of `extent` on a map of the whole scene."""
    left, right, bottom, top = extent
    axes.add_patch(
        Rectangle(
            (left, top), right - left, bottom - top, fill=False, clip_on=False, zorder=3, **line
        )
    )


def edge(axes: Axes, **line: Any) -> None:
    """Draw the border of an inset's axes with the line of its frame on the map."""
    for spine in axes.spines.values():
        spine.set(**line)


def handles(*, test: bool = False, inset: bool = False, no_data: bool = False) -> list[Artist]:
    """Return legend handles for what a map shows: test ground, an inset, missing data."""
    return [
        *([Line2D([], [], label="test ground", **TEST_LINE)] if test else []),
        *([Line2D([], [], label="enlarged below", **INSET_LINE)] if inset else []),
        *([Patch(**NO_DATA_FILL, label="no data")] if no_data else []),
    ]
