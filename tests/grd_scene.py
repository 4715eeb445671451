"""A made Sentinel-1 acquisition whose geometry and backscatter are known in closed form.

The satellite flies a circle about the centre of an Earth at rest, so that the time of zero Doppler
and the range of any point follow from a few dot products. The ground is an ellipsoid with smooth
hills, and its gamma nought is a smooth map.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial

SPEED_OF_LIGHT = 299_792_458.0
GRAVITY = 3.986004418e14  # m3/s2, of the Earth
AXIS, FLATTENING = 6_378_137.0, 1 / 298.257223563  # of WGS 84
LONGITUDE, LATITUDE = 105.8, 21.0  # of the middle of the scene
ORBIT_M = 7_071_000.0  # radius
INCIDENCE_DEG, HEADING_DEG = 38.0, 192.0
SPACING_M = 10.0
EPOCH = np.datetime64("2024-01-03T11:00:00", "ns")  # the satellite passes the middle


def ecef(longitude, latitude, height):
    """Return (3, ...) metres of degrees and heights above the ellipsoid."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    squared = FLATTENING * (2 - FLATTENING)
    radius = AXIS / np.sqrt(1 - squared * np.sin(lat) ** 2)
    x, y = (radius + height) * np.cos(lat) * np.array([np.cos(lon), np.sin(lon)])
    return np.stack([x, y, (radius * (1 - squared) + height) * np.sin(lat)])


def unit(vector):
    """Return vectors (3, ...) of length 1."""
    return vector / np.linalg.norm(vector, axis=0)


def dot(one, other):
    """Return the dot product of vectors (3, ...)."""
    return np.tensordot(one, other, axes=(0, 0)) if one.ndim == 1 else (one * other).sum(axis=0)


# Metres east and north of the middle, accurate enough for the shapes of hills.
DEGREE_M = 111_320 * np.cos(np.radians(LATITUDE)), 110_700


def local(longitude, latitude):
    """Return metres (east, north) from the middle."""
    return (longitude - LONGITUDE) * DEGREE_M[0], (latitude - LATITUDE) * DEGREE_M[1]


def places(east, north):
    """Return the (longitude, latitude) of these metres."""
    return LONGITUDE + east / DEGREE_M[0], LATITUDE + north / DEGREE_M[1]


def bell(longitude, latitude, middle, width):
    """Return a Gaussian bell of height 1. middle: metres (east, north). width: sigma, metres."""
    east, north = local(longitude, latitude)
    return np.exp(-((east - middle[0]) ** 2 + (north - middle[1]) ** 2) / (2 * width**2))


@dataclass(frozen=True)
class Scene:
    """Ground and radar. hills: {(east, north): (height, width)}. bright: {(east, north): times}.

    gamma: {"vv": gamma nought of the ground, ...}. A bell of 30 m around each place of `bright`
    makes it so many times brighter.
    """

    rows: int = 260
    columns: int = 260
    base_m: float = 40.0
    hills: tuple = (((-300, 200), (110, 260)), ((350, -300), (80, 200)))
    bright: tuple = (((-300, 200), 12.0), ((400, 400), 12.0), ((200, -450), 12.0))
    gamma: tuple = (("vv", 0.12), ("vh", 0.03))

    # The ground

    def height(self, longitude, latitude):
        """Return metres above the ellipsoid."""
        height = np.full(np.shape(longitude), self.base_m)
        for middle, (top, width) in self.hills:
            height = height + top * bell(longitude, latitude, middle, width)
        return height

    def gamma_nought(self, band, longitude, latitude):
        """Return the gamma nought of VV or VH."""
        times = 1 + sum(
            (more - 1) * bell(longitude, latitude, middle, 30.0) for middle, more in self.bright
        )
        return dict(self.gamma)[band] * times

    def surface(self, longitude, latitude):
        """Return places (3, ...) on the ground."""
        return ecef(longitude, latitude, self.height(longitude, latitude))

    def normal(self, longitude, latitude):
        """Return unit normals (3, ...) of the ground, from differences over two metres."""
        step = 1e-5
        east = self.surface(longitude + step, latitude) - self.surface(longitude - step, latitude)
        north = self.surface(longitude, latitude + step) - self.surface(longitude, latitude - step)
        return unit(np.cross(east, north, axis=0))

    # The radar

    @property
    def plane(self):
        """Unit vectors in the plane of the orbit: to the satellite at the epoch, and ahead."""
        middle = ecef(LONGITUDE, LATITUDE, 0.0)
        lon, lat = np.radians(LONGITUDE), np.radians(LATITUDE)
        east = np.array([-np.sin(lon), np.cos(lon), 0])
        up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        north = np.cross(up, east)
        heading, incidence = np.radians([HEADING_DEG, INCIDENCE_DEG])
        ahead = np.sin(heading) * east + np.cos(heading) * north
        right = np.cross(ahead, up)
        to_satellite = np.cos(incidence) * up - np.sin(incidence) * right
        along = middle @ to_satellite
        distance = -along + np.sqrt(along**2 + ORBIT_M**2 - middle @ middle)
        first = unit(middle + distance * to_satellite)
        second = unit(np.cross(first, middle))  # normal to both, so that the middle is abeam
        return first, second * np.sign(second @ ahead)

    @property
    def rate(self):
        """Radians per second of the satellite."""
        return np.sqrt(GRAVITY / ORBIT_M**3)

    def satellite(self, seconds):
        """Return (positions, velocities), both (3, ...), at seconds after the epoch."""
        first, second = (axis.reshape(3, *[1] * np.ndim(seconds)) for axis in self.plane)
        angle = self.rate * np.asarray(seconds)
        place = ORBIT_M * (np.cos(angle) * first + np.sin(angle) * second)
        return place, ORBIT_M * self.rate * (np.cos(angle) * second - np.sin(angle) * first)

    def seconds(self, place):
        """Return when a place (3, ...) is abeam: the position times the velocity is zero there."""
        first, second = self.plane
        return np.arctan2(dot(second, place), dot(first, place)) / self.rate

    def slant_range(self, place):
        """Return the distance of the satellite at that time, metres."""
        first, second = self.plane
        ahead = np.hypot(dot(first, place), dot(second, place))
        return np.sqrt(dot(place, place) + ORBIT_M**2 - 2 * ORBIT_M * ahead)

    def ground_range(self, slant_range):
        """Return metres from the first column on a sphere through the middle."""
        return self._on_sphere(slant_range) - self._on_sphere(self.near_range)

    def _on_sphere(self, slant_range):
        radius = np.linalg.norm(ecef(LONGITUDE, LATITUDE, 0.0))
        cosine = (ORBIT_M**2 + radius**2 - slant_range**2) / (2 * ORBIT_M * radius)
        return radius * np.arccos(cosine)

    @property
    def near_range(self):
        """Slant range of the first column: half the columns before the middle."""
        radius = np.linalg.norm(ecef(LONGITUDE, LATITUDE, 0.0))
        middle = self._on_sphere(self.slant_range(ecef(LONGITUDE, LATITUDE, 0.0)))
        angle = (middle - self.columns / 2 * SPACING_M) / radius
        return np.sqrt(ORBIT_M**2 + radius**2 - 2 * ORBIT_M * radius * np.cos(angle))

    @property
    def interval(self):
        """Seconds between lines, which lie 10 m apart on the ground."""
        radius = np.linalg.norm(ecef(LONGITUDE, LATITUDE, 0.0))
        return SPACING_M / (radius * self.rate)

    def polynomials(self):
        """Return (slant to ground range, ground to slant range) as coefficients from the first."""
        slant = np.linspace(self.near_range, self.near_range + 0.9 * self.columns * SPACING_M, 200)
        ground = self.ground_range(slant)
        there = Polynomial.fit(slant - self.near_range, ground, 4).convert().coef
        back = Polynomial.fit(ground, slant, 4).convert().coef
        return there, back

    def pixels(self, longitude, latitude):
        """Return (lines, samples) of the image, from 0 at the centre of the first pixel."""
        place = self.surface(longitude, latitude)
        line = self.seconds(place) / self.interval + (self.rows - 1) / 2
        return line, self.ground_range(self.slant_range(place)) / SPACING_M

    def ground(self):
        """Return (longitude, latitude) under each pixel (rows, columns), by Newton's method."""
        wanted = np.indices((self.rows, self.columns)).astype(float)
        longitude = np.full(wanted[0].shape, LONGITUDE)
        latitude = np.full(wanted[0].shape, LATITUDE)
        step = 1e-5
        for _ in range(6):
            here = np.stack(self.pixels(longitude, latitude))
            lon = (np.stack(self.pixels(longitude + step, latitude)) - here) / step
            lat = (np.stack(self.pixels(longitude, latitude + step)) - here) / step
            miss = wanted - here
            area = lon[0] * lat[1] - lon[1] * lat[0]
            longitude = longitude + (miss[0] * lat[1] - miss[1] * lat[0]) / area
            latitude = latitude + (miss[1] * lon[0] - miss[0] * lon[1]) / area
        assert np.abs(miss).max() < 1e-3
        return longitude, latitude

    def beta_nought(self, longitude, latitude):
        """Return {"vv": beta nought, ...} of the ground at places.

        Beta nought is scattering per area in the plane of azimuth and slant range, gamma nought per
        area across the look (Small 2011): their ratio is that of the two projections of the ground.
        """
        place, normal = self.surface(longitude, latitude), self.normal(longitude, latitude)
        satellite, velocity = self.satellite(self.seconds(place))
        look, ahead = unit(place - satellite), unit(velocity)
        across = np.abs(dot(normal, look))
        in_image = np.abs(dot(normal, np.cross(ahead, look, axis=0)))
        return {
            band: self.gamma_nought(band, longitude, latitude) * across / in_image
            for band, _ in self.gamma
        }
