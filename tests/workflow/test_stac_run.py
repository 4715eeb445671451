"""From a place and a period to the stack, against a real STAC API and a real file server."""

import os
import shutil

import numpy as np
import pandas as pd
from catalogue_study import CLOUDS, STACK, CatalogueStudy, errors, replaced, same_scenes
from rasterio.merge import merge
from rasterio.transform import array_bounds
from sarfusion.core.files import read_json, sha256
from sarfusion.scenes import landsat, sar
from servers.scenes import BEST, BEST_DESCENDING, NEEDS_TWO_ROWS

BANDS = {"optical": landsat.RAW_BANDS, "sar": sar.BANDS}


def check_scenes(project, archive):
    """Compare the raw scenes with another program's mosaic of the locked items' files."""
    names = {record["id"]: name for name, record in archive.records.items()}
    for scene, bands in BANDS.items():
        pixels, transform = project.pixels(scene)
        bounds = array_bounds(*pixels.shape[1:], transform)
        for band, values in zip(bands, pixels, strict=True):
            paths = [archive.path(names[item], band) for item in project.locked_ids(scene)]
            (there,), _ = merge(paths, bounds=bounds)
            assert np.array_equal(np.where(there == -32768, np.nan, there), values, equal_nan=True)


def sums(project):
    """{(item, band): sha256} of the lock."""
    return {
        (item["id"], band): asset.get("sha256")
        for scene in ("optical", "sar", "clouds")
        for item in project.lock[scene]["items"]
        for band, asset in item["assets"].items()
    }


def table(project):
    """The table of candidates by item id."""
    return pd.read_csv(project.results() / "search/place.csv").set_index("items")


class TestFirstRun:
    def test_says_that_it_made_the_lock(self, first):
        assert "config/city.lock.json did not exist and was made" in first.printed

    def test_locks_the_best_pair(self, archive, first):
        assert first.locked_ids("optical") == [archive.id(BEST[0])]
        assert first.locked_ids("sar") == [archive.id(BEST[1])]
        assert first.locked_ids("clouds") == [archive.id("clouded_inside")]

    def test_says_of_every_candidate_why(self, archive, first):
        seen = table(first)
        verdicts = {
            "clear": ("chosen", "0.0% of the area unusable"),
            "clear_inside": ("candidate", "share of the area unusable: 2%, chosen: 0%"),
            "clouded_inside": ("gap mask", "clouds over 39% of the area"),
            "half": ("refused", "of the area is masked or not shown, more than 10.0%"),
            "ascending": ("chosen", "1.33 days from the chosen optical date"),
            "slice_1 slice_2": ("candidate", "days between optical and SAR"),
            "partial": ("", "50"),
            "without_vh": ("refused", "VV"),
        }
        for names, (verdict, reason) in verdicts.items():
            row = seen.loc[" ".join(archive.id(name) for name in names.split())]
            assert verdict in row["verdict"], names
            assert reason in row["reason"], names
        never = {archive.id("landsat_8"), archive.id("later")}
        assert not never & set(" ".join(seen.index).split())

    def test_reads_the_pixels_of_the_files(self, archive, first):
        check_scenes(first, archive)

    def test_covers_the_whole_area_and_little_more(self, archive, first):
        pixels, _ = first.pixels("optical")
        # 96 px and what the turned edges of a box of degrees add
        assert all(96 <= side <= 100 for side in pixels.shape[1:])
        assert not landsat.flagged(pixels[3], 0).any()

    def test_asks_for_no_more_than_it_needs(self, archive, first):
        bands = {f"_{name}.TIF" for name in ("SR_B4", "SR_B3", "SR_B2", "QA_RADSAT")}
        colours = {path for path in first.requested if any(path.endswith(band) for band in bands)}
        assert {archive.id(BEST[0])} == {path.split("/")[2] for path in colours}
        assert not any("SR_B5" in path or "LC08" in path for path in first.requested)

    def test_the_lock_has_the_sum_of_every_file_read(self, first):
        assert len(sums(first)) == 8
        assert all(sums(first).values())

    def test_the_record_names_files_and_sums(self, archive, first):
        record = read_json(first.results() / "scenes/place/scene.json")
        assert record["source"] == "stac"
        assert not record["simulated"]
        assert [item["id"] for item in record["items"]] == [archive.id(name) for name in BEST]
        for name in BANDS:
            path = first.results() / f"scenes/place/{name}.tif"
            assert record[name]["sha256"] == sha256(path)

    def test_a_second_run_does_nothing(self, first):
        assert first.planned(STACK, CLOUDS) == set()


class TestLock:
    def test_another_person_gets_the_same_bytes_without_a_search(self, clone, first):
        before = clone.lock_path.read_bytes()
        clone.run(STACK)
        same_scenes(clone, first)
        assert (clone.folder / STACK).read_bytes() == (first.folder / STACK).read_bytes()
        assert clone.lock_path.read_bytes() == before
        assert not (clone.results() / "search").exists()

    def test_a_file_that_changed_is_named(self, archive, server, clone):
        path = server.folder / archive.path("clear", "green").relative_to(archive.folder)
        with replaced(path, path.read_bytes() + b"\0"):
            said = errors(clone.run(STACK, fails=True))
        assert len(said) == 1
        assert (
            f"green of {archive.id('clear')} changed on the server since it was locked" in said[0]
        )
        assert not clone.left()

    def test_other_pixels_in_a_file_of_the_same_size_and_date_are_refused(
        self, archive, server, clone
    ):
        path = server.folder / archive.path("clear", "red").relative_to(archive.folder)
        other = archive.path("clear_inside", "red").read_bytes()
        with replaced(path, other.ljust(path.stat().st_size, b"\0")) as stat:
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            said = errors(clone.run(STACK, fails=True))
        assert len(said) == 1
        assert f"red of {archive.id('clear')}: the pixels are not those of the lock" in said[0]
        assert not clone.left()

    def test_a_lock_of_another_search_is_refused(self, stac_api, archive, clone):
        other = CatalogueStudy(
            clone.folder.parent / "other", stac_api.url, archive, orbit="descending"
        )
        shutil.copy(clone.lock_path, other.lock_path)
        said = errors(other.run(STACK, fails=True))
        assert "was locked with another orbit" in said[0]
        assert "./reproduce lock city" in said[0]

    def test_searching_again_changes_nothing_where_nothing_changed(
        self, archive, stac_api, server, copy_of_first, first
    ):
        stac_api.load(archive.collections(), archive.items(server.url))
        assert "place: unchanged" in copy_of_first.reproduce("lock", "city.yaml")
        assert copy_of_first.lock_path.read_bytes() == first.lock_path.read_bytes()
        assert copy_of_first.planned(STACK, CLOUDS) == set()

    def test_searching_again_brings_other_scenes_where_others_are_best(
        self, archive, stac_api, server, copy_of_first
    ):
        left = archive.items(server.url, leave_out=["ascending"])
        stac_api.load(archive.collections(), left)
        assert "place: changed: sar" in copy_of_first.reproduce("lock", "city.yaml")
        assert {"download_scene", "prepare_stack"} <= copy_of_first.planned(STACK)
        copy_of_first.run(STACK)
        slices = [archive.id(name) for name in BEST_DESCENDING[1:]]
        assert copy_of_first.locked_ids("sar") == slices
        assert all(sums(copy_of_first).values())
        check_scenes(copy_of_first, archive)


class TestChoice:
    def test_adjacent_items_of_one_pass_are_put_together(self, archive, search, server):
        without = archive.items(server.url, leave_out=["clear", "clear_inside"])
        project = search(without, orbit="descending", max_days_apart=30)
        project.run(STACK)
        assert set(project.locked_ids("optical")) == {archive.id(name) for name in NEEDS_TWO_ROWS}
        slices = {archive.id(name) for name in BEST_DESCENDING[1:]}
        assert set(project.locked_ids("sar")) == slices
        check_scenes(project, archive)
        for name in BANDS:
            pixels, _ = project.pixels(name)
            assert np.isfinite(pixels).all()
        assert not landsat.flagged(project.pixels("optical")[0][3], 0).any()

    def test_a_catalogue_on_disk_needs_no_network(self, archive, first, tmp_path):
        folder = tmp_path / "archive"
        shutil.copytree(archive.folder, folder)
        root = type(archive)(folder, archive.area, archive.records, archive.masked).write_static()
        project = CatalogueStudy(tmp_path / "city", str(root), archive)
        project.run(STACK)
        assert project.locked_ids("optical") == first.locked_ids("optical")
        same_scenes(project, first)

    def test_nothing_found_says_what_to_widen(self, search):
        project = search(period=["2022-01-01", "2022-01-31"])
        said = errors(project.run(STACK, fails=True))
        assert len(said) == 1
        assert "no SAR item over the area from 2022-01-01 to 2022-01-31; widen" in said[0]
        assert not project.left()
        assert not project.lock_path.exists()

    def test_hostile_and_broken_items_are_passed_over(self, archive, search, server):
        """Each would be the best scene of all if nothing were wrong with it."""
        items = archive.items(server.url)
        clear = next(item for item in items if item["id"] == archive.id("clear"))

        def like(name, **assets):
            return {**clear, "id": name, "assets": {**clear["assets"], **assets}}

        lacking = like("LC09_L2SP_125052_20240308_02_T2")
        del lacking["assets"]["blue"]
        bad = [
            like("../../x"),
            lacking,
            like("LC09_L2SP_125052_20240308_02_A1", red={"href": "file:///etc/passwd"}),
            like("LC09_L2SP_125052_20240308_02_A2", red={"href": "http://192.0.2.1/red.tif"}),
            like("LC09_L2SP_125052_20240308_02_A3", red={"href": "/vsicurl/http://127.0.0.1/x"}),
        ]
        others = [item for item in items if item["id"] != clear["id"]]
        project = search([*bad, *others], max_days_apart=5)
        project.run(STACK)
        assert project.locked_ids("optical") == [archive.id("clear_inside")]
        seen = table(project)
        optical = seen[(seen["sensor"] == "optical") & (seen["verdict"] == "refused")]
        reasons = " ".join(optical["reason"])
        for reason in ("not a plain name", "no asset 'blue'", "file:", "192.0.2.1", "vsicurl"):
            assert reason in reasons
        assert not [path for path in project.folder.parent.rglob("*") if path.name == "x"]
