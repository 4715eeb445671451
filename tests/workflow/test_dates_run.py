"""Gaps filled from other dates, through Snakemake."""

import shutil

import fill_clouds
import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_band, read_bands, read_grid
from sarfusion.ground import split
from sarfusion.product.bands import NAMES, Source
from sarfusion.scenes import landsat
from sarfusion.scenes.bands import BANDS
from sarfusion.study.config import read_study
from sarfusion.study.methods import METHODS, OVER_TIME
from verify_results import input_checks

STUDY = "tests/studies/dates.yaml"
DATES = {"2023-11-14": -48, "2024-01-17": 16, "2024-02-02": 32}
DATE_FILES = {f"{date}{end}" for date in DATES for end in (".tif", ".truth.tif", ".json")}


@pytest.fixture(scope="module")
def results(dated):
    """What the study left. Tests leave it as it is."""
    return dated.results("dates")


@pytest.fixture(scope="module")
def scores(results):
    """Scores of red inside gaps."""
    table = pd.read_csv(results / "tables/metrics.csv")
    return (
        table.query("region == 'gap' and band == 'red'")
        .set_index(["method", "metric"])
        .sort_index()
    )


def clear_dates(results):
    """On how many of the dates each pixel is clear."""
    count = 0
    for date in DATES:
        qa_pixel = read_band(results / f"scenes/village/dates/{date}.tif", "qa_pixel")
        flags = ["fill", "dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow"]
        count = count + ~landsat.any_flagged(qa_pixel, flags)
    return count


def test_dates_lie_on_the_grid_of_the_scene(results):
    folder = results / "scenes/village/dates"
    assert {path.name for path in folder.iterdir()} == DATE_FILES
    for date, day in DATES.items():
        assert read_grid(folder / f"{date}.tif").alike(read_grid(results / "stack/village.tif"))
        assert read_json(folder / f"{date}.json")["days"] == day


def test_each_method_fills_gaps_where_a_date_is_clear_and_tells_where(results):
    gap = read_band(results / "gaps/village.tif", "gap") == 1
    red = read_band(results / "stack/village.tif", "red")
    surface = read_band(results / "fused/village/cloud_gap/red/biharmonic-none/seed0.tif", "red")
    count = clear_dates(results)
    seen = gap & (count > 0)
    assert 0.5 < seen.sum() / gap.sum() < 1
    for method in OVER_TIME:
        flags = read_band(results / "gaps/village.from_dates.tif", method) == 1
        filled = read_band(results / f"fused/village/cloud_gap/red/{method}-none/seed0.tif", "red")
        # A saturated band also hides a pixel, which QA_PIXEL does not state.
        assert not (flags & ~seen).any()
        assert (flags != seen).sum() <= 10 or method == "harmonic"
        assert np.array_equal(filled[~flags], np.where(gap, surface, red)[~flags], equal_nan=True)
    assert not read_band(results / "gaps/village.from_dates.tif", "harmonic").any()  # three dates


def test_the_share_from_dates_is_of_the_scored_pixels(results, scores):
    gap = read_band(results / "gaps/village.tif", "gap") == 1
    test = read_band(results / "stack/village.split.tif", "use") == split.TEST
    for method in OVER_TIME:
        flags = read_band(results / "gaps/village.from_dates.tif", method) == 1
        row = scores.loc[method, "from_dates"].iloc[0]
        assert row["value"] == pytest.approx(flags[gap & test].mean())
        assert row["n"] == (gap & test).sum()
    assert (scores.loc["biharmonic", "from_dates"]["value"] == 0).all()
    clear = read_band(results / "stack/village.dates.tif", "other_date_clear") == 1
    for sar_input, rows in scores.loc["unet", "from_dates"].groupby("input"):
        share = clear[gap & test].mean() if sar_input.startswith("date") else 0
        assert rows["value"].tolist() == pytest.approx([share] * len(rows))


def test_methods_over_time_stand_in_the_tables_and_are_compared(results, scores):
    names = [name for name, method in METHODS.items() if method.protocol == "cloud_gap"]
    assert {*names, "unet"} == set(scores.index.get_level_values("method"))
    summary = (results / "tables/summary.txt").read_text()
    assert "Matched date" in summary
    assert "From dates" in summary
    differences = pd.read_csv(results / "metrics/village/cloud_gap.differences.csv")
    assert set(OVER_TIME) < set(differences["right_method"])
    assert (results / "figures/cloud_gap_distance.png").exists()


def test_the_paper_says_which_methods_fill_from_dates(results):
    pages = PdfReader(results / "paper.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    named = "Nearest date, Matched date, Median of dates, Linear in time, Harmonic and NSPI"
    assert f"{named} fill a gap from other dates of the place" in text


def test_what_changed_is_less_than_what_a_surface_misses(scores):
    """Another date shows the ground, so its error comes only from change, light and haze."""
    errors = scores["value"].xs("rmse", level="metric")
    assert max(errors["previous"].max(), errors["nspi"].max()) < errors["biharmonic"].min()
    assert errors["nspi"].max() < errors["previous"].max()


def test_the_nearest_clear_date_is_matched_on_training_ground(results):
    """By hand, where the nearest date, of 16 days, is clear: a line through training pixels."""
    names = ["red_other_date", "other_date_age", "other_date_clear"]
    matched, age, clear = read_bands(results / "stack/village.dates.tif", names)
    assert set(age[clear == 1]) == {16, 32, 48}
    assert np.isnan(matched[clear == 0]).all()
    assert np.isnan(age[clear == 0]).all()
    assert (
        np.array_equal(clear == 1, clear_dates(results) > 0)
        or ((clear == 1) != (clear_dates(results) > 0)).sum() <= 10
    )
    raw = read_band(results / "scenes/village/dates/2024-01-17.tif", "red").astype(float)
    red = read_band(results / "stack/village.tif", "red")
    use = read_band(results / "stack/village.split.tif", "use")
    nearest = age == 16
    known = nearest & (use == split.TRAIN) & np.isfinite(red)
    gain, offset = np.polyfit(raw[known], red[known], 1)
    assert matched[nearest] == pytest.approx(offset + gain * raw[nearest], abs=2e-5)


def test_inputs_are_composed_and_have_the_same_places(results):
    models = results / "models/village/cloud_gap/red"
    records = {path.name: read_json(path / "seed1.json") for path in models.iterdir()}
    assert {*records} == {
        f"unet-{name}" for name in ("ratio", "none", "moved", "date", "date_vvvh", "date_vv")
    }
    assert len({record["parameters"] for record in records.values()}) == 1
    given = {
        name: [each for each in record["channels"][2:] if not each.startswith("without_")]
        for name, record in records.items()
    }
    dated = ["red_other_date", "other_date_age", "other_date_clear"]
    assert given["unet-none"] == []
    assert given["unet-ratio"] == given["unet-moved"] == ["ratio_db", "ratio_db_anomaly"]
    assert given["unet-date_vv"] == [*dated, "vv_db", "red_other_date_anomaly", "vv_db_anomaly"]


def test_moved_radar_is_that_of_half_a_scene_away(results):
    ratio = read_band(results / "stack/village.tif", "ratio_db")
    moved = read_band(results / "stack/village.moved.tif", "ratio_db")
    away = np.roll(ratio, (64, 64), (0, 1))
    both = np.isfinite(away) & np.isfinite(moved)
    assert both.mean() > 0.8
    assert np.array_equal(moved[both], away[both])
    assert np.array_equal(np.isfinite(moved), np.isfinite(ratio))


def test_worth_by_age_and_distance_is_scored_and_compared(results):
    table = pd.read_csv(results / "metrics/village/cloud_gap.csv").query("band == 'red'")
    ages = table[(table["metric"] == "rmse") & table["region"].str.startswith("gap_age")]
    assert set(ages["region"]) == {
        f"gap_age_{part}d" for part in ("0-16", "16-32", "32-64", "64-inf")
    }
    differences = pd.read_csv(results / "metrics/village/cloud_gap.differences.csv")
    by_input = differences[differences["right_method"] == "unet"]
    pairs = set(by_input[["left_input", "right_input"]].itertuples(index=False, name=None))
    assert pairs == {
        *(("ratio", "none"), ("ratio", "moved"), ("date_vvvh", "date"), ("date_vv", "date")),
        ("date_vvvh", "date_vv"),
    }
    assert {"rmse_by_age", "rmse_by_distance"} <= set(by_input["metric"])
    claims = pd.read_csv(results / "tables/claims.csv").query("claim == 'S5' and band == 'red'")
    assert set(claims["reason"]) == {"too few seeds: 2; at least 3 are needed"}
    assert (results / "figures/cloud_gap_age.png").exists()


def test_the_table_of_files_leads_from_the_summary_to_the_dates(results):
    rows = pd.read_csv(results / "provenance/files.csv").set_index("path")
    for name in DATE_FILES:
        path = f"results/dates/scenes/village/dates/{name}"
        assert rows.loc[path, "rule"] == "simulate_date"


def test_another_date_reruns_what_fills_from_dates_and_no_scene(dated, tmp_path):
    site = {"source": "simulated", "seed": 3, "size_px": 128, "other_dates": [-48, 16, 48]}
    change = {"sites": {"village": site}}
    planned = dated.planned(study=STUDY, change=change)
    assert {"simulate_date", "fuse_classical", "evaluate_fusion", "match_dates"} <= planned
    assert not {"simulate_scene", "prepare_stack"} & planned
    model = "results/dates/models/village/cloud_gap/red/unet-{}/seed1.json"
    assert "train_model" in dated.planned(model.format("date"), study=STUDY, change=change)
    assert not dated.planned(model.format("ratio"), study=STUDY, change=change)


def test_verify_checks_the_dates(dated, results, tmp_path):
    study = read_study(dated.folder / STUDY)
    sent = shutil.copytree(results, tmp_path / "sent")
    assert all(check.passed for check in date_checks(study, sent, results))
    path = sent / "scenes/village/dates/2024-01-17.tif"
    path.write_bytes((sent / "scenes/village/dates/2024-02-02.tif").read_bytes())
    failed = [check.what for check in date_checks(study, sent, results) if not check.passed]
    assert failed == ["village: 2024-01-17"]


def date_checks(study, folder, again):
    """The checks of verify that are about other dates."""
    checks = [check for check in input_checks(study, folder, again) if ": 20" in check.what]
    assert [check.what for check in checks] == [f"village: {date}" for date in DATES]
    return checks


def test_a_simulated_date_keeps_to_the_truth(results):
    folder = results / "scenes/village/dates"
    truth = read_bands(folder / "2024-02-02.truth.tif", ["red"])[0]
    scene = read_band(results / "stack/village.tif", "red")
    both = np.isfinite(scene)
    assert 0.9 < np.corrcoef(scene[both], truth[both])[0, 1] < 0.9999


def test_the_picture_tells_what_is_from_another_date(results, tmp_path):
    """Filled by networks that are given another date, whichever did best on validation ground."""
    networks = sorted(results.glob("models/village/cloud_gap/*/unet-date_vvvh/*.safetensors"))
    files = {name: tmp_path / name for name in ("picture", "style", "source_style", "facts")}
    fill_clouds.main(
        optical=results / "scenes/village/optical.tif",
        stack=results / "stack/village.tif",
        start=results / "gaps/village.clouds.start.tif",
        weights=networks,
        records=[path.with_suffix(".json") for path in networks],
        study="dates",
        site="village",
        mask=["cloud", "cloud_shadow", "dilated_cloud"],
        tile_px=64,
        precision="float32",
        device="cpu",
        threads=1,
        **files,
    )
    bands = dict(zip(NAMES, read_bands(files["picture"], NAMES), strict=True))
    made = np.isin(bands["source"], [Source.FILLED, Source.FROM_DATE])
    seen = clear_dates(results) > 0
    assert (made & seen).sum() > 100
    np.testing.assert_array_equal(bands["source"] == Source.FROM_DATE, made & seen)
    assert read_json(files["facts"])["pixels"]["from_date"] == (made & seen).sum()
    assert all(np.isfinite(bands[band][made]).all() for band in BANDS)
