"""A study of several sites goes on without one that fails, and its tables say so."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from project import Project
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.raster import Grid, write_raster

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 128, 128)


def own_site(folder):
    """A site of two files in `folder`, of noise."""
    rng = np.random.default_rng(0)
    optical = rng.integers(8000, 12000, (3, 128, 128), np.uint16)
    write_raster(folder / "o.tif", optical, GRID, ["r", "g", "b"], 0)
    backscatter = rng.gamma(4.4, 0.02, (2, 128, 128)).astype(np.float32)
    write_raster(folder / "s.tif", backscatter, GRID, ["vv", "vh"], np.nan)
    colours = {b: {"path": "o.tif", "band": i} for i, b in enumerate(("red", "green", "blue"), 1)}
    return {
        "source": "files",
        "optical": {**colours, "scale": 2.75e-5, "offset": -0.2},
        "sar": {"vv": {"path": "s.tif"}, "vh": {"path": "s.tif", "band": 2}, "unit": "linear"},
    }


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A study of three sites, one of which has a truncated file, after a run with --keep-going.

    Return the project, the bytes that repair the file, and what the run printed.
    """
    project = Project(tmp_path_factory.mktemp("broken") / "project")
    config = yaml.safe_load((project.folder / "tests/studies/tiny.yaml").read_text())
    config["study"] = "broken"
    config["sites"] = {
        "village": {"source": "simulated", "seed": 3, "size_px": 128},
        "mine": own_site(project.folder),
        "town": {"source": "simulated", "seed": 5, "size_px": 128},
    }
    config |= {"protocols": {"reconstruction": {}}, "bands": ["red"], "baselines": ["copy"]}
    config["models"] = {"cnn": config["models"]["cnn"]}
    config["figures"] = {"sites": 1}
    config["split"]["seed"] = 5
    (project.folder / "broken.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    path = project.folder / "s.tif"
    whole = path.read_bytes()
    path.write_bytes(whole[:9000])
    return project, whole, project.run("tables", "--keep-going", study="broken.yaml", fails=True)


@pytest.fixture
def broken(ran, tmp_path):
    """The same, with a copy of the project that may be changed."""
    project, whole, printed = ran
    return Project.copy(project.folder, tmp_path / "project"), whole, printed


@pytest.mark.second_tier
def test_a_site_that_is_all_of_a_shard_fails_and_is_left_out(broken):
    project, whole, _ = broken
    printed = project.reproduce("broken.yaml", "--shards", "3", "--keep-going", fails=True)
    assert "Continuing without mine (import_scene)" in printed
    assert "the study is done without mine (import_scene)" in printed
    scores = pd.read_csv(project.results("broken") / "tables/metrics.csv")
    assert set(scores["site"]) == {"village", "town"}
    (project.folder / "s.tif").write_bytes(whole)
    printed = project.reproduce("broken.yaml", "--shards", "3", "--keep-going")
    scores = pd.read_csv(project.results("broken") / "tables/metrics.csv")
    assert set(scores["site"]) == {"village", "town", "mine"}
    assert not (project.results("broken") / "missing_sites.json").exists()


def test_a_failed_site_does_not_stop_the_others_and_is_named(broken):
    project, whole, printed = broken
    results = project.results("broken")
    left_out = results / "missing_sites.json"
    assert "Everything of the other sites: ./reproduce STUDY --keep-going (" in printed
    assert f"add {left_out.relative_to(project.folder)} to --configfile" in printed
    assert (results / "metrics/town/reconstruction.csv").exists()
    assert not (results / "tables/metrics.csv").exists()
    missing = json.loads(left_out.read_text())
    (about,) = missing["missing_sites"].values()
    assert about["rule"] == "import_scene"
    assert about["log"] == "results/broken/logs/import_scene/mine.log"
    assert "s.tif: not a readable raster" in about["reason"]

    refused = project.run(
        "tables", study="broken.yaml", change={**missing, "require_all_sites": True}, fails=True
    )
    assert "error: the study requires all sites, but lacks mine (import_scene, results/" in refused
    assert not (results / "tables/metrics.csv").exists()

    figure = "results/broken/figures/across_sites_differences.png"
    project.run("tables", figure, study="broken.yaml", change=missing)
    assert set(pd.read_csv(results / "tables/metrics.csv")["site"]) == {"village", "town"}
    pooled = pd.read_csv(results / "tables/across_sites.csv")
    assert (pooled["missing_sites"] == "mine").all()
    assert pooled["sites"].max() == 2
    for name in ("across_sites.md", "summary.md", "summary.txt", "claims.md", "models.md"):
        text = (results / "tables" / name).read_text()
        assert "**Without 1 site:**\n\n- mine: import_scene failed (" in text, name
        assert "log: results/broken/logs/import_scene/mine.log" in text, name
    assert project.planned("tables", study="broken.yaml", change=missing) == set()

    (project.folder / "s.tif").write_bytes(whole)
    project.run("tables", "--keep-going", study="broken.yaml")
    assert not left_out.exists()
    assert set(pd.read_csv(results / "tables/metrics.csv")["site"]) == {"village", "mine", "town"}
    for path in (results / "tables").glob("*.md"):
        assert "Without" not in path.read_text()
    assert pd.read_csv(results / "tables/across_sites.csv")["missing_sites"].isna().all()


def test_a_site_whose_file_is_not_there_does_not_stop_the_others(broken):
    project, *_ = broken
    results = project.results("broken")
    for path in results.glob("metrics/town/*"):
        path.unlink()  # so that another site has something to do
    (project.folder / "o.tif").unlink()
    problem = "site mine: optical.red: no such file: o.tif; correct path or data"
    assert f"warning: {problem}" in project.run("--dry-run", study="broken.yaml")
    needed = {"require_all_sites": True}
    assert f"error: {problem}" in project.run(study="broken.yaml", change=needed, fails=True)
    printed = project.run("tables", "--keep-going", study="broken.yaml", fails=True)
    assert f"error: {problem}" in printed
    assert (results / "metrics/town/reconstruction.csv").exists()
    missing = json.loads((results / "missing_sites.json").read_text())
    assert missing["missing_sites"]["mine"]["reason"] == problem
    said = project.run("tables", study="broken.yaml", change=missing)
    assert "no such file" not in said
    assert set(pd.read_csv(results / "tables/metrics.csv")["site"]) == {"village", "town"}
