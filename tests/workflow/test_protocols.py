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


def test_the_consistency_of_products_has_the_floor_of_the_true_image(results):
    """At least the sensor's noise of 0.002, which no product of the true scene has."""
    scores = pd.read_csv(results / "tables/metrics.csv").query("method == 'true_image'")
    assert set(scores["region"]) == {"consistency"}
    assert set(scores["band"]) == {"red", "green", "blue"}
    assert (scores[scores["metric"] == "rmse"]["value"].between(0.002, 0.02)).all()
    assert "True image" in (results / "tables/summary.md").read_text()


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
    assert set(verdicts.index) == {"C1", "C2", "C3", "C4", "S1", "S2", "S3", "S4", "S5", "U1"}
    assert set(verdicts[["C1", "C2", "C3", "C4"]]) == {"not tested"}
    assert "S1" in (results / "tables/claims.md").read_text()


def test_maps_of_built_up_ground_are_of_the_same_pixels_and_follow_from_the_rasters(results):
    table = pd.read_csv(results / "tables/land_cover.csv")
    gap = read_band(results / "gaps/village.tif", "gap") == 1
    use = read_band(results / "stack/village.split.tif", "use")
    built = read_band(results / "scenes/village/built_up.tif", "built_up")
    inside = gap & (use == split.TEST)
    assert set(built.ravel()) == {0, 1}
    share = table.query("metric == 'share'").iloc[0]
    assert (share["value"], share["n"]) == (pytest.approx(built[inside].mean()), inside.sum())
    assert set(table.query("metric == 'iou'")["n"]) == {built[inside].sum()}
    of = table.query("metric == 'iou'").set_index(["method", "input"])
    assert set(of.index) == {
        ("measured", "none"),
        *((name, "none") for name in ("mean", "biharmonic")),
        ("regression", "vvvh"),
        *(("unet", sar_input) for sar_input in ("ratio", "none")),
    }
    assert of.loc[("measured", "none"), "value"] == of["value"].max() > 0.7
    assert of["seeds"].to_dict()["unet", "ratio"] == 2
    page = (results / "tables/land_cover.md").read_text()
    assert "Measured bands" in page
    assert "U-Net, with ratio" in page
    assert (results / "report/land_cover.html").exists()


def test_uncertainties_are_of_the_same_pixels_and_follow_from_the_rasters(results):
    table = pd.read_csv(results / "tables/uncertainty.csv")
    gap = read_band(results / "gaps/village.tif", "gap") == 1
    use = read_band(results / "stack/village.split.tif", "use")
    assert set(table.query("region == 'gap'")["n"]) == {(gap & (use == split.TEST)).sum()}
    assert set(table.query("metric == 'scale'")["n"]) == {(gap & (use == split.VALIDATION)).sum()}
    # By hand, of seeds alone: the spread of two seeds is half of their difference.
    truth, *seeds = (
        read_band(path, "red")[gap & (use == split.TEST)].astype(float)
        for path in (
            results / "stack/village.tif",
            *sorted(results.glob("fused/village/cloud_gap/red/unet-ratio/seed*.tif")),
        )
    )
    error, std = np.mean(seeds, axis=0) - truth, np.abs(seeds[0] - seeds[1]) / 2
    held = (np.abs(error) <= 1.959964 * std).mean()
    row = table.query(
        "band == 'red' and input == 'ratio' and uncertainty == 'seeds' and metric == 'coverage_95'"
    )
    assert row["value"].tolist() == pytest.approx([held])
    assert (row["low"] <= row["value"]).all()
    page = (results / "tables/uncertainty.md").read_text()
    assert "seeds alone" in page
    assert "nan" not in page


def test_models_know_their_gaps(results):
    record = read_json(results / "models/village/cloud_gap/red/unet-ratio/seed1.json")
    assert record["channels"] == ["red", "gap", "ratio_db", "ratio_db_anomaly"]
    assert set(record["scaling"]) == {"red", "ratio_db"}


def test_every_figure_is_there(results):
    names = {path.stem for path in results.glob("figures/*.png")}
    assert names == {path.stem for path in results.glob("figures/*.pdf")}
    assert {
        "village_cloud_gap_examples",
        "village_sharpening_products",
        "cloud_gap_distance",
        "cloud_gap_uncertainty",
        "paired_differences",
        "claims",
    } <= names
