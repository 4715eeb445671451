"""Cloud gaps and sharpening through Snakemake: what is left, and what may not leak."""

import numpy as np
import pandas as pd
import pytest
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_band, read_grid
from sarfusion.ground import split


@pytest.fixture
def results(protocols_results):
    return protocols_results


def test_outside_gaps_the_measured_band_is_kept(results):
    gap = read_band(results / "gaps/village.tif", "gap") == 1
    red = read_band(results / "stack/village.tif", "red")
    assert 0.2 < gap.mean() < 0.4
    for path in results.glob("fused/village/cloud_gap/red/*/*.tif"):
        filled = read_band(path, "red")
        valid = np.isfinite(filled)
        assert np.array_equal(filled[~gap & valid], red[~gap & valid])
        assert (filled[gap & valid] != red[gap & valid]).mean() > 0.9


def test_all_methods_are_scored_on_the_same_pixels(results):
    scores = pd.read_csv(results / "tables/metrics.csv")
    counts = scores[scores["metric"] == "rmse"].groupby(["protocol", "region", "band"])["n"]
    assert (counts.nunique() == 1).all()
    gap = read_band(results / "gaps/village.tif", "gap") == 1
    test = read_band(results / "stack/village.split.tif", "use") == split.TEST
    assert counts.first()["cloud_gap", "gap", "red"] == (gap & test).sum()
    regions = set(scores[scores["protocol"] == "cloud_gap"]["region"])
    assert {"gap", "clear", "all", "gap_edge_0-60m", "gap_edge_240-infm"} <= regions
    edges = counts.first()["cloud_gap"].xs("red", level="band").filter(like="gap_edge")
    assert edges.sum() == (gap & test).sum()
    assert set(scores[scores["protocol"] == "sharpening"]["region"]) == {
        "test",
        "consistency",
        "truth",
    }


def test_the_10_m_product_nests_in_the_landsat_grid(results):
    coarse = read_grid(results / "stack/village.tif")
    for path in results.glob("fused/village/sharpening/red/*/*.full.tif"):
        fine = read_grid(path)
        assert fine.shape == (3 * coarse.height, 3 * coarse.width)
        assert fine.bounds == pytest.approx(coarse.bounds)
        assert fine.pixel_m == pytest.approx((10, 10))
    assert len(list(results.glob("fused/village/sharpening/*/*/*.full.tif"))) == 3 * (2 + 2)


def test_differences_and_verdicts_follow_from_the_runs(results):
    differences = pd.read_csv(results / "metrics/village/cloud_gap.differences.csv")
    scores = pd.read_csv(results / "tables/metrics.csv").query(
        "protocol == 'cloud_gap' and region == 'gap' and metric == 'rmse' and band == 'red'"
    )
    mean = scores.groupby(["method", "input"])["value"].mean()
    row = differences.query("metric == 'rmse' and band == 'red'").iloc[0]
    assert (row["left_input"], row["right_input"]) == ("ratio", "none")
    assert row["difference"] == pytest.approx(mean["unet", "ratio"] - mean["unet", "none"])
    assert row["low"] <= row["difference"] <= row["high"]
    claims = pd.read_csv(results / "tables/claims.csv")
    verdicts = claims[claims["band"] == "overall"].set_index("claim")["verdict"]
    assert set(verdicts.index) == {"C1", "C2", "C3", "C4", "S1"}
    assert set(verdicts[["C1", "C2", "C3", "C4"]]) == {"not tested"}
    assert "S1" in (results / "tables/claims.md").read_text()


def test_models_know_their_gaps(results):
    record = read_json(results / "models/village/cloud_gap/red/unet-ratio/seed1.json")
    assert record["channels"] == ["red", "gap", "ratio_db"]
    assert set(record["scaling"]) == {"red", "ratio_db"}


def test_every_figure_is_there(results):
    names = {path.stem for path in results.glob("figures/*.png")}
    assert names == {path.stem for path in results.glob("figures/*.pdf")}
    assert {
        "village_cloud_gap_examples",
        "village_sharpening_products",
        "cloud_gap_distance",
        "paired_differences",
        "claims",
    } <= names
