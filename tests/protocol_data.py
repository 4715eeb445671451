"""Data for the tests of the figures of cloud gaps, sharpening and paired differences."""

import itertools

import numpy as np
import pandas as pd
from figure_data import Drawn, make_metrics
from sarfusion.ground.gaps import regions
from sarfusion.show.figures.maps import RGB
from sarfusion.study.methods import method_label
from sarfusion.study.protocols import HEADLINE

LEARNED = list(itertools.product(("cnn", "cae", "unet"), ("ratio", "vvvh", "none", "shuffled")))
CLASSICAL = [("mean", "none"), ("nearest", "none"), ("biharmonic", "none"), ("regression", "ratio")]
RUNS = LEARNED + CLASSICAL


def make_gap(scene):
    """One gap of 20 x 12 px with a hole on test ground, and one elsewhere."""
    gap = np.zeros(scene.split.shape, bool)
    gap[30:50, -24:-12] = True
    gap[38:40, -20:-17] = False
    gap[60:80, 5:20] = True
    return gap.view(Drawn)


def make_filled(scene, gap, runs):
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 0.02, (len(runs), 3, *gap.shape)) * gap
    return {
        method_label(*run): dict(zip(RGB, scene.rgb + layers, strict=True))
        for run, layers in zip(runs, noise, strict=True)
    }


def make_edge_table(runs=RUNS, sites=("a-site",), seeds=3):
    rng = np.random.default_rng(5)
    names = [name for name in empty_regions() if name.startswith("gap_edge")]
    learned = [run for run in runs if run not in CLASSICAL]
    rows = [
        ("s", site, "cloud_gap", name, band, *run, seed, "rmse", rng.uniform(0.01, 0.03), 9)
        for site in sites
        for name in names
        for band in RGB
        for run in runs
        for seed in (range(seeds) if run in learned else [0])
    ]
    return pd.DataFrame(rows, columns=make_metrics().columns)


def empty_regions():
    """The regions of cloud_gap, by the names that the scores have."""
    nothing = np.zeros((4, 4), bool)
    return regions(nothing, nothing, (30, 30), [60, 120, 240], [0.5], 3)


def make_differences(rows):
    """Rows (protocol, region, band, left, right, difference, low, high) of compare_methods."""
    return pd.DataFrame(
        [
            {
                "study": "s",
                "site": "a-site",
                "protocol": protocol,
                "region": region,
                "band": band,
                "metric": "rmse",
                "left_method": left[0],
                "left_input": left[1],
                "right_method": right[0],
                "right_input": right[1],
                "difference": difference,
                "low": low,
                "high": high,
                "seeds": 3,
                "n": 100,
            }
            for protocol, region, band, left, right, difference, low, high in rows
        ]
    )


def all_differences(protocols, bands=RGB):
    models = ("cnn", "cae", "unet")
    pairs = [((m, "ratio"), (m, other)) for other in ("none", "shuffled") for m in models]
    pairs += [((m, "vvvh"), (m, other)) for other in ("ratio", "none") for m in models]
    pairs += [(("cae", one), ("cnn", one)) for one in ("ratio", "vvvh", "none", "shuffled")]
    return make_differences(
        [
            (protocol, HEADLINE[protocol], band, *pair, -1e-3, -2e-3, 1e-4)
            for protocol in protocols
            for pair in pairs
            for band in bands
        ]
    )
