"""A shift of SAR against the optical scene: measured by frame, and corrected once."""

import logging

import numpy as np
import prepare_full_scale
import prepare_stack
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine, from_origin
from sarfusion.core.files import read_json
from sarfusion.core.grid import Grid
from sarfusion.core.raster import create_raster, read_band, write_raster
from sarfusion.scenes import landsat, sar, simulate
from sarfusion.scenes.shift import agreed, frames, refined, taken_back

SETTINGS = {"noise_floor_db": -30, "clip_percentiles": [1, 99]}
OPTICAL = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 100, 100)


def shift(rows, columns):
    return {"rows": rows, "columns": columns, "distance": float(np.hypot(rows, columns))}


NOTHING = {"rows": None, "columns": None, "distance": None}


def test_frames_lie_evenly_and_apart():
    assert [window.flatten() for window in frames((95, 191))] == [(0, 0, 191, 95)]
    assert [window.flatten() for window in frames((100, 192))] == [
        (0, 0, 96, 100),
        (96, 0, 96, 100),
    ]
    large = frames((3000, 6000))
    assert len(large) == 9
    assert {(window.width, window.height) for window in large} == {(384, 384)}
    centres = {(w.col_off + w.width / 2, w.row_off + w.height / 2) for w in large}
    assert centres == {(c, r) for c in (1000, 3000, 5000) for r in (500, 1500, 2500)}


@pytest.mark.parametrize(
    ("found", "median"),
    [
        ([(1, 0), (1.2, 0.1), (0.9, -0.1)], (1, 0)),
        ([(1, 0), (1.2, 0.1), (0.9, -0.1), None], (1, 0)),
        ([(1, 0), (1.2, 0.1), (0.9, -0.1), None, None], None),  # 3 of 5 are measured
        ([(1, 0), (1.2, 0.1)], None),
        ([(1, 0), (1, 0), (1, 0), (1, 0.6)], None),  # one has another shift
        ([None, None, None], None),
    ],
)
def test_frames_must_agree(found, median):
    shifts = [NOTHING if each is None else shift(*each) for each in found]
    assert agreed(shifts) == (None if median is None else pytest.approx(shift(*median)))


def test_what_is_left_is_estimated_again():
    """An estimate that finds 80 % of a shift comes within 0.2^3 of it in three rounds."""

    def left_of(total):
        return shift(0.8 * (2 - total["rows"]), 0.8 * (-1 - total["columns"]))

    found = refined(shift(0, 0), left_of)
    assert found == pytest.approx(shift(2, -1), abs=0.02)
    assert refined(shift(0, 0), lambda _: NOTHING) is None


def test_a_grid_moves_by_pixels_of_the_other():
    """Two optical rows down and one column to the right are 60 and 30 m; SAR moves back by them."""
    own = Grid(OPTICAL.crs, from_origin(499_000, 1_001_000, 10, 10), 400, 400)
    back = taken_back(own, OPTICAL, shift(2, 1))
    assert back.transform.almost_equals(from_origin(499_000 - 30, 1_001_000 + 60, 10, 10))
    assert back.shape == own.shape
    up = Grid(OPTICAL.crs, Affine(10, 0, 499_000, 0, 10, 997_000), 400, 400)  # south up
    back = taken_back(up, OPTICAL, shift(2, 1))
    assert back.transform.almost_equals(Affine(10, 0, 498_970, 0, 10, 997_060), 1e-6)


@pytest.fixture(scope="module")
def city():
    return simulate.simulate_city(320, 1)


class Site:
    """The simulated city, with the SAR so many optical pixels from where it belongs."""

    def __init__(self, folder, city, rows, columns):
        self.folder = folder
        with create_raster(
            folder / "optical.tif", city.optical_grid, dtype=np.uint16, **landsat.raw_form()
        ) as target:
            target.write(city.optical)
        own = city.sar_grid
        moved = Affine.translation(30 * columns, -30 * rows) @ own.transform
        grid = Grid(own.crs, moved, own.height, own.width)
        write_raster(folder / "sar.tif", city.sar, grid, sar.BANDS, np.nan)

    def prepare(self, correct_shift=True):
        prepare_stack.main(
            optical=self.folder / "optical.tif",
            sar=self.folder / "sar.tif",
            stack=self.folder / "stack.tif",
            description=self.folder / "stack.json",
            site="here",
            mask=["cloud", "cloud_shadow"],
            sar_settings={**SETTINGS, "correct_shift": correct_shift},
            split_settings={},
        )
        return read_json(self.folder / "stack.json")

    def full(self):
        prepare_full_scale.main(
            stack=self.folder / "stack.tif",
            sar=self.folder / "sar.tif",
            description=self.folder / "stack.json",
            full=self.folder / "full.tif",
            site="here",
            noise_floor_db=-30,
        )
        return read_band(self.folder / "full.tif", "vv_db")


@pytest.fixture(scope="module")
def straight(city, tmp_path_factory):
    """The city as it is: nothing is corrected."""
    site = Site(tmp_path_factory.mktemp("straight"), city, 0, 0)
    assert site.prepare()["shift_corrected_px"] is None
    return site


def test_a_known_shift_comes_back_within_a_tenth_of_a_pixel(city, straight, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    site = Site(tmp_path, city, 1.3, -0.7)
    description = site.prepare()
    found = description["shift_corrected_px"]
    assert np.hypot(found["rows"] - 1.3, found["columns"] + 0.7) < 0.1
    assert len(description["shift_frames_px"]) == 9
    assert description["shift_px"]["distance"] < 0.1
    assert "site here: SAR was shifted by 1.5" in caplog.text
    assert "this is corrected" in caplog.text
    expected, made = (read_band(one.folder / "stack.tif", "vv_db") for one in (straight, site))
    inner = np.s_[5:-5, 5:-5]
    assert np.nanstd((made - expected)[inner]) < 0.5  # dB; 0.1 px of buildings
    # Finer products have the same correction.
    inner = np.s_[15:-15, 15:-15]
    assert np.corrcoef(straight.full()[inner].ravel(), site.full()[inner].ravel())[0, 1] > 0.9


def test_a_study_may_leave_the_shift_as_it_is(city, tmp_path, caplog):
    description = Site(tmp_path, city, 1.3, -0.7).prepare(correct_shift=False)
    assert description["shift_corrected_px"] is None
    assert description["shift_px"]["rows"] == pytest.approx(1.3, abs=0.2)
    assert "warning: site here: SAR is shifted by 1.5 px from optical" in caplog.text


def test_a_shift_of_a_third_of_a_pixel_is_left(city, tmp_path):
    description = Site(tmp_path, city, 0.3, 0).prepare()
    assert description["shift_corrected_px"] is None
    assert 0.2 < description["shift_px"]["distance"] < 0.5
