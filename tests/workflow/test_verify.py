"""`./reproduce verify` on the tiny study: what another person sent, and all that may be wrong."""

import json
import os
import pickle
import re
import shutil
import sys
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import warm_start
from forging import list_again
from project import ROOT, Project
from safetensors.numpy import load_file, save_file
from sarfusion.scoring.differences import interval_of
from sarfusion.show.pages import as_page, title_of
from sarfusion.show.viewer.page import FILES, build_page
from sarfusion.show.viewer.scores import read_scores
from sarfusion.study.config import read_study
from sarfusion.verify import tolerances
from sarfusion.verify.models import usable_models
from sarfusion.verify.pages import ADDED, DATA
from verify_results import claim_checks, input_checks, main, own_checks, recompute_checks

STUDY = "tests/studies/tiny.yaml"
MODEL = "village/reconstruction/red/cnn-ratio/seed1"
SCORES = "metrics/village/reconstruction.csv"
DIFFERENCES = "metrics/village/reconstruction.differences.csv"
CELLS = "metrics/village/reconstruction.cells.npz"
# Not from a measured envelope: these tests check what is found, not how near is near enough.
PLACES = [("reconstruction", "scene", "pixel"), ("reconstruction", "test", "rmse")]
ALLOWED = pd.DataFrame(
    [(*place, 1e-6, 0.05, 10, 2) for place in PLACES], columns=tolerances.COLUMNS
)
COMMAND = """
import environment, studies, verifying
from pathlib import Path
for module in (studies, verifying):
    module.venv_python = lambda: Path(sys.executable)  # which warm_start.py can fork
try:
    sys.exit(verifying.verify_command({arguments}))
except environment.Problem as problem:
    sys.exit(f"reproduce: {{problem}}")
"""


def set_up(project):
    """Make the project's commands find this Python as set up, and tolerances."""
    venv = project.folder / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (venv / "bin/python").chmod(0o755)
    shutil.copytree(ROOT / "results/envelope", project.folder / "results/envelope")
    stamp = "import environment\nfor path, text in environment.stamps(): path.write_text(text)"
    project.python(stamp, check=True)


class Reviewer:
    """A person who has the project, results of their own, and those of somebody else."""

    def __init__(self, folder, finished):
        shutil.copytree(finished.folder, folder, copy_function=shutil.copy2)
        self.folder = folder
        self.ours = folder / "results/tiny"
        self.theirs = folder / "sent"
        shutil.copytree(self.ours, self.theirs)
        self.again = folder / "results/.verify/run/results/tiny"
        self.study = read_study(folder / STUDY)
        self.given = None
        set_up(self)

    def python(self, code, check=False):
        """Run code as `reproduce` would; return the process with its output."""
        env = {**os.environ, "SARFUSION_VENV": str(self.folder / "venv"), "SARFUSION_TORCH": "cpu"}
        code = "import sys; sys.path.insert(0, 'command')\n" + code
        done = warm_start.run(["-c", code], self.folder, env, apart=True)
        assert not (check and done.returncode), done.stderr
        return done

    def verify(self, *arguments):
        """Run ./reproduce verify; return exit code, the checks by (step, what), and the last line.

        A check is "" if it passes, else what is wrong.
        """
        arguments = ["--study", STUDY, "--cores", "2", *arguments]
        done = self.python(COMMAND.format(arguments=arguments))
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        lines, found, step = done.stdout.splitlines(), {}, 0
        for line, after in zip_longest(lines, lines[1:], fillvalue=""):
            if line[:1].isdigit():
                step = int(line[0])
            if line.startswith("  pass  "):
                found[step, line[8:].split("  ")[0]] = ""
            if line.startswith("  FAIL  "):
                found[step, line[8:]] = after.strip()
        return done, found

    def derived(self):
        """The folder of tables and charts from the sent scores, made again if these changed.

        The command makes them in the run that makes the scores.
        """
        files = [*self.theirs.glob("metrics/**/*.csv"), *self.theirs.glob("models/**/*.json")]
        given = {path: path.read_bytes() for path in [*files, self.folder / "config/claims.yaml"]}
        if given != self.given:
            staged = self.folder / "results/.verify"
            Project.at(self.folder).run_apart("derived", staged, "place", "weights", "scores")
            self.given = given
        return self.again

    def failures(self, step):
        """{what: note} of the checks that fail in a step: inputs, recompute, claims, own."""
        checks = {
            "inputs": lambda: input_checks(self.study, self.theirs, self.again),
            "recompute": lambda: recompute_checks(
                self.study,
                self.theirs,
                self.again,
                ALLOWED,
                usable_models(self.study, self.theirs / "models"),
            ),
            "claims": lambda: claim_checks(self.study, self.theirs, self.derived()),
            "own": lambda: own_checks(self.study, self.ours, self.theirs, ALLOWED),
        }[step]()
        return {check.what: check.note for check in checks if not check.passed}


@pytest.fixture(scope="module")
def reviewer(finished, tmp_path_factory):
    """A reviewer who has verified what was sent, and found nothing wrong."""
    reviewer = Reviewer(tmp_path_factory.mktemp("reviewer") / "project", finished)
    reviewer.done, reviewer.found = reviewer.verify("--against", str(reviewer.theirs))
    return reviewer


@pytest.fixture
def sent(reviewer):
    """What was sent, to be tampered with; restored afterwards."""
    yield reviewer.theirs
    shutil.rmtree(reviewer.theirs)
    # The copies are newer than what was made from the files that were tampered with.
    shutil.copytree(reviewer.ours, reviewer.theirs, copy_function=shutil.copy)


def test_what_was_sent_is_verified(reviewer):
    assert reviewer.done.returncode == 0, reviewer.done.stderr + reviewer.done.stdout
    assert set(reviewer.found.values()) == {""}
    assert {step for step, _ in reviewer.found} == {1, 2, 3, 4}
    checks = len(reviewer.found)
    assert reviewer.done.stdout.splitlines()[-1] == f"Verified: all {checks} checks pass"
    assert max(map(len, reviewer.done.stdout.splitlines())) <= 130
    # Everything was made again, and nothing was trained.
    made = {path.name for path in (reviewer.again / "benchmarks").iterdir()}
    assert {"simulate_scene", "fuse_scene", "fuse_classical", "evaluate_fusion"} <= made
    assert not {"train_model", "index_patches"} & made
    for step in ("inputs", "recompute", "claims", "own"):
        assert reviewer.failures(step) == {}


# Tampering: each is done to the real files that were sent, and found where it should be.


def change_cell(path, row, column, value):
    table = pd.read_csv(path, float_precision="round_trip")  # so that nothing else changes
    before = table[column][row]
    table.loc[row, column] = value(before) if callable(value) else value
    assert table[column][row] != before
    table.to_csv(path, index=False)


def row_of(path, **wanted):
    """The number of the first row with all these values."""
    table = pd.read_csv(path)
    return table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)].index[0]


def change_pixel(path):
    with rasterio.open(path, "r+") as raster:
        band = raster.read(1)
        band[64, 64] *= np.float32(1.001)
        raster.write(band, 1)


def scene_pixel(sent):
    change_pixel(sent / "scenes/village/sar.tif")


def setting(sent):
    path = sent / "config.yaml"
    path.write_text(path.read_text().replace("updates: 6", "updates: 600"))


def missing_file(sent):
    (sent / "tables/summary.md").unlink()


def score(sent):
    path = sent / SCORES
    row = row_of(path, metric="rmse", method="cnn", band="red", seed=1)
    change_cell(path, row, "value", lambda value: value * 0.99)


def score_of_copying(sent):
    path = sent / SCORES
    change_cell(path, row_of(path, metric="ssim", method="copy"), "value", 0.9999)


def number_of_pixels(sent):
    change_cell(sent / SCORES, 0, "n", lambda n: n + 1)


def interval(sent):
    change_cell(sent / DIFFERENCES, row_of(sent / DIFFERENCES, metric="rmse"), "low", -1.0)


def difference(sent):
    row = row_of(sent / DIFFERENCES, metric="rmse")
    change_cell(sent / DIFFERENCES, row, "difference", lambda value: value - 1e-4)


def extra_row(sent):
    path = sent / SCORES
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*rows, rows[-1].replace(",2,", ",3,", 1)]))


def missing_row(sent):
    path = sent / SCORES
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:5] + rows[6:]))


def fused_pixel(sent):
    change_pixel(sent / f"fused/{MODEL}.tif")


def missing_raster(sent):
    (sent / f"fused/{MODEL}.tif").unlink()


def summary_cell(sent):
    path = sent / "tables/summary.csv"
    change_cell(path, row_of(path, metric="rmse", method="cnn"), "mean", lambda value: value * 0.99)


def metrics_cell(sent):
    change_cell(sent / "tables/metrics.csv", 0, "value", lambda value: value + 0.001)


def model_cell(sent):
    change_cell(sent / "tables/models.csv", 0, "parameters", 7)


def printed_number(sent):
    path = sent / "tables/summary.md"
    text = path.read_text()
    path.write_text(text.replace("0.0", "0.1", 1))


def verdict(sent):
    path = sent / "tables/claims.csv"
    change_cell(path, row_of(path, claim="C1", band="overall"), "verdict", "reproduced")


def reading(sent):
    path = sent / "tables/readings.csv"
    change_cell(path, row_of(path, claim="C2", band="overall"), "verdict", "contradicted")


def printed_verdict(sent):
    path = sent / "tables/claims.md"
    path.write_text(path.read_text().replace("not tested", "reproduced", 1))


def swapped_figures(sent):
    one, other = (sent / f"figures/village_reconstruction_{band}.png" for band in ("red", "blue"))
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


def swapped_result_figure(sent):
    shutil.copy(sent / "figures/paired_differences.png", sent / "figures/claims.png")


def missing_figure(sent):
    (sent / "figures/village_overview.png").unlink()


def no_table(sent):
    (sent / SCORES).write_bytes(b"\x00\xff,\n")


VERDICTS = {
    *(f"tables/{name}.{form}" for name in ("claims", "readings") for form in ("csv", "md")),
    "figures/claims.png",
}
BANDS = [f"figures/village_reconstruction_{band}.png" for band in ("blue", "red")]


@pytest.mark.parametrize(
    ("tamper", "step", "failing"),
    [
        (scene_pixel, "inputs", {"checksums", "village: sar"}),
        (setting, "inputs", {"config.yaml", "provenance"}),
        (missing_file, "inputs", {"checksums"}),
        (missing_file, "claims", {"tables/summary.md", "report/summary.html"}),
        (score, "recompute", {SCORES}),
        (score, "own", {SCORES}),
        (score_of_copying, "recompute", {SCORES}),
        (number_of_pixels, "recompute", {SCORES}),
        (interval, "recompute", {DIFFERENCES}),
        (difference, "claims", {DIFFERENCES, *VERDICTS, "figures/paired_differences.png"}),
        (extra_row, "recompute", {SCORES}),
        (missing_row, "recompute", {SCORES}),
        (fused_pixel, "recompute", {"fused/village/reconstruction"}),
        (fused_pixel, "own", {"fused/village/reconstruction"}),
        (missing_raster, "recompute", {"fused/village/reconstruction"}),
        (summary_cell, "claims", {"tables/summary.csv"}),
        (metrics_cell, "claims", {"tables/metrics.csv"}),
        (model_cell, "claims", {"tables/models.csv"}),
        (printed_number, "claims", {"tables/summary.md", "report/summary.html"}),
        (verdict, "claims", {"tables/claims.csv"}),
        (verdict, "own", {"verdicts"}),
        (reading, "claims", {"tables/readings.csv"}),
        (printed_verdict, "claims", {"tables/claims.md", "report/claims.html"}),
        (swapped_figures, "own", {*BANDS}),
        (swapped_figures, "recompute", {*BANDS}),
        (swapped_result_figure, "claims", {"figures/claims.png"}),
        (missing_figure, "own", {"figures/village_overview.png"}),
        (no_table, "recompute", {SCORES, "verdicts"}),
        (no_table, "claims", {DIFFERENCES, "tables"}),
    ],
)
def test_tampering_is_found(reviewer, sent, tamper, step, failing):
    tamper(sent)
    assert reviewer.failures(step).keys() == failing


def test_the_first_cell_that_differs_is_named(reviewer, sent):
    score(sent)
    note = reviewer.failures("recompute")[SCORES]
    assert "rmse of cnn-ratio, seed 1 (village: reconstruction, region test, red)" in note
    assert " here, " in note
    assert "tolerance 1e-06" in note


def test_a_changed_claim_is_found(reviewer):
    """The claims in the project are not those that the verdicts were given on."""
    path = reviewer.folder / "config/claims.yaml"
    claims = path.read_text()
    path.write_text(claims.replace("lower RMSE", "higher RMSE", 1))
    try:
        assert set(reviewer.failures("claims")) == VERDICTS
    finally:
        path.write_text(claims)


def test_a_forgery_that_is_true_to_itself_is_found_where_it_is_made_again(reviewer, sent):
    """A score, everything that follows from it, and all checksums."""
    score(sent)
    difference_of(sent)
    derived = reviewer.derived()
    shutil.copytree(derived / "tables", sent / "tables", dirs_exist_ok=True)
    for path in (derived / "figures").glob("*.png"):
        shutil.copy(path, sent / "figures")
    pages_of(sent)
    list_again(sent)
    assert reviewer.failures("inputs") == {}
    assert reviewer.failures("claims") == {}
    assert set(reviewer.failures("recompute")) == {SCORES, DIFFERENCES}


def difference_of(sent):
    """Recompute the differences from the scores, and the intervals from the differences."""
    scores, table = (pd.read_csv(sent / name) for name in (SCORES, DIFFERENCES))
    values = scores.set_index(["metric", "band", "method", "input", "seed"])["value"].sort_index()
    for row, about in table.iterrows():
        left, right = (
            values[about["metric"], about["band"], about[f"{side}_method"], about[f"{side}_input"]]
            for side in ("left", "right")
        )
        of_seeds = left - right
        table.loc[row, "difference"] = of_seeds.mean()
        table.loc[row, "seed_error"] = of_seeds.std() / len(of_seeds) ** 0.5
        if np.isfinite(about["low"]):
            table.loc[row, ["low", "high"]] = interval_of(table.loc[row].to_dict())
    table.to_csv(sent / DIFFERENCES, index=False)


def pages_of(sent):
    """Rebuild the pages of the report and of the viewer from the tables."""
    for page in sent.glob("report/*.html"):
        text = (sent / f"tables/{page.stem}.md").read_text()
        page.write_text(as_page(text, title_of(page.stem)))
    page = sent / "viewer/index.html"
    data = json.loads(DATA.search(page.read_text())[1])
    found = read_scores([sent / SCORES], "truth", data["sizes"])
    for layer in data["layers"]:
        if layer.get("scores"):
            protocol, method = layer["id"].split("/")
            layer["scores"] = found[protocol, "", *method.rsplit("-", 1), layer["seed"]]
    data = {name: value for name, value in data.items() if name not in ADDED}
    page.write_text(build_page(data, *(file.read_text() for file in FILES)))


@pytest.fixture
def remade(reviewer, tmp_path):
    """Makes the scores again with changed weights, from what was made already."""
    staged = tmp_path / "project/results/.verify"
    shutil.copytree(reviewer.folder, tmp_path / "project", copy_function=shutil.copy2)

    def make(weights):
        shutil.copy(weights, staged / f"weights/{MODEL}.safetensors")
        project = Project.at(tmp_path / "project")
        code, printed = project.run_apart("scores", staged, "place", "weights")
        assert code == 0, printed
        return staged / "run/results/tiny"

    return make


def test_a_changed_weight_is_found(reviewer, sent, remade, monkeypatch):
    """One number is changed by one per cent, in one of all models."""
    path = sent / f"models/{MODEL}.safetensors"
    weights = load_file(path)
    first = min(weights)
    weights[first].flat[0] *= 1.01
    save_file(weights, path)
    assert set(reviewer.failures("inputs")) == {"checksums"}
    monkeypatch.setattr(reviewer, "again", remade(path))
    found = reviewer.failures("recompute")
    assert found.keys() == {SCORES, DIFFERENCES, CELLS, "fused/village/reconstruction"}
    assert "of cnn-ratio, seed 1 " in found[SCORES]


def test_nothing_that_is_sent_breaks_the_check(reviewer, sent, capsys):
    """Every file garbled in its middle; a pickle for weights; then every file cut short."""
    for path in [path for path in sent.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 3] + b"\x1b[2J\x00\xff" + content[:7])
    (sent / f"models/{MODEL}.safetensors").write_bytes(pickle.dumps(Path))
    assert refused(reviewer, capsys) > 20
    for path in [path for path in sent.rglob("*") if path.is_file()]:
        path.write_bytes(b"")
    assert refused(reviewer, capsys) > 20


def refused(reviewer, capsys):
    """The number of checks that fail, each in one line that a terminal can show."""
    code = main(reviewer.folder / STUDY, reviewer.theirs, reviewer.again, reviewer.ours)
    output = capsys.readouterr().out
    assert code == 1
    assert "Traceback" not in output
    assert output.replace("\n", "").isprintable()
    last = output.splitlines()[-1]
    found = re.fullmatch(r"NOT VERIFIED: (\d+) of \d+ checks fail", last)
    assert output.count("  FAIL  ") == int(found[1])
    return int(found[1])


def test_results_that_are_not_there_are_one_line(reviewer):
    done, _ = reviewer.verify("--against", "nowhere")
    assert done.returncode == 1
    assert done.stderr == f"reproduce: no results in {reviewer.folder / 'nowhere'}\n"
