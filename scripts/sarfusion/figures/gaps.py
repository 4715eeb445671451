"""One large gap: measured, withheld, and as every method fills it."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import NO_DATA, styled
from .inset import choose_window
from .layout import balanced, blocks, colour_bar, notes, notes_height, panel_grid, stacked
from .maps import GAP_LINE, RGB, SCALE_BAR_MM, composite, draw_map, outline, percentiles

WINDOW_PX = 64
MOST_COLUMNS = 6
TITLE_MM = 8
# Not the hatch of what has no data: here the data are known, and kept back.
WITHHELD = {"facecolor": "#D9D9D9", "edgecolor": NO_DATA, "hatch": "....", "linewidth": 0}


def gap_window(scene, gap, size=WINDOW_PX):
    """Return (row, column, size) of the square on test ground whose gaps hide most texture.

    Texture is the gradient magnitude of the measured image (the mean of the three bands), summed
    over gap pixels: large gaps count, and those over a city more than those over a lake, which
    any method fills.
    """
    measured = scene.rgb.mean(axis=0)
    texture = np.hypot(*np.gradient(measured))
    return choose_window(np.where(gap, texture, 0), scene.test & np.isfinite(measured), size)


def gap_error(scene, gap, layers):
    """Return |fused - measured|, the mean of the three bands, in gaps; NaN elsewhere.

    `layers` is an array (3, rows, columns) of reflectance.
    """
    return np.where(gap, np.abs(layers - scene.rgb).mean(axis=0), np.nan)


@styled
def gap_examples(scene, gap, fused):
    """Return the figure of one gap: measured, input and each method, above its absolute error.

    `gap` is a boolean array (rows, columns), `fused` maps labels to {band: array (rows,
    columns)}. One stretch for all composites, one scale for all errors.
    """
    row, column, size = window = gap_window(scene, gap)
    place = np.s_[row : row + size, column : column + size]
    limits = percentiles(scene.rgb)
    layers = {label: np.stack([bands[name] for name in RGB]) for label, bands in fused.items()}
    errors = {label: gap_error(scene, gap, rgb) for label, rgb in layers.items()}
    worst = percentiles(np.stack([error[place] for error in errors.values()]), 0, 99)[1]
    lines = [
        f"{scene.note}; the {size} × {size} px of test ground whose gaps hide most texture",
        f"Composites: one linear stretch, 2–98 % of the measured scene: "
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    ]
    figure, pictures, maps = _pairs_of_rows(scene, size, len(fused), notes_height(lines))
    shown = {
        "Measured": scene.rgb,
        "Input": np.where(gap, np.nan, scene.rgb),
        **layers,
    }
    for (label, rgb), axes in zip(shown.items(), pictures, strict=False):
        draw_map(axes, composite(rgb, limits), scene.pixel_m, window, interpolation="nearest")
        outline(axes, gap, scene.pixel_m, holes=True, **GAP_LINE)
        axes.set_title(stacked(label))
    pictures[1].patch.set(**WITHHELD)
    for error, axes in zip(errors.values(), maps[2:], strict=False):
        image = draw_map(
            axes,
            error,
            scene.pixel_m,
            window,
            cmap="magma_r",
            vmin=0,
            vmax=worst,
            interpolation="nearest",
        )
        axes.patch.set(facecolor="white", hatch=None)  # outside the gap there is no error to show
        outline(axes, gap, scene.pixel_m, holes=True, **GAP_LINE)
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


def _pairs_of_rows(scene, size, methods, foot):
    """Return the figure, the axes of the composites and those of the errors, in reading order.

    The row below a row of composites holds their errors.
    """
    across, columns = balanced(methods + 2, MOST_COLUMNS)
    figure, axes = panel_grid(
        [scene.aspect((size, size))] * (2 * across),
        columns,
        left=4,  # room for the first number of the colour bar
        top=TITLE_MM + 1,
        bottom=SCALE_BAR_MM + foot,
        gap=(1.5, blocks(across, 2, 1 + SCALE_BAR_MM, TITLE_MM + SCALE_BAR_MM)),
        widest=40,
    )
    return figure, axes[::2].ravel(), axes[1::2].ravel()
