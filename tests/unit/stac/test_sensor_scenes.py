"""Scenes of other sensors than Landsat's, from made files in their own coding to raw scenes."""

import json

import numpy as np
import pytest
import rasterio
from archive_lock import lock, served
from download_clouds import main as download_clouds
from download_date import main as download_date
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, write_json
from sarfusion.core.grid import Grid
from sarfusion.scenes import landsat, simulate
from sarfusion.scenes.bands import BANDS
from sarfusion.scenes.sensors import SENSORS
from sarfusion.scenes.stac import pack
from sarfusion.scenes.stac.download import download
from sarfusion.scenes.stac.lock import day_of, read_lock
from sarfusion.scenes.stac.remote import remotes
from servers.files import FileServer
from servers.items import footprint
from servers.scenes import cut, write_cog
from tqdm import tqdm

CLEAR, CLOUD, SHADOW = 21824, 21768, 21840
KEYS = {"red": "B04", "green": "B03", "blue": "B02"}
FINE = simulate.square_grid(*simulate.CORNER, 10, 480)
NATIVE = simulate.square_grid(*simulate.CORNER, 30, 160)
WHOLE = (0, 0, 1, 1)


@pytest.fixture(scope="module")
def files(archive, tmp_path_factory):
    """A server of a copy of the archive, to which tests add scenes."""
    with FileServer(served(archive, tmp_path_factory.mktemp("served") / "archive")) as server:
        yield server


def reflectance(shape):
    """Red, green and blue (3, rows, columns) from 0.03 to 0.3, the same for every scene."""
    return np.random.default_rng(4).uniform(0.03, 0.3, (3, *shape))


def add(server, name, collection, grid, bands, properties, part=WHOLE):
    """Write the files of an item, {key: (rows, columns)}; return its record.

    grid: of the first band. Others may have fewer pixels on the same ground. part: of the ground
    that the files cover, as shares of its sides (top, left, bottom, right).
    """
    for key, values in bands.items():
        times = grid.height // values.shape[0]
        coarse = simulate.square_grid(*simulate.CORNER, times * grid.transform.a, len(values))
        nodata = -9999 if values.dtype == np.int16 else None
        write_cog(server.folder / f"{name}/{key}.tif", values, coarse, part, nodata, 64)
    top, left, bottom, right = (round(share * grid.height) for share in part)
    window = rasterio.windows.Window(left, top, right - left, bottom - top)
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": name,
        "collection": collection,
        **footprint(grid.crs, cut(grid, window).bounds),
        "properties": properties,
        "links": [],
        "assets": {key: {"href": f"{server.url}/{name}/{key}.tif"} for key in bands},
    }


def sentinel2(server, day, baseline, scl, part=WHOLE, added=None, tile="T48PXS"):
    """A scene of Sentinel-2 with the classes `scl` at 20 m, in numbers of its baseline."""
    added = 1000 * (baseline >= "04.00") if added is None else added
    numbers = np.round(reflectance(FINE.shape) * 1e4 + added).astype(np.uint16)
    bands = dict(zip(KEYS.values(), numbers, strict=True)) | {"SCL": scl}
    about = {
        "datetime": f"{day}T03:23:31Z",
        "platform": "Sentinel-2A",
        "s2:processing_baseline": baseline,
        "sat:relative_orbit": 18,
        "eo:cloud_cover": 1.0,
    }
    version = f"N{baseline.replace('.', '')}_R018_{tile}_{day.replace('-', '')}T060000"
    name = f"S2A_MSIL2A_{day.replace('-', '')}T032331_{version}"
    return add(server, name, "sentinel-2-l2a", FINE, bands, about, part)


def classes(cloud=None, value=9):
    """SCL of clear ground, with a class where `cloud` is."""
    scl = np.full((240, 240), 5, np.uint8)
    if cloud is not None:
        scl[cloud] = value
    return scl


def locked(archive, records, folder, sensor, collection, **site):
    """Lock a site whose optical scenes are of a sensor."""

    def change(catalogue):
        return catalogue | {"optical": {"collection": collection, "sensor": sensor}}

    radar = [record for record in records if record["collection"] == "sentinel-1-rtc"]
    others = [record for record in records if record["collection"] == collection]
    return lock(folder, archive, [*radar, *others], change, **site)


def seen(found, grid):
    """The rows and columns of a grid that the locked scene covers, as slices."""
    record = found["optical"]["grid"]
    _, _, left, _, _, top = record["transform"]
    column, row = ~grid.transform * (left, top)
    assert (column % 1, row % 1) == (0, 0)
    return np.s_[
        int(row) : int(row) + record["height"], int(column) : int(column) + record["width"]
    ]


def raw(locked):
    """(numbers, scales, offsets) of the raw scene, and what scene.json says about it."""
    locked.download()
    with rasterio.open(locked.folder / "optical.tif") as dataset:
        found = dataset.read(), dataset.scales, dataset.offsets
    return *found, read_json(locked.folder / "scene.json")["optical"]


@pytest.mark.parametrize(("baseline", "offset"), [("05.10", -0.1), ("03.01", 0.0)])
def test_sentinel_2_of_either_baseline(archive, files, tmp_path, baseline, offset):
    cloud = np.s_[101:107, 111:119]
    record = sentinel2(files, "2024-03-08", baseline, classes(cloud))
    records = [*archive.items(files.url), record]
    found = locked(archive, records, tmp_path, "sentinel2_l2a", "sentinel-2-l2a")
    assert found.ids("optical") == [record["id"]]
    (item,) = found.found["optical"]["items"]
    assert item["scaling"] == [1e-4, offset]
    assert {*item["assets"]} == {*BANDS, "scl"}
    place = seen(found.found, FINE)
    numbers, scales, offsets, said = raw(found)
    assert (scales[:3], offsets[:3]) == ((1e-4,) * 3, (offset,) * 3)
    assert numbers.dtype == np.uint16
    np.testing.assert_allclose(
        numbers[:3] * 1e-4 + offset, reflectance(FINE.shape)[:, *place], rtol=0, atol=5.1e-5
    )
    expected = np.full(FINE.shape, CLEAR)
    expected[202:214, 222:238] = CLOUD
    np.testing.assert_array_equal(numbers[3], expected[place])
    assert not numbers[4].any()
    assert said["sensor"] == "Sentinel-2 MSI, Level-2A"
    assert said["scaling"] == [1e-4, offset]
    read_lock(found.folder / "city.lock.json")
    masked = (expected[place] == CLOUD).mean()
    assert found.found["optical"]["masked"] == pytest.approx(masked, abs=1e-4)


def test_tiles_of_two_baselines_have_one_offset(archive, files, tmp_path):
    """The numbers of the upper tile are 1000 higher; on the ground there is no seam."""
    parts = {"05.10": (0, 0, 0.6, 1), "03.01": (0.5, 0, 1, 1)}
    tiles = [
        sentinel2(files, "2024-03-08", baseline, classes(), part, tile=f"T48PX{part[0]:.0f}")
        for baseline, part in parts.items()
    ]
    records = [*archive.items(files.url), *tiles]
    found = locked(archive, records, tmp_path, "sentinel2_l2a", "sentinel-2-l2a")
    assert {*found.ids("optical")} == {tile["id"] for tile in tiles}
    place = seen(found.found, FINE)
    numbers, _, offsets, _ = raw(found)
    assert offsets[:3] == (-0.1,) * 3
    np.testing.assert_allclose(
        numbers[:3] * 1e-4 - 0.1, reflectance(FINE.shape)[:, *place], rtol=0, atol=5.1e-5
    )


def test_an_offset_that_files_lack_stops_the_download(archive, files, tmp_path):
    """The catalogue subtracted 1000 from the numbers, but says that it did not."""
    record = sentinel2(files, "2024-03-08", "05.10", classes(), added=0)
    record["properties"]["earthsearch:boa_offset_applied"] = False
    records = [*archive.items(files.url), record]
    found = locked(archive, records, tmp_path / "false", "sentinel2_l2a", "sentinel-2-l2a")
    with pytest.raises(StudyError, match="site place: 2.% of the clear ground .* below 0 in red"):
        found.download()
    assert not (tmp_path / "false/optical.tif").exists()
    record["properties"]["earthsearch:boa_offset_applied"] = True
    found = locked(archive, records, tmp_path / "true", "sentinel2_l2a", "sentinel-2-l2a")
    numbers, _, offsets, _ = raw(found)
    assert offsets[:3] == (0,) * 3
    place = seen(found.found, FINE)
    expected = np.round(reflectance(FINE.shape)[:, *place] * 1e4)
    np.testing.assert_array_equal(numbers[:3], expected)


def test_clouds_and_dates_of_sentinel_2(archive, files, tmp_path):
    cloud = np.s_[60:180, 60:150]
    records = [
        *archive.items(files.url),
        sentinel2(files, "2024-03-08", "05.10", classes()),
        sentinel2(files, "2024-03-03", "03.01", classes(cloud, 8)),
    ]
    dates = {"count": 1, "window_days": 30, "min_clear": 0.1}
    found = locked(archive, records, tmp_path, "sentinel2_l2a", "sentinel-2-l2a", other_dates=dates)
    path = tmp_path / "city.lock.json"
    write_json(path, {"sites": {"place": found.found}})
    common = {"site": "place", "site_settings": found.settings, "lock": path}
    common |= {"parts": tmp_path / "parts", "packed": tmp_path / "packed"}
    download_clouds(**common, clouds=tmp_path / "clouds.tif")
    with rasterio.open(tmp_path / "clouds.tif") as dataset:
        clouds = dataset.read(1)
    expected = np.full(FINE.shape, CLEAR)
    expected[120:360, 120:300] = CLOUD
    place = seen(found.found, FINE)
    np.testing.assert_array_equal(clouds, expected[place])
    day = day_of(found.found["dates"][0])
    assert day == "2024-03-03"
    download_date(
        **common, date=day, optical=tmp_path / "date.tif", metadata=tmp_path / "date.json"
    )
    with rasterio.open(tmp_path / "date.tif") as dataset:
        assert dataset.offsets[:3] == (0,) * 3  # of its own baseline, not that of the scene
        numbers = dataset.read()
    np.testing.assert_array_equal(numbers[3], expected[place])
    np.testing.assert_array_equal(numbers[:3], np.round(reflectance(FINE.shape)[:, *place] * 1e4))
    assert read_json(tmp_path / "date.json")["optical"]["sensor"] == "Sentinel-2 MSI, Level-2A"


def test_windows_of_a_pack_stand_for_the_server(archive, files, tmp_path):
    record = sentinel2(files, "2024-03-08", "05.10", classes(np.s_[101:107, 111:119]))
    records = [*archive.items(files.url), record]
    found = locked(archive, records, tmp_path, "sentinel2_l2a", "sentinel-2-l2a")
    scenes = {name: found.found[name] for name in ("optical", "sar")}
    larger = SENSORS["sentinel2_l2a"].coarser
    kept = tmp_path / "kept"
    download(remotes(found.settings["catalogue"]), scenes, kept, 100, tqdm, None, larger)
    (tmp_path / "packed").mkdir()
    for window in pack.windows_of(found.found, kept):
        pack.to_cog(window, tmp_path / "packed" / window.name)
    files.forget()
    numbers, *_ = raw(found)
    assert not files.requests
    place = seen(found.found, FINE)
    np.testing.assert_allclose(
        numbers[:3] * 1e-4 - 0.1, reflectance(FINE.shape)[:, *place], rtol=0, atol=5.1e-5
    )


def test_a_coarse_file_on_other_pixels_is_set_aside(archive, files, tmp_path):
    record = sentinel2(files, "2024-03-08", "05.10", classes())
    moved = files.folder / f"{record['id']}/B03.tif"
    with rasterio.open(moved) as dataset:
        numbers, crs, transform = dataset.read(1), dataset.crs, dataset.transform
    moved.unlink()
    write_cog(
        moved,
        numbers[:240, :240],
        Grid(crs, transform * transform.scale(2), 240, 240),
        WHOLE,
        None,
        64,
    )
    records = [*archive.items(files.url), record]
    with pytest.raises(StudyError) as error:
        locked(archive, records, tmp_path, "sentinel2_l2a", "sentinel-2-l2a")
    assert "another raster" in error.value.table.to_string()


@pytest.mark.parametrize(("sensor", "collection"), [("hls_l30", "L30"), ("hls_s30", "S30")])
def test_hls(archive, files, tmp_path, sensor, collection):
    """Numbers may be negative, fill is -9999, and bit 3 of Fmask is a shadow, not a cloud."""
    truth = reflectance(NATIVE.shape)
    truth[:, 100:104, 60:64] = -0.01
    numbers = np.round(truth * 1e4).astype(np.int16)
    fmask = np.full(NATIVE.shape, 0b01000000, np.uint8)  # low aerosol
    fmask[70:76, 80:90] = 0b00000010
    fmask[80:86, 80:90] = 0b00001000
    numbers[:, :60, :], fmask[:60] = -9999, 255
    numbers[1, 90, 90] = -9999
    bands = dict(zip(KEYS.values(), numbers, strict=True)) | {"Fmask": fmask}
    about = {"datetime": "2024-03-08T03:23:31Z", "platform": "landsat-9", "eo:cloud_cover": 2}
    name = f"HLS.{collection}.T48PXS.2024068T032331.v2.0"
    record = add(files, name, collection, NATIVE, bands, about)
    found = locked(
        *(archive, [*archive.items(files.url), record], tmp_path, sensor, collection),
        max_masked=0.9,
    )
    assert "scaling" not in found.found["optical"]["items"][0]
    place = seen(found.found, NATIVE)
    raw_numbers, scales, offsets, said = raw(found)
    assert (scales[:3], offsets[:3]) == ((1e-4,) * 3, (0,) * 3)
    assert "scaling" not in said
    expected = np.full(NATIVE.shape, CLEAR)
    expected[70:76, 80:90], expected[80:86, 80:90] = CLOUD, SHADOW
    expected[:60] = expected[90, 90] = landsat.QA_FILL
    np.testing.assert_array_equal(raw_numbers[3], expected[place])
    known = expected[place] != landsat.QA_FILL
    np.testing.assert_array_equal(raw_numbers[:3, known], numbers[:, *place][:, known])
    assert (raw_numbers[:3, ~known] == landsat.FILL).all()
    assert json.loads((tmp_path / "found.json").read_text())["optical"]["coverage"] < 0.8
