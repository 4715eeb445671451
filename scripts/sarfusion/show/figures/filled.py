"""Maps of simulated clouds on test ground: the gaps, the filled scene, and its uncertainty."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...core.files import read_json
from ...core.raster import band_names
from ...fusion.ensemble import deviation_name, ensemble
from ...ground.split import TEST
from ...product.bands import Source
from ...product.choice import best_method, std_factors
from ...study.methods import Run, method_label
from .cloud_free import before_and_after
from .inputs import Derived, Layer, read_scene
from .maps import RGB, MapLayer


def band_layers(
    means: Sequence[MapLayer], stds: Sequence[MapLayer], factor: float
) -> tuple[Derived, Derived]:
    """Return the layers of a band that the networks of all seeds predict together, and of its std.

    means, stds: of each network; stds is empty if they learned none. factor: of the std.
    """
    seeds = len(means)

    def deviation(*arrays):
        variances = np.square(arrays[seeds:]) if stds else None
        return factor * np.sqrt(ensemble(arrays[:seeds], variances)[1])

    return Derived(lambda *arrays: np.mean(arrays, axis=0), means), Derived(
        deviation, [*means, *stds]
    )


def draw_filled(
    *,
    stack: str | Path,
    split: str | Path,
    metadata: str | Path,
    gaps: str | Path,
    fused: Sequence[str | Path],
    runs: Sequence[Run],
    histories: Sequence[str | Path],
    uncertainties: str | Path,
) -> Figure:
    """Return the figure of the gaps of one site, filled by the method that fills its clouds.

    fused, runs: of all methods that might fill them; histories: records of the models;
    uncertainties: the table with the factors of their standard deviations.
    """
    scene = read_scene(stack, split, metadata)
    method = best_method(map(read_json, histories))
    table = pd.read_csv(uncertainties)
    factors = std_factors(table[table["site"] == scene.site], method)
    bands = []
    for band in RGB:
        run = (band, method.model, method.input)
        paths = [path for path, (*one, _) in zip(fused, runs, strict=True) if tuple(one) == run]
        of_seeds, their_stds = _networks(paths, band, scene.shape)
        bands.append(band_layers(of_seeds, their_stds, factors[band]))
    means, stds = zip(*bands, strict=True)
    masks = [Layer(gaps, "gap", scene.shape), scene.split]
    hidden = Derived(lambda gap, use: (gap == 1) & (use == TEST), [], masks)
    return before_and_after(
        scene,
        Derived(lambda gap, seen: np.where(gap, np.nan, seen), [scene.rgb], [hidden]),
        Derived(lambda gap, seen, *made: np.where(gap, made, seen), [scene.rgb, *means], [hidden]),
        Derived(lambda gap, *made: np.where(gap, made, np.nan), stds, [hidden]),
        Derived(_source, [scene.rgb], [hidden]),
        ("With simulated clouds", f"Filled by {method_label(method.model, method.input)}"),
    )


def _networks(paths, band, shape):
    """Return the layers of a band of fused rasters, and of its standard deviation if it has one."""
    means = [Layer(path, band, shape) for path in paths]
    is_known = deviation_name(band) in band_names(paths[0])
    return means, [Layer(path, deviation_name(band), shape) for path in paths if is_known]


def _source(hidden, seen):
    """Return the values of Source that a product of these gaps would have (rows, columns)."""
    known = np.isfinite(seen).all(axis=0)
    return np.where(known, np.where(hidden, Source.FILLED, Source.MEASURED), Source.NO_DATA)
