"""Small tables and folders for the tests of verify."""

import numpy as np
import pandas as pd
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.raster import Grid, write_raster
from sarfusion.verify.scores import DIFFERENCES, SCORES

STUDY = {
    "study": "s",
    "sites": {"here": {"source": "simulated"}},
    "protocols": {"reconstruction": {"models": ["cnn", "cae"], "inputs": ["ratio", "none"]}},
    "bands": ["red", "green", "blue"],
    "models": {
        name: {"network": name, "patch_px": 33, "batch": 8, "options": {}}
        for name in ("cnn", "cae")
    },
    "baselines": ["copy"],
    "seeds": [1, 2],
    "input_channels": {},
    "training": {"updates": 9, "device": "auto"},
    "transfer": {},
    "missing_sites": {},
}
NAME = "metrics/here/reconstruction.csv"


def make_scores(study=STUDY):
    """Every score of a study of one site and protocol, `rmse` and `cc` of the whole ground."""
    learned = [
        (model, sar_input, seed)
        for model in ("cnn", "cae")
        for sar_input in ("ratio", "none")
        for seed in study["seeds"]
    ]
    rng = np.random.default_rng(6)
    rows = [
        ("s", "here", "reconstruction", "test", band, *run, metric, rng.uniform(), 100)
        for band in (*study["bands"], "rgb")
        for run in [*learned, ("copy", "none", 0)]
        for metric in (["ergas"] if band == "rgb" else ["rmse", "cc"])
    ]
    return pd.DataFrame(rows, columns=SCORES.columns)


def make_difference(**change):
    """One row of a table of differences."""
    row = dict(zip(DIFFERENCES.columns, [
        *("s", "here", "reconstruction", "test", "red", "rmse"),
        *("cnn", "ratio", "cnn", "none", 0.5, 0.25, 0.75, 0.1, 0.05, 2, 100, 30, 16),
    ], strict=True))  # fmt: skip
    return pd.DataFrame([row | change])


def write_table(folder, table, name=NAME):
    """Write a table where the results folder has it; return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
    return path


def make_raster(path, change=0.0, size=40, names=("red",)):
    """A raster of noise with a hole; `change` is added to one pixel of its last band."""
    values = np.random.default_rng(7).uniform(0.1, 0.2, (len(names), size, size))
    values[:, :3, :5] = np.nan
    values[-1, 20, 30] += change
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), size, size)
    write_raster(path, values.astype(np.float32), grid, names, np.nan)
    return path
