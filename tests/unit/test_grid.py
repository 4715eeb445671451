"""Where a grid lies: every orientation, both sides of the antimeridian, CRSs without a code."""

import math

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine, from_origin
from sarfusion.core.grid import Grid, crs_name

UTM, DEGREES = CRS.from_epsg(32648), CRS.from_epsg(4326)
NORTH_UP = Grid(UTM, Affine(30, 0, 500_000, 0, -20, 1_000_000), 100, 120)
TURNED = {  # the pixels of NORTH_UP in other orders: its corners stay where they are
    "south up": Grid(UTM, Affine(30, 0, 500_000, 0, 20, 998_000), 100, 120),
    "east left": Grid(UTM, Affine(-30, 0, 503_600, 0, -20, 1_000_000), 100, 120),
    "both": Grid(UTM, Affine(-30, 0, 503_600, 0, 20, 998_000), 100, 120),
    "a quarter turn": Grid(UTM, Affine(0, 30, 500_000, -20, 0, 1_000_000), 120, 100),
    "the other quarter": Grid(UTM, Affine(0, -30, 503_600, 20, 0, 998_000), 120, 100),
    "transposed": Grid(UTM, Affine(0, 30, 500_000, 20, 0, 998_000), 120, 100),
}
AT_20_DEG = Grid(
    UTM,
    Affine.translation(500_000, 1_000_000) @ Affine.rotation(20) @ Affine.scale(30, -20),
    100,
    120,
)


@pytest.mark.parametrize("grid", TURNED.values(), ids=TURNED)
def test_a_mirrored_or_turned_grid_lies_where_the_one_with_north_up_does(grid):
    assert grid.bounds == NORTH_UP.bounds == (500_000, 998_000, 503_600, 1_000_000)
    assert grid.north_up() == NORTH_UP
    assert sorted(grid.pixel_m) == [20, 30]


def test_north_up_stays_as_it_is():
    assert NORTH_UP.north_up() is not None
    assert NORTH_UP.north_up() == NORTH_UP
    assert NORTH_UP.pixel_m == (30, 20)


def test_a_turn_that_is_but_rounding_is_none():
    rounded = Grid(UTM, Affine(30, 1e-13, 500_000, 1e-12, -20, 1_000_000), 100, 120)
    assert rounded.north_up() == NORTH_UP


def test_a_grid_at_an_angle_keeps_its_pixels():
    assert AT_20_DEG.north_up() == AT_20_DEG
    assert AT_20_DEG.pixel_m == pytest.approx((30, 20))
    # 120 pixels of 30 m along the rows, 100 of 20 m down the columns
    cos, sin = math.cos(math.radians(20)), math.sin(math.radians(20))
    assert AT_20_DEG.bounds == pytest.approx(
        (500_000, 1_000_000 - 2000 * cos, 500_000 + 3600 * cos + 2000 * sin, 1_000_000 + 3600 * sin)
    )


def test_where_north_is():
    # At the central meridian of a zone, grid north is true north.
    assert NORTH_UP.north_deg == pytest.approx(0, abs=0.01)
    assert AT_20_DEG.north_deg == pytest.approx(20, abs=0.01)
    assert abs(TURNED["south up"].north_deg) == pytest.approx(180, abs=0.01)
    # Polar stereographic with 45 W downward: at 45 E, north is down.
    polar = Grid(CRS.from_epsg(3413), from_origin(0, 1_000_000, 30, 30), 100, 100)
    assert abs(polar.north_deg) == pytest.approx(180, abs=1)
    # A CRS whose x grows westward and y southward (South African Lo).
    assert abs(
        Grid(CRS.from_epsg(2048), from_origin(0, 3e6, 30, 30), 9, 9).north_deg
    ) == pytest.approx(180, abs=0.1)


@pytest.mark.parametrize(("shift", "same"), [(2e-5, True), (2e-4, False)])
def test_grids_that_differ_by_rounding_are_alike(shift, same):
    moved = Grid(UTM, Affine(30, 0, 500_000 + shift, 0, -20, 1_000_000), 100, 120)
    assert NORTH_UP.alike(moved) is same


@pytest.mark.parametrize("grid", [*TURNED.values(), AT_20_DEG], ids=[*TURNED, "20 degrees"])
def test_grids_of_other_pixels_are_not_alike(grid):
    assert not NORTH_UP.alike(grid)


def test_one_crs_in_two_texts_is_one():
    with_heights = CRS.from_user_input("EPSG:32648+5773")
    assert NORTH_UP.alike(Grid(with_heights, NORTH_UP.transform, 100, 120))
    assert not NORTH_UP.alike(Grid(CRS.from_epsg(32649), NORTH_UP.transform, 100, 120))


def test_longitudes_of_two_conventions_are_one_place():
    east = Grid(DEGREES, from_origin(179.9, 9, 0.001, 0.001), 50, 200)
    west = Grid(DEGREES, from_origin(-180.1, 9, 0.001, 0.001), 50, 200)
    assert east.alike(west)
    # 180.05 and -179.95 degrees lie in column 150 of the first
    columns, rows = east.positions(west, np.array([150]), np.array([10]))
    assert (columns[0], rows[0]) == pytest.approx((150, 10))
    # UTM zone 1 starts at the antimeridian: from there 10 km east and west of it
    zone_1 = Grid(CRS.from_epsg(32601), from_origin(170_113.69, 996_204.13, 10_000, 10_000), 1, 1)
    for grid in (east, west):
        columns, rows = grid.positions(zone_1, np.array([-1, 0, 1]), np.zeros(3))
        assert columns == pytest.approx([100 - 91, 100, 100 + 91], abs=0.5)
        assert rows == pytest.approx(0, abs=1.5)


def test_a_place_that_a_crs_does_not_have():
    utm = Grid(CRS.from_epsg(32648), from_origin(500_000, 1_000_000, 30, 30), 10, 10)
    beyond = Grid(DEGREES, from_origin(0, 500, 1, 1), 10, 10)
    assert np.isnan(utm.positions(beyond, *beyond.corners)).all()
    assert not utm.alike(beyond)


def test_pixels_in_grads_and_feet():
    grads = Grid(CRS.from_epsg(4807), from_origin(0, 200 / 3, 0.01, 0.01), 2, 2)  # 60 degrees
    x, y = grads.pixel_m
    assert y == pytest.approx(0.009 * 111_320)
    assert x == pytest.approx(y / 2, rel=1e-3)
    feet = CRS.from_proj4("+proj=utm +zone=48 +datum=WGS84 +units=us-ft")
    assert Grid(feet, from_origin(0, 0, 100, 100), 2, 2).pixel_m == pytest.approx(
        (30.48006, 30.48006)
    )


def test_web_mercator_stretches_the_ground():
    # At 60 degrees north, 6 378 137 m x ln(tan 75 degrees) from the Equator, by 1 / cos 60 = 2
    y = 6_378_137 * math.log(math.tan(math.radians(75)))
    mercator = Grid(CRS.from_epsg(3857), from_origin(-1500, y + 1500, 30, 30), 100, 100)
    assert mercator.pixel_m == pytest.approx((15, 15), rel=3e-3)
    # Maps at scale keep their own metres: UTM to the edge of its zone, Lambert in its country.
    for code, x, y in ((32648, 200_000, 6_700_000), (2154, 700_000, 6_600_000)):
        assert Grid(CRS.from_epsg(code), from_origin(x, y, 30, 30), 9, 9).pixel_m == (30, 30)


@pytest.mark.parametrize(
    ("crs", "name"),
    [
        (UTM, "EPSG:32648"),
        (CRS.from_user_input("OGC:CRS84"), "OGC:CRS84"),
        (CRS.from_user_input("EPSG:32648+5773"), "WGS 84 / UTM zone 48N + EGM96 height"),
        (
            CRS.from_proj4("+proj=laea +lat_0=9 +lon_0=105 +datum=WGS84"),
            "an unnamed CRS (Lambert Azimuthal Equal Area)",
        ),
        (CRS.from_proj4("+proj=longlat +R=6371229"), "an unnamed CRS"),
        (
            CRS.from_wkt(
                CRS.from_proj4("+proj=tmerc +lon_0=105.3 +datum=WGS84")
                .to_wkt()
                .replace("unknown", "Grid of the city", 1)
            ),
            "Grid of the city",
        ),
    ],
)
def test_a_crs_is_called_by_its_code_or_its_name(crs, name):
    assert crs_name(crs) == name
