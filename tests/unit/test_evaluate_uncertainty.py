"""The table of uncertainties, from made rasters whose errors are known."""

import numpy as np
import pandas as pd
import pytest
from evaluate_uncertainty import COLUMNS, main
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.raster import Grid, write_raster
from sarfusion.ground import split as split_map
from sarfusion.scoring.gap_pixels import read_gap_pixels
from sarfusion.scoring.uncertainty import METRICS

SIDE = 160
BANDS = ["red", "green", "blue"]
GRID = Grid(CRS.from_epsg(32648), Affine(30, 0, 600000, 0, -30, 1200000), SIDE, SIDE)
OVERSURE = 2  # the networks' standard deviations are too small by this factor


@pytest.fixture
def site(tmp_path):
    """A site with validation ground above and test ground below; some columns are gap.

    Two seeds of a U-Net have one mean, so that all variance is the networks' own; those of a CNN
    differ by a constant.
    """
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.05, 0.3, (3, SIDE, SIDE)).astype(np.float32)
    truth[:, :, 3] = np.nan
    use = np.full((SIDE, SIDE), split_map.TRAIN, np.uint8)
    use[:60], use[80:] = split_map.VALIDATION, split_map.TEST
    gap = np.zeros((SIDE, SIDE), np.uint8)
    gap[:, :100] = 1
    write_raster(tmp_path / "stack.tif", truth, GRID, BANDS, np.nan)
    write_raster(tmp_path / "split.tif", use[None], GRID, ["use"], 0)
    write_raster(tmp_path / "gaps.tif", gap[None], GRID, ["gap"], None)
    std = rng.uniform(0.01, 0.04, (SIDE, SIDE))
    filled = truth[0] + rng.normal(0, std)
    stated = np.where(gap == 1, std / OVERSURE, np.nan)
    runs = []
    for seed in (1, 2):
        for method, bands in (
            ("unet", [filled, stated]),
            ("cnn", [truth[0] + (0.01 if seed == 1 else 0.03)]),
        ):
            names = ["red", "red_std"][: len(bands)]
            array = np.stack(bands).astype(np.float32)
            write_raster(tmp_path / f"{method}{seed}.tif", array, GRID, names, np.nan)
            runs.append(("red", method, "ratio", seed))
    runs.sort(key=lambda run: run[1])
    return tmp_path, runs


def table_of(site, **changes):
    folder, runs = site
    given = {
        "stack": folder / "stack.tif",
        "split": folder / "split.tif",
        "gaps": folder / "gaps.tif",
        "fused": [folder / f"{method}{seed}.tif" for _, method, _, seed in runs],
        "runs": [list(run) for run in runs],  # as Snakemake hands them on
        "uncertain": ["unet"],
        "study": "s",
        "site": "here",
        "protocol": "cloud_gap",
        "block_px": 16,
        "draws": 200,
        "seed": 1,
    }
    main(table=folder / "table.csv", **(given | changes))
    return pd.read_csv(folder / "table.csv")


def cell(table, method, kind, metric):
    keys = ["method", "uncertainty", "metric"]
    (row,) = table[(table[keys] == [method, kind, metric]).all(axis=1)].to_dict("records")
    return row


def test_pixels_of_the_whole_scene_are_those_of_its_strips(site, monkeypatch):
    folder, _ = site
    paths = [folder / f"{name}.tif" for name in ("split", "stack", "gaps")]
    whole = read_gap_pixels(*paths)
    assert whole.use.size == 99 * (60 + 80)  # a column of the gap is not valid
    rows, columns = whole.places
    assert set(columns) == set(range(100)) - {3}
    assert (whole.use == split_map.TEST).tolist() == (rows >= 80).tolist()


def test_the_factor_is_found_on_validation_ground_and_makes_test_ground_right(site):
    table = table_of(site)
    assert list(table.columns) == COLUMNS
    scale = cell(table, "unet", "calibrated", "scale")
    assert scale["value"] == pytest.approx(OVERSURE, rel=0.03)
    assert (scale["region"], scale["n"], scale["seeds"]) == ("validation", 99 * 60, 2)
    before, after = (
        cell(table, "unet", kind, "coverage_95") for kind in ("ensemble", "calibrated")
    )
    assert before["value"] == pytest.approx(0.673, abs=0.02)  # within 0.98 standard deviations
    assert after["value"] == pytest.approx(0.95, abs=0.01)
    assert after["low"] < after["value"] < after["high"]
    assert (after["region"], after["n"]) == ("gap", 99 * 80)
    widths = [cell(table, "unet", kind, "width_95")["value"] for kind in ("ensemble", "calibrated")]
    assert widths[1] / widths[0] == pytest.approx(scale["value"])
    # The order of pixels is the same with and without the factor.
    areas = [cell(table, "unet", kind, "ause")["value"] for kind in ("ensemble", "calibrated")]
    assert areas[0] == areas[1] > 0


def test_seeds_that_agree_are_sure_of_all(site):
    table = table_of(site)
    assert cell(table, "unet", "seeds", "coverage_95")["value"] == 0
    assert cell(table, "unet", "seeds", "crps")["value"] > 0


def test_a_model_without_a_variance_has_its_seeds_alone(site):
    table = table_of(site)
    assert set(table[table["method"] == "cnn"]["uncertainty"]) == {"seeds", "calibrated"}
    # Off by .01 and .03: the mean is off by .02, and the spread .01.
    assert cell(table, "cnn", "seeds", "rmse")["value"] == pytest.approx(0.02, rel=1e-4)
    assert cell(table, "cnn", "calibrated", "scale")["value"] == pytest.approx(2 / 1.96, rel=1e-3)
    assert cell(table, "cnn", "calibrated", "coverage_95")["value"] >= 0.95


def test_one_seed_has_no_spread_over_seeds(site):
    folder, runs = site
    table = table_of(site, runs=runs[2:3], fused=[folder / "unet1.tif"])
    assert set(table["uncertainty"]) == {"ensemble", "calibrated"}
    assert set(table["seeds"]) == {1}


def test_without_validation_ground_there_is_no_factor(site):
    folder, _ = site
    use = np.full((SIDE, SIDE), split_map.TEST, np.uint8)
    write_raster(folder / "split.tif", use[None], GRID, ["use"], 0)
    table = table_of(site)
    calibrated = table[table["uncertainty"] == "calibrated"]
    assert calibrated["value"].isna().all()
    assert table[table["uncertainty"] == "ensemble"]["value"].notna().all()


def test_without_gaps_on_test_ground_every_score_is_unknown(site):
    folder, _ = site
    use = np.full((SIDE, SIDE), split_map.VALIDATION, np.uint8)
    write_raster(folder / "split.tif", use[None], GRID, ["use"], 0)
    table = table_of(site).set_index("metric")
    assert table.loc["scale", "value"].notna().all()
    assert table.drop("scale")["value"].isna().all()
    assert set(table.drop("scale")["n"]) == {0}


def test_every_metric_has_one_row_of_each_kind(site):
    table = table_of(site)
    of_unet = table[(table["method"] == "unet") & (table["metric"] != "scale")]
    for _, rows in of_unet.groupby("uncertainty"):
        assert rows["metric"].tolist() == list(METRICS)
