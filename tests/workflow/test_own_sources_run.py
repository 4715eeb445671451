"""Files behind a person's rasters: a change of one is noticed, a bad one stops only its site."""

import copy
import json
import os
import time

import numpy as np
import yaml
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.files import sha256
from sarfusion.core.raster import Grid, write_raster

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 64, 64)
BAND = """<VRTRasterBand dataType="UInt16" band="{0}"><SimpleSource>
<SourceFilename relativeToVRT="1">part #1.tif</SourceFilename><SourceBand>{0}</SourceBand>
</SimpleSource></VRTRasterBand>"""


def write_optical(path, add=0):
    numbers = np.random.default_rng(0).integers(8000, 12000, (3, 64, 64), np.uint16)
    write_raster(path, numbers + np.uint16(add), GRID, ["r", "g", "b"], None)


def make_study(project):
    """A study of two sites: one of a mosaic, one of a file with a date in the future."""
    folder = project.folder / "my ảnh"
    folder.mkdir()
    write_optical(folder / "part #1.tif")
    (folder / "o.vrt").write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="64"><SRS>EPSG:32648</SRS>'
        "<GeoTransform>500000, 30, 0, 1000000, 0, -30</GeoTransform>"
        f"{''.join(BAND.format(number) for number in (1, 2, 3))}</VRTDataset>"
    )
    backscatter = np.random.default_rng(1).gamma(4.4, 0.02, (2, 64, 64)).astype(np.float32)
    backscatter[1] /= 4
    for name in ("s.tif", "later.tif"):
        write_raster(folder / name, backscatter, GRID, ["vv", "vh"], np.nan)
    later = time.time() + 86_400
    os.utime(folder / "later.tif", (later, later))
    colours = {b: {"path": "o.vrt", "band": i} for i, b in enumerate(("red", "green", "blue"), 1)}
    here = {
        "source": "files",
        "optical": {**colours, "scale": 2.75e-5, "offset": -0.2},
        "sar": {"vv": {"path": "s.tif"}, "vh": {"path": "s.tif", "band": 2}, "unit": "linear"},
    }
    there = copy.deepcopy(here)
    for band in there["sar"].values():
        if isinstance(band, dict):
            band["path"] = "later.tif"
    study = {"study": "own", "data": "my ảnh", "sites": {"here": here, "there": there}}
    (project.folder / "own.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    return folder


def test_a_change_behind_a_mosaic_is_seen_and_a_date_in_the_future_costs_one_site(project):
    folder = make_study(project)
    scenes = [f"results/own/scenes/{site}/scene.json" for site in ("here", "there")]
    printed = project.run(*scenes, "--keep-going", study="own.yaml", fails=True)
    assert "site there: sar.vv: my ảnh/later.tif: its modification time is in the future" in printed
    assert "touch 'my ảnh/later.tif'" in printed
    assert not (project.folder / scenes[1]).exists()
    (red, *_) = json.loads((project.folder / scenes[0]).read_text())["items"]
    assert red == {
        "band": "optical.red",
        "path": "my ảnh/o.vrt",
        "files": [
            {"path": f"my ảnh/{name}", "sha256": sha256(folder / name)}
            for name in ("o.vrt", "part #1.tif")
        ],
    }

    os.utime(folder / "later.tif")
    write_optical(folder / "part #1.tif", add=100)
    printed = project.run(*scenes, "-n", study="own.yaml")
    assert printed.count("Import the raw scenes of") == 2


def test_other_dates_of_own_files_are_imported_each_from_its_own(project):
    folder = make_study(project)
    study = yaml.safe_load((project.folder / "own.yaml").read_text())
    del study["sites"]["there"]
    site = study["sites"]["here"]
    site["optical"]["date"] = "2024-01-25"
    dates = ["2024-01-09", "2024-02-10"]
    site["other_dates"] = [
        {
            "date": date,
            **{b: {"path": f"{date}.tif", "band": i} for i, b in enumerate(("red", "green"), 1)},
            "blue": {"path": f"{date}.tif", "band": 3},
        }
        for date in dates
    ]
    (project.folder / "own.yaml").write_text(yaml.safe_dump(study))
    for add, date in enumerate(dates):
        write_optical(folder / f"{date}.tif", add=add)
    made = [f"results/own/scenes/here/dates/{date}.tif" for date in dates]
    project.run(*made, study="own.yaml")
    about = json.loads((project.folder / made[0]).with_suffix(".json").read_text())
    assert (about["days"], about["items"][0]["path"]) == (-16, "my ảnh/2024-01-09.tif")

    write_optical(folder / "2024-02-10.tif", add=7)
    printed = project.run(*made, "-n", study="own.yaml")
    assert "Import here on 2024-02-10" in printed
    assert "2024-01-09" not in printed.partition("Import here on 2024-02-10")[0]
    assert "Import the raw scenes" not in printed
    (folder / "2024-02-10.tif").unlink()
    printed = project.run(*made, "-n", study="own.yaml", fails=True)
    assert "site here: 2024-02-10.blue: no such file: my ảnh/2024-02-10.tif" in printed
