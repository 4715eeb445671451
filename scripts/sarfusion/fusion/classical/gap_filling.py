"""Filling the gaps of an optical band, without training a network.

Every method is called as method(band, gap, sar, train) and returns the band (rows, columns),
changed inside the gaps only:

    band   (rows, columns), reflectance; NaN where not valid
    gap    bool (rows, columns), the pixels to fill; values of the band there are ignored
    sar    (channels, rows, columns), backscatter in dB, NaN where not valid
    train  bool (rows, columns), the ground on which statistics may be fitted

It raises StudyError if there are no pixels from which gaps can be filled.
"""

from collections.abc import Callable, Iterator
from functools import wraps

import numpy as np
from scipy import ndimage
from skimage.restoration import inpaint_biharmonic

from ...core.errors import StudyError
from ...core.tiling import tiles
from ...ground.pyramid import push_pull

MISSING_REACH_PX = 16  # missing pixels this close to a gap are unknowns of `biharmonic`
STENCIL_RADIUS_PX = 2  # of the discrete biharmonic operator
LARGEST_SYSTEM_PX = 100_000  # unknowns of one region; its system grows faster than they do
SQUARE_PX = 128  # side of a square whose regions are solved as one system
TILE_PX = 1024  # distances take 40 bytes per pixel, so they are computed tile by tile
NEAR_PX = 64  # first search radius for the nearest clear pixel

GapFiller = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def inside_gaps(method: Callable[..., np.ndarray | float]) -> GapFiller:
    """Hide the band inside the gaps from `method`, and take its result only there.

    method: called as method(band, gap, sar, train) with the band NaN inside the gaps; returns an
    image or a number.
    """

    @wraps(method)
    def fill(band: np.ndarray, gap: np.ndarray, sar: np.ndarray, train: np.ndarray) -> np.ndarray:
        clear = np.where(gap, np.nan, band)
        _check_clear(np.isfinite(clear))
        return np.where(gap, method(clear, gap, sar, train), band).astype(band.dtype, copy=False)

    return fill


def _check_clear(clear: np.ndarray) -> None:
    """Raise StudyError if no pixel is clear."""
    if not clear.any():
        raise StudyError("no valid pixel is outside the gaps; lower the gap share")


@inside_gaps
def mean(band: np.ndarray, gap: np.ndarray, sar: np.ndarray, train: np.ndarray) -> float:
    """Fill with the mean of the clear training pixels."""
    values = band[train & np.isfinite(band)]
    if not values.size:
        raise StudyError("no clear training pixel to take the mean of; lower the gap share")
    return values.mean(dtype=np.float64)


@inside_gaps
def nearest(band: np.ndarray, gap: np.ndarray, sar: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Fill with the nearest clear pixel."""
    return _fill_nearest(band[None], gap)[0]


def biharmonic(band: np.ndarray, gap: np.ndarray, sar: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Fill with the smooth surface that solves the biharmonic equation; see biharmonic_bands."""
    return biharmonic_bands(band[None], gap)[0]


def biharmonic_bands(bands: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Return `bands` (bands, rows, columns) with `gap` filled by biharmonic surfaces.

    Damelin & Hoang 2018, Int. J. Mathematics and Mathematical Sciences, 3950312; solved by
    scikit-image. Regions that are not connected do not depend on each other. Those that start in
    one square of the scene are solved as one sparse linear system, since setting up a system for
    each would take longer than solving it. A square and the largest region therefore bound the
    memory. A region of more than LARGEST_SYSTEM_PX is filled as `pyramid` does. Bands that lack the
    same pixels have the same systems, and are solved together.

    The method needs a value in every known pixel. Missing pixels near a gap are therefore unknowns
    too. Further away than MISSING_REACH_PX, where they matter little, they take the nearest clear
    value, so that the empty border of a scene does not become one enormous system.
    """
    missing = gap | ~np.isfinite(bands[0])
    if any((gap | ~np.isfinite(band) != missing).any() for band in bands[1:]):
        return np.concatenate([biharmonic_bands(band[None], gap) for band in bands])
    _check_clear(~missing)
    unknown = missing & _within(gap, MISSING_REACH_PX)
    assumed = missing & ~unknown & _within(unknown, STENCIL_RADIUS_PX)
    filled = np.where(missing, np.nan, bands)
    limits = np.array([(np.nanmin(band), np.nanmax(band)) for band in filled])
    filled = _fill_nearest(filled, assumed)
    # The operator couples unknowns across one known pixel. Dilation joins these into one region.
    regions, _ = ndimage.label(ndimage.binary_dilation(unknown), np.ones((3, 3)))
    sizes = np.bincount(regions[unknown])
    for numbers, place in _systems(regions, sizes):
        region = unknown[place] & np.isin(regions[place], numbers)
        solve = _solve_biharmonic if sizes[numbers[0]] <= LARGEST_SYSTEM_PX else _solve_pyramid
        part = filled[:, *place]
        part[:, region] = solve(part, region, limits)[:, region]
    np.copyto(filled, bands, where=~gap)
    return filled


def _systems(
    regions: np.ndarray, sizes: np.ndarray
) -> Iterator[tuple[list[int], tuple[slice, ...]]]:
    """Yield the numbers of the regions that are solved together, and the place of all their pixels.

    regions: int (rows, columns), numbers from 1, 0 elsewhere. sizes: the pixels of each number. The
    place is wider than the regions by the reach of the operator. A region of more than
    LARGEST_SYSTEM_PX is yielded alone.
    """
    boxes = ndimage.find_objects(regions)
    corners = np.array([[(side.start, side.stop) for side in box] for box in boxes])
    systems: dict[tuple[int, ...], list[int]] = {}
    for number, corner in enumerate(corners, 1):
        alone = sizes[number] > LARGEST_SYSTEM_PX
        square = tuple(corner[:, 0] // SQUARE_PX)
        systems.setdefault((number,) if alone else square, []).append(number)
    for numbers in systems.values():
        of_system = corners[np.array(numbers) - 1]
        first = np.maximum(of_system[..., 0].min(axis=0) - STENCIL_RADIUS_PX, 0)
        last = of_system[..., 1].max(axis=0) + STENCIL_RADIUS_PX
        yield numbers, tuple(map(slice, first, last))


def _solve_biharmonic(images: np.ndarray, region: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return `images` (bands, rows, columns) with biharmonic surfaces in `region`.

    scikit-image limits the surface to the range of the image. For the range to be that of the
    whole scene, the `limits` of each band (bands, 2), low and high, are written to pixels outside
    the operator's reach from the region.
    """
    unused = np.flatnonzero(~_within(region, STENCIL_RADIUS_PX))
    known = images.reshape(len(images), -1).astype(np.float64)
    known[:, unused], known[:, unused[:1]] = limits[:, :1], limits[:, 1:]
    return inpaint_biharmonic(known.reshape(images.shape), region, channel_axis=0)


def _solve_pyramid(images: np.ndarray, region: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return `images` with the surface of `pyramid` in `region`, which is within any limits."""
    return np.stack([push_pull(np.where(region, np.nan, image)) for image in images])


@inside_gaps
def pyramid(band: np.ndarray, gap: np.ndarray, sar: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Fill with averages of the surroundings, coarser the further away they are; see push_pull."""
    return push_pull(band)


@inside_gaps
def regression(band: np.ndarray, gap: np.ndarray, sar: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Fill with the band predicted from the SAR channels: ordinary least squares with intercept.

    Fitted on the clear training pixels. The result is NaN where a SAR channel is.
    """
    fitted = train & np.isfinite(band) & np.isfinite(sar).all(axis=0)
    if fitted.sum() <= len(sar):
        raise StudyError(
            f"only {fitted.sum()} clear training pixels with SAR for a regression on {len(sar)}"
            " channels; lower the gap share"
        )
    # By moments about the means: a design matrix with a column of ones would copy the scene.
    x, y = sar[:, fitted].astype(np.float64), band[fitted].astype(np.float64)
    centre, level = x.mean(axis=1, keepdims=True), y.mean()
    x -= centre
    slopes, *_ = np.linalg.lstsq(x @ x.T, x @ (y - level))
    filled = np.full_like(band, np.nan)
    filled[gap] = level + slopes @ (sar[:, gap] - centre)
    return filled


def _within(mask: np.ndarray, distance_px: int) -> np.ndarray:
    """Return where a pixel of `mask` is at most `distance_px` away."""
    near = np.zeros_like(mask)
    for tile in tiles(mask.shape, TILE_PX, distance_px, 1):
        part = mask[tile.read]
        if part.any():
            distance = ndimage.distance_transform_edt(~part)
            near[tile.written] = (distance <= distance_px)[tile.inner]
    return near


def _fill_nearest(bands: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return `bands` (bands, rows, columns), NaN in the same pixels, filled in the mask `where`.

    Each pixel gets the nearest finite values. The search is tile by tile. It is repeated with a
    larger radius for pixels without a value within the search radius, since a nearer one may be
    outside the tile.
    """
    filled, left, radius = bands.copy(), where.copy(), NEAR_PX
    while left.any():
        for tile in tiles(where.shape, TILE_PX, radius, 1):
            part, undecided = bands[:, *tile.read], left[tile.written]
            missing = ~np.isfinite(part[0])
            if not undecided.any() or missing.all():
                continue
            distance, nearest = ndimage.distance_transform_edt(missing, return_indices=True)
            sure = (distance <= radius) | (missing.shape == where.shape)
            decided = undecided & sure[tile.inner]
            row, column = (index[tile.inner][decided] for index in nearest)
            filled[:, *tile.written][:, decided] = part[:, row, column]
            undecided &= ~decided
        radius *= 2
    return filled
