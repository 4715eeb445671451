"""The flags of SR_QA_AEROSOL: their bits, and pixels that are masked by them."""

import numpy as np
import prepare_stack
import pytest
from own_site import OPTICAL_GRID, SAR_GRID, SETTINGS, import_site, numbers, power, write
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json
from sarfusion.core.raster import read_band
from sarfusion.scenes import landsat, simulated_optical
from sarfusion.scenes.bands import BANDS
from sarfusion.study.config import resolve
from sarfusion.study.layout import Layout
from sarfusion.study.resolved import catalogue_site

SAR_SETTINGS = {"noise_floor_db": -30, "clip_percentiles": [1, 99], "correct_shift": True}


@pytest.mark.parametrize(
    ("number", "flags"),
    [  # as they occur in products: bits 7 and 6 are the level, 5 interpolated, 2 water, 1 valid
        (0b11100000, {"high", "interpolated"}),
        (0b11000010, {"high"}),
        (0b10100000, {"interpolated"}),
        (0b01000010, set()),
        (0b01100100, {"interpolated"}),
        (0b00000001, set()),
    ],
)
def test_bits_by_hand(number, flags):
    bits = np.uint8([number])
    found = {flag for flag in landsat.AEROSOL_FLAGS if landsat.aerosol_flagged(bits, flag)[0]}
    assert found == flags


def test_the_simulated_city_has_the_band():
    bits = simulated_optical.aerosol_bits(90, 3)
    assert bits.dtype == np.uint8
    assert landsat.aerosol_flagged(bits, "high").mean() == pytest.approx(0.1, abs=0.01)
    retrieved = bits & 2 > 0
    assert retrieved.mean() == pytest.approx(1 / 9)
    assert np.array_equal(landsat.aerosol_flagged(bits, "interpolated"), ~retrieved)
    assert np.array_equal(bits, simulated_optical.aerosol_bits(90, 3))
    assert not np.array_equal(bits, simulated_optical.aerosol_bits(90, 4))


class OwnSite:
    """A person's own scenes with a file of aerosol, of which the middle is unknown."""

    def __init__(self, folder):
        self.folder = folder
        self.bits = np.full(OPTICAL_GRID.shape, 66, np.uint8)
        self.bits[:10] = 224  # high and interpolated
        self.bits[10:20, :5] = 160  # only interpolated
        self.bits[20:22, 20:22] = 1  # fill, the nodata of the file
        write(folder / "o.tif", numbers(), OPTICAL_GRID)
        write(folder / "s.tif", power(), SAR_GRID)
        write(folder / "a.tif", self.bits, OPTICAL_GRID, nodata=1)
        optical = SETTINGS["optical"] | {"qa_aerosol": {"path": "a.tif", "band": 1}}
        import_site(folder, SETTINGS | {"optical": optical}, folder, aerosol=folder / "aerosol.tif")

    def masked(self, flags):
        """(where red is not valid, the counts of the optical scene)."""
        prepare_stack.main(
            optical=self.folder / "optical.tif",
            sar=self.folder / "sar.tif",
            stack=self.folder / "stack.tif",
            description=self.folder / "stack.json",
            site="here",
            mask=[],
            sar_settings=SAR_SETTINGS,
            split_settings={},
            aerosol=self.folder / "aerosol.tif",
            mask_aerosol=flags,
        )
        counts = read_json(self.folder / "stack.json")["optical"]
        return np.isnan(read_band(self.folder / "stack.tif", "red")), counts


@pytest.fixture
def own(tmp_path):
    return OwnSite(tmp_path)


def test_own_files_come_with_the_band(own):
    assert np.array_equal(read_band(own.folder / "aerosol.tif", "qa_aerosol"), own.bits)
    assert "aerosol" in read_json(own.folder / "scene.json")


def test_flags_are_masked_as_a_study_asks(own):
    columns = OPTICAL_GRID.width
    masked, counts = own.masked([])
    assert not masked.any()
    masked, counts = own.masked(["high"])
    assert np.array_equal(masked, own.bits == 224)
    assert counts["aerosol_high"] == counts["masked"] == 10 * columns
    masked, counts = own.masked(["high", "interpolated"])
    assert np.array_equal(masked, np.isin(own.bits, [224, 160]))
    assert counts["aerosol_interpolated"] == 10 * columns + 50
    assert counts["masked"] == 10 * columns + 50  # each pixel once


FILES = {
    "source": "files",
    "optical": {
        **{band: {"path": "o.tif"} for band in BANDS},
        "scale": 1,
        "offset": 0,
    },
    "sar": {"vv": {"path": "v.tif"}, "vh": {"path": "h.tif"}, "unit": "db"},
}
PLACE = {"source": "stac", "area": [1, 1, 2, 2], "period": ["2024-01-01", "2024-02-01"]}
ASKED = {"mask_aerosol": ["high"]}


def test_only_a_study_that_asks_has_the_band():
    plain = resolve({"study": "s", "sites": {"a": PLACE, "b": FILES}})
    assert plain["optical"]["mask_aerosol"] == []
    assert Layout(plain).aerosol == {}
    assert "qa_aerosol" not in catalogue_site(plain, "a")["catalogue"]["optical"]["assets"]
    asked = resolve({"study": "s", "sites": {"a": PLACE}, "optical": ASKED})
    assert Layout(asked, "r").aerosol == {"aerosol": "r/scenes/{site}/aerosol.tif"}
    assets = catalogue_site(asked, "a")["catalogue"]["optical"]["assets"]
    assert assets["qa_aerosol"] == "qa_aerosol"
    assert resolve(asked) == asked
    one = PLACE | {"overrides": {"optical": ASKED}}
    assert Layout(resolve({"study": "s", "sites": {"a": one, "b": PLACE}})).aerosol


def test_own_files_without_the_band_are_refused():
    with pytest.raises(StudyError, match="sites.b.optical: the study masks aerosol, so name the"):
        resolve({"study": "s", "sites": {"b": FILES}, "optical": ASKED})
