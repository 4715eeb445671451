"""Drawing a raster as a map: true proportions, scale bar, no data, outlines."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import ScaledTranslation
from scipy.ndimage import binary_fill_holes

from ...ground.split import TEST
from . import MM, NO_DATA, PALETTE

SCALE_BAR_MM = 4.5  # room under a map for its scale bar
# Hatched, since plain grey would pass for a value in a map in shades of grey.
NO_DATA_FILL = {"facecolor": NO_DATA, "edgecolor": "#6E6E6E", "hatch": "//////", "linewidth": 0}
TEST_LINE = {"color": PALETTE["orange"], "linewidth": 0.9}
INSET_LINE = {"color": PALETTE["sky"], "linewidth": 1.3}
GAP_LINE = {"color": PALETTE["pink"], "linewidth": 0.7}
RGB = ("red", "green", "blue")


@dataclass(frozen=True)
class Scene:
    """What the map figures draw, on one grid; of a large scene, never all pixels at once.

    `pixel_m` is the pixel size in metres (along columns, along rows), `shape` the size in pixels
    (rows, columns). `bands` maps names to layers (see inputs.Layer), NaN where there is no data;
    `rgb` is a layer of red, green and blue; `split` one of 0 not valid, 1 train, 2 validation,
    3 test, 4 buffer.
    """

    site: str
    simulated: bool
    pixel_m: tuple
    shape: tuple
    bands: dict
    rgb: object
    split: object

    @property
    def name(self):
        """The site, and whether it is simulated, in words."""
        return f"Site: {self.site} (simulated scene)" if self.simulated else f"Site: {self.site}"

    @property
    def reduction(self):
        """How many pixels of the scene lie along a pixel of a whole map; 1 in a small scene."""
        return self.shape[0] / self.test.shape[0]

    @property
    def notes(self):
        """Lines on the site, and on what a pixel of a whole map is, where not one of the scene."""
        if self.reduction == 1:
            return [self.name]
        metres = self.reduction * self.pixel_m[1]
        return [self.name, f"Whole maps show means over {metres:.0f} m"]

    @cached_property
    def test(self):
        """Boolean map of test ground."""
        return self.split.thinned == TEST

    def extent(self, window=None):
        """Return (left, right, bottom, top) of the scene, or of a Window, in metres.

        From the upper left corner of the scene, to the right and down.
        """
        rows, columns = ((0, side) for side in self.shape)
        if window is not None:
            rows, columns = ((span.start, span.stop) for span in window.toslices())
        x, y = self.pixel_m
        return columns[0] * x, columns[1] * x, rows[1] * y, rows[0] * y

    def aspect(self, window=None):
        """Return height / width on the ground of the scene, or of a Window."""
        left, right, bottom, top = self.extent(window)
        return (bottom - top) / (right - left)


class Together:
    """Several layers on one grid, as one of (layers, rows, columns)."""

    def __init__(self, layers):
        self._layers = layers
        self.shape = layers[0].shape

    def at(self, window):
        """Return the pixels in a Window."""
        return np.stack([layer.at(window) for layer in self._layers])

    @cached_property
    def whole(self):
        """The whole maps."""
        return np.stack([layer.whole for layer in self._layers])


def percentiles(values, low=2, high=98):
    """Return two percentiles of the finite `values`, never equal; (0, 1) without any."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    bottom, top = (float(value) for value in np.percentile(finite, [low, high]))
    return (bottom, top) if top > bottom else (bottom - 1e-3, top + 1e-3)


def composite(rgb, limits):
    """Return (3, rows, columns) stretched linearly from `limits` to 0-1: (rows, columns, 3).

    Pixels with no data in any band are NaN in all.
    """
    low, high = limits
    image = np.moveaxis(np.clip((rgb - low) / (high - low), 0, 1), 0, -1)
    return np.where(np.isfinite(image).all(axis=-1, keepdims=True), image, np.nan)


def draw_map(axes, array, extent, **kwargs):
    """Draw `array` (rows, columns[, 3]) on `axes`, with a scale bar; return the image.

    extent: (left, right, bottom, top) of the array and the axes in metres, see Scene.
    """
    if array.ndim == 3:
        seen = np.isfinite(array).all(axis=-1, keepdims=True)
        array = np.concatenate([np.where(seen, array, 0), seen], axis=-1)
    image = axes.imshow(array, extent=extent, **kwargs)
    axes.patch.set(**NO_DATA_FILL)  # what is NaN stays unpainted
    axes.set(xticks=[], yticks=[])
    axes.autoscale(False)
    left, right, *_ = extent
    add_scale_bar(axes, left, right - left)
    return image


def scale_bar_length(width, share=0.34):
    """Return the greatest of 1, 2, 5 times a power of ten within `share` of `width` (metres)."""
    most = width * share
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most)


def length_label(metres):
    """Return a length in words: 500 -> "500 m", 2000 -> "2 km"."""
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"


def add_scale_bar(axes, left, width):
    """Draw a scale bar under a map in metres, `width` wide from `left`; return its line.

    It stands outside, where it hides no pixel and is legible whatever the image.
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


def outline(axes, mask, extent, *, holes=False, **line):
    """Draw the border of the ground where `mask` (rows, columns) is true, and of its `holes`.

    extent: of the mask, as of `draw_map`.
    """
    if not mask.any():
        return
    # A ring of false closes the border along the edge of the scene.
    ring = np.pad(mask if holes else binary_fill_holes(mask), 1).astype(float)
    left, right, bottom, top = extent
    x, y = (right - left) / mask.shape[1], (bottom - top) / mask.shape[0]
    columns = left + (np.arange(ring.shape[1]) - 0.5) * x
    rows = top + (np.arange(ring.shape[0]) - 0.5) * y
    axes.contour(columns, rows, ring, [0.5], colors=line["color"], linewidths=line["linewidth"])


def frame(axes, extent, **line):
    """Draw the frame of a part of the ground on a map of the whole scene; see `draw_map`."""
    left, right, bottom, top = extent
    axes.add_patch(
        Rectangle(
            (left, top), right - left, bottom - top, fill=False, clip_on=False, zorder=3, **line
        )
    )


def edge(axes, **line):
    """Give the axes of an inset the line of its frame."""
    for spine in axes.spines.values():
        spine.set(**line)


def handles(**shown):
    """Return legend handles of what is shown: test=, inset= and no_data= as true or false."""
    every = {
        "test": Line2D([], [], label="test ground", **TEST_LINE),
        "inset": Line2D([], [], label="enlarged below", **INSET_LINE),
        "no_data": Patch(**NO_DATA_FILL, label="no data"),
    }
    return [handle for name, handle in every.items() if shown.get(name)]
