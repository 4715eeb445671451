"""Maps of fused - original of one site: a row per band, a column per method."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from . import styled
from .inputs import Run, gap_layer, layers_of, read_scene
from .layout import (
    balanced,
    block_gaps,
    block_panels,
    colour_bar,
    notes,
    notes_height,
    panel_grid,
    stacked,
    title_mm,
)
from .maps import (
    SCALE_BAR_MM,
    FusedBands,
    MapLayer,
    MapScene,
    draw_map,
    handles,
    outline,
    percentiles,
)
from .scenes import MAX_COLUMNS

# Thin, since a small map may show many gaps.
THIN_GAP_LINE: dict[str, Any] = {"color": "#7A7A7A", "linewidth": 0.3}


@styled
def differences(scene: MapScene, fused: FusedBands, gap: MapLayer | None = None) -> Figure:
    """Return maps of fused - original, a row per band and a column per method.

    fused: {label of a method: {band: layer}}, reflectance. The limits are symmetric and the same
    for all maps: the 99th percentile of the absolute difference, with `gap` (1 in gaps) that
    inside gaps. Gaps are outlined unless the scene is too large to draw each pixel, since there
    the outlines would cover the map.
    """
    names = list(next(iter(fused.values())))
    maps = {
        (band, label): layers[band].whole - scene.bands[band].whole
        for label, layers in fused.items()
        for band in names
    }
    in_gap = None if gap is None else gap.thinned == 1
    outlined_gaps = in_gap if scene.reduction == 1 else None
    errors = np.abs(np.stack(list(maps.values())))
    limit = percentiles(errors if in_gap is None else errors[:, in_gap], 0, 99)[1]
    where = "" if gap is None else " inside gaps"
    lines = [
        *scene.notes,
        f"Limits: 99 % of the absolute differences{where} lie within ±{limit:.4f}",
    ]
    across, columns = balanced(len(fused), MAX_COLUMNS - 1)
    title = title_mm(fused)
    figure, axes = panel_grid(
        [scene.aspect()] * (len(names) * across),
        columns,
        left=6,
        right=19,
        top=title,
        bottom=SCALE_BAR_MM + notes_height(lines),
        gap=(1.5, block_gaps(across, len(names), 1 + SCALE_BAR_MM, title + SCALE_BAR_MM)),
    )
    for label, (column, panels) in zip(
        fused, block_panels(axes, len(fused), len(names)), strict=True
    ):
        for band, panel in zip(names, panels, strict=True):
            image = draw_map(
                panel, maps[band, label], scene.extent(), cmap="RdBu_r", vmin=-limit, vmax=limit
            )
            outline(panel, scene.test, scene.extent(), color="black", linewidth=0.6)
            if outlined_gaps is not None:
                outline(panel, outlined_gaps, scene.extent(), holes=True, **THIN_GAP_LINE)
            if column == 0:
                panel.yaxis.set_visible(True)
                panel.set(ylabel=f"{band} band", yticks=[])
        panels[0].set_title(stacked(label))
    colour_bar(image, "fused − original (reflectance)", (axes[0, -1], axes[-1, -1]), extend="both")
    missing = any(not np.isfinite(values).all() for values in maps.values())
    shown = handles(test=bool(scene.test.any()), no_data=missing)
    if scene.test.any():
        shown[0].set(color="black", linewidth=0.6)
    if outlined_gaps is not None:
        shown.append(Line2D([], [], label="edge of a gap", **THIN_GAP_LINE))
    notes(figure, lines, shown)
    return figure


def draw_differences(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[Run],
    gaps: str | Path | None = None,
) -> Figure:
    """Return the maps of one site, from its files and `fused` of `runs`.

    gaps: path of the mask of gaps, or None; with one, gaps are outlined.
    """
    scene = read_scene(stack, split, metadata)
    return differences(scene, layers_of(fused, runs, scene.shape), gap_layer(gaps, scene))
