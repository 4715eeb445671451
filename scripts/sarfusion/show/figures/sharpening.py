"""One place at three pixel sizes: the input of sharpening, the measured bands, the products."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from ...core.raster import finer, read_grid
from ..pixels import pixel_sizes
from . import styled
from .inputs import Layer, Run, layers_of, read_scene
from .inset import choose_inset
from .layout import balanced, notes, notes_height, panel_grid
from .maps import (
    RGB,
    SCALE_BAR_MM,
    FusedBands,
    MapLayer,
    MapScene,
    StackedLayers,
    composite,
    draw_map,
    percentiles,
)

WINDOW_PX = 40  # small, since the details of interest are smaller than a pixel
MAX_COLUMNS = 5
TITLE_MM = 8


@styled
def sharpening(
    scene: MapScene, reduced: MapLayer, products: FusedBands, truth: MapLayer | None = None
) -> Figure:
    """Return RGB composites of one place: the input, the measured bands, each product, the truth.

    reduced: the three bands, degraded and interpolated to the grid of the scene. products: {label
    of a method: {band: layer}}. truth: the three bands of the true reflectance. Products and truth
    cover the same ground as the scene with an integer multiple of its rows and columns. All
    composites have one stretch.
    """
    window = choose_inset(scene, WINDOW_PX)
    limits = percentiles(scene.rgb.whole)
    sizes = {name: f"{size} m" for name, size in pixel_sizes([scene.pixel_m]).items()}
    shown: dict[str, MapLayer | StackedLayers] = {
        f"{sizes['coarse']} input\n(interpolated)": reduced,
        f"{sizes['native']}\nmeasured": scene.rgb,
        **{
            f"{sizes['fine']} product\n{label}": StackedLayers([bands[name] for name in RGB])
            for label, bands in products.items()
        },
        **({} if truth is None else {f"{sizes['fine']}\ntrue reflectance": truth}),
    }
    lines = [
        f"{scene.name}; the most textured square of {window.width} × {window.width} px of"
        f" {sizes['native']} on test ground",
        f"One linear stretch for all, 2–98 % of the measured scene: "
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    ]
    rows, columns = balanced(len(shown), MAX_COLUMNS)
    figure, axes = panel_grid(
        [scene.aspect(window)] * rows,
        columns,
        top=TITLE_MM + 1,
        bottom=SCALE_BAR_MM + notes_height(lines, handles=False),
        gap=(1.5, TITLE_MM + SCALE_BAR_MM),
    )
    for (title, layer), panel in zip(shown.items(), axes.flat, strict=False):
        pixels = layer.at(finer(window, layer.shape[-1] // scene.shape[-1]))
        draw_map(
            panel,
            composite(pixels, limits),
            scene.extent(window),
            interpolation="nearest",  # so that single pixels are visible
        )
        panel.set_title(title)
    for unused in axes.flat[len(shown) :]:
        unused.remove()
    notes(figure, lines)
    return figure


def draw_sharpening(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    reduced: str | Path,
    full: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[Run],
    truth: str | Path | None = None,
) -> Figure:
    """Return the products of one site, from its files.

    reduced: raster of the degraded bands on the grid of the stack. fused: the products of `runs`,
    and truth (None if it is not known), on the finer grid of the raster `full`.
    """
    scene, fine = read_scene(stack, split, metadata), read_grid(full).shape
    return sharpening(
        scene,
        Layer(reduced, list(RGB), scene.shape),
        layers_of(fused, runs, fine),
        None if truth is None else Layer(truth, list(RGB), fine),
    )
