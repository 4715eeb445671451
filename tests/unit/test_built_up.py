"""Maps of built-up ground, of a simulated city and of a person's mask."""

import import_built_up
import numpy as np
import pytest
import simulate_built_up
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import SettingError, StudyError
from sarfusion.core.raster import Grid, open_raster, read_band, read_grid, write_raster
from sarfusion.scenes import built_up
from sarfusion.scenes.built_up import BUILT, NOT_BUILT, UNKNOWN, own_map, simulated_map
from sarfusion.scenes.city_land import city_land
from sarfusion.scenes.landcover import Cover
from sarfusion.scenes.lattice import MARGIN
from sarfusion.scenes.simulate import optical_grid
from sarfusion.study.config import resolve
from sarfusion.study.layout import Layout
from sarfusion.study.resolved import absent_files, own_files

GRID = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 6, 8)
FINE = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 10, 10), 18, 24)
BUILT_UP_CLASS, TREES = 50, 10  # of ESA WorldCover
BANDS = {name: {"path": f"{name}.tif"} for name in ("red", "green", "blue")}
FILES = {
    "source": "files",
    "optical": {**BANDS, "scale": 1, "offset": 0},
    "sar": {"vv": {"path": "vv.tif"}, "vh": {"path": "vh.tif"}, "unit": "db"},
}
STAC = {"source": "stac", "area": [1, 2, 3, 4], "period": ["2024-01-01", "2024-02-01"]}


def write(folder, classes, grid=FINE, nodata=0):
    write_raster(folder / "mask.tif", np.asarray(classes, np.uint8)[None], grid, ["map"], nodata)
    return str(folder / "mask.tif")


def test_a_simulated_map_has_its_buildings_roads_and_pavement():
    land = city_land(48, 3)
    found = simulated_map(land)
    cover = land.cover[MARGIN:-MARGIN, MARGIN:-MARGIN]
    natural = (Cover.WATER, Cover.TREES, Cover.GRASS, Cover.CROP, Cover.SOIL)
    for row, column in np.ndindex(48, 48):
        cells = cover[6 * row : 6 * row + 6, 6 * column : 6 * column + 6]
        built = 36 - np.isin(cells, natural).sum()
        assert found[row, column] == (BUILT if built >= 18 else NOT_BUILT)
    assert 0.05 < found.mean() < 0.9


def test_it_lies_on_the_grid_of_the_scene(tmp_path):
    settings = {"size_px": 40, "seed": 2, "looks": 4.4}
    city_land(40, 2).save(tmp_path / "land.npz")
    land = tmp_path / "land.npz"
    simulate_built_up.main(land=land, built_up=tmp_path / "map.tif", site_settings=settings)
    assert read_grid(tmp_path / "map.tif") == optical_grid(40)
    assert (read_band(tmp_path / "map.tif", "built_up") == simulated_map(city_land(40, 2))).all()


def test_a_finer_mask_comes_by_nearest_neighbour(tmp_path):
    rng = np.random.default_rng(1)
    classes = rng.choice([0, TREES, BUILT_UP_CLASS], FINE.shape)
    found = own_map(write(tmp_path, classes), 1, [BUILT_UP_CLASS], GRID)
    middle = classes[1::3, 1::3]  # the pixel in the middle of nine
    expected = np.select([middle == 0, middle == BUILT_UP_CLASS], [UNKNOWN, BUILT], NOT_BUILT)
    assert (found == expected).all()


def test_without_classes_all_but_zero_is_built_up(tmp_path):
    classes = np.arange(48).reshape(GRID.shape) % 3
    found = own_map(write(tmp_path, classes, GRID), 1, None, GRID)
    assert (found == np.where(classes, BUILT, NOT_BUILT)).all()


def test_ground_beyond_the_mask_is_unknown(tmp_path):
    west = Grid(GRID.crs, GRID.transform, 6, 3)
    classes = np.full(west.shape, TREES)
    classes[0] = BUILT_UP_CLASS
    found = own_map(write(tmp_path, classes, west), 1, [BUILT_UP_CLASS], GRID)
    assert (found[:, 3:] == UNKNOWN).all()
    assert (found[0, :3] == BUILT).all()
    assert (found[1:, :3] == NOT_BUILT).all()


def test_masks_that_say_nothing_are_refused(tmp_path):
    trees = np.full(FINE.shape, TREES)
    with pytest.raises(StudyError, match=r"mask.tif: no pixel is built up \(one of 50\); check"):
        own_map(write(tmp_path, trees), 1, [BUILT_UP_CLASS], GRID)
    with pytest.raises(StudyError, match=r"mask.tif: every pixel is built up \(not 0\)"):
        own_map(write(tmp_path, trees), 1, None, GRID)
    far = Grid(GRID.crs, from_origin(700_000, 1_000_000, 30, 30), 6, 8)
    with pytest.raises(StudyError, match="has no data in the optical scene"):
        own_map(write(tmp_path, np.ones(far.shape), far), 1, None, GRID)


def test_a_mask_is_imported_onto_the_optical_grid(tmp_path):
    classes = np.full(FINE.shape, TREES)
    classes[:9] = BUILT_UP_CLASS
    write_raster(tmp_path / "optical.tif", np.ones((1, *GRID.shape)), GRID, ["red"], 0)
    files = {"optical": tmp_path / "optical.tif", "built_up": tmp_path / "map.tif", "site": "here"}
    settings = {"path": "mask.tif", "band": 1, "classes": [BUILT_UP_CLASS]}
    import_built_up.main(**files, mask=write(tmp_path, classes), mask_settings=settings)
    with open_raster(tmp_path / "map.tif") as dataset:
        assert dataset.descriptions == (built_up.BAND,)
        assert dataset.nodata == UNKNOWN
        assert Grid.of(dataset) == GRID
    with pytest.raises(StudyError, match=r"site here: built_up: .*nowhere.tif"):
        import_built_up.main(**files, mask=str(tmp_path / "nowhere.tif"), mask_settings=settings)


def study(site):
    return resolve({"study": "s", "sites": {"here": site}, "data": "/data"})


@pytest.mark.parametrize("site", [FILES, STAC])
def test_any_site_of_a_real_place_may_name_a_mask(site, monkeypatch):
    with_mask = study(site | {"built_up": {"path": "mask.tif", "classes": [50]}})
    assert own_files(with_mask, "here")["built_up"] == "/data/mask.tif"
    assert Layout(with_mask).built_up("here") == {"built_up": "scenes/here/built_up.tif"}
    assert list(absent_files(with_mask)) == ["here"]
    assert "built_up" not in own_files(study(site), "here")


def test_sites_without_a_map_have_no_table():
    for site in (FILES, STAC, {"source": "simulated"}, {"source": "simulated", "built_up": False}):
        layout = Layout(study(site))
        assert layout.built_up("here") == {}
        assert layout.land_cover_tables() == {}
        assert not any("land_cover" in path for path in layout.tables())
    layout = Layout(study({"source": "simulated", "built_up": True}))
    (table,) = layout.land_cover_tables()
    assert table == "metrics/here/cloud_gap.land_cover.csv"
    assert "land_cover" in layout.report_tables()


def test_a_simulated_city_names_no_file():
    with pytest.raises(SettingError, match="built_up"):
        study({"source": "simulated", "built_up": {"path": "mask.tif"}})


def test_a_map_is_made_of_all_bands_and_seeds():
    layout = Layout(study({"source": "simulated", "built_up": True}))
    runs = layout.land_cover_runs("cloud_gap")
    assert set(runs) == set(layout.runs("cloud_gap"))
    assert layout.land_cover_runs("sharpening") == []
