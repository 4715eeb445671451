"""Forgeries of results whose author updated every checksum, and what finds them.

docs/forgeries.md has them in a table.
"""

import io
import json
import pickle
import re
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from forging import LIMITS, STUDY, list_again, sum_up
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256, write_csv, write_json
from sarfusion.verify import cells, crate, settings, spot, unmade
from sarfusion.verify.compared import check_weight_sums
from sarfusion.verify.models import usable_models
from stage_models import main as stage
from verify_results import main as verify

SCORES = "metrics/village/reconstruction.csv"
CELLS = "metrics/village/reconstruction.cells.npz"
BLUE = "village/reconstruction/blue/cnn-ratio/seed2"


# Scores of models whose weights are missing


def forge_blue(folder):
    table = pd.read_csv(folder / SCORES)
    rows = table.query("metric == 'rmse' and method == 'cnn' and band == 'blue' and seed == 2")
    table.loc[rows.index, "value"] -= 0.06
    write_csv(folder / SCORES, table)
    sum_up(folder)


def spotted(finished, study, folder, dice):
    """The spot checks of one model, trained here."""
    names = spot.lacking(study, usable_models(study, folder / "models"))
    drawn = spot.draw(names, 1, dice)
    again = made_again(finished, folder, dice, "spot", spot=1, dice=dice)
    checks = spot.check_spots(study | {"spot": drawn}, again, folder, LIMITS)
    return drawn, {check.what: check for check in checks}


def made_again(finished, folder, name, target, **drawn):
    """The results that a target makes with the models in `folder`, in a folder beside it."""
    staged = folder.parent / name
    stage(finished.folder / STUDY, folder, staged, **drawn)
    code, printed = finished.run_apart(target, staged, "place", "weights", "spot")
    assert code == 0, printed
    return staged / "run/results/tiny"


def test_a_forged_score_is_found_when_its_model_is_drawn(finished, study, reference):
    names = spot.lacking(study, usable_models(study, reference / "models"))
    assert len(names) == 4  # the second seeds of green and blue
    dice = next(str(n) for n in range(99) if spot.draw(names, 1, str(n)) == [BLUE])
    drawn, checks = spotted(finished, study, reference, dice)
    assert drawn == [BLUE]
    (check,) = checks.values()
    assert check.passed, check.note
    assert check.note.startswith("1 models trained here, 1 of them with the stated weights: ")
    forge_blue(reference)
    again = reference.parent / dice / "run/results/tiny"
    (check,) = spot.check_spots(study | {"spot": drawn}, again, reference, LIMITS)
    assert "rmse of cnn-ratio, seed 2 (village: reconstruction, region test, blue)" in check.note
    assert not check.passed


def test_how_likely_a_forgery_is_missed_is_said(study, reference):
    usable = usable_models(study, reference / "models")
    text = spot.coverage(study, usable, [BLUE], "7", reference)
    assert "with 1 of the other 4 models, drawn with --dice 7" in text
    assert text.endswith("forged scores of so many models: 75% for 1.")  # 3/4


# Sums over cells of ground, which intervals come from


def contents(path):
    """{entry: array, or bytes} of a file of cells."""
    with np.load(path) as archive:
        return dict(archive.items())


def rewrite(path, content, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, value in content.items():
            if isinstance(value, np.ndarray):
                stream = io.BytesIO()
                np.save(stream, value)
                archive.writestr(f"{name}.npy", stream.getvalue())
            else:
                archive.writestr(name, value)


def about(path, **changes):
    """The description of a file of cells, changed."""
    return json.dumps(json.loads(contents(path)["about.json"]) | changes)


def cell_check(study, again, folder):
    (check,) = cells.check_cells(study, again, folder, LIMITS)
    return check


def test_forged_cells_of_ground_are_found(finished, run, capsys):
    content = contents(run / CELLS)
    for name, value in content.items():
        if isinstance(value, np.ndarray) and value.dtype == float:
            content[name] = value * 1.001
    rewrite(run / CELLS, content)
    list_again(run)
    assert verify(finished.folder / STUDY, run, finished.results()) == 1
    printed = capsys.readouterr().out
    assert f"  FAIL  {CELLS}\n" in printed
    assert "0/pixels differs from that made here" in printed
    assert printed.splitlines()[-1].startswith("NOT VERIFIED: 1 of ")


def test_every_forged_sum_over_cells_is_found(study, finished, run):
    """Also if the score stays the same: one term of one run in all cells, or two cells at odds."""
    assert cell_check(study, finished.results(), run).note == "12 of 12 runs, all the same"
    genuine = contents(run / CELLS)
    number = next(name for name in genuine if re.fullmatch("0/[0-9]+", name))
    factors = np.where(np.arange(genuine[number].shape[1]) % 2, 1.001, 0.999)
    for forged in (1.001, factors):
        for term in range(len(genuine[number])):
            sums = genuine[number].copy()
            sums[term] *= forged
            rewrite(run / CELLS, genuine | {number: sums})
            check = cell_check(study, finished.results(), run)
            assert not check.passed, (term, forged)
            assert "its score would move by " in check.note
    sums = genuine[number].copy()
    sums[0, 0] = np.nan
    rewrite(run / CELLS, genuine | {number: sums})
    assert not cell_check(study, finished.results(), run).passed


def test_cells_of_models_that_were_not_sent_are_named(study, finished, run):
    (run / f"models/{BLUE}.safetensors").unlink()
    usable = usable_models(study, run / "models")
    again = made_again(finished, run, "again", "scores")
    check = cell_check(study, again, run)
    assert check.note == "10 of 12 runs, all the same"  # no seed of the method in this band
    left = unmade.unmade_files(study, run, usable, None)
    assert CELLS in left
    assert "metrics/ (village/reconstruction.cells.npz): sums" in unmade.sentence_on_unmade(left)
    genuine = contents(run / CELLS)
    runs = json.loads(genuine["about.json"])["runs"]
    for forged, passes in (
        (["blue", "cnn", "ratio", 2], True),
        (["red", "cnn", "ratio", 2], False),
    ):
        name = f"0/{runs.index(forged)}"
        rewrite(run / CELLS, genuine | {name: genuine[name] * 1.01})
        assert cell_check(study, again, run).passed == passes


def test_cells_that_were_made_again_are_not_named(study, finished, run):
    usable = usable_models(study, run / "models")
    assert CELLS not in unmade.unmade_files(study, run, usable, None)
    (run / "metrics/village/more.npz").touch()
    assert "metrics/village/more.npz" in unmade.unmade_files(study, run, usable, None)
    (run / CELLS).unlink()
    assert cells.check_cells(study, finished.results(), run, LIMITS) == []


def test_a_file_of_cells_that_is_none(study, finished, run):
    path = run / CELLS
    genuine, whole = contents(path), path.read_bytes()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**14,)}
    )
    lie = header.getvalue() + b"x" * 80
    without = {name: value for name, value in genuine.items() if name != "0/cells"}
    for content, message in (
        (pickle.dumps(Path), "not a file of cells; it was not opened"),
        (b"", "not a file of cells; it was not opened"),
        (whole[: len(whole) // 2], "not a file of cells (BadZipFile("),
        (whole.replace(b"'descr'", b"'other'"), "not a file of cells (ValueError("),
        (genuine | {"about.json": "[]"}, "not a file of cells (AttributeError("),
        (genuine | {"about.json": "{}"}, "describes [], not ['block_px', "),
        (genuine | {"about.json": about(path, cells=[10**9, 10**9])}, "cells is [1000000000, "),
        (genuine | {"about.json": about(path, runs=[])}, "runs is [], not [["),
        (genuine | {"about.json": about(path, data_range={"red": 1})}, "data_range is "),
        (without, "other arrays than those of "),
        (genuine | {"0/more": np.ones(3)}, "other arrays than those of "),
        (genuine | {"0/1": genuine["0/1"].astype("f4")}, "0/1 is float32, not float64"),
        (genuine | {"0/1": np.array([[None]])}, "not a file of cells (ValueError('Object arrays"),
        (genuine | {"0/1.at": genuine["0/1.at"] + 10**6}, "not a file of cells (IndexError("),
        (without | {"0/cells.npy": lie}, "Unable to allocate "),
    ):
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            rewrite(path, content)
        check = cell_check(study, finished.results(), run)
        assert not check.passed
        assert message in check.note
        path.write_bytes(whole)
    rewrite(path, genuine, zipfile.ZIP_DEFLATED)
    assert "compressed, unlike a file of cells" in cell_check(study, finished.results(), run).note


# Models


def test_a_scaling_too_large_for_a_float_is_refused(finished, run, capsys):
    path = run / f"models/{BLUE}.json"
    record = json.loads(path.read_text())
    next(iter(record["scaling"].values()))["mean"] = 10**400
    write_json(path, record)
    list_again(run)
    assert verify(finished.folder / STUDY, run, finished.results()) == 1
    printed = capsys.readouterr().out
    assert re.search(r"  FAIL  models\n +.*seed2.json: the scaling of \w+ is unusable\n", printed)


# Tolerances


def test_tolerances_that_were_sent_are_not_used(finished, run, capsys):
    table = pd.read_csv(run / SCORES)
    table.loc[table.query("method == 'copy' and metric == 'ssim'").index, "value"] -= 1e-3
    write_csv(run / SCORES, table)
    list_again(run)
    (run / "envelope").mkdir()
    write_csv(run / "envelope/tolerances.csv", LIMITS.assign(recompute=1.0))
    assert verify(finished.folder / STUDY, run, finished.results()) == 1
    printed = capsys.readouterr().out
    assert "cells: 3 of column value differ; the first is ssim of copy-none" in printed
    assert "envelope/tolerances.csv: provenance/files.csv does not list this file" in printed


def test_tolerances_that_differ_from_the_commit_are_refused(tmp_path, monkeypatch):
    def git(*arguments):
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() or None

    monkeypatch.setattr(settings, "git", git)
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    folder = tmp_path / "results/envelope"
    folder.mkdir(parents=True)
    (folder / "tolerances.csv").write_text("narrow\n")
    assert settings.check_own(folder) == "results/envelope, not under git here"
    git("init")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-m", "first")
    assert settings.check_own(folder).startswith("results/envelope as in commit ")
    (folder / "tolerances.csv").write_text("wide\n")
    with pytest.raises(StudyError, match="tolerances.csv differs from the project's commit"):
        settings.check_own(folder)


# What is said about the results


def test_a_commit_and_packages_that_cannot_be(study, reference):
    about = json.loads((reference / "about.json").read_text())
    head = settings.git("rev-parse", "HEAD")
    assert head is not None
    write_json(reference / "about.json", about | {"commit": head})
    packages = about["packages"]
    assert settings.check_about(study, reference) == (
        f"made from {head[:12]}; {len(packages)} packages as in its lock and in the records of the"
        " models"
    )
    for change, message in (
        ({"commit": "f" * 40}, "the project has no commit f"),
        ({"commit": None}, "'None' is not a commit"),
        ({"study": "demo"}, "not about the study tiny"),
        ({"packages": packages | {"scipy": "1.0"}}, f"scipy 1.0, but commit {head[:12]} has "),
        ({"packages": packages | {"magic": "1.0"}}, "magic is not a package of commit "),
        ({"packages": packages | {"torch": "1.0"}}, "made with torch .* but about.json states 1.0"),
        ({"packages": packages | {"python": "3.0"}}, "made with python .* about.json states 3.0"),
    ):
        write_json(reference / "about.json", about | {"commit": head} | change)
        with pytest.raises(StudyError, match=message):
            settings.check_about(study, reference)


def test_sums_of_weights_are_those_of_the_weights(study, reference):
    note = "8 of 12 weights are there, with the stated checksums"
    assert check_weight_sums(study, reference) == note
    table = pd.read_csv(reference / "weights.csv")
    red = table["model"].str.contains("/red/")
    for change, message in (
        (
            table.assign(sha256=table["sha256"].where(~red, "0" * 64)),
            "weights have another checksum",
        ),
        (table[1:], "no line for "),
        (pd.concat([table, table[:1].assign(model="village/x")]), "unknown model village/x"),
    ):
        write_csv(reference / "weights.csv", change)
        with pytest.raises(StudyError, match=message):
            check_weight_sums(study, reference)


# The crate


def test_the_crate_of_a_run_agrees_with_it(run):
    note = crate.check_crate(run, "tiny")
    pattern = r"(\d+) steps as listed; (\d+) of (\d+) source files are the same here"
    found = re.fullmatch(pattern, note)
    steps, same, sources = map(int, found.groups())
    files = pd.read_csv(run / "provenance/files.csv")
    copied = [
        Path(run, "provenance", path[len("results/tiny/") :]).exists() for path in files["path"]
    ]
    assert steps == files[copied]["rule"].nunique() > 5
    assert same == sources > 200
    assert crate.check_made(run, run).endswith("files, made in the same way as here")


def test_a_table_of_the_crate_that_is_not_the_tables(run):
    path = run / "provenance/tables/claims.csv"
    path.write_text(path.read_text().replace("not tested", "reproduced"))
    with pytest.raises(StudyError, match=r"claims.csv: size or sha256 differs from that"):
        crate.check_crate(run, "tiny")
    metadata = run / "provenance/ro-crate-metadata.json"
    content = json.loads(metadata.read_text())
    for entity in content["@graph"]:
        if entity["@id"] == quote("tables/claims.csv"):
            entity |= {"sha256": sha256(path), "contentSize": str(path.stat().st_size)}
    write_json(metadata, content)
    with pytest.raises(StudyError, match="differs from .*/run/tables/claims.csv"):
        crate.check_crate(run, "tiny")


@pytest.mark.parametrize(
    "lie", [{"instrument": {"@id": "scripts/lie.py"}}, {"object": []}, {"name": "other_rule"}]
)
def test_a_step_that_the_list_does_not_have(run, lie):
    metadata = run / "provenance/ro-crate-metadata.json"
    content = json.loads(metadata.read_text())
    for entity in content["@graph"]:
        if entity.get("name") == "judge_claims":
            entity |= lie
    write_json(metadata, content)
    with pytest.raises(StudyError, match="the step that makes .*claims"):
        crate.check_crate(run, "tiny")


def test_a_file_that_was_made_otherwise_is_found_beside_ones_own_run(run, finished):
    """The list says that the table of claims was made from something else; all checksums match."""
    list_again(run, made_from=("results/tiny/tables/claims.csv", "config/claims.yaml"))
    with pytest.raises(StudyError, match="tables/claims.csv: made_from is 'config/claims.yaml'"):
        crate.check_made(finished.results(), run)


# Links


def test_a_link_to_ones_own_results_is_refused(finished, run):
    (run / SCORES).unlink()
    (run / SCORES).symlink_to(finished.results() / SCORES)
    with pytest.raises(StudyError, match="reconstruction.csv: a link; nothing was read"):
        verify(finished.folder / STUDY, run, finished.results())
    with pytest.raises(StudyError, match="reconstruction.csv: a link; nothing was read"):
        stage(finished.folder / STUDY, run, run.parent / "staged")
    assert not (run.parent / "staged").exists()
