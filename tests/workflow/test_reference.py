"""The reference of the tiny study: what is kept, how far it may move, and that it verifies."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import warm_start
import yaml
from collect_reference import main as collect
from project import ROOT
from safetensors.numpy import load_file, save_file
from sarfusion.core.files import sha256, write_csv
from sarfusion.core.raster import read_band, read_grid, write_raster
from sarfusion.study.config import read_study
from sarfusion.verify import tolerances
from sarfusion.verify.models import usable_models
from stage_models import main as stage
from tabulate_envelope import main as tabulate
from verify_results import claim_checks, input_checks, own_checks, recompute_checks

STUDY = "tests/studies/tiny.yaml"
SCORES = "metrics/village/reconstruction.csv"
DIFFERENCES = "metrics/village/reconstruction.differences.csv"
MODEL = "village/reconstruction/red/cnn-ratio/seed1"
MOVED = 4e-6  # of a score, a pixel and a weight, in the made-up variant
FEWER_DIGITS = 1e-4  # moved a score, in the made-up variant that fuses with bfloat16 products


@pytest.fixture(scope="module")
def study(finished):
    return read_study(finished.folder / STUDY)


@pytest.fixture(scope="module")
def envelope(finished, tmp_path_factory):
    """The envelope of made-up variants: `again` moves nothing, `other` and bfloat16 a little."""
    folder = tmp_path_factory.mktemp("envelope")
    for variant in ("again", "other", "bfloat16"):
        for kind in ("fused", "trained"):
            results = folder / variant / kind / "results/tiny"
            for part in ("metrics", "fused", "models"):
                shutil.copytree(finished.results() / part, results / part)
    fused = folder / "other/fused/results/tiny"
    table = pd.read_csv(fused / SCORES)
    table.loc[table["metric"] == "cc", "value"] += MOVED
    write_csv(fused / SCORES, table)
    table = pd.read_csv(fused / DIFFERENCES)
    table.loc[table["metric"] == "ssim", "low"] += 4 * MOVED
    write_csv(fused / DIFFERENCES, table)
    path = fused / f"fused/{MODEL}.tif"
    band = read_band(path, "red")
    band[64, 64] += MOVED
    write_raster(path, band[None], read_grid(path), ["red"], np.nan)
    path = folder / f"other/trained/results/tiny/models/{MODEL}.safetensors"
    save_file({name: values * (1 + MOVED) for name, values in load_file(path).items()}, path)
    path = folder / "bfloat16/fused/results/tiny" / SCORES
    table = pd.read_csv(path)
    table.loc[table["metric"] == "rmse", "value"] += FEWER_DIGITS
    write_csv(path, table)
    tabulate(finished.folder / STUDY, finished.results(), folder)
    return folder


@pytest.fixture(scope="module")
def reference(finished, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference") / "tiny"
    collect(finished.folder / STUDY, finished.results(), folder)
    return folder


def test_the_envelope_holds_what_moved(envelope):
    table = pd.read_csv(envelope / "envelope.csv")
    table = table.set_index(["kind", "variant", "metric"])["moved"].sort_index()
    assert table["same weights", "again"].max() == 0
    assert table["same weights", "other", "cc"].max() == pytest.approx(MOVED)
    assert table["same weights", "other", "ssim"].max() == pytest.approx(2 * MOVED)
    assert table["same weights", "other", "pixel"].max() == pytest.approx(MOVED, rel=1e-2)
    assert table["same weights", "other", "rmse"].max() == 0
    assert table["trained again", "other"].max() == 0
    assert table["fused with bfloat16 products", "bfloat16"].idxmax() == "rmse"
    assert table["fused with bfloat16 products", "bfloat16"].max() == pytest.approx(FEWER_DIGITS)
    assert table["trained with bfloat16 products", "bfloat16"].max() == 0
    assert table["other seed", "seeds"].min() > 0


def test_the_envelope_of_weights(envelope):
    table = pd.read_csv(envelope / "weights.csv").set_index("variant")
    assert table.loc["again", "same_bytes"].all()
    assert table.loc["again", "moved"].max() == 0
    other = table.loc["other"]
    assert other["same_bytes"].sum() == len(other) - 1 == 11
    assert other["moved"].max() == pytest.approx(MOVED, rel=2e-2)
    assert len(table.loc["seeds"]) == 6
    assert not table.loc["seeds", "same_bytes"].any()


def test_one_variant_is_added_to_what_others_measured(envelope, finished, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("envelope.csv", "weights.csv"):
        table = pd.read_csv(envelope / name, float_precision="round_trip")
        write_csv(kept / name, table[table["variant"] != "bfloat16"])
    shutil.copytree(envelope / "bfloat16", tmp_path / "bfloat16")
    shutil.copytree(envelope / "other", tmp_path / "again")  # measured, but not asked for
    tabulate(finished.folder / STUDY, finished.results(), tmp_path, kept, "bfloat16")
    for name in ("envelope.csv", "weights.csv", "tolerances.csv"):
        found, whole = ((folder / name).read_text() for folder in (tmp_path, envelope))
        assert sorted(found.splitlines()) == sorted(whole.splitlines())


def test_tolerances_follow_from_the_envelope(envelope, finished):
    note = tolerances.check_derived(envelope / "envelope.csv", envelope / "tolerances.csv")
    assert note == "the tolerances follow from the envelope"
    allowed = tolerances.read(envelope / "tolerances.csv").set_index("metric")
    assert allowed["recompute"]["cc"] == pytest.approx(10 * MOVED)
    assert allowed["recompute"]["rmse"] == 1e-9
    scores = pd.read_csv(finished.results() / SCORES).query("metric == 'rmse' and method != 'copy'")
    spread = scores.groupby(["band", "method"])["value"].agg(np.ptp).max()
    assert allowed["retrain"]["rmse"] == pytest.approx(2 * spread)


def test_a_study_that_fuses_in_bfloat16_has_tolerances_of_its_own(envelope, study):
    plain, fewer = (
        tolerances.of_study({**study, "fusing": {"precision": precision}}, envelope)
        for precision in ("float32", "bfloat16")
    )
    pd.testing.assert_frame_equal(plain, tolerances.read(envelope / "tolerances.csv"))
    plain, fewer = (
        each.set_index("metric")["recompute"].groupby("metric").max() for each in (plain, fewer)
    )
    assert fewer["rmse"] == pytest.approx(10 * FEWER_DIGITS)
    assert fewer["cc"] == pytest.approx(plain["cc"]) == pytest.approx(10 * MOVED)
    assert fewer["cc_times_root_n"] == pytest.approx(plain["cc_times_root_n"])


def test_the_envelope_is_told_in_tables(envelope):
    text = (envelope / "envelope.md").read_text()
    assert "## Scores, fused with bfloat16 products" in text
    rows = [line for line in text.splitlines() if line.startswith("| reconstruction | cc ")]
    assert [cell.strip() for cell in rows[0].split("|")[3:5]] == ["0", "4.0e-06"]
    assert "5 of 6" in text


def test_a_reference_keeps_tables_one_band_and_one_seed_of_models(reference, finished):
    names = {path.relative_to(reference).as_posix() for path in reference.rglob("*.*")}
    for files in ("tables/**/*.*", "metrics/**/*.csv"):
        ours = {
            p.relative_to(finished.results()).as_posix() for p in finished.results().glob(files)
        }
        assert ours
        assert ours <= names
    weights = {name for name in names if name.endswith(".safetensors")}
    assert len(weights) == 8
    assert all("/red/" in name or "seed1" in name for name in weights)
    assert len([name for name in names if name.endswith("seed1.json")]) == 6
    assert not [name for name in names if name.endswith((".tif", ".pdf", ".parquet", ".npz"))]
    about = json.loads((reference / "about.json").read_text())
    assert about["study"] == "tiny"
    assert about["packages"]["torch"]
    sums = dict(
        line.split("  ")[::-1] for line in (reference / "SHA256SUMS").read_text().splitlines()
    )
    assert sums.keys() | {"SHA256SUMS"} == {
        p.relative_to(reference).as_posix() for p in reference.rglob("*") if p.is_file()
    }
    assert sums["tables/claims.csv"] == sha256(finished.results() / "tables/claims.csv")


def test_making_it_anew_replaces_it(reference, finished, tmp_path):
    target = tmp_path / "tiny"
    shutil.copytree(reference, target)
    (target / "tables/left.csv").write_text("")
    collect(finished.folder / STUDY, finished.results(), target)
    assert not (target / "tables/left.csv").exists()
    assert (target / "SHA256SUMS").read_text() == (reference / "SHA256SUMS").read_text()
    assert not list(tmp_path.glob(".part-*"))


def test_what_lacks_something_is_no_reference(finished, reference, tmp_path):
    results = tmp_path / "results"
    shutil.copytree(finished.results(), results)
    (results / f"models/{MODEL}.safetensors").unlink()
    target = tmp_path / "tiny"
    shutil.copytree(reference, target)
    with pytest.raises(FileNotFoundError):
        collect(finished.folder / STUDY, results, target)
    assert (target / "SHA256SUMS").read_text() == (reference / "SHA256SUMS").read_text()


@pytest.fixture
def again(finished, tmp_path):
    """What the models of the reference make: a part of the finished study."""
    folder = tmp_path / "again"
    shutil.copytree(finished.results(), folder)
    for path in folder.glob("metrics/village/*.csv"):
        table = pd.read_csv(path)
        models = table["method" if "method" in table else "left_method"].isin(["cnn", "cae"])
        first = table["seed"] == 1 if "seed" in table else False
        table[~models | (table["band"] == "red") | first].to_csv(path, index=False)
    return folder


@pytest.fixture
def tampered(reference, tmp_path):
    """The reference, to be tampered with."""
    folder = tmp_path / "tampered"
    shutil.copytree(reference, folder)
    return folder


def sum_up(folder):
    """Update the checksums of a folder."""
    names = [line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    lines = [f"{sha256(folder / name)}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def failures(study, folder, again, ours, allowed, derived=None):
    """{step: {what: note}} of the checks that fail.

    allowed: the tolerances. derived: tables and charts made from the scores in `folder`, if not
    those in `again`.
    """
    usable = usable_models(study, folder / "models")
    steps = {
        "inputs": input_checks(study, folder, again),
        "recompute": recompute_checks(study, folder, again, allowed, usable),
        "claims": claim_checks(study, folder, derived or again),
        "own": own_checks(study, ours, folder, allowed),
    }
    return {
        step: {check.what: check.note for check in checks if not check.passed}
        for step, checks in steps.items()
    }


@pytest.fixture
def allowed(envelope):
    return tolerances.read(envelope / "tolerances.csv")


def test_a_reference_verifies(study, reference, again, finished, allowed):
    assert not any(failures(study, reference, again, finished.results(), allowed).values())


def test_tampering_is_found_though_the_sums_are_true(
    study, tampered, again, finished, allowed, tmp_path
):
    """A score of a model at hand and one of another, a figure, a scene."""
    table = pd.read_csv(tampered / SCORES)
    for band in ("red", "blue"):
        rows = table.query(f"metric == 'rmse' and method == 'cnn' and band == '{band}'").index
        table.loc[rows[0], "value"] += 0.01
    write_csv(tampered / SCORES, table)
    figures = [tampered / f"figures/village_reconstruction_{band}.png" for band in ("red", "blue")]
    figures[0].write_bytes(figures[1].read_bytes())
    for name in ("scene.json", "means.json"):
        path = tampered / f"scenes/village/{name}"
        numbers = re.sub(r"0\.0(\d+)", r"0.1\1", path.read_text())
        path.write_text(numbers.replace(sha256(again / "scenes/village/sar.tif"), "0" * 64))
    sum_up(tampered)
    made = ("results/tiny/tables/metrics.csv", "--directory", str(tmp_path / "made"))
    finished.run(*made, change={"scores_from": str(tampered)})
    derived = tmp_path / "made/results/tiny"
    found = failures(study, tampered, again, finished.results(), allowed, derived)
    assert found["inputs"].keys() == {"village: sar"}
    assert "cells: 2 of column value differ" in found["recompute"][SCORES]
    assert "figures/village_reconstruction_red.png" in found["recompute"]
    assert "cells: 2 of column value differ" in found["own"][SCORES]
    assert found["claims"].keys() >= {DIFFERENCES, "tables/metrics.csv"}
    assert "figures/village_reconstruction_red.png" in found["own"]


def test_models_are_laid_out_to_be_used(reference, finished, tmp_path):
    stage(finished.folder / STUDY, reference, tmp_path / "staged")
    weights = tmp_path / "staged/weights"
    assert {path.suffix for path in weights.rglob("*.*")} == {".json", ".safetensors"}
    assert len(list(weights.rglob("*.safetensors"))) == 8 == len(list(weights.rglob("*.json")))
    change = json.loads((tmp_path / "staged/weights.json").read_text())
    assert (tmp_path / "staged/run" / change["weights"]).resolve() == weights.resolve()
    stage(finished.folder / STUDY, finished.results(), tmp_path / "all")
    assert len(list((tmp_path / "all/weights").rglob("*.safetensors"))) == 12
    stage(finished.folder / STUDY, finished.results(), tmp_path / "some", first_band=True)
    assert len(list((tmp_path / "some/weights").rglob("*.safetensors"))) == 4


def test_scenes_of_a_catalogue_are_taken_along(tmp_path):
    """They are not fetched again, whether models are used or trained."""
    scene = tmp_path / "ours/scenes/hanoi/sar.tif"
    scene.parent.mkdir(parents=True)
    scene.write_bytes(b"pixels")
    stage("config/hanoi.yaml", tmp_path / "sent", tmp_path / "staged", scenes=tmp_path / "ours")
    for run in ("run", "trained"):
        path = tmp_path / f"staged/{run}/results/hanoi/scenes/hanoi/sar.tif"
        assert path.read_bytes() == b"pixels"


def test_own_files_are_found_from_another_folder(project, tmp_path):
    """A study names them relative to the project; a run apart from results/ is elsewhere."""
    bands = {band: {"path": f"data/{band}.tif"} for band in ("red", "green", "blue", "vv", "vh")}
    (project.folder / "data").mkdir()
    for entry in bands.values():
        (project.folder / entry["path"]).touch()
    optical = {band: bands[band] for band in ("red", "green", "blue")}
    sar = {band: bands[band] for band in ("vv", "vh")}
    site = {
        "source": "files",
        "optical": optical | {"scale": 2.75e-5, "offset": -0.2},
        "sar": sar | {"unit": "linear"},
    }
    own = project.folder / "own.yaml"
    own.write_text(yaml.safe_dump({"study": "own", "sites": {"here": site}}))
    stage(own, tmp_path / "sent", tmp_path / "staged")
    place = tmp_path / "staged/place.json"
    place.write_text(place.read_text().replace(str(ROOT), str(project.folder)))
    arguments = ("scores", "--directory", str(tmp_path / "staged/run"), "--nolock", "--dry-run")
    weights = str(tmp_path / "staged/weights.json")
    over = ("--configfile", "own.yaml", str(place), weights)
    run = ("-m", "snakemake", *arguments, *over, "--cores", "1")
    done = warm_start.run(run, project.folder)
    assert done.returncode == 0, done.stdout
    assert "Import the raw scenes of here" in done.stdout
    assert "Train" not in done.stdout
