"""The figure of simulated clouds and what fills them."""

import numpy as np
import pandas as pd
import pytest
from figure_data import Drawn, assert_printable, maps_of, words
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.files import write_json
from sarfusion.core.raster import Grid, write_raster
from sarfusion.ground.split import TEST, TRAIN
from sarfusion.show.figures.filled import band_layers, draw_filled

SIZE = 96
GRID = Grid(CRS.from_epsg(32648), Affine(30, 0, 690_015, 0, -30, 1_200_015), SIZE, SIZE)
BANDS = ("red", "green", "blue")
FACTOR = 2.0
GAP = (slice(20, 40), slice(20, 60))  # of which the half on the left is test ground
TESTED = slice(0, 40)  # columns


def write_site(folder, with_std=True):
    """Write a site and the output of two models; return the arguments of draw_filled."""
    rng = np.random.default_rng(1)
    bands = rng.uniform(0.05, 0.3, (3, SIZE, SIZE)).astype(np.float32)
    bands[:, :3] = np.nan
    write_raster(folder / "stack.tif", bands, GRID, BANDS, np.nan)
    use = np.full((1, SIZE, SIZE), TRAIN, np.uint8)
    use[..., TESTED] = TEST
    write_raster(folder / "split.tif", use, GRID, ["use"], 0)
    gap = np.zeros((1, SIZE, SIZE), np.uint8)
    gap[0][GAP] = 1
    write_raster(folder / "gaps.tif", gap, GRID, ["gap"], None)
    write_json(folder / "scene.json", {"site": "here", "simulated": False})
    fused, runs, records = [], [], []
    for name, error in (("ratio", 0.02), ("none", 0.03)):
        for band in BANDS:
            for seed in (1, 2):
                path = folder / f"{band}-{name}-{seed}.tif"
                values = np.full((1 + with_std, SIZE, SIZE), 0.1 * seed, np.float32)
                values[with_std:] = 0.03 if with_std else values[with_std:]
                names = [band, f"{band}_std"][: 1 + with_std]
                write_raster(path, values, GRID, names, np.nan)
                record = {"model": "unet", "input": name, "band": band, "validation_rmse": error}
                write_json(path.with_suffix(".json"), record)
                fused.append(path)
                runs.append((band, "unet", name, seed))
                records.append(path.with_suffix(".json"))
    factors = [("here", band, "unet", name, "scale", FACTOR if name == "ratio" else 9.0)
               for name in ("ratio", "none") for band in BANDS]  # fmt: skip
    factors += [("there", band, "unet", "ratio", "scale", 7.0) for band in BANDS]
    table = pd.DataFrame(factors, columns=["site", "band", "method", "input", "metric", "value"])
    table.to_csv(folder / "uncertainty.csv", index=False)
    return {
        **{name: folder / f"{name}.tif" for name in ("stack", "split", "gaps")},
        **{"metadata": folder / "scene.json", "uncertainties": folder / "uncertainty.csv"},
        **{"fused": fused, "runs": runs, "histories": records},
    }


@pytest.mark.parametrize("with_std", [True, False])
def test_the_best_method_fills_the_gaps_of_test_ground_alone(tmp_path, with_std):
    figure = draw_filled(**write_site(tmp_path, with_std))
    assert_printable(figure)
    assert "Filled by U-Net, with ratio" in words(figure)
    assert "With simulated clouds" in words(figure)
    before, after, std = (
        np.ma.filled(axes.images[0].get_array().astype(float), np.nan)
        for axes in maps_of(figure)[:3]
    )
    hidden = np.zeros((SIZE, SIZE), bool)
    hidden[GAP] = True
    hidden[:, TESTED.stop :] = False
    # Of both seeds: means of .1 and .2, each with a standard deviation of .03, if they learned any.
    spread = FACTOR * np.sqrt(0.05**2 + with_std * 0.03**2)
    assert np.isfinite(std).sum() == hidden.sum()
    assert std[hidden] == pytest.approx(spread, rel=1e-5)
    assert not np.array_equal(before, after, equal_nan=True)
    assert np.array_equal(before[~hidden], after[~hidden], equal_nan=True)


def test_a_band_is_the_mean_of_its_networks():
    means = [np.full((2, 2), value).view(Drawn) for value in (0.1, 0.3)]
    band, std = band_layers(means, [], 1.5)
    assert band.whole == pytest.approx(0.2)
    assert std.whole == pytest.approx(1.5 * 0.1)
