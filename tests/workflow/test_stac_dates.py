"""Other dates from a catalogue: searched, locked, downloaded and read again offline."""

import shutil

import numpy as np
import pandas as pd
from catalogue_study import STACK, CatalogueStudy, errors
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_grid

WANTED = {"count": 3, "window_days": 60, "min_clear": 0.3}
FUSED = "results/city/gaps/place.from_dates.tif"


def dates_of(project):
    return {scene["datetime"][:10]: scene for scene in project.lock["dates"]}


def test_other_dates_are_found_locked_and_downloaded(archive, search, stac_api, server, tmp_path):
    project = search(other_dates=WANTED)
    assert "its other dates are not known before its scenes are locked: ./reproduce lock city" in (
        project.run(FUSED, fails=True)
    )
    project.run(STACK)  # searches and locks
    found = dates_of(project)
    assert 1 <= len(found) <= 3
    chosen = project.lock["optical"]["datetime"][:10]
    assert chosen not in found
    seen = pd.read_csv(project.results() / "search/place.csv")
    assert (seen["verdict"] == "other date").sum() == len(found)
    files = [f"results/city/scenes/place/dates/{day}.tif" for day in found]
    project.run(*files)
    for name, (day, scene) in zip(files, found.items(), strict=True):
        path = project.folder / name
        assert read_grid(path).alike(read_grid(project.folder / STACK))
        about = read_json(path.with_suffix(".json"))
        assert about["days"] == round((pd.Timestamp(day) - pd.Timestamp(chosen)).days, 2)
        assert [item["id"] for item in about["items"]] == [item["id"] for item in scene["items"]]
        sums = [a["sha256"] for i in dates_of(project)[day]["items"] for a in i["assets"].values()]
        assert len(sums) == 5 * len(scene["items"])
    assert project.planned(STACK, *files) == set()

    other = CatalogueStudy(tmp_path / "other", stac_api.url, archive, other_dates=WANTED)
    shutil.copy(project.lock_path, other.lock_path)
    other.run(*files)
    for name in files:
        assert (other.folder / name).read_bytes() == (project.folder / name).read_bytes()


def test_dates_asked_for_later_need_a_new_lock(archive, first, stac_api, tmp_path):
    project = CatalogueStudy(tmp_path / "city", stac_api.url, archive, other_dates=WANTED)
    shutil.copy(first.lock_path, project.lock_path)
    said = errors(project.run(STACK, fails=True))
    assert "was locked with another other_dates" in said[0]
    assert "./reproduce lock city" in said[0]


def test_the_pixels_of_another_raster_are_brought_onto_that_of_the_scene():
    from download_date import onto
    from rasterio.crs import CRS
    from rasterio.transform import from_origin
    from sarfusion.core.raster import Grid

    utm = CRS.from_epsg(32648)
    target = Grid(utm, from_origin(500_000, 1_000_000, 30, 30), 4, 5)
    shifted = Grid(utm, from_origin(500_010, 1_000_005, 30, 30), 4, 4)
    numbers = np.arange(80, dtype=np.uint16).reshape(5, 4, 4) + 2
    brought = onto(numbers, shifted, target)
    np.testing.assert_array_equal(brought[:, :, :4], numbers)
    assert (brought[3, :, 4] == 1).all()
    assert (brought[:3, :, 4] == 0).all()
