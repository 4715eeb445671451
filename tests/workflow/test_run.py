"""The tiny study from raw scenes to figures: what is left, and what reruns."""

import os
import re
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import pytest
import rasterio
import warm_start
import yaml
from sarfusion.core.files import read_json
from sarfusion.show.tables import METRIC_COLUMNS
from sarfusion.study import disk
from sarfusion.study.config import resolve
from sarfusion.study.layout import Layout

BANDS = ("red", "green", "blue")


def tree(folder, *patterns):
    """{relative path: bytes} of the files under `folder` that match."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in patterns
        for path in sorted(folder.rglob(pattern))
    }


def test_every_file_of_the_contract_is_there(finished):
    names = {str(path.relative_to(finished.results())) for path in finished.results().rglob("*.*")}
    models = {
        f"models/village/reconstruction/{band}/{model}-ratio/seed{seed}.{form}"
        for band in BANDS
        for model in ("cnn", "cae")
        for seed in (1, 2)
        for form in ("safetensors", "json")
    }
    fused = {
        name.replace("models/", "fused/").replace(".json", ".tif")
        for name in models
        if name.endswith(".json")
    } | {f"fused/village/reconstruction/{band}/copy-none/seed0.tif" for band in BANDS}
    figures = {
        f"figures/{name}.{form}"
        for name in (
            "village_overview",
            *(
                f"village_reconstruction_{kind}"
                for kind in (*BANDS, "composites", "differences", "density", "training")
            ),
            "reconstruction_scores",
            "paired_differences",
            "claims",
        )
        for form in ("png", "pdf")
    }
    others = {
        "scenes/village/optical.tif",
        "scenes/village/sar.tif",
        "scenes/village/truth.tif",
        "scenes/village/scene.json",
        "stack/village.tif",
        "stack/village.split.tif",
        "stack/village.json",
        "patches/village.parquet",
        "metrics/village/reconstruction.csv",
        "metrics/village/reconstruction.cells.npz",
        "metrics/village/reconstruction.differences.csv",
        "report/claims.html",
        "report/models.html",
        "report/readings.html",
        "report/summary.html",
        "tables/claims.csv",
        "tables/claims.md",
        "tables/models.csv",
        "tables/models.md",
        "tables/readings.csv",
        "tables/readings.md",
        "tables/metrics.csv",
        "tables/summary.csv",
        "tables/summary.md",
        "tables/summary.tex",
        "tables/summary.txt",
        "config.yaml",
        "paper.pdf",
        "viewer/index.html",
    }
    apart = ("logs/", "benchmarks/", "provenance/")
    made = {name for name in names if not name.startswith(apart)}
    assert made == models | fused | figures | others


def test_rasters_lie_on_the_landsat_grid_with_named_bands(finished):
    results = finished.results()
    with rasterio.open(results / "scenes/village/optical.tif") as optical:
        grid = (optical.crs, optical.transform, optical.shape)
        assert optical.descriptions == ("red", "green", "blue", "qa_pixel", "qa_radsat")
    with rasterio.open(results / "scenes/village/sar.tif") as sar:
        assert sar.descriptions == ("vv", "vh")
        assert sar.res == (10, 10)
    for path in [results / "stack/village.tif", *results.rglob("fused/**/*.tif")]:
        with rasterio.open(path) as raster:
            assert (raster.crs, raster.transform, raster.shape) == grid
            assert raster.dtypes[0] == "float32"
            assert np.isnan(raster.nodata)
    with rasterio.open(results / "stack/village.tif") as stack:
        names = ("red", "green", "blue", "vv_db", "vh_db", "ratio_db")
        assert stack.descriptions == names
        valid = np.isfinite(stack.read()).all(axis=0)
    with rasterio.open(results / "stack/village.split.tif") as split:
        assert split.dtypes == ("uint8",)
        assert np.array_equal(split.read(1) > 0, valid)
    for path in results.glob("fused/village/reconstruction/red/*/*.tif"):
        with rasterio.open(path) as fused:
            assert fused.descriptions == ("red",)
            assert np.isfinite(fused.read(1))[valid].all()


def test_scores_are_tidy_and_copying_is_perfect(finished):
    scores = pd.read_csv(finished.results() / "tables/metrics.csv")
    assert list(scores.columns) == METRIC_COLUMNS
    assert not scores.duplicated(METRIC_COLUMNS[:-2]).any()
    copy = scores[scores["method"] == "copy"].set_index(["band", "metric"])["value"]
    assert (copy[:, "rmse"] == 0).all()
    assert (copy[:, "ssim"] == 1).all()
    assert copy["rgb", "sam"] == pytest.approx(0, abs=1e-6)
    pixels = scores[scores["metric"] == "rmse"]["n"].unique()
    split = read_json(finished.results() / "stack/village.json")["split"]["pixels"]
    assert pixels.tolist() == [split["test"]]


def test_a_model_says_how_it_came_about(finished):
    record = read_json(
        finished.results() / "models/village/reconstruction/red/cae-ratio/seed2.json"
    )
    assert record["channels"] == ["red", "ratio_db"]
    assert record["receptive_field_radius_px"] == 11
    assert [entry["update"] for entry in record["history"]] == [3, 6]
    assert record["best_update"] in (3, 6)
    assert record["software"]["torch"]


def test_every_job_has_a_log_and_a_benchmark(finished):
    results = finished.results()
    logs, benchmarks = (
        {path.relative_to(results / kind).with_suffix("") for path in (results / kind).rglob(form)}
        for kind, form in (("logs", "*.log"), ("benchmarks", "*.tsv"))
    )
    assert logs == benchmarks
    assert len(logs) > 15


def test_what_it_takes_of_the_disk_was_known_before(finished):
    """The estimate is within a third; figures, measured on the demo, take less here."""
    results = finished.results()
    text = (finished.folder / "tests/studies/tiny.yaml").read_text()
    layout = Layout(resolve(yaml.safe_load(text)))
    assert len(layout.runs("reconstruction")) == len(list(results.rglob("fused/**/*.tif")))
    assert len(layout.figures()) == len(list((results / "figures").iterdir()))
    parts = disk.study_bytes(layout)
    for what in ("scenes", "stack", "fused", "models"):
        assert disk.written_bytes(results / what) == pytest.approx(parts[what], rel=1 / 3), what
    assert disk.written_bytes(results) < 4 / 3 * sum(parts.values())


def test_snakemake_alone_plans_the_demo(project):
    arguments = ("-m", "snakemake", "--dry-run", "--quiet")
    done = warm_start.run(arguments, project.folder, apart=True)
    assert done.returncode == 0, done.stderr
    assert "Config file(s): ['config/demo.yaml']" in done.stdout


def test_a_second_run_does_nothing(finished):
    assert finished.planned() == set()


def test_editing_a_metric_reruns_scores_and_what_follows(copy_of_finished):
    with (copy_of_finished.folder / "scripts/sarfusion/scoring/metrics.py").open("a") as module:
        module.write("# edited\n")
    planned = copy_of_finished.planned()
    assert planned >= {"evaluate_fusion", "tabulate_metrics", "plot_tables", "judge_claims"}
    assert not planned & {"prepare_stack", "train_model", "fuse_scene", "fuse_classical"}


def test_editing_a_network_retrains_that_network_alone(copy_of_finished):
    with (copy_of_finished.folder / "scripts/sarfusion/fusion/networks/cnn.py").open("a") as module:
        module.write("# edited\n")
    printed = copy_of_finished.run("--dry-run", "--quiet", "host")
    assert "Train cnn" in printed
    assert "Train cae" not in printed


def test_changing_the_config_reruns_what_depends_on_it(copy_of_finished):
    longer = copy_of_finished.planned(change={"training": {"updates": 7}})
    assert {"train_model", "fuse_scene", "evaluate_fusion"} <= longer
    assert not longer & {"simulate_scene", "prepare_stack", "index_patches"}
    assert "train_model" in copy_of_finished.planned(change={"seeds": [1, 2, 3]})


@pytest.mark.parametrize(("updates", "jobs"), [(999, 2), (1000, 6)])
def test_where_training_is_long_each_band_is_a_job_of_its_own(project, updates, jobs):
    printed = project.run("--dry-run", change={"training": {"updates": updates}})
    assert re.search(rf"^train_model +{jobs}$", printed, re.MULTILINE)


@pytest.mark.parametrize("target", ["tables", pytest.param("all", marks=pytest.mark.second_tier)])
def test_a_killed_run_ends_in_the_same_bytes(project, finished, target):
    """SIGKILL in training; then unlock, as Snakemake asks, and start again from what is there."""
    script = project.folder / "scripts/train_model.py"
    save = "checkpoint.save(network, record, *next(paths))"
    slowly = f'{save}\n            time.sleep(model == "cae")'
    script.write_text(script.read_text().replace(save, slowly))
    run = subprocess.Popen(
        project.command(target),
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (trained_jobs := set(project.results().glob("benchmarks/train_model/**/*.tsv"))):
        assert run.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(2)  # until Snakemake has recorded it
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    (job,) = trained_jobs  # of one network, with all its bands and seeds; the other is not done
    models = project.results() / "models/village/reconstruction"
    trained = list(models.glob(f"*/{job.stem}/*"))
    before = [path.stat().st_mtime_ns for path in trained]
    assert len(trained) == 3 * 2 * 2

    project.run("--unlock")
    project.run(target)
    patterns = ("tables/*", "metrics/**/*.csv", "*.safetensors")
    ours, theirs = (tree(p.results(), *patterns) for p in (project, finished))
    if target == "tables":  # without the crate's copies of them
        theirs = {name: theirs[name] for name in theirs if not name.startswith("provenance/")}
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert not list(project.results().rglob(".part-*"))
    # What was trained before the kill was not trained again.
    assert [path.stat().st_mtime_ns for path in trained] == before


def test_two_studies_live_side_by_side(copy_of_finished):
    project = copy_of_finished
    before = tree(project.results(), "*.*")
    text = (project.folder / "tests/studies/tiny.yaml").read_text()
    (project.folder / "other.yaml").write_text(text.replace("study: tiny", "study: other"))
    project.run("results/other/patches/village.parquet", study="other.yaml")
    assert project.results("other").is_dir()
    assert tree(project.results(), "*.*") == before
    assert project.planned() == set()
