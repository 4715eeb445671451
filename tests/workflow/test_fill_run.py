"""Clouds of a scene that no model was trained on, filled by the models of another study."""

import json
import shutil

import numpy as np
import pytest
import rasterio
import yaml
from project import Project
from sarfusion.core.files import read_json

VILLAGE = {"source": "simulated", "seed": 3, "size_px": 128}  # of the study of the models
SENSORS = {"optical": "Landsat 8 OLI", "sar": "Sentinel-1A"}


@pytest.fixture(scope="module")
def filler(protocols, tmp_path_factory):
    """A project with the models of the study of gaps, and nothing else of it."""
    project = Project(tmp_path_factory.mktemp("filler") / "project")
    theirs, ours = protocols.results("protocols"), project.results("protocols")
    for part in ("models/village/cloud_gap", "metrics"):
        shutil.copytree(theirs / part, ours / part)
    return project


def fill(project, name, sites, *options, source="protocols", **how):
    """Fill the clouds of a study of these sites; return what was printed."""
    study = {"study": name, "sites": sites, "fusing": {"tile_px": 48}}
    (project.folder / f"{name}.yaml").write_text(yaml.safe_dump(study))
    return project.reproduce("fill", f"{name}.yaml", "--with", source, *options, **how)


def own_files(folder, sensors=SENSORS, scale=2.75e-5):
    """The site whose files are the raw scenes in a folder."""
    optical, sar = str(folder / "optical.tif"), str(folder / "sar.tif")
    bands = {
        name: {"path": optical, "band": number}
        for number, name in enumerate(("red", "green", "blue", "qa_pixel"), 1)
    }
    return {
        "source": "files",
        "trust_values": True,
        "optical": {**bands, "scale": scale, "offset": -0.2, "sensor": sensors["optical"]},
        "sar": {
            "vv": {"path": sar, "band": 1},
            "vh": {"path": sar, "band": 2},
            "unit": "linear",
            "sensor": sensors["sar"],
        },
    }


def picture(results, site):
    with rasterio.open(results / f"products/{site}/cloud_free.tif") as dataset:
        return dict(zip(dataset.descriptions, dataset.read(), strict=True)), dataset.tags()


def test_the_picture_is_that_of_the_study_that_trained(filler, protocols_results):
    """The same scene under another name, neither split nor trained on, with other tiles."""
    printed = fill(filler, "again", {"hamlet": VILLAGE})
    assert "results/again/products/hamlet/cloud_free.tif  (" in printed
    ours, tags = picture(filler.results("again"), "hamlet")
    theirs, _ = picture(protocols_results, "village")
    assert ours.keys() == theirs.keys()
    for band in ours:
        assert ours[band] == pytest.approx(theirs[band], abs=1e-6, nan_ok=True)
    assert (ours["source"] == 2).any()
    assert np.isfinite(ours["red_std"][ours["source"] == 2]).all()
    assert (
        "that the study protocols trained at village; all others"
        in (tags["TIFFTAG_IMAGEDESCRIPTION"])
    )
    facts = read_json(filler.results("again") / "products/hamlet/cloud_free.json")
    assert facts["trained_by"] == {"study": "protocols", "site": "village"}
    assert facts["outside"] == []
    made = {path.parent.name for path in filler.results("again").glob("logs/*/*")}
    assert not {"train_model", "index_patches", "make_gaps", "evaluate_fusion"} & made
    assert not (filler.results("again") / "stack/hamlet.split.tif").exists()
    assert "normalisation" not in read_json(filler.results("again") / "stack/hamlet.json")
    done = fill(filler, "again", {"hamlet": VILLAGE})
    assert "Fill the clouds" not in done  # a second time, there is nothing to do
    told = filler.reproduce("status", "again.yaml", code=0).splitlines()
    assert "study again.yaml, whose scenes ./reproduce fill fills" in told
    assert {"preprocess", "product", "fill"} <= {line.partition(" ")[0] for line in told}
    assert not [line for line in told if line.startswith(("train", "figures", "paper"))]


def test_a_scene_unlike_the_training_ground_is_refused_or_filled_anyway(filler, protocols_results):
    raw = protocols_results / "scenes/village"
    unlike = {"optical": "Sentinel-2 MSI", "sar": "Sentinel-1"}
    sites = {"field": own_files(raw, unlike, scale=5e-5)}
    printed = fill(filler, "unlike", sites, fails=True)
    (line,) = {line.strip() for line in printed.splitlines() if "error: " in line}
    assert line.startswith(
        "error: site field is unlike the training data of the models of protocols (village): it is"
        " real, not simulated; its optical sensor is 'Sentinel-2 MSI', not simulated Landsat 9"
    )
    assert "% of its red is above" in line
    assert line.endswith("; --anyway fills it all the same")
    assert not (filler.results("unlike") / "products").exists()
    printed = fill(filler, "unlike", sites, "--anyway")
    assert "warning: site field is unlike the training data" in printed
    bands, tags = picture(filler.results("unlike"), "field")
    assert (bands["source"] == 2).any()
    assert "(which is unlike this scene: it is real" in tags["TIFFTAG_IMAGEDESCRIPTION"]
    assert (
        len(read_json(filler.results("unlike") / "products/field/cloud_free.json")["outside"]) > 3
    )


def test_a_scene_without_a_quality_band_is_told(filler, protocols_results):
    site = own_files(protocols_results / "scenes/village")
    del site["optical"]["qa_pixel"]
    printed = fill(filler, "unflagged", {"field": site}, "--anyway")
    assert "warning: site field: no qa_pixel is given, or it flags nothing but fill, so" in printed
    assert "products/field/cloud_free.tif  (0.0% filled)" in printed


def test_models_that_cannot_fill_are_refused_before_anything_runs(filler, tmp_path):
    folder = tmp_path / "sent"
    shutil.copytree(filler.results("protocols"), folder)
    shutil.copytree(folder / "models/village", folder / "models/hamlet")
    sites = {"hamlet": VILLAGE}
    printed = fill(filler, "mended", sites, source=str(folder), fails=True)
    assert (
        f"{folder}: models of hamlet, village; choose the most similar one with --site" in printed
    )
    table = folder / "metrics/hamlet/cloud_gap.uncertainty.csv"
    table.parent.mkdir()
    table.write_text("garbage")
    printed = fill(filler, "mended", sites, "--site", "hamlet", source=str(folder), fails=True)
    assert f"error: {table}: not a table of uncertainties: has no band" in printed
    for path in (folder / "models/hamlet").rglob("blue/*/*.safetensors"):
        path.unlink()
    printed = fill(filler, "mended", sites, "--site", "hamlet", source=str(folder), fails=True)
    assert "no method was trained for red, green and blue" in printed
    for path in (folder / "models/village").rglob("*.json"):
        record = read_json(path)
        del record["domain"]
        path.write_text(json.dumps(record))
    printed = fill(filler, "mended", sites, "--site", "village", source=str(folder), fails=True)
    assert "seed1.json: has no domain, so it is from an older version; train again" in printed
    assert not (filler.results("mended") / "scenes").exists()
