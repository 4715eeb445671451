"""Cloud gaps: masks of cloud-like shape, masks from quality bands, and the regions of scoring.

A mask is a boolean array (rows, columns), True where the optical band is withheld.

Simulated masks are excursion sets of a Gaussian random field with an isotropic power-law
spectrum. Along a line, liquid water and the radiance of Landsat cloud scenes follow k^-5/3 at
scales above about 200 m [1], and so does the optical depth of overcast scenes at 28.5 m [2].
Per unit area of the wavenumber plane the spectrum is one power of k steeper, k^-8/3: differences
grow as distance^1/3. The outlines are then fractal, as those of clouds are [3]. Broken cloud is
rougher than that [2], and clouds at scales below 200 m are smoother [1]; change `slope` for them.

[1] Cahalan & Snider 1989, Marine stratocumulus structure, Remote Sens. Environ. 28.
[2] Lewis, Austin & Szczodrak 2004, Spatial statistics of marine boundary layer clouds,
    J. Geophys. Res. 109, D04104.
[3] Lovejoy 1982, Area-perimeter relation for rain and cloud areas, Science 216, 185-187.
"""

import itertools
from collections.abc import Collection, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.ndimage import distance_transform_edt, maximum_filter, uniform_filter

from ..core.errors import StudyError
from ..scenes import landsat

SLOPE = 8 / 3  # of the power spectral density per unit area of the wavenumber plane


def simulate_gaps(
    shape: tuple[int, int],
    share: float,
    size_px: float,
    seed: int,
    *,
    dilation_px: float = 0,
    slope: float = SLOPE,
) -> np.ndarray:
    """Return a mask of cloud-like gaps, which depends only on the arguments.

    share: of all pixels, after dilation by a disc of radius `dilation_px`. It is exact except for
    ties, since all pixels that one disc reaches enter the mask together.
    size_px: typical size of a gap. The power law applies to wavelengths up to 2 size_px; the
    spectrum is flat beyond, so that there is no structure at larger scales. For a share of 0.3 the
    area-weighted mean equivalent diameter of the gaps is close to size_px; it grows with the share.
    slope: the spectral density falls as wavenumber^-slope.

    Raises StudyError if a number is out of range.
    """
    if not 0 < share < 1 or size_px <= 0 or dilation_px < 0:
        raise StudyError(
            f"config: gaps: share {share}, size_px {size_px} or dilation_px {dilation_px} is out of"
            " range (0 < share < 1, size_px > 0, dilation_px >= 0)"
        )
    field = _power_law_field(shape, 2 * size_px, slope, np.random.default_rng(seed))
    if dilation_px > 0:
        # Dilating {field >= level} is the same as {maximum of the field in the disc >= level}, so
        # that one pass gives the level at which the dilated mask has the requested share.
        field = maximum_filter(field, footprint=_disc(dilation_px), mode="nearest")
    rank = field.size - max(1, round(share * field.size))
    return field >= np.partition(field, rank, axis=None)[rank]


def _power_law_field(
    shape: tuple[int, int], longest_px: float, slope: float, rng: np.random.Generator
) -> np.ndarray:
    """Return a Gaussian random field (rows, columns; float32) in arbitrary units.

    White noise is filtered to a spectral density k^-slope, flat for wavelengths above
    `longest_px`. The Fourier transform is periodic; the field is therefore cut from one larger by
    `longest_px`, which decorrelates opposite borders.
    """
    height, width = (fft.next_fast_len(int(np.ceil(n + longest_px)), real=True) for n in shape)
    wavenumber = np.hypot(
        fft.fftfreq(height).astype(np.float32)[:, None], fft.rfftfreq(width).astype(np.float32)
    )
    amplitude = np.maximum(wavenumber, np.float32(1 / longest_px)) ** np.float32(-slope / 2)
    spectrum = fft.rfft2(rng.standard_normal((height, width), dtype=np.float32))
    spectrum *= amplitude
    return fft.irfft2(spectrum, s=(height, width))[: shape[0], : shape[1]]


def _disc(radius_px: float) -> np.ndarray:
    """Return the footprint of a disc: the offsets of at most `radius_px` from the centre."""
    reach = int(radius_px)
    offsets = np.arange(-reach, reach + 1)
    return np.hypot(offsets[:, None], offsets) <= radius_px


def dilate(mask: np.ndarray, radius_px: float) -> np.ndarray:
    """Return `mask` dilated by a disc: True where the centre of a True pixel is within `radius_px`.

    radius_px: distance between pixel centres, in pixels.
    """
    if not mask.any():
        return mask.copy()
    return distance_transform_edt(~mask) <= radius_px


def gaps_from_quality(qa_pixel: np.ndarray, flags: Collection[str]) -> np.ndarray:
    """Return the mask of the pixels with one of `flags` set in a Landsat QA_PIXEL band.

    qa_pixel: integers; flags: names of landsat.QA_PIXEL_BITS. Fill is never a gap, whatever other
    bits are set, since nothing was observed there. Raises StudyError for an unknown flag.
    """
    unknown = sorted(set(flags) - (landsat.QA_PIXEL_BITS.keys() - {"fill"}))
    if unknown:
        raise StudyError(
            f"config: gaps.flags: no QA_PIXEL flag {', '.join(unknown)} (there are"
            f" {', '.join(name for name in landsat.QA_PIXEL_BITS if name != 'fill')})"
        )
    return landsat.any_flagged(qa_pixel, flags) & ~landsat.is_fill(qa_pixel)


def edge_distance(gap: np.ndarray, pixel_m: tuple[float, float]) -> np.ndarray:
    """Return the distance in metres from each gap pixel to the nearest clear one; 0 where clear.

    Distances are between centres: the outermost ring of a gap is one pixel size away from clear.
    The border of the scene is not an edge of a gap. The distance is infinite if the whole scene
    is gap. pixel_m: Grid.pixel_m, (across columns, across rows).
    """
    if gap.all():
        return np.full(gap.shape, np.inf)
    return distance_transform_edt(gap, sampling=pixel_m[::-1])


def local_share(gap: np.ndarray, window_px: int) -> np.ndarray:
    """Return the share of gap pixels in the square window of `window_px` around each pixel.

    Pixels outside the scene do not count. Sums are rounded to exact counts, so that rounding
    cannot move a pixel into another bin.
    """
    size = window_px**2
    gaps = np.rint(uniform_filter(gap.astype(np.float64), window_px, mode="constant") * size)
    sides = [uniform_filter(np.ones(n), window_px, mode="constant") for n in gap.shape]
    return gaps / np.rint(np.outer(*sides) * size)


def bins(values: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Return the bin of each value: 0 up to and including edges[0], len(edges) above the last.

    Raises StudyError unless `edges` are positive and increase.
    """
    if any(low >= high for low, high in itertools.pairwise([0, *edges])):
        raise StudyError(f"config: gaps: the edges {list(edges)} must be positive and increase")
    return np.digitize(values, edges, right=True)


def regions(
    gap: np.ndarray,
    test: np.ndarray,
    pixel_m: tuple[float, float],
    distance_edges_m: Sequence[float],
    share_edges: Sequence[float],
    window_px: int,
    valid: np.ndarray | None = None,
    age_days: np.ndarray | None = None,
    age_edges_days: Sequence[float] = (),
) -> dict[str, np.ndarray]:
    """Return the regions of scoring, name -> mask; all are parts of the test ground.

    The regions are `gap`, `clear` and `all`, then two partitions of `gap`: `gap_edge_<a>-<b>m` with
    a < d <= b for the distance d in metres to the nearest clear pixel (b = inf in the last one),
    and `gap_share_<a>-<b>` with the percentage of gap in the window around the pixel. With
    age_days, there are also parts of `gap` named `gap_age_<a>-<b>d` with a < t <= b for the age t
    of the nearest clear date (NaN without one). Regions without pixels are included, empty.

    gap, test: masks. distance_edges_m (metres) and share_edges (between 0 and 1): inner edges of
    the bins. valid: where the optical band was observed. A pixel without an observation helps no
    method, so it is not an edge of a gap, and it counts as gap in the window.
    """
    hidden = gap if valid is None else gap | ~valid
    inside = gap & test
    masks = {"gap": inside, "clear": test & ~gap, "all": test.copy()}

    which = bins(edge_distance(hidden, pixel_m), distance_edges_m)
    for index, name in enumerate(distance_regions(distance_edges_m)):
        masks[name] = inside & (which == index)

    percent = [0, *(100 * edge for edge in share_edges), 100]
    which = bins(local_share(hidden, window_px), share_edges)
    for index, (low, high) in enumerate(itertools.pairwise(percent)):
        masks[f"gap_share_{low:g}-{high:g}"] = inside & (which == index)

    if age_days is not None:
        known = inside & np.isfinite(age_days)
        which = bins(np.nan_to_num(age_days), age_edges_days)
        for index, name in enumerate(age_regions(age_edges_days)):
            masks[name] = known & (which == index)
    return masks


def distance_regions(edges_m: Sequence[float]) -> list[str]:
    """Return the names of the regions by distance to clear ground, the nearest first."""
    limits = itertools.pairwise([0, *edges_m, np.inf])
    return [f"gap_edge_{low:g}-{high:g}m" for low, high in limits]


def age_regions(edges_days: Sequence[float]) -> list[str]:
    """Return the names of the regions by the age of the nearest clear date, the youngest first."""
    limits = itertools.pairwise([0, *edges_days, np.inf])
    return [f"gap_age_{low:g}-{high:g}d" for low, high in limits]


class GapBank:
    """A large mask from which training cuts small ones at random places.

    mask: (rows, columns), simulated or real. Each cut is rotated and mirrored at random, so that
    networks do not learn the orientation of the clouds in a single scene.
    """

    def __init__(self, mask: np.ndarray) -> None:
        self._mask = np.asarray(mask, bool)

    @classmethod
    def simulated(
        cls,
        share: float,
        size_px: float,
        seed: int,
        *,
        dilation_px: float = 0,
        slope: float = SLOPE,
        side_px: int = 1024,
    ) -> "GapBank":
        """Return a bank of gaps made by simulate_gaps; cuts contain `share` on average."""
        shape = (side_px, side_px)
        return cls(simulate_gaps(shape, share, size_px, seed, dilation_px=dilation_px, slope=slope))

    def draw(self, count: int, size: int, generator: np.random.Generator) -> np.ndarray:
        """Return `count` random masks (count, size, size).

        A single mask may be all gap or all clear; the share applies on average. Raises StudyError
        if the bank is smaller than `size`.
        """
        if size > min(self._mask.shape):
            height, width = self._mask.shape
            raise StudyError(
                f"config: gaps: a mask of {height} x {width} px is too small for patches of"
                f" {size} px; give a larger one or lower patch_px"
            )
        windows = sliding_window_view(self._mask, (size, size))
        rows, columns = (generator.integers(n, size=count) for n in windows.shape[:2])
        cuts = windows[rows, columns]
        for index, symmetry in enumerate(generator.integers(8, size=count)):
            turned = np.rot90(cuts[index], symmetry % 4)
            cuts[index] = turned.T if symmetry >= 4 else turned
        return cuts
