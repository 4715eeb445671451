"""Mistakes of a person: one clear line, a failing exit code, nothing half-written."""

import numpy as np
import pytest
import yaml
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.raster import Grid, write_raster

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 64, 64)


def own_files(project, **change):
    """Write a study of two made files into the project; `change` replaces parts of its site."""
    rng = np.random.default_rng(0)
    optical = rng.integers(8000, 12000, (3, 64, 64), np.uint16)
    write_raster(project.folder / "o.tif", optical, GRID, ["r", "g", "b"], 0)
    backscatter = rng.gamma(4.4, 0.02, (2, 64, 64)).astype(np.float32)
    write_raster(project.folder / "s.tif", backscatter, GRID, ["vv", "vh"], np.nan)
    colours = {b: {"path": "o.tif", "band": i} for i, b in enumerate(("red", "green", "blue"), 1)}
    site = {
        "source": "files",
        "optical": {**colours, "scale": 2.75e-5, "offset": -0.2},
        "sar": {"vv": {"path": "s.tif"}, "vh": {"path": "s.tif", "band": 2}, "unit": "linear"},
    }
    for sensor, values in change.items():
        site[sensor].update(values)
    config = {
        "study": "own",
        "sites": {"here": site},
        "split": {"block_px": 20, "buffer_px": 4},
    }
    (project.folder / "own.yaml").write_text(yaml.safe_dump(config))
    return project


def refused(project, target, message):
    printed = project.run(target, study="own.yaml", fails=True)
    lines = [line for line in printed.splitlines() if "error: " in line]
    assert any(message in line for line in lines), printed
    results = project.results("own")
    left = [path for path in results.rglob("*") if path.is_file() and "logs" not in path.parts]
    return left


def test_an_unknown_key(project):
    printed = project.run("--config", "epochs=3", fails=True)
    assert "error: config: unknown key 'epochs' in the top level; known are bands" in printed
    assert "Traceback" not in printed
    assert not project.results().exists()


def test_a_study_file_that_cannot_be_read_stops_before_snakemake(project):
    path = project.folder / "own.yaml"
    path.write_text(
        "study: own\nsites: {a: {source: simulated}}\nsites: {b: {source: simulated}}\n"
    )
    printed = project.reproduce("own.yaml", "-n", fails=True)
    assert printed == "error: own.yaml, line 3: sites is on line 2 already; remove or rename one\n"
    assert not project.results("own").exists()


def test_a_mistake_in_a_study_is_one_line_of_snakemake_too(project):
    path = project.folder / "own.yaml"
    path.write_text("study: own\nsites:\n  a: {source: simulated,\n    size_px: 8}\n")
    printed = project.run("--dry-run", study="own.yaml", fails=True)
    *_, last = printed.splitlines()
    assert last == "error: own.yaml, line 4: sites.a.size_px: 8 is less than the minimum of 32"
    assert ".smk" not in printed


@pytest.mark.second_tier
def test_another_file_does_not_replace_the_results_of_a_study(project):
    own_files(project)
    scene = "results/own/scenes/here/optical.tif"
    project.run(scene, study="own.yaml")
    made = project.results("own").joinpath("scenes/here/optical.tif").read_bytes()
    config = yaml.safe_load((project.folder / "own.yaml").read_text())
    config["sites"]["here"]["optical"]["offset"] = -0.1
    (project.folder / "copy.yaml").write_text(yaml.safe_dump(config))
    printed = project.run(scene, study="copy.yaml", fails=True)
    assert "error: copy.yaml: the study own in own.yaml made results/own; give this one" in printed
    assert project.results("own").joinpath("scenes/here/optical.tif").read_bytes() == made
    (project.folder / "own.yaml").rename(project.folder / "mine.yaml")
    assert "error" not in project.run(scene, study="mine.yaml")


def test_sar_in_linear_power_declared_db(project):
    own_files(project, sar={"unit": "db"})
    assert not refused(project, "results/own/stack/here.tif", "site here: vv: declared dB")


def test_a_band_that_the_file_lacks(project):
    own_files(project, sar={"vh": {"path": "s.tif", "band": 3}})
    assert not refused(project, "results/own/stack/here.tif", "s.tif has no band 3, it has 2")


def test_a_file_that_is_not_there(project):
    own_files(project, sar={"vv": {"path": "typo.tif"}})
    printed = project.run("results/own/stack/here.tif", study="own.yaml", fails=True)
    assert "error: site here: sar.vv: no such file: typo.tif" in printed
    assert not project.results("own").exists()


def test_a_truncated_file(project):
    own_files(project)
    path = project.folder / "s.tif"
    path.write_bytes(path.read_bytes()[:9000])
    assert not refused(project, "results/own/stack/here.tif", "s.tif: not a readable raster")


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"block_px": 20, "buffer_px": 4}, "less than the receptive-field radius 8 of cnn"),
        ({"block_px": 20, "buffer_px": 12}, "no train patch of 33 px: too little train ground"),
    ],
)
def test_ground_that_does_not_fit_the_models(project, split, message):
    own_files(project)
    config = yaml.safe_load((project.folder / "own.yaml").read_text())
    (project.folder / "own.yaml").write_text(yaml.safe_dump({**config, "split": split}))
    weights = "results/own/models/here/reconstruction/red/cnn-none/seed1.safetensors"
    left = refused(project, weights, message)
    assert not [path for path in left if "models" in path.parts]
