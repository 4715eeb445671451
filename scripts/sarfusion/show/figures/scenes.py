"""Map figures of one site: overview, and methods beside the original."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from ...ground.split import BUFFER, NOT_VALID, TEST, TRAIN, VALIDATION
from . import MM, PALETTE, styled
from .inset import choose_inset
from .layout import balanced, blocks, box_mm, colour_bar, notes, notes_height, panel_grid, stacked
from .maps import (
    INSET_LINE,
    NO_DATA_FILL,
    RGB,
    SCALE_BAR_MM,
    TEST_LINE,
    Together,
    composite,
    draw_map,
    edge,
    frame,
    handles,
    outline,
    percentiles,
)

SPLIT_CLASSES = {  # value in the split map -> name, colour
    TRAIN: ("training", PALETTE["blue"]),
    VALIDATION: ("validation", PALETTE["sky"]),
    TEST: ("test", PALETTE["orange"]),
    BUFFER: ("buffer (unused)", "#FFFFFF"),
}
MOST_COLUMNS = 7  # of maps side by side; more methods stand in further rows
TITLE_MM = 9
SAR_TITLES = {"vv_db": "VV", "vh_db": "VH", "ratio_db": "VV/VH ratio"}


@styled
def overview(scene):
    """Return the figure of one site: true colour, VV, VH, ratio in dB, and the split."""
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


def _write_below(axes, text):
    """Write `text` under a panel that has no colour bar."""
    left, bottom, _, _ = box_mm(axes)
    figure = axes.figure
    width, height = figure.get_size_inches() / MM
    figure.text(
        left / width, (bottom - SCALE_BAR_MM - 1) / height, text, va="top", linespacing=1.25
    )


def _draw_split(axes, split, extent):
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
def band_comparison(scene, band, fused):
    """Return the figure of one band: original and each method, whole scene and enlarged inset.

    `fused` maps labels to layers of reflectance. One grey scale for all.
    """
    layers = {"Original": scene.bands[band], **fused}
    limits = percentiles(scene.bands[band].whole)
    lines = [
        *scene.notes,
        f"{band.capitalize()} band; one grey scale for all, 2–98 % of the original",
    ]

    def draw(axes, values, extent):
        return draw_map(axes, values, extent, cmap="gray", vmin=limits[0], vmax=limits[1])

    figure, axes, image = _comparison(scene, layers, draw, lines, right=17)
    colour_bar(image, "reflectance", (axes[0, -1], axes[-1, -1]), extend="both")
    return figure


@styled
def composite_comparison(scene, fused):
    """Return the figure of RGB composites: original and each method, whole and enlarged.

    `fused` maps labels to {band: layer}. One stretch, from the original.
    """
    limits = percentiles(scene.rgb.whole)
    layers = {"Original": scene.rgb} | {
        label: Together([bands[name] for name in RGB]) for label, bands in fused.items()
    }
    lines = [
        *scene.notes,
        f"One linear stretch for all, 2–98 % of the original: "
        f"{limits[0]:.3f}–{limits[1]:.3f} reflectance",
    ]

    def draw(axes, values, extent):
        return draw_map(axes, composite(values, limits), extent)

    figure, _, _ = _comparison(scene, layers, draw, lines, right=2)
    return figure


def _comparison(scene, layers, draw, lines, right):
    """Lay `layers` (label -> layer) side by side, whole scene above inset, by `draw`."""
    # The same place in every figure of a site, whatever the band.
    window = choose_inset(scene)
    place = scene.extent(window)
    across, columns = balanced(len(layers), MOST_COLUMNS)
    figure, axes = panel_grid(
        [scene.aspect(), scene.aspect(window)] * across,
        columns,
        right=right,
        top=TITLE_MM,
        bottom=SCALE_BAR_MM + notes_height(lines),
        gap=(1.5, blocks(across, 2, 1 + SCALE_BAR_MM, TITLE_MM + SCALE_BAR_MM)),
    )
    wholes, insets = axes[::2].ravel(), axes[1::2].ravel()
    for (label, layer), whole, inset in zip(layers.items(), wholes, insets, strict=False):
        draw(whole, layer.whole, scene.extent())
        outline(whole, scene.test, scene.extent(), **TEST_LINE)
        frame(whole, place, **INSET_LINE)
        whole.set_title(stacked(label))
        image = draw(inset, layer.at(window), place)
        edge(inset, **INSET_LINE)
    for unused in (*wholes[len(layers) :], *insets[len(layers) :]):
        unused.set_axis_off()
    missing = any(not np.isfinite(layer.whole).all() for layer in layers.values())
    notes(figure, lines, handles(test=scene.test.any(), inset=True, no_data=missing))
    return figure, axes, image
