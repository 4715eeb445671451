"""The contourlet transform: its filters, compared with published ones, and its properties."""

import numpy as np
import pytest
from sarfusion.fusion.classical import contourlets
from sarfusion.fusion.classical.contourlets import (
    DIRECTIONS,
    LEVELS,
    RADIUS,
    branches,
    details,
    diamond,
    filters,
    fuse,
    image_of,
    pyramid,
    subbands,
)

SIDE = 64
U, V = np.meshgrid(*[2 * np.pi * np.fft.fftfreq(SIDE)] * 2, indexing="ij")


def kernel(response):
    """The coefficients of a filter, its centre in the middle."""
    return np.fft.fftshift(np.fft.ifft2(response).real)


def quarter(response, reach):
    """The coefficients at rows and columns -reach..0 of the centre."""
    middle = SIDE // 2
    return kernel(response)[middle - reach : middle + 1, middle - reach : middle + 1]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def largest(number, one, two):
    return np.abs(two) > np.abs(one)


def test_the_branches_add_up_to_one():
    x = np.linspace(-1, 1, 101)
    one, other = branches(x)
    total = one.analysis * one.synthesis + other.analysis * other.synthesis
    np.testing.assert_allclose(total, 1, rtol=0, atol=1e-14)
    # By hand, at -1, 0 and 1.
    ends = np.array([-1.0, 0, 1])
    np.testing.assert_allclose(branches(ends)[0].analysis, [0, 0.5**0.5, 1], atol=1e-15)
    np.testing.assert_allclose(branches(ends)[0].synthesis, [0, 0.5**0.5, 1], atol=1e-15)


def test_the_pyramid_has_the_published_filters():
    """Rows of "maxflat" in Da Cunha's toolbox, which has the corner of each symmetric filter."""
    coarse, fine = branches(pyramid(U, V))
    found = quarter(coarse.analysis, 6)
    np.testing.assert_allclose(
        found[[0, 3]],
        [
            [
                *(-7.900496718847182e-07, 0, 1.4220894093924927e-05, 2.5281589500310983e-05),
                *(-4.9773129328737247e-05, -2.2753430550279883e-04, -3.3182086219158167e-04),
            ],
            [
                *(2.5281589500310983e-05, 0, -4.5506861100559767e-04, 9.765625e-04),
                *(1.5927401385195919e-03, -8.7890625e-03, -1.795090623402861e-02),
            ],
        ],
        rtol=0,
        atol=1e-15,
    )
    centres = [
        quarter(each, 0).item()
        for each in (coarse.analysis, coarse.synthesis, fine.analysis, fine.synthesis)
    ]
    published = 0.3177420190660832, 0.31358726209239235, 0.821896776039774, 0.8177420190660831
    np.testing.assert_allclose(centres, published, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("order", "published"),
    [
        (1, np.array([[0, 1], [1, 0]]) / 4),
        (2, np.array([[0, -1, 0], [-1, 0, 10], [0, 10, 0]]) / 32),
        (3, np.array([[0, 3, 0, 2], [3, 0, -27, 0], [0, -27, 0, 174], [2, 0, 174, 0]]) / 512),
        (
            7,
            np.array(
                [
                    [0, 231, 0, 126, 0, 105, 0, 100],
                    [231, 0, -3675, 0, -2009, 0, -1715, 0],
                    [0, -3675, 0, 27930, 0, 15435, 0, 13804],
                    [126, 0, 27930, 0, -136514, 0, -77910, 0],
                    [0, -2009, 0, -136514, 0, 495145, 0, 311780],
                    [105, 0, 15435, 0, 495145, 0, -1535709, 0],
                    [0, -1715, 0, -77910, 0, -1535709, 0, 6305740],
                    [100, 0, 13804, 0, 311780, 0, 6305740, 0],
                ]
            )
            / 2**24,
        ),
    ],
)
def test_the_diamond_has_the_published_mapping(order, published):
    """The mappings of "dmaxflat1" to "dmaxflat7" in Da Cunha's toolbox."""
    response = diamond(np.cos(U), np.cos(V), order)
    np.testing.assert_allclose(quarter(response, order), published, rtol=0, atol=1e-14)
    beyond = kernel(response)
    middle = slice(SIDE // 2 - order, SIDE // 2 + order + 1)
    beyond[middle, middle] = 0
    assert np.abs(beyond).max() < 1e-14


def test_the_diamond_is_odd_and_flat_at_its_middle():
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 50))
    np.testing.assert_allclose(diamond(-x, -y), -diamond(x, y), rtol=0, atol=1e-13)
    # Towards the middle, 1 - diamond falls as the power ORDER of the distance in x and y.
    near, far = (1 - diamond(1 - d, 1 - d).item() for d in np.array([0.02, 0.04]))
    assert near > 0
    assert far / near == pytest.approx(2**contourlets.ORDER, rel=0.1)


def test_details_lack_polynomials():
    """Those of third degree: the mapping of the pyramid has fourth-order contact with 1."""
    rows, columns = np.mgrid[:256, :256] / 64 - 2
    smooth = 1 + rows - columns**2 + rows**3 / 3 - rows * columns**2
    coarse_and_fine = list(subbands(smooth))
    reach = RADIUS // 2 - 20  # the image is not periodic
    inner = slice(reach, -reach)
    for part in coarse_and_fine[:DIRECTIONS]:
        assert np.abs(part[inner, inner]).max() < 1e-10
    np.testing.assert_allclose(
        coarse_and_fine[-1][inner, inner], smooth[inner, inner], rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("shape", [(48, 80), (75, 61), (1, 9)])
def test_the_image_is_reconstructed(shape):
    image = noise(*shape)
    parts = list(subbands(image))
    assert len(parts) == LEVELS * DIRECTIONS + 1
    assert all(part.shape == shape for part in parts)
    np.testing.assert_allclose(image_of(parts), image, rtol=0, atol=1e-10)


def test_the_transform_moves_with_the_image():
    image = noise(64, 50)
    moved = np.roll(image, (3, -7), axis=(0, 1))
    for part, of_moved in zip(subbands(image), subbands(moved), strict=True):
        np.testing.assert_allclose(np.roll(part, (3, -7), (0, 1)), of_moved, rtol=0, atol=1e-13)


def test_each_direction_takes_the_waves_of_its_wedge():
    """On both levels, a wave in the middle of each wedge, |u| > |v| and u v > 0 first."""
    rows, columns = np.mgrid[:128, :128]
    turns = np.array([[3, 1], [-3, 1], [1, 3], [-1, 3]]) * 2 * np.pi / 128
    for level, scale in enumerate([14, 8]):
        for number, (u, v) in enumerate(scale * turns):
            energies = [np.square(part).sum() for part in subbands(np.cos(u * rows + v * columns))]
            fine = energies[level * DIRECTIONS : (level + 1) * DIRECTIONS]
            assert np.argmax(fine) == number
            assert fine[number] > 0.9 * sum(fine)
            assert fine[number] > 0.4 * sum(energies)


def test_a_pixel_has_no_say_beyond_the_radius():
    assert RADIUS == 245
    image = np.zeros((1, 2 * RADIUS + 61))
    centre = image.shape[1] // 2
    image = np.repeat(image, image.shape[1], axis=0)
    image[centre, centre] = 1
    inner = slice(centre - RADIUS, centre + RADIUS + 1)
    total = 0
    for each in filters(image.shape):
        response = each.analysis * each.synthesis
        change = np.abs(np.fft.irfft2(np.fft.rfft2(image) * response, image.shape))
        total += change.max()
        change[inner, inner] = 0
        assert change.max() < 1e-15
    assert total > 0.9


def test_the_reach_of_each_filter_is_what_the_radius_counts():
    """Analysis and synthesis of a subband, as sums of what each mapping adds to the offsets."""
    side = 128
    u, v = np.meshgrid(*[2 * np.pi * np.fft.fftfreq(side)] * 2, indexing="ij")
    mappings = {
        contourlets.PYRAMID_REACH: pyramid(u, v),
        contourlets.FAN_REACH: diamond(-np.cos(u), np.cos(v)),
        contourlets.QUADRANT_REACH: diamond(-np.cos(u + v), np.cos(u - v)),
    }
    distance = np.abs(np.mgrid[:side, :side] - side // 2).max(axis=0)
    for reach, response in mappings.items():
        coefficients = np.abs(np.fft.fftshift(np.fft.ifft2(response).real))
        assert distance[coefficients > 1e-12].max() == reach


def test_the_second_has_its_say_where_it_is_chosen():
    one, other = noise(40, 30), noise(40, 30, seed=1)
    np.testing.assert_array_equal(fuse(one, other, lambda *_: np.array(False)), one)
    # All details are of the other image; only the coarse difference of the two is added.
    fused = fuse(one, other, lambda *_: np.array(True))
    inner = slice(RADIUS, -RADIUS), slice(RADIUS, -RADIUS)
    apart = np.pad(one - other, RADIUS, mode="symmetric")
    coarse = [np.zeros_like(apart)] * LEVELS * DIRECTIONS + [list(subbands(apart))[-1]]
    expected = other + image_of(coarse)[inner]
    np.testing.assert_allclose(fused, expected, rtol=0, atol=1e-12)


def test_details_of_a_mirrored_image_are_those_of_its_fusion():
    one, other = noise(40, 30), noise(40, 30, seed=1)
    seen = []

    def keep(number, first, second):
        seen.append((number, first[RADIUS:][:40, RADIUS:][:, :30]))
        return np.zeros(first.shape, bool)

    fuse(one, other, keep)
    assert [number for number, _ in seen] == list(range(LEVELS * DIRECTIONS))
    for part, (_, found) in zip(details(one), seen, strict=True):
        np.testing.assert_allclose(part, found, rtol=0, atol=1e-14)


def test_a_tile_with_its_halo_is_the_whole():
    one, other, halo = noise(30, 560), noise(30, 560, seed=1), RADIUS + 5
    whole = fuse(one, other, largest, reach=5)
    left, right = slice(0, 280 + halo), slice(280 - halo, 560)
    parts = [
        fuse(one[:, left], other[:, left], largest, reach=5)[:, :280],
        fuse(one[:, right], other[:, right], largest, reach=5)[:, halo:],
    ]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=0, atol=1e-12)
