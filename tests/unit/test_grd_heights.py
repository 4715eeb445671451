"""Raw Sentinel-1: heights of the ground, from tiles and the geoid, on the grid of the radar."""

import grd_ground
import numpy as np
import pytest
import rasterio
from grd_scene import LATITUDE, LONGITUDE, Scene
from own_site import write
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import transform
from sarfusion.core.errors import StudyError
from sarfusion.core.grid import Grid
from sarfusion.core.raster import read_grid
from sarfusion.scenes.grd.heights import ellipsoidal, radar_grid, widened

SCENE = Scene()
UTM = CRS.from_epsg(32648)


def places(grid):
    """Longitude and latitude of the pixels of a grid."""
    columns, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    x, y = grid.transform @ (columns.ravel(), rows.ravel())
    found = transform(grid.crs, "EPSG:4326", x, y)
    return tuple(np.reshape(along, grid.shape) for along in found)


@pytest.fixture
def ground(tmp_path):
    """The 10 m grid of the optical scene of 1.2 km."""
    return radar_grid(read_grid(grd_ground.write_optical(tmp_path / "o.tif")))


# The grid


def test_the_grid_is_that_of_the_optical_zone_at_10_m_and_around_it():
    optical = Grid(UTM, from_origin(500_003, 1_000_007, 30, 30), 40, 50)
    grid = radar_grid(optical)
    assert grid.crs == UTM
    # West of 500 003 by less than a pixel is 500 000, and then ten pixels of 10 m more.
    assert grid.transform[:6] == (10, 0, 499_900, 0, -10, 1_000_110)
    assert grid.bounds[2:] == (501_610, 1_000_110)
    assert grid.bounds[1] == 998_700


@pytest.mark.parametrize(("latitude", "zone"), [(21.0, 32648), (-15.0, 32748)])
def test_optical_scenes_in_degrees_or_in_web_mercator_get_the_zone_of_their_place(latitude, zone):
    degrees = Grid(CRS.from_epsg(4326), from_origin(105.5, latitude, 3e-4, 3e-4), 50, 50)
    grid = radar_grid(degrees)
    assert grid.crs == CRS.from_epsg(zone)
    assert grid.transform.a == 10
    (x,), (y,) = transform("EPSG:4326", "EPSG:3857", [105.5], [latitude])
    web = Grid(CRS.from_epsg(3857), from_origin(x, y, 30, 30), 50, 50)
    assert radar_grid(web).crs == CRS.from_epsg(zone)


def test_a_wider_grid_has_the_same_pixels():
    grid = Grid(UTM, from_origin(500_000, 1_000_000, 10, 10), 30, 20)
    assert widened(grid, 3) == Grid(UTM, from_origin(499_970, 1_000_030, 10, 10), 36, 26)


# Heights


def test_heights_are_those_of_the_ground_within_decimetres(tmp_path, ground):
    elevation, geoid = grd_ground.write_heights(tmp_path, SCENE)
    found = ellipsoidal([str(elevation)], str(geoid), ground)
    assert np.abs(found - SCENE.height(*places(ground))).max() < 0.2


def test_without_a_geoid_heights_stay_as_they_are(tmp_path, ground):
    elevation, _ = grd_ground.write_heights(tmp_path, SCENE)
    true = SCENE.height(*places(ground)) - grd_ground.undulation(*places(ground))
    assert np.abs(ellipsoidal([str(elevation)], None, ground) - true).max() < 0.2


def test_tiles_are_one_model(tmp_path, ground):
    def tilted(longitude, latitude):
        return 1000 * (longitude - LONGITUDE) + 500 * (latitude - LATITUDE)

    step, half = 1 / 3600, 72 / 3600
    whole = grd_ground.write_degrees(tmp_path / "whole.tif", tilted, step, half)
    tiles = []
    with rasterio.open(whole) as dataset:
        numbers, left, top = dataset.read(1), dataset.bounds.left, dataset.bounds.top
    for name, part in (("west", np.s_[:, :70]), ("east", np.s_[:, 70:])):
        corner = from_origin(left + part[1].indices(144)[0] * step, top, step, step)
        piece = numbers[part]
        tile = Grid(CRS.from_epsg(4326), corner, *piece.shape)
        write(tmp_path / f"{name}.tif", piece, tile)
        tiles.append(str(tmp_path / f"{name}.tif"))
    found = ellipsoidal(tiles, None, ground)
    assert np.allclose(found, ellipsoidal([str(whole)], None, ground), atol=1e-6)
    assert np.abs(found - tilted(*places(ground))).max() < 0.05  # a plane, but for the projection
    with pytest.raises(StudyError, match=r"west\.tif: the elevation model lacks 54.0% of the"):
        ellipsoidal(tiles[:1], None, ground)


def test_what_is_no_height_is_refused(tmp_path, ground):
    def low(longitude, latitude):
        return np.where(longitude < LONGITUDE, -9999.0, 50.0)

    path = grd_ground.write_degrees(tmp_path / "low.tif", low, 1 / 3600, 0.02)
    with pytest.raises(StudyError, match="declare its nodata"):
        ellipsoidal([str(path)], None, ground)
    with rasterio.open(path, "r+") as dataset:
        dataset.nodata = -9999.0
    with pytest.raises(StudyError, match=r"low\.tif: the elevation model lacks 50.0% of the"):
        ellipsoidal([str(path)], None, ground)


def test_tiles_of_two_crs_and_no_tile_of_the_place_are_refused(tmp_path, ground):
    elevation, geoid = grd_ground.write_heights(tmp_path, SCENE)
    other = tmp_path / "utm.tif"
    write(other, np.zeros((10, 10), np.float32), Grid(UTM, from_origin(0, 0, 30, 30), 10, 10))
    with pytest.raises(StudyError, match="give tiles in one CRS"):
        ellipsoidal([str(elevation), str(other)], str(geoid), ground)
    with pytest.raises(StudyError, match="lacks 100.0% of the ground"):
        ellipsoidal([str(other)], None, ground)
    with pytest.raises(StudyError, match=r"utm\.tif: the geoid lacks"):
        ellipsoidal([str(elevation)], str(other), ground)
