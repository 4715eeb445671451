"""One large gap: measured, withheld, and as every method fills it."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import NO_DATA, styled
from .inset import choose_window, ground_and_texture, grown
from .layout import balanced, blocks, colour_bar, notes, notes_height, panel_grid, stacked
from .maps import GAP_LINE, RGB, SCALE_BAR_MM, composite, draw_map, outline, percentiles

WINDOW_PX = 64
MOST_COLUMNS = 6
TITLE_MM = 8
# Not the hatch of what has no data: here the data are known, and kept back.
WITHHELD = {"facecolor": "#D9D9D9", "edgecolor": NO_DATA, "hatch": "....", "linewidth": 0}


def gap_window(scene, gap, size=WINDOW_PX):
    """Return the square Window on test ground whose gaps hide most texture.

    Texture is summed over gap pixels: large gaps count, and those over a city more than those over
    a lake, which any method fills. gap: a layer, 1 in gaps.
    """

    def look(window):
        ground, texture = ground_and_texture(scene, window)
        return ground, np.where(gap.at(window) == 1, texture, 0)

    return choose_window(scene.shape, look, size)


def gap_error(gap, measured, fused):
    """Return |fused - measured|, the mean of the three bands, in gaps; NaN elsewhere.

    measured, fused: (3, rows, columns), reflectance; gap: bool (rows, columns).
    """
    return np.where(gap, np.abs(fused - measured).mean(axis=0), np.nan)


@styled
def gap_examples(scene, gap, fused):
    """Return the figure of one gap: measured, input and each method, above its absolute error.

    `gap` is a layer, 1 in gaps; `fused` maps labels to {band: layer}. One stretch for all
    composites, one scale for all errors.
    """
    window = gap_window(scene, gap)
    limits = percentiles(scene.rgb.whole)
    hidden, measured = gap.at(window) == 1, scene.rgb.at(window)
    layers = {
        label: np.stack([bands[name].at(window) for name in RGB]) for label, bands in fused.items()
    }
    errors = {label: gap_error(hidden, measured, rgb) for label, rgb in layers.items()}
    worst = percentiles(np.stack(list(errors.values())), 0, 99)[1]
    size = window.width
    lines = [
        f"{scene.name}; the {size} × {size} px of test ground whose gaps hide most texture",
        f"Composites: one linear stretch, 2–98 % of the measured scene: "
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    ]
    figure, pictures, maps = _pairs_of_rows(scene.aspect(window), len(fused), notes_height(lines))
    place = scene.extent(window)
    # With the pixels around the place, for the edge of a gap that goes on there is none.
    around = grown(window, scene.shape)
    edges = gap.at(around) == 1, scene.extent(around)
    shown = {"Measured": measured, "Input": np.where(hidden, np.nan, measured), **layers}
    for (label, rgb), axes in zip(shown.items(), pictures, strict=False):
        draw_map(axes, composite(rgb, limits), place, interpolation="nearest")
        outline(axes, *edges, holes=True, **GAP_LINE)
        axes.set_title(stacked(label))
    pictures[1].patch.set(**WITHHELD)
    for error, axes in zip(errors.values(), maps[2:], strict=False):
        image = draw_map(
            axes, error, place, cmap="magma_r", vmin=0, vmax=worst, interpolation="nearest"
        )
        axes.patch.set(facecolor="white", hatch=None)  # outside the gap there is no error to show
        outline(axes, *edges, holes=True, **GAP_LINE)
    for unused in (*maps[:2], *pictures[len(shown) :], *maps[len(shown) :]):
        unused.remove()
    # The place below measured and input, which have no error, is free.
    colour_bar(
        image,
        "absolute error, mean of the\nthree bands (reflectance)",
        (pictures[0], pictures[1]),
        below=True,
        extend="max",
    )
    notes(
        figure,
        lines,
        [Line2D([], [], label="edge of a gap", **GAP_LINE), Patch(**WITHHELD, label="withheld")],
    )
    return figure


def _pairs_of_rows(aspect, methods, foot):
    """Return the figure, the axes of the composites and those of the errors, in reading order.

    aspect: height / width of each. The row below a row of composites holds their errors.
    """
    across, columns = balanced(methods + 2, MOST_COLUMNS)
    figure, axes = panel_grid(
        [aspect] * (2 * across),
        columns,
        left=4,  # room for the first number of the colour bar
        top=TITLE_MM + 1,
        bottom=SCALE_BAR_MM + foot,
        gap=(1.5, blocks(across, 2, 1 + SCALE_BAR_MM, TITLE_MM + SCALE_BAR_MM)),
        widest=40,
    )
    return figure, axes[::2].ravel(), axes[1::2].ravel()
