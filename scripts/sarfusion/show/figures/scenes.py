"""Map figures of one site: an overview of its inputs, and methods beside the original."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch

from ...ground.split import BUFFER, NOT_VALID, TEST, TRAIN, VALIDATION
from . import MM, PALETTE, styled
from .facets import band_title
from .inputs import Run, layers_of, read_scene
from .inset import choose_inset
from .layout import (
    balanced,
    block_gaps,
    box_mm,
    colour_bar,
    notes,
    notes_height,
    panel_grid,
    stacked,
    title_mm,
)
from .maps import (
    INSET_LINE,
    NO_DATA_FILL,
    RGB,
    SCALE_BAR_MM,
    TEST_LINE,
    Extent,
    FusedBands,
    MapLayer,
    MapScene,
    StackedLayers,
    composite,
    draw_map,
    edge,
    frame,
    handles,
    outline,
    percentiles,
)

SPLIT_CLASSES = {  # value in the split -> name, colour
    TRAIN: ("training", PALETTE["blue"]),
    VALIDATION: ("validation", PALETTE["sky"]),
    TEST: ("test", PALETTE["orange"]),
    BUFFER: ("buffer (unused)", "#FFFFFF"),
}
MAX_COLUMNS = 7  # maps side by side; more methods continue in further rows
SAR_TITLES = {"vv_db": "VV", "vh_db": "VH", "ratio_db": "VV/VH ratio"}
SAR_BANDS = ("vv_db", "vh_db", "ratio_db")


@styled
def overview(scene: MapScene) -> Figure:
    """Return the figure of one site: true colour; VV, VH and their ratio in dB; and the split."""
    aspect = scene.aspect()
    figure, axes = panel_grid([aspect, aspect], 3, bottom=17, gap=(5, 24))
    limits = percentiles(scene.rgb.whole)
    draw_map(axes[0, 0], composite(scene.rgb.whole, limits), scene.extent())
    axes[0, 0].set_title("Red, green, blue")
    _write_below(
        axes[0, 0],
        "One linear stretch for\nthe three bands, 2–98 %:\n"
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    )
    for panel, (name, title) in zip(axes.flat[1:4], SAR_TITLES.items(), strict=True):
        band = scene.bands[name].whole
        low, high = percentiles(band)
        image = draw_map(panel, band, scene.extent(), cmap="viridis", vmin=low, vmax=high)
        panel.set_title(title)
        colour_bar(image, f"{title} (dB)", (panel, panel), below=True, extend="both")
    split = scene.split.thinned
    _draw_split(axes[1, 1], split, scene.extent())
    missing = (split == NOT_VALID).any() or any(
        not np.isfinite(band.whole).all() for band in scene.bands.values()
    )
    axes[1, 2].set_axis_off()
    axes[1, 2].legend(
        handles=[
            Patch(facecolor=colour, edgecolor="black", linewidth=0.4, label=name)
            for value, (name, colour) in SPLIT_CLASSES.items()
            if (split == value).any()
        ]
        + ([Patch(**NO_DATA_FILL, label="no data, or not valid")] if missing else []),
        title="Ground in the split",
        title_fontsize=7,
        alignment="left",
        loc="upper left",
    )
    _write_below(axes[1, 2], "\n".join(scene.notes))
    return figure


def _write_below(axes: Axes, text: str) -> None:
    """Write `text` under a panel that has no colour bar."""
    left, bottom, _, _ = box_mm(axes)
    figure = axes.figure
    width, height = figure.get_size_inches() / MM
    figure.text(
        left / width, (bottom - SCALE_BAR_MM - 1) / height, text, va="top", linespacing=1.25
    )


def _draw_split(axes: Axes, split: np.ndarray, extent: Extent) -> None:
    """Draw the split in the colours of SPLIT_CLASSES."""
    draw_map(
        axes,
        np.ma.masked_equal(split, NOT_VALID),
        extent,
        cmap=ListedColormap([colour for _, colour in SPLIT_CLASSES.values()]),
        vmin=TRAIN - 0.5,
        vmax=BUFFER + 0.5,
        interpolation="nearest",
    )
    axes.set_title("Split by blocks")


@styled
def band_comparison(scene: MapScene, band: str, fused: Mapping[str, MapLayer]) -> Figure:
    """Return the figure of one band: original and each method, whole scene and enlarged inset.

    fused: {label of a method: layer}, reflectance. All maps have one grey scale.
    """
    layers = {"Original": scene.bands[band], **fused}
    limits = percentiles(scene.bands[band].whole)
    lines = [
        *scene.notes,
        f"{band_title(band)} band; one grey scale for all, 2–98 % of the original",
    ]

    def draw(axes: Axes, values: np.ndarray, extent: Extent) -> AxesImage:
        return draw_map(axes, values, extent, cmap="gray", vmin=limits[0], vmax=limits[1])

    figure, axes, image = _comparison(scene, layers, draw, lines, right=17)
    colour_bar(image, "reflectance", (axes[0, -1], axes[-1, -1]), extend="both")
    return figure


@styled
def composite_comparison(scene: MapScene, fused: FusedBands) -> Figure:
    """Return the figure of RGB composites: original and each method, whole and enlarged.

    fused: {label of a method: {band: layer}}, reflectance. All maps have the stretch of the
    original.
    """
    limits = percentiles(scene.rgb.whole)
    layers: dict[str, MapLayer | StackedLayers] = {
        "Original": scene.rgb,
        **{label: StackedLayers([bands[name] for name in RGB]) for label, bands in fused.items()},
    }
    lines = [
        *scene.notes,
        f"One linear stretch for all, 2–98 % of the original: "
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    ]

    def draw(axes: Axes, values: np.ndarray, extent: Extent) -> AxesImage:
        return draw_map(axes, composite(values, limits), extent)

    figure, _, _ = _comparison(scene, layers, draw, lines, right=2)
    return figure


def _comparison(
    scene: MapScene,
    layers: Mapping[str, MapLayer | StackedLayers],
    draw: Callable[[Axes, np.ndarray, Extent], AxesImage],
    lines: list[str],
    right: float,
) -> tuple[Figure, np.ndarray, AxesImage]:
    """Draw layers side by side, the whole scene above the inset.

    layers: {title: layer}; draw: draws the pixels of one on axes; lines: notes; right: margin in
    mm. Returns the figure, its axes and the last image.
    """
    # The inset depends on the scene alone, so every figure of a site enlarges the same ground.
    window = choose_inset(scene)
    inset_extent = scene.extent(window)
    across, columns = balanced(len(layers), MAX_COLUMNS)
    title = title_mm(layers)
    figure, axes = panel_grid(
        [scene.aspect(), scene.aspect(window)] * across,
        columns,
        right=right,
        top=title,
        bottom=SCALE_BAR_MM + notes_height(lines),
        gap=(1.5, block_gaps(across, 2, 1 + SCALE_BAR_MM, title + SCALE_BAR_MM)),
    )
    wholes, insets = axes[::2].ravel(), axes[1::2].ravel()
    for (label, layer), whole, inset in zip(layers.items(), wholes, insets, strict=False):
        draw(whole, layer.whole, scene.extent())
        outline(whole, scene.test, scene.extent(), **TEST_LINE)
        frame(whole, inset_extent, **INSET_LINE)
        whole.set_title(stacked(label))
        image = draw(inset, layer.at(window), inset_extent)
        edge(inset, **INSET_LINE)
    for unused in (*wholes[len(layers) :], *insets[len(layers) :]):
        unused.set_axis_off()
    missing = any(not np.isfinite(layer.whole).all() for layer in layers.values())
    notes(figure, lines, handles(test=bool(scene.test.any()), inset=True, no_data=missing))
    return figure, axes, image


def draw_overview(*, stack: str | Path, split: str | Path, metadata: str | Path) -> Figure:
    """Return the overview of one site, from its files."""
    return overview(read_scene(stack, split, metadata, (*RGB, *SAR_BANDS)))


def draw_bands(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[Run],
    band: str,
) -> Figure:
    """Return the figure of a band of one site, from its files and `fused` of `runs`."""
    scene = read_scene(stack, split, metadata)
    layers = layers_of(fused, runs, scene.shape)
    own = {label: of_method[band] for label, of_method in layers.items() if band in of_method}
    return band_comparison(scene, band, own)


def draw_composites(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[Run],
) -> Figure:
    """Return the composites of one site, from its files and `fused` of `runs`."""
    scene = read_scene(stack, split, metadata)
    return composite_comparison(scene, layers_of(fused, runs, scene.shape))
