"""SAR of several passes from a catalogue: searched, locked, downloaded and averaged."""

import numpy as np
import pandas as pd
import yaml
from catalogue_study import SCENE, STACK
from sarfusion.core.files import read_json
from sarfusion.scenes.sar import mean_of_passes
from sarfusion.verify.scenes import check_locked


def ask_for(project, **sar):
    """Give the study these settings of SAR."""
    study = yaml.safe_load(project.study.read_text())
    project.study.write_text(yaml.safe_dump(study | {"sar": sar}))


def test_passes_of_one_orbit_are_averaged(archive, search, server):
    project = search()
    project.run("results/city/scenes/place/sar.tif")
    alone, place = project.pixels("sar")
    assert "passes" not in project.lock
    assert "passes" not in read_json(project.folder / SCENE)["sar"]

    ask_for(project, passes=2)
    said = project.run(STACK, fails=True)
    assert "locked with another passes (1, the study has 2)" in said
    project.lock_path.unlink()
    project.run(STACK)
    assert project.locked_ids("sar") == [archive.id("ascending")]
    (further,) = project.lock["passes"]
    assert [item["id"] for item in further["items"]] == [archive.id("ascending_before")]
    seen = pd.read_csv(project.results() / "search/place.csv")
    assert list(seen[seen["verdict"] == "averaged"]["items"]) == [archive.id("ascending_before")]

    averaged, same_place = project.pixels("sar")
    assert same_place == place
    about = read_json(project.folder / SCENE)
    assert about["sar"]["passes"] == 2
    assert [day[:10] for day in about["sar"]["pass_dates"]] == ["2024-02-26", "2024-03-09"]
    radar = [item["id"] for item in about["items"] if item["sensor"] == "sar"]
    assert radar == [archive.id("ascending"), archive.id("ascending_before")]
    assert all("sha256" in asset for item in further["items"] for asset in item["assets"].values())
    assert "the checksums of the lock" in check_locked("place", project.results(), project.lock)

    # The archive's speckle has 20 looks, so that the second pass is the mean's other half.
    other = 2 * averaged - alone
    known = np.isfinite(averaged)
    assert np.array_equal(known, np.isfinite(alone))
    assert (other[known] > 0).all()
    np.testing.assert_allclose(mean_of_passes([alone, other])[known], averaged[known], rtol=1e-5)
    log_ratio = np.log(averaged[known] / alone[known])
    assert np.std(log_ratio) > 0.05

    assert project.planned(STACK) == set()
    ask_for(project)
    assert "locked with another passes (2, the study has 1)" in project.run(STACK, fails=True)
