"""Maps of fused - original of one site: rows bands, columns methods."""

import numpy as np
from matplotlib.lines import Line2D

from . import styled
from .layout import balanced, blocks, colour_bar, notes, notes_height, panel_grid, stacked
from .maps import SCALE_BAR_MM, draw_map, handles, outline, percentiles
from .scenes import MOST_COLUMNS, TITLE_MM

THIN_GAP_LINE = {"color": "#7A7A7A", "linewidth": 0.3}  # many gaps on a small map


@styled
def differences(scene, fused, gap=None):
    """Return maps of fused - original, a row per band and a column per method.

    `fused` maps labels to {band: layer}. Limits are symmetric and common: the 99th percentile of
    the absolute difference over all maps, or inside `gap` (a layer, 1 in gaps), which is outlined
    where pixels are drawn one by one: the outlines would cover a larger scene.
    """
    names = list(next(iter(fused.values())))
    maps = {
        (band, label): layers[band].whole - scene.bands[band].whole
        for label, layers in fused.items()
        for band in names
    }
    gap = None if gap is None else gap.thinned == 1
    outlined = gap is not None and scene.reduction == 1
    judged = np.abs(np.stack(list(maps.values())))
    limit = percentiles(judged if gap is None else judged[:, gap], 0, 99)[1]
    where = "" if gap is None else " inside gaps"
    lines = [
        *scene.notes,
        f"Limits: 99 % of the absolute differences{where} lie within ±{limit:.4f}",
    ]
    across, columns = balanced(len(fused), MOST_COLUMNS - 1)
    figure, axes = panel_grid(
        [scene.aspect()] * (len(names) * across),
        columns,
        left=6,
        right=19,
        top=TITLE_MM,
        bottom=SCALE_BAR_MM + notes_height(lines),
        gap=(1.5, blocks(across, len(names), 1 + SCALE_BAR_MM, TITLE_MM + SCALE_BAR_MM)),
    )
    for number, label in enumerate(fused):
        block, column = divmod(number, columns)
        panels = axes[block * len(names) : (block + 1) * len(names), column]
        for band, panel in zip(names, panels, strict=True):
            image = draw_map(
                panel, maps[band, label], scene.extent(), cmap="RdBu_r", vmin=-limit, vmax=limit
            )
            outline(panel, scene.test, scene.extent(), color="black", linewidth=0.6)
            if outlined:
                outline(panel, gap, scene.extent(), holes=True, **THIN_GAP_LINE)
            if column == 0:
                panel.set_ylabel(f"{band} band")
        panels[0].set_title(stacked(label))
    for unused in axes[-len(names) :, (len(fused) - 1) % columns + 1 :].flat:
        unused.set_axis_off()
    colour_bar(image, "fused − original (reflectance)", (axes[0, -1], axes[-1, -1]), extend="both")
    missing = any(not np.isfinite(values).all() for values in maps.values())
    shown = handles(test=scene.test.any(), no_data=missing)
    if scene.test.any():
        shown[0].set(color="black", linewidth=0.6)
    if outlined:
        shown.append(Line2D([], [], label="edge of a gap", **THIN_GAP_LINE))
    notes(figure, lines, shown)
    return figure
