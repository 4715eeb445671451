"""SAR from a different catalogue than optical scenes, with a mask of what can be used."""

import numpy as np
import pytest
import rasterio
from api_server import serve
from archive_lock import ByCollection, changed, lock, served
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.scenes.stac.lock import locked_site, search_of
from servers.files import FileServer


@pytest.fixture(scope="module")
def server(archive, tmp_path_factory):
    with FileServer(served(archive, tmp_path_factory.mktemp("served") / "archive")) as running:
        yield running


def split(records):
    """The records of optical and of SAR items."""
    optical = [each for each in records if each["collection"] == "landsat-c2-l2"]
    return optical, [each for each in records if each not in optical]


def test_each_sensor_is_searched_and_read_where_it_is(archive, server, tmp_path):
    optical, radar = split(archive.items(server.url))
    with serve(ByCollection(radar)) as other:
        locked = lock(
            tmp_path,
            archive,
            optical,
            change=lambda catalogue: {
                "optical": catalogue,
                "sar": {**catalogue, "url": other.url},
            },
        )
        assert {body["collections"][0] for body in other.searches} == {"sentinel-1-rtc"}
    assert locked.ids("optical") == [archive.id("clear")]
    assert locked.ids("sar") == [archive.id("ascending")]
    assert locked.found["search"]["sar_catalogue"] == other.url
    sar, _ = locked.download()
    assert np.isfinite(sar).all()
    # The lock does not fit a study that takes SAR from the catalogue of optical scenes.
    path = tmp_path / "city.lock.json"
    write_json(path, {"sites": {"place": locked.found}})
    mask = locked.found["search"]["mask"]
    assert locked_site(path, "place", search_of(locked.settings, mask))["sar"]
    del locked.settings["catalogue"]["sar"]["server"]
    with pytest.raises(StudyError, match="locked with another sar_catalogue"):
        locked_site(path, "place", search_of(locked.settings, mask))


def test_what_a_mask_does_not_let_use_is_empty(archive, server, tmp_path):
    name = archive.id("ascending")
    path = server.folder / "masks/ascending.tif"
    path.parent.mkdir()
    with rasterio.open(archive.path("ascending", "vv")) as dataset:
        profile = dataset.profile
    layover = np.zeros((profile["height"], profile["width"]), np.uint8)
    layover[200:240, 200:280] = 2
    layover[:, 380:] = 255
    profile |= {"dtype": "uint8", "nodata": 255, "predictor": 2}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(layover, 1)

    def add(record):
        record["assets"]["0_mask"] = {"href": server.href("masks/ascending.tif")}

    def name_mask(catalogue):
        return {**catalogue, "sar": {"assets": {"mask": "0_mask"}}}

    records = changed(archive.items(server.url), name, add)
    whole, _ = lock(tmp_path / "whole", archive, records).download()
    locked = lock(tmp_path / "masked", archive, records, change=name_mask)
    assert locked.ids("sar") == [name]
    assert "it has no asset '0_mask'" in locked.reason(archive.id("slice_1"))[1]
    sar, _ = locked.download()
    empty = np.isnan(sar)
    assert (empty[0] == empty[1]).all()
    left, top = locked.found["sar"]["grid"]["transform"][2::3]
    column, row = (round(place) for place in ~profile["transform"] @ (left, top))
    used = (layover == 0)[row : row + sar.shape[1], column : column + sar.shape[2]]
    np.testing.assert_array_equal(empty[0], ~used)
    assert locked.coverage(name) == pytest.approx(used.mean(), abs=0.02)
    np.testing.assert_array_equal(sar[~empty], whole[~empty])
