"""The scene as the satellite saw it, the same without clouds, and its uncertainty where filled."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from rasterio.windows import Window

from ...core.raster import band_numbers, open_raster
from ...fusion.ensemble import deviation_name
from ...product.bands import MADE, SOURCE, Source
from ...scenes import landsat
from ...study.methods import method_label
from . import styled
from .inputs import Derived, Layer, read_scene
from .inset import choose_window
from .layout import colour_bar, notes, notes_height, panel_grid
from .maps import (
    GAP_LINE,
    INSET_LINE,
    RGB,
    SCALE_BAR_MM,
    MapLayer,
    MapScene,
    composite,
    draw_map,
    edge,
    frame,
    handles,
    outline,
    percentiles,
)

WINDOW_PX = 64


def seen_layer(optical: str | Path, shape: tuple[int, int]) -> Derived:
    """Return all that the sensor saw, also clouds, as reflectance in red, green and blue.

    optical: raster of digital numbers with their scales and offsets.
    """
    with open_raster(optical) as dataset:
        at = [number - 1 for number in band_numbers(dataset, RGB)]
        scale, offset = (
            np.array(values, np.float32)[at][:, None, None]
            for values in (dataset.scales, dataset.offsets)
        )

    def reflectance(numbers: np.ndarray) -> np.ndarray:
        known = np.isfinite(numbers) & (numbers != landsat.FILL)
        return np.where(known, numbers * scale + offset, np.nan)

    return Derived(reflectance, [Layer(optical, list(RGB), shape)])


def filled_window(source: MapLayer, size: int = WINDOW_PX) -> Window:
    """Return the square Window with data everywhere in which most pixels are filled."""

    def ground_and_filled(window: Window) -> tuple[np.ndarray, np.ndarray]:
        kinds = source.at(window)
        return kinds != Source.NO_DATA, np.isin(kinds, MADE).astype(float)

    rows, columns = source.shape
    return choose_window((rows, columns), ground_and_filled, size)


@styled
def before_and_after(
    scene: MapScene,
    seen: MapLayer,
    filled: MapLayer,
    std: MapLayer,
    source: MapLayer,
    titles: tuple[str, str],
) -> Figure:
    """Return the figure of a product: before, after and one standard deviation, whole and enlarged.

    seen, filled: reflectance of red, green and blue. std: of the same bands, NaN where nothing was
    filled. source: values of Source. titles: of the scene as seen, and of the filled one.
    """
    window = filled_window(source)
    limits = percentiles(scene.rgb.whole)
    spread = _mean_of_bands(std.whole)
    low, high = percentiles(spread, 1, 99)
    lines = [
        *scene.notes,
        "Composites: one linear stretch, 2–98 % of the measured ground: "
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    ]
    figure, axes = panel_grid(
        [scene.aspect(), scene.aspect(window)],
        3,
        right=20,
        bottom=SCALE_BAR_MM + notes_height(lines),
        gap=(1.5, 1 + SCALE_BAR_MM),
    )
    inset = scene.extent(window)
    is_filled = np.isin(source.at(window), MADE)
    for row, (extent, part) in enumerate(
        (
            (scene.extent(), lambda layer: layer.whole),
            (inset, lambda layer: layer.at(window)),
        )
    ):
        for panel, layer in zip(axes[row], (seen, filled), strict=False):
            draw_map(panel, composite(part(layer), limits), extent)
        image = draw_map(
            axes[row, 2], _mean_of_bands(part(std)), extent, cmap="magma_r", vmin=low, vmax=high
        )
        axes[row, 2].patch.set(facecolor="white", hatch=None)  # there, nothing was filled
    columns = (*titles, "One standard deviation")
    for title, whole, enlarged in zip(columns, *axes, strict=True):
        whole.set_title(title)
        frame(whole, inset, **INSET_LINE)
        outline(enlarged, is_filled, inset, holes=True, **GAP_LINE)
        edge(enlarged, **INSET_LINE)
    if np.isfinite(spread).any():
        label = "mean of the three bands (reflectance)"
        colour_bar(image, label, (axes[0, 2], axes[1, 2]), extend="both")
    else:
        is_clear = not np.isin(source.thinned, MADE).any()
        axes[0, 2].set_title("Nothing to fill" if is_clear else "Its uncertainty is not known")
    missing = not np.isfinite(filled.whole).all()
    legend = [
        *handles(inset=True, no_data=missing),
        Line2D([], [], label="edge of what was filled", **GAP_LINE),
    ]
    notes(figure, lines, legend)
    return figure


def _mean_of_bands(bands: np.ndarray) -> np.ndarray:
    """Return the mean of (3, rows, columns) over bands, NaN where a band is NaN."""
    return bands.mean(axis=0)


def draw_cloud_free(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    optical: str | Path,
    picture: str | Path,
) -> Figure:
    """Return the figure of the product `picture` of one site, from its files."""
    scene = read_scene(stack, split, metadata)
    with open_raster(picture) as dataset:
        method = method_label(*dataset.tags()["METHOD"].rsplit("-", 1))
    return before_and_after(
        scene,
        seen_layer(optical, scene.shape),
        Layer(picture, list(RGB), scene.shape),
        Layer(picture, [deviation_name(band) for band in RGB], scene.shape),
        Layer(picture, SOURCE, scene.shape),
        ("As seen", f"Filled by {method}"),
    )
