"""Studies of several sites: tables over all, and models on sites they have not seen."""

import shutil

import numpy as np
import pandas as pd
import pytest
import rasterio
from project import Project
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_band
from sarfusion.scoring.across import pooled_scores
from sarfusion.scoring.support import supported
from sarfusion.show.tables import METRIC_COLUMNS
from sarfusion.study.config import read_study
from sarfusion.verify import tolerances
from sarfusion.verify.models import usable_models
from verify_results import claim_checks, recompute_checks

STUDY = "tests/studies/transfer.yaml"
TOWNS = ("north", "east", "west")
FIGURES = ("across_sites_differences", "across_sites_cloud_gap_scores", "transfer")
DRAWN = [f"figures/{name}.png" for name in FIGURES]


@pytest.fixture(scope="module")
def towns(tmp_path_factory):
    """The study of three towns, each also by a model of the other two."""
    project = Project(tmp_path_factory.mktemp("towns") / "project")
    project.run("tables", *(f"results/transfer/{name}" for name in DRAWN), study=STUDY)
    return project


def test_a_table_over_all_sites(towns):
    tables = towns.results("transfer") / "tables"
    scores = pd.read_csv(tables / "metrics.csv")
    assert set(scores["site"]) == set(TOWNS)
    pooled = pd.read_csv(tables / "across_sites.csv")
    assert pooled["sites"].max() == 3
    assert pooled["missing_sites"].isna().all()
    expected = pooled_scores(supported(scores))
    assert np.allclose(pooled["mean"], expected["mean"], equal_nan=True)
    text = (tables / "across_sites.md").read_text()
    assert text.startswith("# 3 sites\n\n## Cloud gaps")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert ["cloud gap", "CNN, with ratio", "CNN, optical only", "red"] in [r[:4] for r in rows]
    assert "Without" not in text


def test_a_transferred_model_is_trained_and_scaled_by_other_sites_alone(towns):
    results = towns.results("transfer")
    model = results / "models/transfer.without_east/cloud_gap/red/cnn-ratio/seed1.json"
    record = read_json(model)
    assert record["trained_on"] == ["north", "west"]
    pool = read_json(results / "stack/transfer.without_east.json")
    assert record["scaling"] == {name: pool["normalisation"][name] for name in ("red", "ratio_db")}
    own = [read_json(results / f"stack/{site}.json")["normalisation"]["red"] for site in TOWNS]
    mean = record["scaling"]["red"]["mean"]
    assert own[0]["mean"] < mean < own[2]["mean"] or own[2]["mean"] < mean < own[0]["mean"]
    here = [
        read_json(results / f"models/{site}/cloud_gap/red/cnn-ratio/seed1.json") for site in TOWNS
    ]
    assert record["training_patches"] == here[0]["training_patches"] + here[2]["training_patches"]
    assert "trained_on" not in here[0]


def test_an_unseen_site_is_scored_as_its_own_models_are(towns):
    tables = towns.results("transfer") / "tables"
    own, unseen = (pd.read_csv(tables / f"{name}.csv") for name in ("metrics", "transfer_metrics"))
    assert list(unseen.columns) == [*METRIC_COLUMNS, "transfer", "trained_on"]
    trained_on = unseen.groupby("site")["trained_on"].unique().map(list).to_dict()
    assert trained_on["east"] == ["north west"]
    keys = METRIC_COLUMNS[:-2]
    both = unseen.merge(own, on=keys, suffixes=("", "_own"))
    assert len(both) == len(unseen)
    rmse = both[both["metric"] == "rmse"]
    assert (rmse["n"] == rmse["n_own"]).all()
    filled = rmse["region"] != "clear"
    assert set(rmse["region"]) > {"clear", "gap", "all"}
    assert (rmse["value"] != rmse["value_own"])[filled].all()
    assert (rmse.loc[~filled, ["value", "value_own"]] == 0).all(axis=None)  # measured, and kept
    text = (tables / "transfer.md").read_text()
    assert "## leave one out: tested on north, east, west" in text
    assert "of 3 sites" in text


def test_outside_gaps_the_measured_band_of_the_unseen_site_is_kept(towns):
    results = towns.results("transfer")
    gap = read_band(results / "gaps/east.tif", "gap") == 1
    red = read_band(results / "stack/east.tif", "red")
    fused = results / "fused/east/transfer.without_east/cloud_gap/red/cnn-ratio/seed1.tif"
    filled = read_band(fused, "red")
    clear = np.isfinite(filled) & ~gap
    assert np.array_equal(filled[clear], red[clear])


def test_one_site_has_its_own_split(towns):
    seeds = [
        read_json(towns.results("transfer") / f"stack/{site}.json")["split"]["seed"]
        for site in ("north", "west")
    ]
    assert seeds == [5, 8]
    row = "west,simulated,144,7,8"
    table = towns.folder / "tests/studies/transfer.csv"
    text = table.read_text()
    assert row in text
    table.write_text(text.replace(row, "west,simulated,144,7,9"))
    try:
        printed = towns.run("--dry-run", "results/transfer/tables/metrics.csv", study=STUDY)
    finally:
        table.write_text(text)
    assert "Mask, scale and align the scenes of west" in printed
    assert "Mask, scale and align the scenes of north" not in printed


# What `./reproduce verify` makes again and compares with what was sent.

EAST = "east/transfer.without_east/cloud_gap"
PLACES = [("cloud_gap", "scene", "pixel"), ("cloud_gap", "gap", "rmse")]
ALLOWED = pd.DataFrame(
    [(*place, 1e-6, 0.05, 10, 2) for place in PLACES], columns=tolerances.COLUMNS
)


def failures(towns, sent, derived):
    """The checks that fail for the results in `sent`, with those of `towns` as made again.

    derived: tables and charts as made from the scores in `sent`.
    """
    study = read_study(towns.folder / STUDY)
    again = towns.results("transfer")
    usable = usable_models(study, sent / "models")
    checks = [
        *recompute_checks(study, sent, again, ALLOWED, usable),
        *claim_checks(study, sent, derived),
    ]
    return {check.what for check in checks if not check.passed}


@pytest.fixture(scope="module")
def before(towns):
    """The checks that fail for results without tampering: figures that were not drawn."""
    found = failures(towns, towns.results("transfer"), towns.results("transfer"))
    assert all(what.startswith("figures/") for what in found)
    assert not found & set(DRAWN)
    return found


def change_score(sent):
    path = sent / f"metrics/{EAST}.csv"
    table = pd.read_csv(path, float_precision="round_trip")
    table.loc[table["metric"] == "rmse", "value"] *= 1.01
    table.to_csv(path, index=False)


def change_pixel(sent):
    path = sent / f"fused/{EAST}/red/cnn-ratio/seed1.tif"
    with rasterio.open(path, "r+") as raster:
        raster.write(raster.read(1) * np.float32(1.01), 1)


def train_on_the_tested_site(sent):
    path = sent / "models/transfer.without_east/cloud_gap/red/cnn-ratio/seed1.json"
    path.write_text(path.read_text().replace('"north"', '"east"'))


def change_text(name):
    def change(sent):
        path = sent / f"tables/{name}"
        path.write_text(path.read_text().replace("0", "1", 1))

    return change


def swap_figure(sent):
    shutil.copy(sent / "figures/across_sites_differences.png", sent / "figures/transfer.png")


TRANSFER = {f"tables/transfer{rest}" for rest in ("_metrics.csv", ".csv", ".md")}


@pytest.mark.parametrize(
    ("tamper", "failing"),
    [
        (change_score, {f"metrics/{EAST}.csv"} | TRANSFER),
        (change_pixel, {f"fused/{EAST}"}),
        (train_on_the_tested_site, {"models", f"metrics/{EAST}.csv"}),
        (change_text("across_sites.csv"), {"tables/across_sites.csv"}),
        (change_text("across_sites.md"), {"tables/across_sites.md"}),
        (change_text("transfer.csv"), {"tables/transfer.csv"}),
        (swap_figure, {"figures/transfer.png"}),
    ],
)
def test_tampering_across_sites_is_found(towns, before, tmp_path, tamper, failing):
    sent = tmp_path / "sent"
    derived = towns.results("transfer")
    shutil.copytree(derived, sent)
    tamper(sent)
    if tamper is change_score:  # what follows from scores is made from those that were sent
        change = {"scores_from": str(sent)}
        tables = [f"results/transfer/{name}" for name in TRANSFER]
        towns.run(*tables, "--directory", str(tmp_path), study=STUDY, change=change)
        made = tmp_path / "results/transfer/tables"
        derived = tmp_path / "derived"
        shutil.copytree(towns.results("transfer"), derived)
        shutil.copytree(made, derived / "tables", dirs_exist_ok=True)
    assert failures(towns, sent, derived) - before == failing


def test_many_sites_take_fewer_jobs_and_give_the_same_bytes(towns, tmp_path):
    """A job for all bands of a model, as in a study of many sites."""
    project = Project(tmp_path / "project")
    common = project.folder / "rules/common.smk"
    common.write_text(common.read_text().replace('len(STUDY["sites"]) <= 8', "False"))
    path = "models/north/cloud_gap/{}/cnn-ratio/seed2.safetensors"
    wanted = f"results/transfer/{path.format('red')}"
    printed = project.run(wanted, study=STUDY)
    assert printed.count("Train cnn") == 1
    for band in ("red", "blue"):
        ours, theirs = (
            (p.results("transfer") / path.format(band)).read_bytes() for p in (project, towns)
        )
        assert ours == theirs


def test_transfers_are_left_out_where_a_folder_of_weights_lacks_their_models(towns):
    models = towns.results("transfer") / "models"
    shutil.copytree(models, towns.folder / "weights", ignore=shutil.ignore_patterns("transfer.*"))
    change = {"weights": "weights", "study": "again"}
    planned = towns.planned(study=STUDY, change=change)
    assert {"fuse_scene", "tabulate_across"} <= planned
    assert not {"train_model", "fuse_transfer", "tabulate_transfer"} & planned
    shutil.copytree(models, towns.folder / "weights", dirs_exist_ok=True)
    assert {"fuse_transfer", "tabulate_transfer"} <= towns.planned(study=STUDY, change=change)
    assert "evaluate_transfer" in towns.planned("scores", study=STUDY, change=change)
