"""Cloud gaps: masks of cloud-like shape, masks from quality bands, and the regions of scoring.

A mask is a boolean array (rows, columns), True where the optical band is withheld.

Simulated masks are excursion sets of a Gaussian random field with an isotropic power-law
spectrum. Along a line, liquid water and the radiance of Landsat cloud scenes follow k^-5/3 at
scales above about 200 m [1], and so does the optical depth of overcast scenes at 28.5 m [2].
Per unit area of the wavenumber plane this is one power of k steeper, k^-8/3: differences grow
as distance^1/3. The outlines are then fractal, as those of clouds are [3]. Broken cloud is
rougher [2] and clouds under 200 m are smoother [1] than that; `slope` is open to both.

[1] Cahalan & Snider 1989, Marine stratocumulus structure, Remote Sens. Environ. 28.
[2] Lewis, Austin & Szczodrak 2004, Spatial statistics of marine boundary layer clouds,
    J. Geophys. Res. 109, D04104.
[3] Lovejoy 1982, Area-perimeter relation for rain and cloud areas, Science 216, 185-187.
"""

import itertools

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.ndimage import distance_transform_edt, maximum_filter, uniform_filter

from ..core.errors import StudyError
from ..scenes import landsat

SLOPE = 8 / 3  # of the power spectral density per unit area of the wavenumber plane


def simulate_gaps(shape, share, size_px, seed, *, dilation_px=0, slope=SLOPE):
    """Return a mask of cloud-like gaps that depends on the arguments alone.

    share: of all pixels, after dilation by a disc of `dilation_px`. Exact but for ties: pixels
    that the same disc reached enter together.
    size_px: typical size of a gap. The power law holds for wavelengths up to 2 size_px and the
    spectrum is flat beyond: nothing is organised at longer scales. At a share of 0.3 the mean
    equivalent diameter of gaps, weighted by area, is then near size_px; it grows with the share.
    slope: the spectral density falls as wavenumber^-slope.

    Raises StudyError if a number makes no sense.
    """
    if not 0 < share < 1 or size_px <= 0 or dilation_px < 0:
        raise StudyError(
            f"config: gaps: share {share}, size_px {size_px} or dilation_px {dilation_px} is out of"
            " range (0 < share < 1, size_px > 0, dilation_px >= 0)"
        )
    field = _power_law_field(shape, 2 * size_px, slope, np.random.default_rng(seed))
    if dilation_px > 0:
        # Dilating {field >= level} is the same as {highest field within the disc >= level}: one
        # pass gives the level that leaves the asked share after dilation.
        field = maximum_filter(field, footprint=_disc(dilation_px), mode="nearest")
    rank = field.size - max(1, round(share * field.size))
    return field >= np.partition(field, rank, axis=None)[rank]


def _power_law_field(shape, longest_px, slope, rng):
    """Return a Gaussian random field (rows, columns; float32), of any unit.

    White noise is filtered to a spectral density k^-slope, flat for wavelengths above
    `longest_px`. The Fourier transform is periodic; the field is cut from one larger by
    `longest_px`, so that opposite borders have little in common.
    """
    height, width = (fft.next_fast_len(int(np.ceil(n + longest_px)), real=True) for n in shape)
    wavenumber = np.hypot(
        fft.fftfreq(height).astype(np.float32)[:, None], fft.rfftfreq(width).astype(np.float32)
    )
    amplitude = np.maximum(wavenumber, np.float32(1 / longest_px)) ** np.float32(-slope / 2)
    spectrum = fft.rfft2(rng.standard_normal((height, width), dtype=np.float32))
    spectrum *= amplitude
    return fft.irfft2(spectrum, s=(height, width))[: shape[0], : shape[1]]


def _disc(radius_px):
    """Return the footprint of a disc: offsets whose length is at most `radius_px`."""
    reach = int(radius_px)
    offsets = np.arange(-reach, reach + 1)
    return np.hypot(offsets[:, None], offsets) <= radius_px


def dilate(mask, radius_px):
    """Return `mask` grown by a disc: True within `radius_px` (between centres) of a True pixel."""
    if not mask.any():
        return mask.copy()
    return distance_transform_edt(~mask) <= radius_px


def gaps_from_quality(qa_pixel, flags):
    """Return the mask of the pixels that carry one of `flags` in a Landsat QA_PIXEL band.

    qa_pixel: integers; flags: names of landsat.QA_PIXEL_BITS. Fill is no gap, whatever else is
    set there: nothing is known about it. Raises StudyError on a flag that does not exist.
    """
    unknown = sorted(set(flags) - (landsat.QA_PIXEL_BITS.keys() - {"fill"}))
    if unknown:
        raise StudyError(
            f"config: gaps.flags: no QA_PIXEL flag {', '.join(unknown)} (there are"
            f" {', '.join(name for name in landsat.QA_PIXEL_BITS if name != 'fill')})"
        )
    gap = np.zeros(qa_pixel.shape, bool)
    for name in flags:
        gap |= landsat.flagged(qa_pixel, landsat.QA_PIXEL_BITS[name])
    return gap & ~landsat.flagged(qa_pixel, landsat.QA_PIXEL_BITS["fill"])


def edge_distance(gap, pixel_m):
    """Return the distance in metres from each gap pixel to the nearest clear one; 0 where clear.

    Between centres: the outermost ring of a gap is one pixel size away. The scene's border is
    no edge. Infinite where the whole scene is gap. pixel_m: Grid.pixel_m, (across columns,
    across rows).
    """
    if gap.all():
        return np.full(gap.shape, np.inf)
    return distance_transform_edt(gap, sampling=pixel_m[::-1])


def local_share(gap, window_px):
    """Return the share of gap pixels in the square window of `window_px` around each pixel.

    Pixels outside the scene do not count. Exact counts, so that bins have no rounding.
    """
    size = window_px**2
    gaps = np.rint(uniform_filter(gap.astype(np.float64), window_px, mode="constant") * size)
    sides = [uniform_filter(np.ones(n), window_px, mode="constant") for n in gap.shape]
    return gaps / np.rint(np.outer(*sides) * size)


def bins(values, edges):
    """Return the bin of each value: 0 up to and including edges[0], ... and len(edges) above all.

    Raises StudyError unless `edges` are positive and increase.
    """
    if any(low >= high for low, high in itertools.pairwise([0, *edges])):
        raise StudyError(f"config: gaps: the edges {list(edges)} must be positive and increase")
    return np.digitize(values, edges, right=True)


def regions(gap, test, pixel_m, distance_edges_m, share_edges, window_px, valid=None):
    """Return the regions of scoring, name -> mask; all lie on test ground.

    `gap`, `clear` and `all`, then the gap cut in two ways, each a partition of it:
    `gap_edge_<a>-<b>m` by the distance in metres to the nearest clear pixel, a < d <= b, and
    `gap_share_<a>-<b>` by the percentage of gap in the window around the pixel. The last
    distance has b = inf. A region without pixels is there too, empty.

    gap, test: masks; distance_edges_m in metres, share_edges between 0 and 1: inner edges of
    the bins. valid: where the optical band is known at all; a pixel that it withholds helps no
    method, so it is no edge of a gap and counts as gap in the window.
    """
    hidden = gap if valid is None else gap | ~valid
    inside = gap & test
    found = {"gap": inside, "clear": test & ~gap, "all": test.copy()}

    limits = [0, *distance_edges_m, np.inf]
    which = bins(edge_distance(hidden, pixel_m), distance_edges_m)
    for index, (low, high) in enumerate(itertools.pairwise(limits)):
        found[f"gap_edge_{low:g}-{high:g}m"] = inside & (which == index)

    percent = [0, *(100 * edge for edge in share_edges), 100]
    which = bins(local_share(hidden, window_px), share_edges)
    for index, (low, high) in enumerate(itertools.pairwise(percent)):
        found[f"gap_share_{low:g}-{high:g}"] = inside & (which == index)
    return found


class GapBank:
    """A large mask from which training cuts small ones at random places.

    mask: (rows, columns), simulated or real. Every cut is turned and mirrored at random, so
    that a bank from one scene does not teach the direction of its clouds.
    """

    def __init__(self, mask):
        self._mask = np.asarray(mask, bool)

    @classmethod
    def simulated(cls, share, size_px, seed, *, dilation_px=0, slope=SLOPE, side_px=1024):
        """Return a bank of simulated gaps, see simulate_gaps; cuts have `share` on average."""
        return cls(
            simulate_gaps(
                (side_px, side_px), share, size_px, seed, dilation_px=dilation_px, slope=slope
            )
        )

    def draw(self, count, size, generator):
        """Return `count` masks (count, size, size) drawn with a numpy Generator.

        A single cut may be all gap or all clear; the share holds on average. Raises StudyError
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
