"""A study with raw Sentinel-1: from its folder to a scene, and what stops it."""

import importlib.util
import json
import os

import grd_ground
import grd_safe
import numpy as np
import pytest
import yaml
from grd_scene import Scene
from project import Project
from sarfusion.core.files import sha256
from sarfusion.core.raster import read_bands, read_grid

if not (importlib.util.find_spec("sarsen") or os.environ.get("CI")):
    pytest.skip("needs the tools of the tests: ./reproduce test", allow_module_level=True)

SCENE = Scene()
TARGET = "results/raw/scenes/here/scene.json"
OPTICAL = {band: {"path": "o.tif", "band": n} for n, band in enumerate(("red", "green", "blue"), 1)}
SAR = {"safe": grd_safe.NAME, "elevation": ["dem.tif"], "geoid": "geoid.tif"}


def write_study(project, **sar):
    """Write the study; `sar` replaces settings of the radar, None leaves one out."""
    site = {
        "source": "grd",
        "optical": {**OPTICAL, "scale": 2.75e-5, "offset": -0.2},
        "sar": {name: value for name, value in (SAR | sar).items() if value is not None},
    }
    study = {"study": "raw", "data": "my data", "sites": {"here": site}}
    (project.folder / "raw.yaml").write_text(yaml.safe_dump(study, sort_keys=False))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("raw") / "project")
    folder = project.folder / "my data"
    folder.mkdir()
    grd_safe.write_product(folder, SCENE)
    grd_ground.write_heights(folder, SCENE)
    grd_ground.write_optical(folder / "o.tif")
    return project


def refused(project, *messages):
    printed = project.run(TARGET, study="raw.yaml", fails=True)
    lines = [line for line in printed.splitlines() if "error: " in line]
    assert any(all(message in line for message in messages) for line in lines), printed


def test_raw_radar_becomes_a_scene_and_follows_its_files(site):
    write_study(site)
    site.run(TARGET, study="raw.yaml")
    scene = json.loads((site.folder / TARGET).read_text())
    assert scene["source"] == "grd"
    assert scene["sar"]["sensor"] == "Sentinel-1A IW GRDH, gamma nought"
    assert scene["sar"]["date"] == "2024-01-03"
    assert [item["band"] for item in scene["items"]] == [
        *(f"optical.{band}" for band in OPTICAL),
        "sar",
    ]
    (sar,) = (item for item in scene["items"] if item["band"] == "sar")
    sums = {file["path"].rpartition("/")[2]: file["sha256"] for file in sar["files"]}
    assert sums["dem.tif"] == sha256(site.folder / "my data/dem.tif")
    path = (site.folder / TARGET).with_name("sar.tif")
    power = read_bands(path, ("vv", "vh"))
    assert read_grid(path).pixel_m == (10, 10)
    middle = [np.median(band) for band in power]
    assert middle == pytest.approx(list(dict(SCENE.gamma).values()), rel=0.02)

    assert site.planned(TARGET, study="raw.yaml") == set()
    (image,) = (site.folder / "my data" / grd_safe.NAME).glob("measurement/*-vh-*")
    image.write_bytes(image.read_bytes() + b"\0")
    assert site.planned(TARGET, study="raw.yaml") == {"calibrate_grd", "import_scene"}


def test_what_is_wrong_ends_in_one_line(site):
    write_study(site, geoid=None)
    refused(site, "sites.here.sar.geoid: name the raster of the geoid")
    write_study(site, elevation_above="ellipsoid")
    refused(site, "sites.here.sar.geoid")
    write_study(site, safe=grd_safe.NAME.replace(".SAFE", ".zip"))
    refused(site, "is an archive; unpack it")
    write_study(site, safe="another.SAFE")
    refused(site, "site here: safe: no such file: my data/another.SAFE/manifest.safe")
    write_study(site, elevation=["geoid.tif", "dem.tif"], geoid="typo.tif")
    refused(site, "site here: geoid: no such file")


def test_a_site_that_its_heights_do_not_cover_fails_and_leaves_nothing(site):
    narrow = site.folder / "my data/narrow.tif"
    grd_ground.write_degrees(narrow, SCENE.height, 1 / 3600, 0.01)
    write_study(site, elevation=["narrow.tif"])
    made = [site.folder / f"results/raw/scenes/here/grd.{kind}" for kind in ("tif", "json")]
    for path in made:
        path.unlink(missing_ok=True)
    refused(site, "narrow.tif: the elevation model lacks", "add the tiles that are missing")
    assert not any(path.exists() for path in made)
