"""Archives whose files are not what their items say: the right bytes, or the next pair and why."""

import copy
import logging
from datetime import UTC, datetime

import numpy as np
import pytest
from archive_lock import changed, lock, rewrite, served
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json
from servers.files import Fault, FileServer
from servers.scenes import make_archive


@pytest.fixture(scope="module")
def files(archive, tmp_path_factory):
    """A server of a copy of the archive."""
    with FileServer(served(archive, tmp_path_factory.mktemp("served") / "archive")) as server:
        yield server


@pytest.fixture
def server(files, archive):
    """The same server; files that a test rewrites are restored after it."""
    files.heal()
    files.forget()
    yield files
    for path in files.folder.rglob("*.[tT][iI]*"):
        original = archive.folder / path.relative_to(files.folder)
        if path.read_bytes() != original.read_bytes():
            path.write_bytes(original.read_bytes())


@pytest.fixture
def records(archive, server):
    return archive.items(server.url)


@pytest.fixture
def file(archive, server):
    """(name, band) -> the served file, to be changed."""
    return lambda name, band: server.folder / archive.path(name, band).relative_to(archive.folder)


def test_what_is_locked_of_a_good_archive(archive, records, server, tmp_path):
    locked = lock(tmp_path, archive, records)
    assert locked.ids("optical") == [archive.id("clear")]
    assert locked.ids("sar") == [archive.id("ascending")]
    opened = {
        path.rsplit("/")[-1] for _, path, _ in server.requests if archive.id("clear")[:25] in path
    }
    assert {name.split("_T1_")[1] for name in opened} == {
        *("SR_B4.TIF", "SR_B3.TIF", "SR_B2.TIF", "QA_PIXEL.TIF", "QA_RADSAT.TIF")
    }


def test_a_south_up_item_with_a_right_file_is_used(archive, records, tmp_path, caplog):
    good = lock(tmp_path / "good", archive, records)
    name = archive.id("ascending")

    def turn(record):
        step, _, left, _, down, top = record["properties"]["proj:transform"][:6]
        rows = record["properties"]["proj:shape"][0]
        record["properties"]["proj:transform"] = [
            *(step, 0, left + 0.37, 0),
            *(-down, top + rows * down + 0.21),
        ]

    caplog.clear()
    locked = lock(tmp_path / "turned", archive, changed(records, name, turn))
    assert locked.found["sar"] == good.found["sar"]
    told = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING]
    assert told == [
        "warning: 1 of the catalogue's items state another grid than their files have, such as"
        f" {name} (its grid is not north up); the files' grids are used"
    ]
    for one, other in zip(locked.download(), good.download(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_item_without_a_grid_is_read_from_its_file(archive, records, tmp_path):
    def without(record):
        for key in ("proj:code", "proj:epsg", "proj:shape", "proj:transform"):
            record["properties"].pop(key, None)
        record["properties"]["sar:product_type"] = "RTC"

    locked = lock(tmp_path, archive, changed(records, archive.id("ascending"), without))
    assert locked.ids("sar") == [archive.id("ascending")]


def test_frames_that_lie_a_centimetre_apart_are_one_raster(archive, records, file, tmp_path):
    good = lock(tmp_path / "good", archive, records, orbit="descending")
    assert len(good.ids("sar")) == 2
    (whole, _) = good.download()
    for band in ("vv", "vh"):
        rewrite(file("slice_2", band), shift_m=0.011)
    locked = lock(tmp_path / "moved", archive, records, orbit="descending")
    assert locked.ids("sar") == good.ids("sar")
    np.testing.assert_array_equal(locked.download()[0], whole)


def test_a_frame_filled_with_zeros_does_not_cover_a_measured_one(archive, records, file, tmp_path):
    good = lock(tmp_path / "good", archive, records, orbit="descending")
    (whole, _) = good.download()

    def fill(numbers):  # where slice_2 has data, which starts at half of the scene
        numbers[round(len(numbers) * 0.85) :] = 0

    for band in ("vv", "vh"):
        rewrite(file("slice_1", band), fill)
    locked = lock(tmp_path / "filled", archive, records, orbit="descending")
    assert set(locked.ids("sar")) == {archive.id("slice_1"), archive.id("slice_2")}
    (sar, _) = locked.download()
    assert np.isfinite(sar).all()
    assert (sar > 0).all()
    pasted = sar != whole  # speckle differs between the slices of the archive
    assert 0.01 < pasted.mean() < 0.5


def test_coverage_is_measured_and_not_taken_from_the_footprint(archive, records, file, tmp_path):
    def fill(numbers):
        numbers[:, : numbers.shape[1] // 2] = 0

    name = archive.id("ascending")
    assert lock(tmp_path / "good", archive, records).coverage(name) == 1
    rewrite(file("ascending", "vh"), fill)  # one band is enough
    locked = lock(tmp_path / "filled", archive, records)
    assert locked.coverage(name) == pytest.approx(0.5, abs=0.02)
    assert locked.ids("sar") == [archive.id("slice_1"), archive.id("slice_2")]
    assert "share of the area covered: 50" in locked.reason(name)[1]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(status=404), "the server answered 404"),
        (Fault(page="<html>Sign in</html>"), "the server sent a web page instead of the file"),
        (Fault(ignore_range=True), "the server sends only whole files"),
    ],
)
def test_a_file_that_is_not_there_leads_to_the_next_pair(
    archive, records, server, tmp_path, fault, reason
):
    server.fault("*LC09_*_20240308_*_SR_B2.TIF", fault)
    locked = lock(tmp_path, archive, records)
    assert locked.ids("optical") != [archive.id("clear")]
    verdict, why = locked.reason(archive.id("clear"))
    assert verdict == "refused"
    assert reason in why
    assert "SR_B2.TIF" in why


def test_a_missing_radar_file_leads_to_the_next_pass(archive, records, server, tmp_path):
    ascending = archive.id("ascending")
    server.fault(f"*{ascending}*iw-vh*", Fault(page="<html>Sign in</html>"))
    locked = lock(tmp_path, archive, records)
    assert locked.ids("optical") == [archive.id("clear")]
    assert locked.ids("sar") == [archive.id("slice_1"), archive.id("slice_2")]
    assert "the server sent a web page" in locked.reason(ascending)[1]


def test_a_file_that_is_cut_short_leads_to_the_next_pass(archive, records, file, tmp_path):
    path = file("ascending", "vv")
    path.write_bytes(path.read_bytes()[:20_000])
    locked = lock(tmp_path, archive, records)
    assert locked.ids("sar") == [archive.id("slice_1"), archive.id("slice_2")]
    assert "cut short" in locked.reason(archive.id("ascending"))[1]


def test_a_hole_over_the_area_leads_to_the_next_pair(archive, records, file, tmp_path):
    def fill(numbers):
        numbers[60:100, 60:100] = 0  # of 160 x 160, all in the area of 96 x 96

    rewrite(file("clear", "red"), fill)
    locked = lock(tmp_path, archive, records)
    assert locked.ids("optical") != [archive.id("clear")]
    verdict, why = locked.reason(archive.id("clear"))
    assert verdict == "refused"
    assert why.startswith(f"red of {archive.id('clear')} has no data in 17")


def test_a_file_on_other_pixels_leads_to_the_next_pair(archive, records, file, tmp_path):
    rewrite(file("clear", "green"), shift_m=11)
    locked = lock(tmp_path, archive, records)
    assert locked.ids("optical") != [archive.id("clear")]
    assert "green of" in locked.reason(archive.id("clear"))[1]
    assert "pixels are on another raster" in locked.reason(archive.id("clear"))[1]


def test_no_lock_is_written_where_no_pair_has_its_files(archive, records, server, tmp_path):
    server.fault("*_SR_B3.TIF", Fault(status=404))
    with pytest.raises(
        StudyError, match="no optical date that is clear enough has usable files"
    ) as failed:
        lock(tmp_path, archive, records)
    assert "404" in str(failed.value)
    assert "\n" not in str(failed.value)
    assert not (tmp_path / "found.json").exists()


def test_radar_that_was_not_processed_is_told(archive, records, tmp_path):
    """All of sentinel-1-rtc ends on a day before the period; sentinel-1-grd continues."""
    raw = [
        {**copy.deepcopy(record), "id": f"{record['id']}_raw", "collection": "sentinel-1-grd"}
        for record in records
        if record["collection"] == "sentinel-1-rtc"
    ]

    def age(record):
        record["properties"]["datetime"] = datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z")

    left = changed(records, archive.id("ascending"), age)
    left = [
        record
        for record in left
        if record["collection"] != "sentinel-1-rtc" or record["id"] == archive.id("ascending")
    ]
    with pytest.raises(StudyError) as failed:
        lock(tmp_path, archive, [*left, *raw])
    count = sum(record["collection"] == "sentinel-1-rtc" for record in records)
    assert str(failed.value) == (
        f"sentinel-1-grd exists for these dates ({count} scenes), but sentinel-1-rtc does not"
        f" (newest sentinel-1-rtc: {datetime.now(UTC):%Y-%m-%d}); choose another period or"
        " catalogue"
    )


@pytest.mark.second_tier
def test_the_shift_of_each_frame_is_measured_and_a_seam_told(tmp_path, caplog):
    large = make_archive(tmp_path / "archive", size_px=330)

    def shifts(name):
        with FileServer(large.folder) as server:
            items = large.items(server.url)
            locked = lock(tmp_path / name, large, items, orbit="descending")
            locked.download()
        frames = read_json(locked.folder / "scene.json")["sar"]["frames"]
        return {frame["item"]: frame["shift_px"] for frame in frames}

    upper, lower = large.id("slice_1"), large.id("slice_2")
    good = shifts("good")
    assert set(good) == {upper, lower}
    assert max(abs(good[name][way]) for name in good for way in ("rows", "columns")) < 0.5
    assert "apart" not in caplog.text
    for band in ("vv", "vh"):
        rewrite(large.path("slice_2", band), shift_m=60)  # two pixels of the optical scene
    moved = shifts("moved")
    assert moved[upper] == good[upper]
    assert moved[lower]["columns"] - good[lower]["columns"] == pytest.approx(2, abs=0.3)
    assert moved[lower]["rows"] == pytest.approx(good[lower]["rows"], abs=0.3)
    assert "px from each other, so that a seam runs through the scene" in caplog.text
