"""Filling the gaps of an optical band, without training a network.

Every method is called as method(band, gap, sar, train) and returns the band (rows, columns),
changed inside the gaps only:

    band   (rows, columns), reflectance; NaN where not valid
    gap    bool (rows, columns), the pixels to fill; what the band holds there is not looked at
    sar    (channels, rows, columns), backscatter in dB, NaN where not valid
    train  bool (rows, columns), the ground that statistics may be fitted on

It raises StudyError when nothing is left to fill from.
"""

from functools import wraps

import numpy as np
from scipy import ndimage
from skimage.restoration import inpaint_biharmonic

from ...core.errors import StudyError
from ...core.tiling import tiles

INVENTED_REACH_PX = 16
STENCIL_REACH_PX = 2  # how far the biharmonic operator sees
TILE_PX = 1024  # distances take 40 bytes a pixel: they are found tile by tile
NEAR_PX = 64  # where the nearest clear pixel is looked for at first


def inside_gaps(method):
    """Let `method` see the clear pixels only, and take from its result the gaps only."""

    @wraps(method)
    def fill(band, gap, sar, train):
        clear = np.where(gap, np.nan, band)
        if not np.isfinite(clear).any():
            raise StudyError("no valid pixel lies outside the gaps; lower the gap share")
        return np.where(gap, method(clear, gap, sar, train), band).astype(band.dtype, copy=False)

    return fill


@inside_gaps
def mean(band, gap, sar, train):
    """Fill with the mean of the clear training pixels."""
    values = band[train & np.isfinite(band)]
    if not values.size:
        raise StudyError("no clear training pixel to take the mean of; lower the gap share")
    return values.mean(dtype=np.float64)


@inside_gaps
def nearest(band, gap, sar, train):
    """Fill with the nearest clear pixel."""
    return _take_nearest(band, gap)


@inside_gaps
def biharmonic(band, gap, sar, train):
    """Fill with the smooth surface whose biharmonic operator is zero inside, by scikit-image.

    Damelin & Hoang 2018, Int. J. Mathematics and Mathematical Sciences, 3950312. Each connected
    region is a sparse linear system of its own, exactly as if all were solved at once, which
    bounds the memory by the largest region.

    The method knows no pixels without a value. Beside a gap such pixels are unknowns too; beyond
    INVENTED_REACH_PX from it, where they cannot matter much, they get the nearest clear value,
    so that the empty border of a scene does not become one enormous system.
    """
    missing = ~np.isfinite(band)
    unknown = missing & _within(gap, INVENTED_REACH_PX)
    invented = missing & ~unknown & _within(unknown, STENCIL_REACH_PX)
    filled, limits = _take_nearest(band, invented), (np.nanmin(band), np.nanmax(band))
    # Pixels that touch see each other, also across one that is known.
    regions, _ = ndimage.label(ndimage.binary_dilation(unknown), np.ones((3, 3)))
    for number, box in enumerate(ndimage.find_objects(regions), 1):
        place = tuple(slice(max(0, side.start - 2), side.stop + 2) for side in box)
        region = unknown[place] & (regions[place] == number)
        filled[place][region] = _solve_biharmonic(filled[place], region, limits)[region]
    return filled


def _solve_biharmonic(image, region, limits):
    """Return `image` with the biharmonic surface in `region`, within `limits` (low, high).

    scikit-image keeps the surface within the range of the image, and it is to be that of the whole
    scene: the limits stand where the operator does not see them from the region.
    """
    unseen = np.flatnonzero(~_within(region, STENCIL_REACH_PX))
    known = image.astype(np.float64)
    known.flat[unseen], known.flat[unseen[:1]] = limits
    return inpaint_biharmonic(known, region)


@inside_gaps
def regression(band, gap, sar, train):
    """Fill with the band predicted from the SAR channels: ordinary least squares with intercept.

    Fitted on the clear training pixels. NaN where a SAR channel is.
    """
    fitted = train & np.isfinite(band) & np.isfinite(sar).all(axis=0)
    if fitted.sum() <= len(sar):
        raise StudyError(
            f"only {fitted.sum()} clear training pixels with SAR for a regression on {len(sar)}"
            " channels; lower the gap share"
        )
    # By moments about the means: a column of ones for each pixel would take as much as the scene.
    x, y = sar[:, fitted].astype(np.float64), band[fitted].astype(np.float64)
    centre, level = x.mean(axis=1, keepdims=True), y.mean()
    x -= centre
    slopes, *_ = np.linalg.lstsq(x @ x.T, x @ (y - level))
    filled = np.full_like(band, np.nan)
    filled[gap] = level + slopes @ (sar[:, gap] - centre)
    return filled


def _within(mask, reach):
    """Return where a pixel of `mask` lies no further away than `reach`."""
    near = np.zeros_like(mask)
    for tile in tiles(mask.shape, TILE_PX, reach, 1):
        part = mask[tile.read]
        if part.any():
            near[tile.written] = (ndimage.distance_transform_edt(~part) <= reach)[tile.inner]
    return near


def _take_nearest(band, wanted):
    """Return a band with the nearest finite value at each pixel `wanted`.

    Tile by tile, and where none is near enough to be surely the nearest, in larger surroundings.
    """
    filled, left, reach = band.copy(), wanted.copy(), NEAR_PX
    while left.any():
        for tile in tiles(band.shape, TILE_PX, reach, 1):
            part, undecided = band[tile.read], left[tile.written]
            if not (undecided.any() and np.isfinite(part).any()):
                continue
            distance, nearest = ndimage.distance_transform_edt(
                ~np.isfinite(part), return_indices=True
            )
            sure = (distance <= reach) | (part.shape == band.shape)
            decided = undecided & sure[tile.inner]
            filled[tile.written][decided] = part[tuple(nearest)][tile.inner][decided]
            undecided &= ~decided
        reach *= 2
    return filled
