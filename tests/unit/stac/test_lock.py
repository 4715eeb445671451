import copy
import json
import multiprocessing
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine
from sarfusion.core.errors import StudyError
from sarfusion.core.raster import Grid
from sarfusion.scenes.stac import lock
from sarfusion.scenes.stac.download import grid_of

GRID = Grid(CRS.from_epsg(32648), Affine(30, 0, 570000, 0, -30, 2340000), 40, 50)
SUM = "ab" * 32
SEARCH = {"area": [105.7, 20.9, 105.9, 21.1], "mask": ["cloud"]}


def asset(name, **more):
    return {"href": f"https://example.com/{name}.tif", "size": 10, "etag": '"1"', **more}


def entry(*bands, sensor="optical", **more):
    scene = {
        "track": "landsat-9 127 2024-01-01",
        "datetime": "2024-01-01T03:15:00Z",
        "grid": {
            "crs": "EPSG:32648",
            "transform": [30, 0, 570000, 0, -30, 2340000],
            "height": 40,
            "width": 50,
        },
        "items": [
            {
                "id": "LC09",
                "collection": "landsat-c2-l2",
                "datetime": "2024-01-01T03:15:00Z",
                "assets": {band: asset(band, **more) for band in bands},
            }
        ],
    }
    radar = copy.deepcopy(scene)
    radar["items"][0]["assets"] = {"vv": asset("vv"), "vh": asset("vh")}
    return {"search": SEARCH, "found": "2024-02-01", "sar": radar, sensor: scene}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "hanoi.lock.json"
    path.write_text(json.dumps({"sites": {"hanoi": entry("red", "blue")}}))
    return path


def sums(path):
    return {
        (name, band): item.get("sha256")
        for name, _, _, band, item in lock.assets_of(lock.read_lock(path)["sites"]["hanoi"])
    }


def test_described_scene_is_what_the_schema_wants_and_its_grid_comes_back(tmp_path):
    item = SimpleNamespace(
        id="LC09",
        collection="landsat-c2-l2",
        datetime=datetime(2024, 1, 1, 3, 15, 7, 123, tzinfo=UTC),
        orbit=None,
        cloud_cover=3.5,
        scaling=None,
        assets={"red": SimpleNamespace(href="https://example.com/red.tif", checksum="md5:1")},
    )
    chosen = SimpleNamespace(
        track="t", datetime=item.datetime, items=[item], coverage=1, masked=1 / 3, days_apart=None
    )
    facts = {"size": 7, "etag": None, "modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    scene = lock.describe_scene(chosen, GRID, lambda href: facts, ["red"])
    path = tmp_path / "city.lock.json"
    whole = {**entry("red"), "optical": scene}
    path.write_text(json.dumps({"sites": {"city": whole}}))
    assert lock.read_lock(path)["sites"]["city"]["optical"] == scene
    assert grid_of(scene) == GRID
    assert scene["datetime"] == "2024-01-01T03:15:07Z"
    assert scene["masked"] == 0.3333
    assert "days_apart" not in scene
    assert scene["items"][0]["assets"]["red"] == {
        "href": "https://example.com/red.tif",
        **facts,
        "checksum": "md5:1",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda site: site["optical"]["grid"].update(width=10**9), "optical.grid.width"),
        (lambda site: site["optical"]["grid"].update(transform=[1]), "optical.grid.transform"),
        (lambda site: site["optical"]["items"][0]["assets"]["red"].update(size=-1), "red.size"),
        (lambda site: site["optical"]["items"][0]["assets"].update({"../x": {}}), "assets"),
        (lambda site: site.pop("sar"), "'sar' is a required property"),
        (lambda site: site.update(token="secret"), "token"),
    ],
)
def test_damaged_lock_is_refused_in_one_line(path, change, message):
    whole = json.loads(path.read_text())
    change(whole["sites"]["hanoi"])
    path.write_text(json.dumps(whole))
    with pytest.raises(StudyError, match=message) as error:
        lock.read_lock(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_lock_that_was_cut_short_is_refused(path):
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StudyError, match="not JSON"):
        lock.read_lock(path)


def test_lock_answers_one_search_only(path):
    assert lock.locked_site(path, "hanoi", SEARCH) == entry("red", "blue")
    with pytest.raises(StudyError, match="no site hue; add it: ./reproduce lock hanoi"):
        lock.locked_site(path, "hue", SEARCH)
    with pytest.raises(StudyError, match="another area"):
        lock.locked_site(path, "hanoi", {**SEARCH, "area": [0, 0, 1, 1]})


def test_sums_are_carried_to_the_same_file_and_pixels_only():
    old = entry("red", "green", "blue", sha256=SUM)
    new = entry("red", "green", "blue")
    new["optical"]["items"][0]["assets"]["green"]["etag"] = '"2"'
    lock.carry_sums(old, new)
    found = new["optical"]["items"][0]["assets"]
    assert [found[band].get("sha256") for band in ("red", "green", "blue")] == [SUM, None, SUM]

    moved = entry("red")
    moved["optical"]["grid"]["width"] += 1
    lock.carry_sums(old, moved)
    assert moved == {**entry("red"), "optical": moved["optical"]}
    assert "sha256" not in moved["optical"]["items"][0]["assets"]["red"]


def test_without_sums_is_the_entry_before_the_first_download():
    assert lock.without_sums(entry("red", sha256=SUM)) == entry("red")


def test_seal_adds_sums_and_never_changes_one(path):
    lock.seal(path, "hanoi", entry("red", sha256=SUM))
    assert sums(path)["optical", "red"] == SUM
    assert sums(path)["optical", "blue"] is None
    written = path.stat().st_mtime_ns
    lock.seal(path, "hanoi", entry("red", sha256=SUM))
    assert path.stat().st_mtime_ns == written  # nothing new, nothing written
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def seal_one(path, band):
    lock.seal(path, "hanoi", entry(band, sha256=SUM))


def test_sites_sealed_at_one_time_lose_nothing(path):
    bands = ["red", "green", "blue", "qa_pixel", "qa_radsat"]
    path.write_text(json.dumps({"sites": {"hanoi": entry(*bands)}}))
    processes = [multiprocessing.Process(target=seal_one, args=(path, band)) for band in bands]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert all(sums(path)["optical", band] == SUM for band in bands)


def dated():
    """An entry with two other dates, the later one first."""
    later, earlier = entry("red")["optical"], entry("red")["optical"]
    later["datetime"], earlier["datetime"] = "2024-02-02T03:15:00Z", "2023-12-16T03:15:00Z"
    earlier["grid"]["width"] = 49
    return {**entry("red"), "dates": [later, earlier]}


def test_other_dates_are_scenes_by_their_day(path):
    path.write_text(json.dumps({"sites": {"hanoi": dated()}}))
    scenes = lock.scenes_of(lock.read_lock(path)["sites"]["hanoi"])
    assert list(scenes) == ["optical", "sar", "2024-02-02", "2023-12-16"]
    assert lock.locked_dates(path, "hanoi") == ["2023-12-16", "2024-02-02"]
    assert lock.locked_dates(path, "hue") is None
    assert lock.locked_dates(path.parent / "none.lock.json", "hanoi") is None


def test_sums_of_other_dates_are_sealed_and_carried(path):
    path.write_text(json.dumps({"sites": {"hanoi": dated()}}))
    found = dated()
    found["dates"][1]["items"][0]["assets"]["red"]["sha256"] = SUM
    lock.seal(path, "hanoi", found)
    assert sums(path)["2023-12-16", "red"] == SUM
    assert sums(path)["2024-02-02", "red"] is None
    new = dated()
    lock.carry_sums(lock.read_lock(path)["sites"]["hanoi"], new)
    assert new["dates"][1]["items"][0]["assets"]["red"]["sha256"] == SUM


def test_a_search_without_other_dates_is_what_it_was():
    site = {
        **{"area": [], "period": [], "orbit": "any", "max_masked": 0, "max_days_apart": 1},
        "gap_shapes": "simulated",
        "catalogue": {
            "url": "u",
            **{
                sensor: {"collection": "c", "query": {}, "assets": {}}
                for sensor in ("optical", "sar")
            },
        },
    }
    assert "aerosol" not in lock.search_of(site, [])
    assert "other_dates" not in lock.search_of(site, [])
    wanted = {"count": 2}
    assert lock.search_of({**site, "other_dates": wanted}, [])["other_dates"] == wanted


def averaged():
    """An entry whose SAR is the mean of two passes."""
    further = copy.deepcopy(entry("red")["sar"])
    further["datetime"] = "2024-01-13T03:15:00Z"
    further["items"][0]["assets"] = {"vv": asset("vv13"), "vh": asset("vh13")}
    return {**entry("red"), "search": {**SEARCH, "passes": 2}, "passes": [further]}


def test_passes_are_scenes_by_their_day(path):
    path.write_text(json.dumps({"sites": {"hanoi": averaged()}}))
    found = lock.read_lock(path)["sites"]["hanoi"]
    assert list(lock.scenes_of(found)) == ["optical", "sar", "sar 2024-01-13"]
    assert list(lock.radar_of(found)) == ["sar", "sar 2024-01-13"]
    found["passes"][0]["items"][0]["assets"]["vh"]["sha256"] = SUM
    lock.seal(path, "hanoi", found)
    assert sums(path)["sar 2024-01-13", "vh"] == SUM
    assert sums(path)["sar", "vh"] is None


def test_another_number_of_passes_needs_a_new_lock(path):
    path.write_text(json.dumps({"sites": {"hanoi": averaged()}}))
    assert lock.locked_site(path, "hanoi", {**SEARCH, "passes": 2})
    for other, message in ((SEARCH, "2, the study has 1"), ({**SEARCH, "passes": 3}, "2, the")):
        with pytest.raises(StudyError, match=f"locked with another passes .{message}"):
            lock.locked_site(path, "hanoi", other)
    path.write_text(json.dumps({"sites": {"hanoi": entry("red")}}))
    with pytest.raises(StudyError, match="another passes .1, the study has 2"):
        lock.locked_site(path, "hanoi", {**SEARCH, "passes": 2})
