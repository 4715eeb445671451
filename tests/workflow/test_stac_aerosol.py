"""The band of aerosol from a catalogue: searched, locked, downloaded and masked by."""

import numpy as np
import yaml
from catalogue_study import STACK
from sarfusion.core.files import read_json, write_json
from sarfusion.core.raster import read_band
from sarfusion.scenes import landsat
from sarfusion.verify.scenes import check_locked


def test_a_study_that_asks_gets_the_band(search):
    """The red band replaces it: the bits of high aerosol are set in a quarter of its numbers."""
    project = search()
    study = yaml.safe_load(project.study.read_text())
    optical = study["sites"]["place"]["catalogue"]["optical"]
    optical["assets"] = {"qa_aerosol": "red"}
    project.study.write_text(yaml.safe_dump(study | {"optical": {"mask_aerosol": ["high"]}}))
    project.run(STACK)
    (item,) = project.lock["optical"]["items"]
    assert item["assets"]["qa_aerosol"]["href"] == item["assets"]["red"]["href"]
    scenes = project.results() / "scenes/place"
    bits = read_band(scenes / "aerosol.tif", "qa_aerosol")
    numbers, quality = (read_band(scenes / "optical.tif", name) for name in ("red", "qa_pixel"))
    fill = landsat.is_fill(quality)
    assert np.array_equal(bits[~fill], numbers[~fill] & 255)
    high = bits >> 6 == 3
    assert 0.1 < high.mean() < 0.4
    assert np.isnan(read_band(project.results() / "stack/place.tif", "red")[high]).all()
    assert "the checksums of the lock" in check_locked("place", project.results(), project.lock)
    assert "sha256" in read_json(scenes / "scene.json")["aerosol"]

    # A lock that was made without it is refused.
    lock = read_json(project.lock_path)
    del lock["sites"]["place"]["search"]["aerosol"]
    write_json(project.lock_path, lock)
    assert "locked with another aerosol" in project.run(STACK, fails=True)
