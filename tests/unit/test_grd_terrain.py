"""Raw Sentinel-1 onto a map by sarsen: each place as a circular orbit sees it, in closed form."""

import importlib.util
import json
import os
from xml.etree import ElementTree

import calibrate_grd
import grd_ground
import grd_safe
import numpy as np
import pytest
import rasterio
from grd_scene import Scene, ecef, local
from rasterio.crs import CRS
from rasterio.transform import from_origin
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256
from sarfusion.core.grid import Grid
from sarfusion.core.raster import read_grid
from sarfusion.scenes.grd.heights import radar_grid, widened
from sarfusion.scenes.grd.product import read_product
from test_grd_heights import places
from test_grd_product import REAL, real_product

if not (importlib.util.find_spec("sarsen") or os.environ.get("CI")):
    pytest.skip("needs the tools of the tests: ./reproduce test", allow_module_level=True)

import xarray as xr
from sarfusion.scenes.grd import terrain

SCENE = Scene()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The product, the heights and the optical grid of the scene."""
    folder = tmp_path_factory.mktemp("grd")
    grd_safe.write_product(folder, SCENE)
    grd_ground.write_heights(folder, SCENE)
    grd_ground.write_optical(folder / "o.tif")
    return folder


def calibrated(folder, out, **more):
    """Run the script as its rule does; return (VV and VH, grid)."""
    values = {
        "site": "here",
        "safe": str(folder / grd_safe.NAME),
        "elevation": [str(folder / "dem.tif")],
        "geoid": str(folder / "geoid.tif"),
        "red": str(folder / "o.tif"),
        "calibrated": out / "grd.tif",
        "origin": out / "grd.json",
    }
    calibrate_grd.main(**values | more)
    with rasterio.open(out / "grd.tif") as dataset:
        assert dataset.descriptions == ("vv", "vh")
        assert np.isnan(dataset.nodata)
        return dataset.read(), Grid.of(dataset)


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return *calibrated(folder, out), out


# The whole script, compared with the scene


def test_backscatter_is_known_to_a_fifth_of_a_decibel_on_flat_and_on_sloping_ground(made):
    found, grid, _ = made
    assert np.isfinite(found).all()
    for image, (band, plain) in zip(found, SCENE.gamma, strict=True):
        true = SCENE.gamma_nought(band, *places(grid))
        even = true < 1.001 * plain
        assert even.mean() > 0.9
        error = 10 * np.log10(image / true)
        assert np.abs(error[even]).max() < 0.2
        assert np.abs(error.mean()) < 0.01
        # Without flattening, slopes alone would make ten times as much.
        assert error.std() < 0.05


def test_with_the_nominal_area_of_cells_backscatter_would_be_known_far_worse(
    folder, tmp_path, monkeypatch
):
    """sarsen divides by it, so the result shows how many points fall into a cell by chance."""
    monkeypatch.setattr(terrain, "LAYOVER", 0)
    found, grid = calibrated(folder, tmp_path)
    error = 10 * np.log10(found[0] / SCENE.gamma_nought("vv", *places(grid)))
    assert np.nanstd(error) > 0.2


def test_bright_places_lie_where_they_are_to_a_tenth_of_a_pixel(made):
    found, grid, _ = made
    east, north = local(*places(grid))
    for image, (_, plain) in zip(found, SCENE.gamma, strict=True):
        for (to_east, to_north), _ in SCENE.bright:
            near = np.hypot(east - to_east, north - to_north) < 120
            weight = np.where(near, image - plain, 0)
            off = [
                (weight * along).sum() / weight.sum() - middle
                for along, middle in ((east, to_east), (north, to_north))
            ]
            assert np.abs(off).max() < 1.0  # metres; a pixel has ten


def test_a_wrong_height_moves_the_image_as_far_as_the_incidence_angle_says(folder, tmp_path, made):
    _, grid, _ = made
    found, _ = calibrated(folder, tmp_path, geoid=None)  # 28 m too high
    east, _ = local(*places(grid))
    # The flat place: ground assumed to be higher is sought nearer to the radar, in the east.
    middle = SCENE.bright[1][0]
    near = np.hypot(*(a - m for a, m in zip(local(*places(grid)), middle, strict=True))) < 150
    weight = np.where(near, found[0] - dict(SCENE.gamma)["vv"], 0)
    moved = (weight * east).sum() / weight.sum() - middle[0]
    height = -grd_ground.undulation(*(along.mean() for along in places(grid)))
    across = height / np.tan(np.radians(38)) * np.cos(np.radians(12))  # of a heading of 192 degrees
    assert abs(moved) == pytest.approx(across, abs=2)


def test_what_was_read_is_listed(folder, made):
    *_, out = made
    about = json.loads((out / "grd.json").read_text())
    assert (about["sensor"], about["date"]) == (
        "Sentinel-1A IW GRDH, gamma nought",
        "2024-01-03",
    )
    names = [file["path"].rpartition("/")[2] for file in about["files"]]
    assert names[0] == "manifest.safe"
    assert names[-2:] == ["dem.tif", "geoid.tif"]
    assert len([name for name in names if name.endswith(".tiff")]) == 2
    assert about["files"][-1]["sha256"] == sha256(folder / "geoid.tif")


def test_the_tiles_of_a_scene_do_not_show(folder, tmp_path, made, monkeypatch):
    monkeypatch.setattr(terrain, "TILE_PX", 80)
    found, _ = calibrated(folder, tmp_path)
    assert np.allclose(found, made[0], rtol=1e-5)


def test_ground_outside_the_image_is_no_data_and_far_outside_refused(folder, tmp_path):
    left, top = read_grid(folder / "o.tif").bounds[::3]
    form = {"driver": "GTiff", "dtype": "uint8", "count": 1, "crs": CRS.from_epsg(32648)}
    size = {"height": 30, "width": 30}

    def red_at(x):
        with rasterio.open(
            tmp_path / "red.tif", "w", **form, **size, transform=from_origin(x, top, 30, 30)
        ) as dataset:
            dataset.write(np.ones((1, 30, 30), np.uint8))
        return str(tmp_path / "red.tif")

    found, grid = calibrated(folder, tmp_path, red=red_at(left - 750))
    _, sample = SCENE.pixels(*places(grid))
    last = SCENE.columns - 1
    assert (sample > last + 0.1).any()
    assert np.isnan(found[:, sample > last + 0.1]).all()
    assert np.isfinite(found[:, sample < last - 0.1]).all()
    before = (tmp_path / "grd.tif").stat().st_mtime_ns
    with pytest.raises(StudyError, match="does not cover the ground"):
        calibrated(
            folder, tmp_path, red=red_at(left + 20_000), elevation=[flat(tmp_path)], geoid=None
        )
    assert (tmp_path / "grd.tif").stat().st_mtime_ns == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def flat(folder):
    """An elevation model of sea level for a wide area."""
    path = folder / "flat.tif"
    return str(grd_ground.write_degrees(path, lambda lon, lat: 0 * lon, 1 / 600, 0.4))


def test_without_sarsen_one_line_says_how_to_get_it(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sarfusion.scenes.grd.terrain", None)
    with pytest.raises(StudyError, match="requirements-grd.lock"):
        calibrated(folder, tmp_path)


# The pieces, in closed form


@pytest.fixture(scope="module")
def ground(folder):
    """The ground as a Terrain with true heights, and the places of its pixels."""
    grid = widened(radar_grid(read_grid(folder / "o.tif")), terrain.HALO_PX)
    where = places(grid)
    product = read_product(folder / grd_safe.NAME)
    return terrain.Terrain(product, SCENE.height(*where), grid), where


def test_places_are_seen_when_and_how_far_a_circular_orbit_says(ground):
    seen = ground[0]._seen(ground[0]._places(np.s_[::20, ::20]), with_areas=False)
    longitude, latitude = (along[::20, ::20] for along in ground[1])
    place = SCENE.surface(longitude, latitude)
    after = SCENE.seconds(place) - grd_safe.first_line(SCENE)
    assert np.abs(seen.seconds.values - after).max() < 2e-6  # times are written to microseconds
    assert np.abs(seen.slant_range.values - SCENE.slant_range(place)).max() < 1e-3
    line, sample = ground[0]._pixels(seen)
    true_line, true_sample = SCENE.pixels(longitude, latitude)
    assert np.abs(line - true_line).max() < 2e-3
    assert np.abs(sample - true_sample).max() < 2e-3


def test_areas_are_those_of_the_ground_across_the_look_and_in_the_image(ground):
    part = np.s_[60:-60, 60:-60]
    seen = ground[0]._seen(ground[0]._places(np.s_[:, :]), with_areas=True)
    beta = SCENE.beta_nought(*(along[part] for along in ground[1]))["vv"]
    gamma = SCENE.gamma_nought("vv", *(along[part] for along in ground[1]))
    ratio = (seen.across / seen.in_image).values[part]
    assert np.allclose(ratio, beta / gamma, rtol=2e-3)


def test_where_slopes_lie_over_each_other_a_cell_is_counted_as_often(folder):
    """A ridge of 60 degrees: its near side, seen before its foot, covers cells three times."""
    grid = Grid(CRS.from_epsg(32648), from_origin(582_000, 2_324_000, 5, 5), 300, 500)
    x, _ = grid.transform @ (np.arange(500) + 0.5, np.zeros(500))
    ridge = np.maximum(0, 300 - np.tan(np.radians(60)) * np.abs(x - x.mean()))
    ridge = np.tile(np.convolve(np.pad(ridge, 10, "edge"), np.ones(21) / 21, "valid"), (300, 1))
    product = read_product(folder / grd_safe.NAME)
    steep = terrain.Terrain(product, ridge, grid)
    seen = steep._seen(steep._places(np.s_[:, :]), with_areas=True)
    inside = np.s_[20:-20, 20:-20]
    turned = seen.in_image.values[inside] < 0
    assert 0.05 < turned.mean() < 0.5
    flattening = steep._flattening(seen)[inside]
    plain = 1 / np.tan(np.radians(38)) ** -1
    assert np.median(flattening[:, :60]) == pytest.approx(plain, rel=0.03)
    # A cell there gets scattering from three slopes: beta nought is more than from any alone.
    assert np.nanmedian(flattening[turned]) < 0.5 * plain


def test_xarray_sentinel_reads_the_same(folder):
    xarray_sentinel = pytest.importorskip("xarray_sentinel")
    safe = folder / grd_safe.NAME
    product = read_product(safe)
    groups = {
        name: xarray_sentinel.open_sentinel1_dataset(str(safe), group=f"IW/VV/{name}")
        for name in ("orbit", "calibration", "noise_range", "coordinate_conversion")
    }
    image = product.polarisations["vv"]
    assert np.allclose(groups["orbit"].position.values, product.orbit[1])
    assert (groups["orbit"].azimuth_time.values == product.orbit[0]).all()
    assert np.allclose(groups["calibration"].betaNought.values, np.stack(image.gain.values))
    assert np.allclose(groups["noise_range"].noiseRangeLut.values, np.stack(image.noise.values))
    conversion = groups["coordinate_conversion"]
    assert np.allclose(conversion.srgrCoefficients.values, product.slant_to_ground[2])
    whole = xarray_sentinel.open_sentinel1_dataset(str(safe), group="IW/VV")
    assert whole.measurement.shape == product.shape
    assert np.allclose(whole.ground_range.values, np.arange(SCENE.columns) * 10)


@pytest.mark.skipif(not REAL.is_dir(), reason="no real products at hand")
def test_points_of_a_real_product_lie_where_it_says_to_half_a_pixel(tmp_path):
    """Its geolocation grid: 210 places of known height, and the line and sample of each."""
    safe = real_product(tmp_path)
    (annotation,) = safe.glob("annotation/*-vv-*.xml")
    names = ("longitude", "latitude", "height", "line", "pixel")
    points = ElementTree.parse(annotation).iter("geolocationGridPoint")
    values = np.array([[float(point.findtext(name)) for name in names] for point in points])
    assert len(values) == 210
    nowhere = Grid(CRS.from_epsg(32736), from_origin(500_000, 8_000_000, 10, 10), 2, 2)
    product = read_product(safe)
    ground = terrain.Terrain(product, np.zeros((2, 2)), nowhere)
    place = xr.DataArray(
        ecef(*values[:, :3].T)[:, None, :],
        dims=("axis", "y", "x"),
        coords={"axis": [0, 1, 2], "y": [0.0], "x": np.arange(210.0)},
    )
    line, sample = ground._pixels(ground._seen(place, with_areas=False))
    assert np.abs(line[0] - values[:, 3]).max() < 0.5
    assert np.abs(sample[0] - values[:, 4]).max() < 0.5
