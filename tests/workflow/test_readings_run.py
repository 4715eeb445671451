"""Readings of the paper's task through Snakemake: the band as it is, with noise, and not at all."""

import numpy as np
import pandas as pd
import pytest
from project import Project
from pypdf import PdfReader
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_band

pytestmark = pytest.mark.second_tier  # a variant of what test_run.py runs

STUDY = "tests/studies/readings.yaml"
PROTOCOLS = ("reconstruction", "sar_alone", "denoise")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("readings") / "project")
    made = ("paper.pdf", *(f"figures/{name}_ranking.png" for name in PROTOCOLS))
    project.run("tables", *(f"results/readings/{name}" for name in made), study=STUDY)
    return project.results("readings")


def test_a_network_of_sar_alone_gets_no_band(results):
    record = read_json(results / "models/village/sar_alone/red/cnn-ratio/seed1.json")
    assert record["channels"] == ["ratio_db"]
    assert set(record["scaling"]) == {"red", "ratio_db"}
    assert set(record["domain"]["percentiles"]) == {"ratio_db"}
    without = read_json(results / "models/village/denoise/red/cnn-none/seed1.json")
    assert without["channels"] == ["red", "without_ratio_db"]  # zeros, where others have the ratio


def test_the_noise_is_what_the_study_asks_for(results):
    """As given differs from the band by blur, and by noise of a quarter of its variance."""
    red = read_band(results / "stack/village.tif", "red")
    noisy = read_band(results / "stack/village.noisy.tif", "red")
    given = read_band(results / "fused/village/denoise/red/as_given-none/seed0.tif", "red")
    assert np.array_equal(given, noisy, equal_nan=True)
    std = read_json(results / "stack/village.json")["normalisation"]["red"]["std"]
    high_passed = np.diff(noisy - red, axis=0) / np.sqrt(2)
    assert 0.9 < np.nanstd(high_passed) / (std * 10 ** (-6 / 20)) < 1.5
    scores = pd.read_csv(results / "tables/metrics.csv")
    row = scores.query("protocol == 'denoise' and method == 'as_given' and metric == 'rmse'")
    assert len(row) == 1
    assert row["value"].iloc[0] > 0.4 * std


def test_high_aerosol_is_masked_where_a_study_asks_for_it(results):
    bits = read_band(results / "scenes/village/aerosol.tif", "qa_aerosol")
    high = bits >> 6 == 3
    assert 0.05 < high.mean() < 0.15
    assert np.isnan(read_band(results / "stack/village.tif", "red")[high]).all()
    counts = read_json(results / "stack/village.json")["optical"]
    fill = read_band(results / "scenes/village/optical.tif", "qa_pixel") & 1 == 1
    assert counts["aerosol_high"] == (high & ~fill).sum()
    assert "aerosol_interpolated" not in counts


def test_each_claim_is_judged_in_each_reading(results):
    readings = pd.read_csv(results / "tables/readings.csv")
    assert set(readings["claim"]) == {"C1", "C2", "C3", "C4"}
    assert set(readings["protocol"]) == {"reconstruction", "sar_alone", "denoise"}
    claims = pd.read_csv(results / "tables/claims.csv")
    own = readings[readings["protocol"] == "reconstruction"].reset_index(drop=True)
    kept = claims[claims["claim"].isin(own["claim"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, kept, check_dtype=False)
    page = (results / "tables/readings.md").read_text()
    assert "| claim" in page.splitlines()[2]
    assert "SAR alone" in page


def test_the_paper_has_the_table(results):
    pages = PdfReader(results / "paper.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Readings by claim" in text
    assert "by eye" in text
    assert "standard deviation of 0.6" in text


def test_all_methods_are_ranked_against_the_one_that_the_study_names(results):
    ranking = pd.read_csv(results / "tables/ranking.csv")
    scores = pd.read_csv(results / "tables/metrics.csv").query("metric == 'rmse'")
    for protocol in PROTOCOLS:
        rows = ranking[ranking["protocol"] == protocol]
        assert list(rows["rank"]) == [*range(1, len(rows) + 1)]
        own = scores[(scores["protocol"] == protocol) & (scores["region"] == "test")]
        means = own.groupby(["method", "input"])["value"].mean().sort_values()
        assert [*zip(rows["method"], rows["input"], strict=True)] == [*means.index]
        assert rows["rmse"].to_numpy() == pytest.approx(means.to_numpy())
        differences = rows["rmse"] - means["cnn", "ratio"]
        held = rows["finding"] != "itself"
        assert rows["difference"][held].to_numpy() == pytest.approx(differences[held].to_numpy())
        assert held.sum() == len(rows) - 1
        assert (results / f"figures/{protocol}_ranking.png").stat().st_size > 10_000
    assert "Copy" in (results / "tables/ranking.md").read_text()
