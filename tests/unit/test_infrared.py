"""The near and shortwave infrared as optional bands, from the scenes to the study's runs."""

import itertools

import numpy as np
import prepare_stack
import pytest
import simulate_date
import simulate_scene
import yaml
from own_site import OPTICAL_GRID, Site, numbers
from sarfusion.core.errors import SettingError, StudyError
from sarfusion.core.raster import band_names, read_bands
from sarfusion.scenes import bands as scene_bands
from sarfusion.scenes import infrared, landsat, simulate, surfaces
from sarfusion.scenes.city_land import city_land
from sarfusion.scenes.landcover import Cover
from sarfusion.scenes.simulated_dates import simulate_date as city_on
from sarfusion.scenes.stac.download import bands_of
from sarfusion.scenes.stac.lock import search_of
from sarfusion.study.config import resolve
from sarfusion.study.layout import Layout
from sarfusion.study.resolved import catalogue_site, infrared_of

ALL = (*scene_bands.BANDS, *scene_bands.INFRARED)
SETTINGS = {"size_px": 48, "seed": 3, "looks": 4.4}
STAC = {"source": "stac", "area": [1, 2, 3, 4], "period": ["2024-01-01", "2024-02-01"]}


def study(site, bands=ALL, **more):
    return resolve({"study": "s", "sites": {"here": site}, "bands": [*bands], **more})


@pytest.fixture(scope="module")
def city():
    return simulate.simulate_city(64, 5, infrared=scene_bands.INFRARED)


@pytest.mark.parametrize("chosen", [(), ("nir",), ("swir16",)])
def test_other_bands_are_the_same_whatever_infrared_is_asked(city, chosen):
    fewer = simulate.simulate_city(64, 5, infrared=chosen)
    assert np.array_equal(fewer.sar, city.sar, equal_nan=True)
    for index, band in enumerate((*scene_bands.BANDS, *chosen)):
        assert (fewer.optical[index] == city.optical[ALL.index(band)]).all()
        assert (fewer.truth[index] == city.truth[ALL.index(band)]).all()
    assert (fewer.optical[-2] == city.optical[-2]).all()  # QA_PIXEL
    saturated = 0b1110 | sum(1 << landsat.QA_RADSAT_BITS[band] for band in chosen)
    assert (fewer.optical[-1] == city.optical[-1] & saturated).all()


@pytest.mark.parametrize("chosen", [(), ("swir16",)])
def test_so_are_other_dates(chosen):
    whole, fewer = city_on(48, 5, -32, scene_bands.INFRARED), city_on(48, 5, -32, chosen)
    for index, band in enumerate((*scene_bands.BANDS, *chosen)):
        assert (fewer.optical[index] == whole.optical[ALL.index(band)]).all()
        assert (fewer.truth[index] == whole.truth[ALL.index(band)]).all()


def test_plants_have_a_high_ndvi_and_bare_or_sealed_ground_a_high_ndbi():
    def indices(cover, end):
        red = getattr(surfaces.SURFACES[cover], end)[0]
        nir, swir = infrared.COLOURS[cover][end == "second"]
        return (nir - red) / (nir + red), (swir - nir) / (swir + nir)

    for cover in (Cover.TREES, Cover.GRASS, Cover.CROP):
        ndvi, ndbi = indices(cover, "first")
        assert ndvi > 0.7
        assert ndbi < -0.2
    for cover, end in itertools.product((Cover.ROAD, Cover.PAVED, Cover.SOIL), ("first", "second")):
        ndvi, ndbi = indices(cover, end)
        assert ndvi < 0.25
        assert ndbi > 0
    assert set(infrared.COLOURS) == set(Cover)


def test_the_scripts_write_the_bands_that_are_asked(tmp_path):
    files = {name: tmp_path / f"{name}.tif" for name in ("optical", "truth", "sar")}
    settings = SETTINGS | {"infrared": ["swir16"]}
    about = {"metadata": tmp_path / "scene.json", "site": "here", "site_settings": settings}
    simulate_scene.main(**files, **about)
    names = ("red", "green", "blue", "swir16")
    assert band_names(files["optical"]) == (*names, "qa_pixel", "qa_radsat")
    assert band_names(files["truth"]) == names
    files.pop("sar")
    land = tmp_path / "land.npz"
    city_land(settings["size_px"], settings["seed"]).save(land)
    simulate_date.main(land=land, **files, **about, date="2000-02-01")
    assert band_names(files["optical"]) == (*names, "qa_pixel", "qa_radsat")


def test_saturation_bits_of_both_sensors():
    nir, swir16 = 1 << 4, 1 << 5  # OLI: bands 5 and 6
    assert [1 << landsat.QA_RADSAT_BITS[band] for band in scene_bands.INFRARED] == [nir, swir16]
    tm = np.uint16([1 << 3, 1 << 4])  # TM: bands 4 and 5
    assert landsat.radsat_as_oli(tm, "tm", ALL).tolist() == [nir, swir16]
    assert landsat.radsat_as_oli(tm, "tm").tolist() == [0, 0]


def test_bands_of_a_study_in_their_order():
    assert scene_bands.optical_bands(["swir16", "red"]) == ("red", "green", "blue", "swir16")
    assert scene_bands.optical_of(("vv_db", "nir", "blue", None)) == ("blue", "nir")
    form = landsat.raw_form(2.0, 1.0, ("red", "nir"))
    assert form["names"] == ("red", "nir", "qa_pixel", "qa_radsat")
    assert (form["scale"], form["offset"]) == ([2, 2, 1, 1], [1, 1, 0, 0])


class TestOwnFiles:
    @pytest.fixture
    def site(self, tmp_path):
        """Own files of five bands; near infrared is saturated in one pixel, missing in another."""
        made = Site(tmp_path)
        more = np.random.default_rng(7).integers(9000, 20_000, (2, *OPTICAL_GRID.shape))
        self.five = np.concatenate([numbers(), more.astype(np.uint16)])
        self.five[3, 5, 6], self.five[3, 7, 8] = 65535, 0
        made.write_optical(self.five)
        made.optical |= {name: {"path": "o.tif", "band": ALL.index(name) + 1} for name in ALL[3:]}
        made.optical |= {"nodata": 0, "saturation": 65535}
        return made

    def prepare(self, site, **more):
        prepare_stack.main(
            **{name: site.out / f"{name}.tif" for name in ("optical", "sar")},
            stack=site.out / "stack.tif",
            description=site.out / "stack.json",
            site="here",
            mask=[],
            sar_settings={
                "noise_floor_db": -30,
                "clip_percentiles": [1, 99],
                "correct_shift": False,
            },
            split_settings={},
            **more,
        )

    def test_they_become_raw_scenes_and_a_stack(self, site):
        site.settings["infrared"] = ["nir", "swir16"]
        site.run()
        raw = read_bands(site.out / "optical.tif", (*ALL, *landsat.QUALITY))
        clear = raw[5] & landsat.QA_FILL == 0
        assert (raw[:5, clear] == self.five[:, clear]).all()
        assert not clear[7, 8]  # no data in one band means no data in all
        assert clear.sum() == clear.size - 1
        assert raw[6, 5, 6] == 1 << landsat.QA_RADSAT_BITS["nir"]
        self.prepare(site, optical_bands=ALL)
        assert band_names(site.out / "stack.tif") == (*ALL, "vv_db", "vh_db", "ratio_db")
        found = read_bands(site.out / "stack.tif", ALL)
        expected = self.five[:, 20, 20] * 2.75e-5 - 0.2
        assert found[:, 20, 20] == pytest.approx(expected, abs=1e-6)
        assert np.isnan(found[3, 5, 6])
        assert np.isfinite(found[[0, 1, 2, 4], 5, 6]).all()

    def test_a_study_of_colours_does_not_read_them(self, site):
        site.run()
        assert band_names(site.out / "optical.tif") == landsat.RAW_BANDS
        assert not site.fill().any()

    def test_a_scene_without_a_band_is_refused_in_one_line(self, site):
        site.run()
        with pytest.raises(StudyError, match="optical.tif: no band nir, swir16 ") as error:
            self.prepare(site, optical_bands=ALL)
        assert "\n" not in str(error.value)

    def test_a_study_that_asks_for_a_band_names_its_file(self, site):
        settings = site.settings
        study(settings)
        del settings["optical"]["nir"]
        with pytest.raises(SettingError, match="sites.here.optical: the study fuses nir, which it"):
            study(settings)
        study(settings, bands=["red", "swir16"])
        settings["optical"] |= {"nir": {"path": "n.tif"}, "date": "2024-01-01"}
        date = {band: {"path": f"{band}.tif"} for band in ("red", "green", "blue", "nir")}
        settings["other_dates"] = [{"date": "2024-02-01", **date}]
        with pytest.raises(SettingError, match="other_dates.0: the study fuses swir16"):
            study(settings)


class TestCatalogues:
    def test_a_study_of_colours_asks_for_colours(self):
        colours = study(STAC, bands=scene_bands.BANDS)
        assets = catalogue_site(colours, "here")["catalogue"]["optical"]["assets"]
        assert list(assets) == [*landsat.RAW_BANDS]
        assert "infrared" not in search_of(colours["sites"]["here"], [])
        assert infrared_of(colours) == {}

    def test_one_of_the_infrared_asks_for_it_and_for_a_lock_that_has_it(self):
        wider = study(STAC, bands=["red", "nir"])
        assets = catalogue_site(wider, "here")["catalogue"]["optical"]["assets"]
        assert assets["nir"] == "nir08"
        assert "swir16" not in assets
        assert search_of(wider["sites"]["here"], [])["infrared"] == ["nir"]
        assert infrared_of(wider) == {"infrared": ["nir"]}

    def test_the_bands_of_a_locked_scene_are_in_all_of_its_items(self):
        items = [{"assets": dict.fromkeys(names)} for names in ((*ALL, "qa_pixel"), ALL[:4])]
        assert bands_of({"items": items}) == ALL[:4]

    def test_the_settings_of_a_run_are_a_study_again(self):
        text = yaml.safe_dump({**study(STAC), "bands": ["blue", "nir"]})
        again = resolve(yaml.safe_load(text))
        assets = again["sites"]["here"]["catalogue"]["optical"]["assets"]
        assert {*assets} - {*landsat.RAW_BANDS} == {"nir"}


def test_products_and_composites_stay_with_the_colours():
    site = {"source": "simulated"}
    wide, colours = Layout(study(site)), Layout(study(site, bands=scene_bands.BANDS))
    assert wide.optical_bands == ALL
    assert wide.product_runs() == colours.product_runs()
    assert {run[0] for run in wide.product_runs()} == {*scene_bands.BANDS}
    assert {*colours.figures()} <= {*wide.figures()}
    assert not Layout(study(site, bands=["red", "nir"])).product_runs()


def test_indices_follow_from_the_bands():
    site = {"source": "simulated"}
    assert Layout(study(site)).indices == ["ndvi", "ndbi"]
    assert Layout(study(site, bands=["red", "nir"])).indices == ["ndvi"]
    assert Layout(study(site, bands=["red", "swir16"])).indices == []
    layout = Layout(study(site, bands=["red", "nir"]))
    assert list(layout.land_cover_tables()) == ["metrics/here/cloud_gap.land_cover.csv"]
