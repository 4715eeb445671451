"""The nonsubsampled contourlet transform, which is invariant to shifts.

Da Cunha, Zhou & Do 2006, IEEE Trans. Image Processing 15(10). Two levels of a pyramid split an
image into a coarse image and the details of each level. A bank of fan filters splits the details of
a level into four directions. No image is subsampled.

All filters are two functions of one variable, LOW and its synthesis counterpart, applied to a
mapping F of the two frequencies. With x = F they are

    H0(x) = (x + 1) (r + (1 - r) x) / 2                                       r = sqrt(2)
    G0(x) = (x + 1) (r + (4 - 3 r) x + (2 r - 3) x^2) / 2
    H1(x) = G0(-x),  G1(x) = H0(-x),  so that H0 G0 + H1 G1 = 1

and the image is the sum of its subbands, each filtered by its analysis and its synthesis filter.
The mappings are closed forms:

    pyramid     2 P(cos u) P(cos v) - 1, with P(x) = ((1 + x) / 2)^2 (2 - x), the maximally flat
                half-band filter with two zeros
    diamond     the Bernstein polynomial of order ORDER in cos u and cos v that is 1 below the
                diagonal |u| + |v| = pi, -1 above it, and 0 on it
    fan         the diamond, moved by pi along u
    quadrants   the fan at (u + v, u - v)

They give the published filters "maxflat" of the pyramid and "dmaxflat7" of the directions (tables
of Da Cunha's Nonsubsampled Contourlet Toolbox), with the gain of the directional ones divided by
sqrt(2). On the second level all frequencies are doubled, also those of directions.

Filters are applied as products of spectra. They have finite support: a result depends on the input
within RADIUS pixels.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import fft

LEVELS = 2
DIRECTIONS = 4  # of each level
ORDER = 7  # of the directional filters, the degree of their mapping in cos u and in cos v
ROOT = math.sqrt(2)

# Reach in pixels of a mapping on the first level. The diamond has coefficients at offsets (i, j)
# with an odd sum only, at most ORDER each. The quadrants have them at (i + j, i - j).
PYRAMID_REACH, FAN_REACH, QUADRANT_REACH = 3, ORDER, 2 * ORDER - 1
DEGREE = 5  # of H0 G0 and of H1 G1

# Analysis and synthesis together: the pyramid of all levels, the directions of the last.
RADIUS = DEGREE * (
    PYRAMID_REACH * (2**LEVELS - 1) + (FAN_REACH + QUADRANT_REACH) * 2 ** (LEVELS - 1)
)

# choose(subband, first, second): where the second is taken, bool (rows, columns)
Choice = Callable[[int, np.ndarray, np.ndarray], np.ndarray]


class Filter(NamedTuple):
    """The responses of a subband, real, at the frequencies of a spectrum of real images."""

    analysis: np.ndarray
    synthesis: np.ndarray

    def then(self, other: "Filter") -> "Filter":
        """Return both filters in a row."""
        return Filter(self.analysis * other.analysis, self.synthesis * other.synthesis)


def low(x: np.ndarray) -> np.ndarray:
    """Return H0, the analysis filter of the low-pass branch, of a mapping within -1..1."""
    return (x + 1) * (ROOT + (1 - ROOT) * x) / 2


def low_synthesis(x: np.ndarray) -> np.ndarray:
    """Return G0, the synthesis filter of the low-pass branch, of a mapping within -1..1."""
    return (x + 1) * (ROOT + (4 - 3 * ROOT) * x + (2 * ROOT - 3) * x**2) / 2


def branches(mapping: np.ndarray) -> tuple[Filter, Filter]:
    """Return the filters of the branch where a mapping is 1 and of that where it is -1."""
    return (
        Filter(low(mapping), low_synthesis(mapping)),
        Filter(low_synthesis(-mapping), low(-mapping)),
    )


def pyramid(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the mapping of the pyramid at the frequencies u and v (radians per pixel)."""
    along, across = (((1 + x) / 2) ** 2 * (2 - x) for x in (np.cos(u), np.cos(v)))
    return 2 * along * across - 1


def diamond(x: np.ndarray, y: np.ndarray, order: int = ORDER) -> np.ndarray:
    """Return the mapping of the diamond filters at x = cos u and y = cos v.

    It is odd, diamond(-x, -y) = -diamond(x, y), and flat at (1, 1): 1 - diamond has no terms in
    1 - x and 1 - y of a total degree below the order.
    """
    rows, columns = (_bernstein(each, order) for each in (x, y))
    total = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(y)))
    above = np.zeros(np.shape(y))  # the sum of the terms of y beyond the diagonal
    for k, term in enumerate(rows):
        on = columns[order - k]
        total += term * (above + on / 2)
        above = above + on
    return 2 * total - 1


def _bernstein(x: np.ndarray, order: int) -> list[np.ndarray]:
    """Return the Bernstein polynomials of an order at x, on -1..1 instead of 0..1."""
    up, down = [np.ones_like(x)], [np.ones_like(x)]
    for _ in range(order):
        up.append(up[-1] * ((1 + x) / 2))
        down.append(down[-1] * ((1 - x) / 2))
    return [math.comb(order, k) * up[k] * down[order - k] for k in range(order + 1)]


def directions(u: np.ndarray, v: np.ndarray) -> list[Filter]:
    """Return the filters of the four directions at the frequencies u and v.

    The first two pass frequencies |u| > |v|, the others |u| < |v|. Of each two, the first passes
    those with u v > 0.
    """
    fans = branches(diamond(-np.cos(u), np.cos(v)))
    quadrants = branches(diamond(-np.cos(u + v), np.cos(u - v)))
    return [fan.then(quadrant) for fan in fans for quadrant in quadrants]


@lru_cache(maxsize=1)
def filters(shape: tuple[int, int]) -> list[Filter]:
    """Return the filters of all subbands of images of `shape` (rows, columns), the coarse one last.

    Before it are the directions of the first level, which is the finest, and those of the next.
    """
    u, v = 2 * np.pi * fft.fftfreq(shape[0])[:, None], 2 * np.pi * fft.rfftfreq(shape[1])
    blocks = np.array_split(u, max(1, u.size // 32))  # small enough for the processor's cache
    found = zip(*(_filters(block, v) for block in blocks), strict=True)
    return [Filter(*map(np.concatenate, zip(*parts, strict=True))) for parts in found]


def _filters(u: np.ndarray, v: np.ndarray) -> list[Filter]:
    """Return the filters of all subbands at the frequencies u and v."""
    before, found = Filter(np.ones(()), np.ones(())), []
    for level in range(LEVELS):
        step = 2**level
        coarse, fine = branches(pyramid(step * u, step * v))
        found += [before.then(fine).then(each) for each in directions(step * u, step * v)]
        before = before.then(coarse)
    return [*found, before]


def subbands(image: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the subbands of an image, continued periodically, in the order of `filters`."""
    spectrum = fft.rfft2(image)
    for each in filters(image.shape):
        yield fft.irfft2(spectrum * each.analysis, image.shape)


def image_of(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return the image that has these subbands."""
    shape = parts[0].shape
    pairs = zip(filters(shape), parts, strict=True)
    return fft.irfft2(sum(each.synthesis * fft.rfft2(part) for each, part in pairs), shape)


def details(image: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the subbands of an image, mirrored at its edges, except the coarse one."""
    inner, padded = _mirrored(image, RADIUS)
    spectrum = fft.rfft2(padded)
    for each in filters(padded.shape)[:-1]:
        yield fft.irfft2(spectrum * each.analysis, padded.shape)[inner]


def fuse(first: np.ndarray, second: np.ndarray, choose: Choice, reach: int = 0) -> np.ndarray:
    """Return the image with the coarse subband of `first` and details chosen from both.

    Images are mirrored at their edges. choose: called with the number of a subband and the details
    of both; reach: distance in pixels from which it takes its input. The result depends on the
    input within RADIUS + reach.
    """
    (inner, padded), (_, other) = (_mirrored(each, RADIUS + reach) for each in (first, second))
    shape = padded.shape
    spectra = fft.rfft2(padded), fft.rfft2(other)
    change = np.zeros_like(spectra[0])
    for number, each in enumerate(filters(shape)[:-1]):
        one, two = (fft.irfft2(spectrum * each.analysis, shape) for spectrum in spectra)
        chosen = choose(number, one, two)
        change += each.synthesis * fft.rfft2(np.where(chosen, two - one, 0))
    return first + fft.irfft2(change, shape)[inner]


def _mirrored(image: np.ndarray, margin: int) -> tuple[tuple[slice, ...], np.ndarray]:
    """Return (the place of the image in the padded one, the padded image).

    It is mirrored at the edges, at least `margin` pixels wide, to a shape of small prime factors.
    """
    sizes = [fft.next_fast_len(size + 2 * margin, real=True) for size in image.shape]
    padding = [(margin, size - margin - old) for size, old in zip(sizes, image.shape, strict=True)]
    place = tuple(slice(margin, margin + size) for size in image.shape)
    return place, np.pad(image, padding, mode="symmetric")
