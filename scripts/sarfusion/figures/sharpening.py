"""One place at 90 m, 30 m and 10 m: what sharpening starts from, and what it makes."""

import numpy as np

from . import styled
from .inset import choose_inset
from .layout import balanced, notes, notes_height, panel_grid
from .maps import RGB, SCALE_BAR_MM, composite, draw_map, percentiles

WINDOW_PX = 40  # of 30 m; small, since the details of interest are of 10 m
MOST_COLUMNS = 5
TITLE_MM = 8


@styled
def sharpening(scene, reduced, products, truth=None):
    """Return RGB composites of one place: 90 m, measured 30 m, each 10 m product, and the truth.

    `reduced` is an array (3, rows, columns) on the grid of the scene; `products` maps labels to
    {band: array}, and `truth` is an array (3, ...), both of a whole number of times as many rows
    and columns on the same ground. One stretch for all.
    """
    window = choose_inset(scene.rgb.mean(axis=0), scene.test, WINDOW_PX)
    limits = percentiles(scene.rgb)
    shown = {
        "90 m input\n(interpolated)": reduced,
        "30 m\nmeasured": scene.rgb,
        **{
            f"10 m product\n{label}": np.stack([bands[name] for name in RGB])
            for label, bands in products.items()
        },
        **({} if truth is None else {"10 m\ntrue reflectance": truth}),
    }
    lines = [
        f"{scene.note}; the most textured square of {window[2]} × {window[2]} px of 30 m on test"
        " ground",
        f"One linear stretch for all, 2–98 % of the measured scene: "
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    ]
    rows, columns = balanced(len(shown), MOST_COLUMNS)
    figure, axes = panel_grid(
        [scene.aspect((window[2], window[2]))] * rows,
        columns,
        top=TITLE_MM + 1,
        bottom=SCALE_BAR_MM + notes_height(lines, handles=False),
        gap=(1.5, TITLE_MM + SCALE_BAR_MM),
    )
    for (title, rgb), panel in zip(shown.items(), axes.flat, strict=False):
        _draw_place(panel, rgb, scene, window, limits)
        panel.set_title(title)
    for unused in axes.flat[len(shown) :]:
        unused.remove()
    notes(figure, lines)
    return figure


def _draw_place(axes, rgb, scene, window, limits):
    """Draw the ground of `window`, given in pixels of the scene, from a finer or equal grid."""
    finer = rgb.shape[1] // scene.split.shape[0]
    draw_map(
        axes,
        composite(rgb, limits),
        tuple(side / finer for side in scene.pixel_m),
        tuple(finer * number for number in window),
        interpolation="nearest",  # a pixel is shown as one
    )
