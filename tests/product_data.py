"""A made scene with a cloud, and networks with a known output, for tests of the product."""

import numpy as np
import torch
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.raster import Grid, write_raster
from sarfusion.product.fill import Model, Scene
from sarfusion.scenes import landsat
from sarfusion.scenes.bands import BANDS

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 300, 340)
SHADOW = 1 << landsat.QA_PIXEL_BITS["cloud_shadow"]
CLOUD = 1 << landsat.QA_PIXEL_BITS["cloud"]
MASK = ["cloud", "cloud_shadow"]
SCALING = {"low": None, "high": None, "mean": 0.25, "std": 0.5}
CLOUDY = (slice(100, 140), slice(50, 300))
DATED = (slice(90, 120), slice(40, 200))  # extends beyond the cloud, and covers only a part of it
FILL, SATURATED, NO_SAR = (slice(0, 10), slice(0, 340)), (200, 30), (120, 60)


class Shifted(torch.nn.Module):
    """A network that adds a number to its first channel; with `log_variance`, an uncertain one."""

    radius, multiple = 3, 2

    def __init__(self, shift, log_variance=None):
        super().__init__()
        self.shift, self.log_variance = shift, log_variance

    def forward(self, inputs):
        mean = inputs[:, :1] + self.shift
        if self.log_variance is None:
            return mean
        return torch.cat([mean, torch.full_like(mean, self.log_variance)], dim=1)


def record(band, model="unet", sar_input="ratio", seed=1, error=0.02):
    """The record of a network, as far as the product reads it."""
    given = {
        "ratio": ["ratio_db"],
        "none": [],
        "shuffled": ["ratio_db"],
        "date": [f"{band}_other_date"],
    }
    channels = [band, "gap", *given[sar_input]]
    return {
        "band": band,
        "model": model,
        "input": sar_input,
        "seed": seed,
        "channels": channels,
        "scaling": {name: SCALING for name in channels if name != "gap"},
        "validation_rmse": error,
    }


def models(shifts, log_variance=None, sar_input="ratio"):
    """{band: networks that add each of `shifts`, in normalised units}."""
    return {
        band: [
            Model(Shifted(shift, log_variance), record(band, sar_input=sar_input, seed=seed))
            for seed, shift in enumerate(shifts)
        ]
        for band in BANDS
    }


def make_scene(folder, grid=GRID):
    """Write the rasters of a scene; return (Scene, truth), reflectance (3, rows, columns).

    A cloud with its shadow hides CLOUDY, FILL is fill, SATURATED is saturated in red, and a
    cloudy pixel has no SAR. The start surface is the truth. Another date shows the part DATED of
    the truth, .01 too bright.
    """
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.05, 0.4, (3, *grid.shape)).astype(np.float32)
    numbers = np.round((truth - landsat.OFFSET) / landsat.SCALE).astype(np.uint16)
    quality = np.zeros(grid.shape, np.uint16)
    quality[CLOUDY] = CLOUD
    quality[CLOUDY][:20] = SHADOW
    quality[FILL] = landsat.QA_FILL
    numbers[:, *FILL] = landsat.FILL
    stack = truth.copy()
    stack[:, *CLOUDY] = stack[:, *FILL] = np.nan
    stack[0, *SATURATED] = np.nan
    ratio = rng.normal(6, 2, grid.shape).astype(np.float32)
    ratio[NO_SAR] = np.nan
    gap = np.where(np.isfinite(stack).all(axis=0), 0, 2).astype(np.float32)
    scene = Scene(*(folder / f"{name}.tif" for name in ("optical", "stack", "start")))
    raw = np.stack([*numbers, quality, np.zeros_like(quality)])
    scales = {
        "scale": [landsat.SCALE] * 3 + [1.0, 1.0],
        "offset": [landsat.OFFSET] * 3 + [0.0, 0.0],
    }
    write_raster(scene.optical, raw, grid, landsat.RAW_BANDS, landsat.FILL, **scales)
    write_raster(scene.stack, [*stack, ratio], grid, [*BANDS, "ratio_db"], np.nan)
    dated = np.full(truth.shape, np.nan, np.float32)
    dated[:, *DATED] = truth[:, *DATED] + np.float32(0.01)
    names = [*BANDS, "gap", *(f"{band}_other_date" for band in BANDS)]
    write_raster(scene.start, [*truth, gap, *dated], grid, names, np.nan)
    return scene, truth
