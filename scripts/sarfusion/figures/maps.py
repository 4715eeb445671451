"""Drawing a raster as a map: true proportions, scale bar, no data, outlines."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import ScaledTranslation
from scipy.ndimage import binary_fill_holes

from ..split import TEST
from . import MM, NO_DATA, PALETTE

SCALE_BAR_MM = 4.5  # room under a map for its scale bar
MOST_PIXELS = 1400  # along a side; two columns at 200 dpi print no more
# Hatched, since plain grey would pass for a value in a map in shades of grey.
NO_DATA_FILL = {"facecolor": NO_DATA, "edgecolor": "#6E6E6E", "hatch": "//////", "linewidth": 0}
TEST_LINE = {"color": PALETTE["orange"], "linewidth": 0.9}
INSET_LINE = {"color": PALETTE["sky"], "linewidth": 1.3}
GAP_LINE = {"color": PALETTE["pink"], "linewidth": 0.7}
RGB = ("red", "green", "blue")


@dataclass(frozen=True)
class Scene:
    """What the map figures draw, on one grid.

    `pixel_m` is the pixel size in metres (along columns, along rows); `bands` maps names to
    arrays (rows, columns), NaN where there is no data; `split` is an array (rows, columns) of
    0 not valid, 1 train, 2 validation, 3 test, 4 buffer.
    """

    site: str
    simulated: bool
    pixel_m: tuple
    bands: dict
    split: np.ndarray

    @property
    def note(self):
        """The site, and whether it is simulated, in words."""
        return f"Site: {self.site} (simulated scene)" if self.simulated else f"Site: {self.site}"

    @property
    def test(self):
        """Boolean array (rows, columns): test ground."""
        return self.split == TEST

    @property
    def rgb(self):
        """Array (3, rows, columns): red, green, blue."""
        return np.stack([self.bands[name] for name in RGB])

    def aspect(self, shape=None):
        """Return height / width on the ground of the scene, or of `shape` (rows, columns)."""
        rows, columns = self.split.shape if shape is None else shape
        return rows * self.pixel_m[1] / (columns * self.pixel_m[0])


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


def shrink(array, most=MOST_PIXELS):
    """Return means over square blocks, without NaN, of (rows, columns[, 3]), and the block size.

    Blocks are the smallest that leave no side longer than `most`; rows and columns beyond the
    last whole block are left out.
    """
    factor = math.ceil(max(array.shape[:2]) / most)
    if factor == 1:
        return array, 1
    rows, columns = (side // factor for side in array.shape[:2])
    blocks = array[: rows * factor, : columns * factor].reshape(
        rows, factor, columns, factor, *array.shape[2:]
    )
    finite = np.isfinite(blocks)
    count = finite.sum(axis=(1, 3))
    total = np.where(finite, blocks, 0).sum(axis=(1, 3))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), factor


def draw_map(axes, array, pixel_m, window=None, **kwargs):
    """Draw `array` (rows, columns[, 3]) on `axes`, with a scale bar; return the image.

    The axes are in metres from the upper left corner of the scene. `window` (row, column,
    size) shows that square only.
    """
    row, column = 0, 0
    if window is not None:
        row, column, size = window
        array = array[row : row + size, column : column + size]
    array, factor = shrink(array)
    if array.ndim == 3:
        seen = np.isfinite(array).all(axis=-1, keepdims=True)
        array = np.concatenate([np.where(seen, array, 0), seen], axis=-1)
    x, y = pixel_m
    left, top = column * x, row * y
    right, bottom = left + array.shape[1] * factor * x, top + array.shape[0] * factor * y
    image = axes.imshow(array, extent=(left, right, bottom, top), **kwargs)
    axes.patch.set(**NO_DATA_FILL)  # what is NaN stays unpainted
    axes.set(xticks=[], yticks=[])
    axes.autoscale(False)
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


def outline(axes, mask, pixel_m, *, holes=False, **line):
    """Draw the border of the ground where `mask` (rows, columns) is true, and of its `holes`."""
    if not mask.any():
        return
    # A ring of false closes the border along the edge of the scene.
    ring = np.pad(mask if holes else binary_fill_holes(mask), 1).astype(float)
    x, y = pixel_m
    columns = (np.arange(ring.shape[1]) - 0.5) * x
    rows = (np.arange(ring.shape[0]) - 0.5) * y
    axes.contour(columns, rows, ring, [0.5], colors=line["color"], linewidths=line["linewidth"])


def frame(axes, window, pixel_m, **line):
    """Draw the frame of `window` (row, column, size) on a map of the whole scene."""
    row, column, size = window
    x, y = pixel_m
    axes.add_patch(
        Rectangle(
            (column * x, row * y), size * x, size * y, fill=False, clip_on=False, zorder=3, **line
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
