"""Other dates from a person's own files: where they lie, what is left out, what is refused."""

import import_date
import numpy as np
import pytest
from own_site import OPTICAL_GRID, UTM, Site, numbers, write
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, sha256
from sarfusion.core.grid import Grid
from sarfusion.core.raster import open_raster, read_bands, read_grid
from sarfusion.scenes import landsat
from sarfusion.scenes.bands import BANDS
from sarfusion.study.config import resolve
from sarfusion.study.resolved import own_files

DATE = "2024-02-10"
COLOURS = {band: {"path": "d.tif", "band": n} for n, band in enumerate(BANDS, 1)}


class DatedSite(Site):
    """A site whose scene is of 2024-01-25, with one other date."""

    def __init__(self, folder):
        super().__init__(folder)
        self.optical["date"] = "2024-01-25"
        self.date = {"date": DATE, **COLOURS}
        self.settings["other_dates"] = [self.date]
        self.write_date(numbers() + 500)
        self.run()

    def write_date(self, array, grid=OPTICAL_GRID, name="d.tif", **how):
        write(self.folder / name, array, grid, **how)

    def import_date(self):
        """Import the date; return it (5, rows, columns)."""
        entries = {name: entry for name, entry in self.date.items() if isinstance(entry, dict)}
        import_date.main(
            site="here",
            site_settings=self.settings,
            date=DATE,
            rasters={f"optical.{b}": str(self.folder / e["path"]) for b, e in entries.items()},
            scene=self.out / "optical.tif",
            optical=self.out / "date.tif",
            metadata=self.out / "date.json",
        )
        return read_bands(self.out / "date.tif", landsat.RAW_BANDS)


@pytest.fixture
def site(tmp_path):
    return DatedSite(tmp_path)


def refused(site, message):
    with pytest.raises(StudyError, match=message) as error:
        site.import_date()
    assert str(error.value).startswith(f"site here, {DATE}")
    assert "\n" not in str(error.value)


def test_a_date_has_the_form_of_a_scene(site):
    raw = site.import_date()
    np.testing.assert_array_equal(raw[:3], numbers() + 500)
    assert not raw[3:].any()
    with open_raster(site.out / "date.tif") as dataset:
        assert dataset.scales == (2.75e-5, 2.75e-5, 2.75e-5, 1, 1)
        assert dataset.offsets == (-0.2, -0.2, -0.2, 0, 0)
    about = read_json(site.out / "date.json")
    assert (about["days"], about["optical"]["date"], about["simulated"]) == (16, DATE, False)
    assert about["optical"]["sha256"] == sha256(site.out / "date.tif")
    assert about["items"][0]["files"][0]["sha256"] == sha256(site.folder / "d.tif")


def test_a_date_may_have_another_scale(site):
    site.date |= {"scale": 1e-4, "offset": 0.0, "sensor": "another"}
    site.write_date(np.round(((numbers() * 2.75e-5) - 0.2) / 1e-4).astype(np.int16))
    site.import_date()
    with open_raster(site.out / "date.tif") as dataset:
        assert dataset.scales[0] == 1e-4
    assert read_json(site.out / "date.json")["optical"]["sensor"] == "another"


@pytest.mark.parametrize(("across", "down"), [(3, 5), (-4, 2), (-6, -7), (0, -1)])
def test_a_scene_of_another_extent_is_cut_to_the_grid(site, across, down):
    """Its pixels are those of the scene, moved by columns and rows; missing ones are fill."""
    moved = Grid(UTM, OPTICAL_GRID.transform * from_origin(across, down, 1, -1), 40, 50)
    site.write_date(numbers(), moved)
    raw = site.import_date()
    assert read_grid(site.out / "date.tif").alike(OPTICAL_GRID)
    rows, columns = np.indices(OPTICAL_GRID.shape)
    there = ((rows - down >= 0) & (rows - down < 40)) & (
        (columns - across >= 0) & (columns - across < 50)
    )
    expected = np.where(there, numbers()[:, (rows - down) % 40, (columns - across) % 50], 0)
    np.testing.assert_array_equal(raw[:3], expected)
    np.testing.assert_array_equal(landsat.is_fill(raw[3].astype(np.uint16)), ~there)


def test_what_is_not_0_in_a_mask_is_left_out_and_qa_pixel_kept(site):
    mask = np.zeros(OPTICAL_GRID.shape, np.uint8)
    mask[:5], mask[5:7] = 1, 255
    site.write_date(mask, name="m.tif")
    quality = np.full(OPTICAL_GRID.shape, 21824, np.uint16)
    quality[10:12] = 22280  # cloud
    site.write_date(quality, name="q.tif")
    site.date |= {"mask": {"path": "m.tif", "band": 1}, "qa_pixel": {"path": "q.tif", "band": 1}}
    raw = site.import_date()
    qa_pixel = raw[3].astype(np.uint16)
    np.testing.assert_array_equal(landsat.is_fill(qa_pixel), mask > 0)
    assert (raw[:3, mask > 0] == 0).all()
    np.testing.assert_array_equal(landsat.any_flagged(qa_pixel, ["cloud"]), quality == 22280)


def test_other_pixels_are_refused_with_the_command_that_warps_them(site):
    half = Grid(UTM, from_origin(500_015, 1_000_000, 30, 30), 40, 50)
    site.write_date(numbers(), half)
    refused(site, r"pixels are not those of the scene; warp each raster \(masks with -r near\): gd")
    other = Grid(CRS.from_epsg(32649), OPTICAL_GRID.transform, 40, 50)
    site.write_date(numbers(), other)
    refused(
        site,
        r"gdalwarp -t_srs EPSG:32648 -r bilinear"
        r" -te 500000 998800 501500 1000000 -ts 50 40 \S+d.tif warped.tif",
    )


def test_another_place_is_refused(site):
    far = Grid(UTM, from_origin(560_000, 1_000_000, 30, 30), 40, 50)
    site.write_date(numbers(), far)
    refused(site, "but the scene at .*; give another date of the same place")


def test_implausible_numbers_are_refused_for_a_date_too(site):
    site.date |= {"scale": 1.0, "offset": 0.0}
    refused(site, "100% of the ground has a reflectance above 1")


def test_a_mask_on_another_grid_is_refused(site):
    small = Grid(UTM, OPTICAL_GRID.transform, 39, 50)
    site.write_date(np.zeros(small.shape, np.uint8), small, name="m.tif")
    site.date["mask"] = {"path": "m.tif", "band": 1}
    refused(site, "mask is on another grid than red; align them")


def study(*dates, day="2024-01-25"):
    """A study of own files with these other dates."""
    band = {"path": "a.tif"}
    colours = dict.fromkeys(BANDS, band)
    return {
        "study": "x",
        "data": "mine",
        "sites": {
            "here": {
                "source": "files",
                "optical": {**colours, "scale": 1.0, "offset": 0.0, "date": day},
                "sar": {"vv": band, "vh": band, "unit": "linear"},
                "other_dates": [{"date": date, **colours} for date in dates],
            }
        },
    }


def test_files_of_dates_are_known_and_have_their_defaults():
    resolved = resolve(study(DATE))
    assert own_files(resolved, "here")[f"{DATE}.red"] == "mine/a.tif"
    assert resolved["sites"]["here"]["other_dates"][0]["red"] == {"path": "a.tif", "band": 1}
    assert "nspi" in resolved["baselines"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (study(DATE, DATE), f"other_dates: {DATE} is listed twice; give each date once"),
        (
            study(DATE, day=None),
            "optical.date: None is not a day, from which other_dates are counted",
        ),
        (study(DATE, day="dry season"), "optical.date: 'dry season' is not a day"),
        (study("2024-02-30"), "'2024-02-30' is not a day"),
        (study(), "other_dates: .* should be non-empty"),
    ],
)
def test_dates_that_are_none_are_refused(config, message):
    with pytest.raises(StudyError, match=message):
        resolve(config)
