"""One large gap: the measured scene, what is withheld, and how each method fills it."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from rasterio.windows import Window

from . import NO_DATA, styled
from .inputs import Layer, Run, layers_of, read_scene
from .inset import choose_window, ground_and_texture, grown
from .layout import (
    balanced,
    block_gaps,
    colour_bar,
    notes,
    notes_height,
    panel_grid,
    stacked,
    title_mm,
)
from .maps import (
    GAP_LINE,
    RGB,
    SCALE_BAR_MM,
    FusedBands,
    MapLayer,
    MapScene,
    composite,
    draw_map,
    outline,
    percentiles,
)

WINDOW_PX = 64
MAX_COLUMNS = 7
# Differs from the hatching of missing data: here the data exist, but the methods do not get them.
WITHHELD: dict[str, Any] = {
    "facecolor": "#D9D9D9",
    "edgecolor": NO_DATA,
    "hatch": "....",
    "linewidth": 0,
}


def gap_window(scene: MapScene, gap: MapLayer, size: int = WINDOW_PX) -> Window:
    """Return the square Window on test ground whose gaps hide the most texture.

    gap: 1 in gaps; size: side in pixels. The texture is summed over the pixels of gaps. This
    favours large gaps, and gaps over a city rather than over a lake, which any method can fill.
    """

    def ground_and_hidden_texture(window: Window) -> tuple[np.ndarray, np.ndarray]:
        ground, texture = ground_and_texture(scene, window)
        return ground, np.where(gap.at(window) == 1, texture, 0)

    return choose_window(scene.shape, ground_and_hidden_texture, size)


def gap_error(gap: np.ndarray, measured: np.ndarray, fused: np.ndarray) -> np.ndarray:
    """Return |fused - measured|, averaged over the three bands, in gaps; NaN elsewhere.

    gap: boolean (rows, columns); measured, fused: reflectance (3, rows, columns). The result is
    reflectance (rows, columns).
    """
    return np.where(gap, np.abs(fused - measured).mean(axis=0), np.nan)


@styled
def gap_examples(scene: MapScene, gap: MapLayer, fused: FusedBands) -> Figure:
    """Return the figure of one gap: measured, input, and each method above its absolute error.

    gap: 1 in gaps; fused: {label of a method: {band: layer}}, reflectance. All composites have one
    stretch, and all errors one scale.
    """
    window = gap_window(scene, gap)
    limits = percentiles(scene.rgb.whole)
    hidden, measured = gap.at(window) == 1, scene.rgb.at(window)
    layers = {
        label: np.stack([bands[name].at(window) for name in RGB]) for label, bands in fused.items()
    }
    errors = {label: gap_error(hidden, measured, rgb) for label, rgb in layers.items()}
    max_error = percentiles(np.stack(list(errors.values())), 0, 99)[1]
    size = window.width
    lines = [
        f"{scene.name}; the {size} × {size} px of test ground whose gaps hide most texture",
        f"Composites: one linear stretch, 2–98 % of the measured scene: "
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    ]
    figure, composites, maps = _row_pairs(scene.aspect(window), list(fused), notes_height(lines))
    extent = scene.extent(window)
    # One more pixel on each side: a gap that continues outside the window has no edge there.
    around = grown(window, scene.shape)
    edges = gap.at(around) == 1, scene.extent(around)
    shown = {"Measured": measured, "Input": np.where(hidden, np.nan, measured), **layers}
    for (label, rgb), axes in zip(shown.items(), composites, strict=False):
        draw_map(axes, composite(rgb, limits), extent, interpolation="nearest")
        outline(axes, *edges, holes=True, **GAP_LINE)
        axes.set_title(stacked(label))
    composites[1].patch.set(**WITHHELD)
    for error, axes in zip(errors.values(), maps[2:], strict=False):
        image = draw_map(
            axes, error, extent, cmap="magma_r", vmin=0, vmax=max_error, interpolation="nearest"
        )
        axes.patch.set(facecolor="white", hatch=None)  # outside the gap there is no error to show
        outline(axes, *edges, holes=True, **GAP_LINE)
    for unused in (*maps[:2], *composites[len(shown) :], *maps[len(shown) :]):
        unused.remove()
    # "Measured" and "Input" have no error, so the colour bar fits below them.
    colour_bar(
        image,
        "absolute error, mean of the\nthree bands (reflectance)",
        (composites[0], composites[1]),
        below=True,
        extend="max",
    )
    notes(
        figure,
        lines,
        [Line2D([], [], label="edge of a gap", **GAP_LINE), Patch(**WITHHELD, label="withheld")],
    )
    return figure


def _row_pairs(
    aspect: float, methods: Collection[str], foot: float
) -> tuple[Figure, np.ndarray, np.ndarray]:
    """Return the figure, the axes of the composites and those of the errors, in reading order.

    aspect: height / width of a panel; methods: their labels; foot: height of the notes in mm. The
    errors are in the row below their composites.
    """
    across, columns = balanced(len(methods) + 2, MAX_COLUMNS)
    title = title_mm(methods)
    figure, axes = panel_grid(
        [aspect] * (2 * across),
        columns,
        left=4,  # room for the first number at the colour bar
        top=title + 1,
        bottom=SCALE_BAR_MM + foot,
        gap=(1.5, block_gaps(across, 2, 1 + SCALE_BAR_MM, title + SCALE_BAR_MM)),
        widest=40,
    )
    return figure, axes[::2].ravel(), axes[1::2].ravel()


def draw_gaps(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    gaps: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[Run],
) -> Figure:
    """Return the filled gaps of one site, from its files, its gaps and `fused` of `runs`."""
    scene = read_scene(stack, split, metadata)
    return gap_examples(scene, Layer(gaps, "gap", scene.shape), layers_of(fused, runs, scene.shape))
