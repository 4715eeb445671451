"""Fused against measured reflectance, pixel by pixel, on test ground."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from . import by_label, styled
from .inputs import Run, gap_layer, keys_of, layers_of, read_scene
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
    write_above,
)
from .maps import FusedBands, MapLayer, MapScene, percentiles

BINS = 60
MAX_COLUMNS = 6
ROW_GAP_MM = 15  # room for numbers and scores
SCORES_PT = 27  # height of the three scores above a panel
SCORES = ["rmse", "bias", "cc"]


@styled
def density(
    scene: MapScene,
    fused: FusedBands,
    scores: Mapping[str, Mapping[str, Mapping[str, float]]],
    gap: MapLayer | None = None,
) -> Figure:
    """Return 2-D histograms of fused against measured, a row per band and a column per method.

    fused: {label of a method: {band: layer}}, reflectance. scores: {label: {band: {metric:
    value}}} with rmse, bias and cc of all valid test pixels. Only test pixels that are valid in
    both images are drawn, and with `gap` (1 in gaps) only those inside gaps. If the scene is large,
    a regular sample of the pixels is drawn. The axes of a band span the central 99.9 % of its
    values.
    """
    names = list(next(iter(fused.values())))
    ground = scene.test if gap is None else scene.test & (gap.thinned == 1)
    kind = "test pixels" if gap is None else "gap pixels on test ground"
    lines = [scene.name, f"Scores from all valid {kind}; axes span their central 99.9 %"]
    if scene.reduction > 1:
        lines.append(f"Drawn: one pixel in {scene.reduction**2:.0f}")
    across, columns = balanced(len(fused), MAX_COLUMNS)
    title = title_mm(fused)
    figure, axes = panel_grid(
        [1] * (len(names) * across),
        columns,
        left=15,
        right=17,
        top=11.5 + title,
        bottom=11 + notes_height(lines),
        gap=(5, block_gaps(across, len(names), ROW_GAP_MM, ROW_GAP_MM + title)),
        widest=52,
    )
    pairs = {
        (band, label): _valid_pairs(scene.bands[band].thinned, layers[band].thinned, ground)
        for label, layers in fused.items()
        for band in names
    }
    limits = {
        band: percentiles(
            np.concatenate([np.ravel(pairs[band, label]) for label in fused]), 0.05, 99.95
        )
        for band in names
    }
    meshes = []
    places = block_panels(axes, len(fused), len(names))
    for number, (label, (column, panels)) in enumerate(zip(fused, places, strict=True)):
        for band, panel in zip(names, panels, strict=True):
            meshes.append(_draw_density(panel, *pairs[band, label], limits[band]))
            _write_scores(panel, scores[label][band])
            panel.tick_params(labelleft=column == 0)
            if column == 0:
                panel.set_ylabel(f"fused {band} reflectance")
        panels[0].set_title(stacked(label), pad=SCORES_PT + 4)
        if number + columns >= len(fused):  # the last in its column
            panels[-1].set_xlabel("measured\nreflectance")
    norm = LogNorm(1, max(10, *(mesh.get_array().max() for mesh in meshes)))
    for mesh in meshes:
        mesh.set_norm(norm)
    colour_bar(meshes[0], "pixels per bin (count)", (axes[0, -1], axes[-1, -1]))
    notes(figure, lines, [Line2D([], [], color="black", linewidth=0.6, label="fused = measured")])
    return figure


def _valid_pairs(
    measured: np.ndarray, fused: np.ndarray, ground: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (measured, fused), both flat float64, at the pixels of `ground` valid in both."""
    used = ground & np.isfinite(measured) & np.isfinite(fused)
    return measured[used].astype(float), fused[used].astype(float)


def _draw_density(
    axes: Axes, measured: np.ndarray, fused: np.ndarray, limits: tuple[float, float]
) -> QuadMesh:
    """Draw the histogram of a band and method, and the line of equal values."""
    counts, edges, _ = np.histogram2d(measured, fused, bins=BINS, range=[limits, limits])
    mesh = axes.pcolormesh(
        edges, edges, np.ma.masked_equal(counts.T, 0), cmap="viridis", rasterized=True
    )
    axes.plot(limits, limits, color="black", linewidth=0.6)
    axes.set(xlim=limits, ylim=limits)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(3, prune="both"))
    return mesh


def _write_scores(axes: Axes, score: Mapping[str, float]) -> None:
    """Write RMSE, CC and bias above a panel."""
    text = f"RMSE {score['rmse']:.4f}\nCC {score['cc']:.4f}\nbias {score['bias']:z.4f}"
    write_above(axes, text.replace("-", "−"), (0, 2), va="bottom", linespacing=1.2)


def draw_density(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[Run],
    scores: str | Path,
    gaps: str | Path | None = None,
) -> Figure:
    """Return the density plots of one site, from its files and `fused` of `runs`.

    scores: path of the tidy table of scores. gaps: path of the mask of gaps, or None; with one,
    only pixels inside gaps are drawn.
    """
    scene = read_scene(stack, split, metadata)
    region = "test" if gaps is None else "gap"
    return density(
        scene,
        layers_of(fused, runs, scene.shape),
        by_label(read_scores(scores, runs, region), keys_of(runs)),
        gap_layer(gaps, scene),
    )


def read_scores(path: str | Path, runs: Sequence[Run], region: str) -> list[dict[str, float]]:
    """Return {metric: value} for each run, in a region of the tidy table of scores at `path`."""
    table = pd.read_csv(path)
    table = table[(table["region"] == region) & table["metric"].isin(SCORES)]
    by_run = dict(list(table.groupby(["band", "method", "input", "seed"])))
    return [by_run[tuple(run)].set_index("metric")["value"].to_dict() for run in runs]
