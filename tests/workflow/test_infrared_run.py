"""Studies that fuse the near and shortwave infrared, from a simulated city and a catalogue."""

import shutil

import numpy as np
import pandas as pd
import pytest
from catalogue_study import CatalogueStudy, errors
from project import Project
from sarfusion.core.raster import band_names, read_bands
from sarfusion.ground import split
from sarfusion.study.indices import INDICES

pytestmark = pytest.mark.second_tier  # a variant of what test_run.py runs

BANDS = ["red", "green", "blue", "nir", "swir16"]
SITE = {"source": "simulated", "seed": 3, "size_px": 128, "other_dates": [-16], "built_up": False}
CHANGE = {
    "study": "five",
    "sites": {"village": SITE},
    "bands": BANDS,
    "protocols": {
        "cloud_gap": {"models": ["unet"], "inputs": ["ratio"]},
        "sharpening": {"models": ["cnn"], "inputs": ["ratio"]},
    },
    "baselines": ["mean", "nspi", "bicubic"],
    "seeds": [1],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("five") / "project")
    wanted = ("tables", "viewer", "products")
    project.run(*wanted, study="tests/studies/protocols.yaml", change=CHANGE)
    return project.results("five")


def test_the_bands_go_the_whole_road(results):
    assert band_names(results / "scenes/village/optical.tif")[:5] == tuple(BANDS)
    assert band_names(results / "scenes/village/truth.tif") == tuple(BANDS)
    assert band_names(results / "stack/village.tif")[:5] == tuple(BANDS)
    assert band_names(results / "stack/village.reduced.tif") == tuple(BANDS)
    assert band_names(results / "stack/village.full.tif")[:5] == tuple(BANDS)
    metrics = pd.read_csv(results / "tables/metrics.csv").query("metric == 'rmse'")
    metrics = metrics[metrics["region"].isin(["gap", "test", "consistency", "truth"])]
    for _, rows in metrics.groupby(["protocol", "region", "method", "input"]):
        assert rows["band"].tolist()[:5] == BANDS
        assert np.isfinite(rows["value"]).all()
    assert set(metrics["method"]) >= {"unet", "cnn", "mean", "nspi", "bicubic"}


def test_indices_in_gaps_follow_from_the_rasters(results):
    table = pd.read_csv(results / "tables/land_cover.csv")
    assert set(table["band"]) == {"ndvi", "ndbi"}  # without a map of built-up ground
    gap = read_bands(results / "gaps/village.tif", ["gap"])[0] == 1
    use = read_bands(results / "stack/village.split.tif", ["use"])[0]
    inside = gap & (use == split.TEST)
    table = table.set_index(["band", "method", "metric"])
    for name, pair in INDICES.items():
        for method, run in (("unet", "unet-ratio/seed1"), ("nspi", "nspi-none/seed0")):
            folder = results / "fused/village/cloud_gap"
            filled = [read_bands(folder / f"{band}/{run}.tif", [band])[0] for band in pair]
            measured = read_bands(results / "stack/village.tif", pair)
            found, true = (index_of(np.stack(each)[:, inside]) for each in (filled, measured))
            rmse = table.loc[name, method, "index_rmse"]
            assert rmse["value"] == pytest.approx(np.sqrt(np.mean((found - true) ** 2)), rel=1e-6)
            bias = table.loc[name, method, "index_bias"]
            assert bias["value"] == pytest.approx(np.mean(found - true), abs=1e-9)
            assert rmse["n"] == bias["n"] == inside.sum()
    page = (results / "tables/land_cover.md").read_text()
    assert "NDVI RMSE" in page
    assert "IoU" not in page


def index_of(bands):
    """(a - b) / (a + b) of two bands, of at least 1e-4."""
    a, b = np.maximum(bands.astype(float), 1e-4)
    return (a - b) / (a + b)


def test_the_picture_without_clouds_stays_in_colour(results):
    names = band_names(results / "products/village/cloud_free.tif")
    assert names[:3] == ("red", "green", "blue")
    assert "nir" not in names
    assert '"nir"' in (results / "viewer/index.html").read_text()


@pytest.fixture
def catalogue(archive, tmp_path):
    """A catalogue on disk whose near infrared is the green band, and that lacks the shortwave."""
    folder = tmp_path / "archive"
    shutil.copytree(archive.folder, folder)
    for record in archive.records.values():
        if "nir08" in record["assets"]:
            green, nir = (record["assets"][name]["href"] for name in ("green", "nir08"))
            shutil.copy(folder / green, folder / nir)
    return str(type(archive)(folder, archive.area, archive.records, archive.masked).write_static())


STACK = "results/city/stack/place.tif"


def test_a_catalogue_gives_the_infrared_that_is_asked(catalogue, archive, tmp_path):
    project = CatalogueStudy(tmp_path / "city", catalogue, archive)
    project.run(STACK, change={"bands": ["red", "nir"]})
    assert {*project.lock["optical"]["items"][0]["assets"]} >= {"nir", "qa_pixel"}
    stack = project.results() / "stack/place.tif"
    assert band_names(stack)[:4] == ("red", "green", "blue", "nir")
    green, nir = read_bands(stack, ["green", "nir"])
    assert np.array_equal(green, nir, equal_nan=True)
    # This lock is enough for a study of colours; one of more infrared needs another.
    project.run(STACK)
    assert "nir" not in band_names(stack)
    said = errors(project.run(STACK, fails=True, change={"bands": ["red", "nir", "swir16"]}))
    assert len(said) == 1
    assert "locked with another infrared (['nir'], the study has ['nir', 'swir16'])" in said[0]


def test_a_catalogue_without_a_band_ends_in_one_line(catalogue, archive, tmp_path):
    project = CatalogueStudy(tmp_path / "city", catalogue, archive)
    said = errors(project.run(STACK, fails=True, change={"bands": ["red", "swir16"]}))
    assert len(said) == 1
    assert "swir16" in said[0]
    assert not project.lock_path.exists()
