"""Fused against measured reflectance, pixel by pixel, on test ground."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..pairs import pearson, rms
from . import styled
from .layout import colour_bar, notes, notes_height, panel_grid, stacked
from .maps import percentiles

BINS = 60
SCORES_PT = 27  # height of the three scores above a panel


def agreement(reference, fused):
    """Return RMSE, bias (fused - reference) and Pearson CC of two arrays of the same size.

    CC is NaN when either is constant.
    """
    return {
        "rmse": rms(fused - reference),
        "bias": float(np.mean(fused - reference)),
        "cc": pearson(reference, fused, rms(reference), rms(fused)),
    }


@styled
def density(scene, fused):
    """Return 2-D histograms of fused against measured, a row per band, a column per method.

    `fused` maps labels to {band: array (rows, columns)} of reflectance; only test pixels that
    are valid in both count. Axes of a row span the central 99.9 % of its values.
    """
    names = list(next(iter(fused.values())))
    lines = [scene.note, "Scores from all valid test pixels; axes span their central 99.9 %"]
    figure, axes = panel_grid(
        [1] * len(names),
        len(fused),
        left=15,
        right=17,
        top=19,
        bottom=11 + notes_height(lines),
        gap=(3, 16),
        widest=52,
    )
    meshes = []
    for band, row in zip(names, axes, strict=True):
        pairs = [_test_pairs(scene, band, layers[band]) for layers in fused.values()]
        limits = percentiles(np.concatenate([np.ravel(pair) for pair in pairs]), 0.05, 99.95)
        for pair, panel in zip(pairs, row, strict=True):
            meshes.append(_draw_density(panel, *pair, limits))
            panel.tick_params(labelleft=panel is row[0])
        row[0].set_ylabel(f"fused {band} reflectance")
    norm = LogNorm(1, max(10, *(mesh.get_array().max() for mesh in meshes)))
    for mesh in meshes:
        mesh.set_norm(norm)
    for label, panel in zip(fused, axes[0], strict=True):
        panel.set_title(stacked(label), pad=SCORES_PT + 4)
    for panel in axes[-1]:
        panel.set_xlabel("measured\nreflectance")
    colour_bar(meshes[0], "test pixels per bin (count)", (axes[0, -1], axes[-1, -1]))
    notes(figure, lines, [Line2D([], [], color="black", linewidth=0.6, label="fused = measured")])
    return figure


def _test_pairs(scene, band, layer):
    """Return (measured, fused) at the test pixels valid in both."""
    used = scene.test & np.isfinite(scene.bands[band]) & np.isfinite(layer)
    return scene.bands[band][used].astype(float), layer[used].astype(float)


def _draw_density(axes, measured, fused, limits):
    counts, edges, _ = np.histogram2d(measured, fused, bins=BINS, range=[limits, limits])
    mesh = axes.pcolormesh(
        edges, edges, np.ma.masked_equal(counts.T, 0), cmap="viridis", rasterized=True
    )
    axes.plot(limits, limits, color="black", linewidth=0.6)
    axes.set(xlim=limits, ylim=limits)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(3, prune="both"))
    score = agreement(measured, fused)
    words = f"RMSE {score['rmse']:.5f}\nCC {score['cc']:.4f}\nbias {score['bias']:z.5f}"
    axes.annotate(
        words.replace("-", "−"),
        (0, 1),
        (0, 2),
        xycoords="axes fraction",
        textcoords="offset points",
        va="bottom",
        linespacing=1.2,
    )
    return mesh
