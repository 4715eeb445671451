"""Sharpening with directional details of the SAR image, found by the contourlet transform.

Each detail is taken from the optical image or from the matched SAR image, pixel by pixel; the
coarse subband stays optical. If two details are equal except for rounding, the optical one is kept.
"""

import math

import numpy as np

from . import contourlets
from .matching import Matching, Sharpener, bandwise, intensitywise

TIE = 1e-9  # relative; magnitudes that are closer than this count as equal

# The pulse-coupled neurons.
ITERATIONS = 20
LINKING = 3.0  # beta, how much the pulses of neighbours raise the activity of a neuron
LINK_DECAY = math.exp(-1)  # of the pulses of neighbours, in an iteration
THRESHOLD_DECAY = math.exp(-0.2)
THRESHOLD_RISE = 20.0  # at a pulse
STIMULUS_SPAN = 2.0  # root mean squares of a subband that make the stimulus 1
LINK_REACH = 2  # of a pulse, pixels in an iteration

RADIUS = contourlets.RADIUS
PULSED_RADIUS = RADIUS + LINK_REACH * ITERATIONS


@bandwise
def nsct(matched: Matching, ratio: int) -> Sharpener:
    """Take the larger detail of each band and the matched P in the contourlet domain.

    Transform: Da Cunha, Zhou & Do 2006, IEEE Trans. Image Processing 15(10). Its two levels reach
    details of four fine pixels, so about a coarse pixel at a ratio of 3.
    """
    return lambda band, pan: contourlets.fuse(band, pan, _larger)


@intensitywise
def ihs_nsct(matched: Matching, ratio: int) -> Sharpener:
    """Like `nsct` for the intensity, the mean of the bands: band + (I' - I), with I' the fused I.

    In the manner of the fusion of an IHS intensity in the contourlet domain; the sum replaces the
    inverse transform, as in the generalised IHS.
    """
    return lambda intensity, pan: contourlets.fuse(intensity, pan, _larger)


@intensitywise
def nsct_pcnn(matched: Matching, ratio: int) -> Sharpener:
    """Like `ihs_nsct`, with the detail whose pulse-coupled neuron fires more often.

    In the manner of Qu, Yan, Xiao & Zhu 2008, Acta Automatica Sinica 34(12). The stimulus of a
    neuron is the magnitude of its detail, divided by STIMULUS_SPAN times the root mean square of
    the subband over both images of the whole scene, and is at most 1. The original divides by the
    largest magnitude, which is that of a single bright target in a scene. If counts are equal, the
    larger detail is taken.
    """
    scales = STIMULUS_SPAN * _root_mean_squares(matched)

    def fires_more(subband: int, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        counts = [firings(np.abs(part), scales[subband]) for part in (one, two)]
        return (counts[1] > counts[0]) | ((counts[1] == counts[0]) & _larger(subband, one, two))

    return lambda intensity, pan: contourlets.fuse(
        intensity, pan, fires_more, LINK_REACH * ITERATIONS
    )


def _larger(subband: int, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Return where the second of two subbands is larger, bool."""
    return np.abs(two) > (1 + TIE) * np.abs(one)


def _root_mean_squares(matched: Matching) -> np.ndarray:
    """Return the one of each subband over both images of the whole scene, in a pass over it."""
    count, squares = 0, np.zeros(contourlets.LEVELS * contourlets.DIRECTIONS)
    for images, inner in matched.tiles(RADIUS):
        for image in images:
            found = contourlets.details(image)
            squares += [np.square(subband[inner]).sum() for subband in found]
            count += image[inner].size
    return np.sqrt(squares / count)


def firings(magnitude: np.ndarray, scale: float) -> np.ndarray:
    """Return how often each neuron of a subband fires after the first iteration, int8.

    magnitude: of the details, (rows, columns); scale: the magnitude that is a stimulus of 1. The
    threshold starts at zero, so that all neurons fire in the first iteration.
    """
    stimulus = np.minimum(magnitude / max(scale, np.finfo(np.float64).tiny), 1).astype(np.float32)
    counts = np.zeros(stimulus.shape, np.int8)
    fired = np.ones(stimulus.shape, bool)
    link, threshold = np.zeros_like(stimulus), np.zeros_like(stimulus)
    for _ in range(ITERATIONS - 1):
        link *= np.float32(LINK_DECAY)
        link += pulses(fired)
        threshold *= np.float32(THRESHOLD_DECAY)
        threshold += np.float32(THRESHOLD_RISE) * fired
        fired = stimulus * (1 + np.float32(LINKING) * link) > threshold
        counts += fired
    return counts


def pulses(fired: np.ndarray) -> np.ndarray:
    """Return the sum of the pulses around each neuron, each divided by its distance, float32.

    fired: bool (rows, columns). The surroundings are 5 x 5 pixels without the middle.
    """
    padded = np.pad(fired.astype(np.uint8), LINK_REACH)
    total = np.zeros(fired.shape, np.float32)
    beside = {step: _pairs(padded, step, axis=1) for step in (1, 2)}
    above = {step: _pairs(padded, step, axis=0) for step in (1, 2)}
    for step in (1, 2):
        straight = beside[step][2:-2] + above[step][:, 2:-2]
        total += straight * np.float32(1 / step)
        diagonal = _pairs(beside[step], step, axis=0)
        total += diagonal * np.float32(1 / (step * math.sqrt(2)))
    knight = _pairs(beside[1], 2, axis=0) + _pairs(beside[2], 1, axis=0)
    total += knight * np.float32(1 / math.sqrt(5))
    return total


def _pairs(image: np.ndarray, step: int, axis: int) -> np.ndarray:
    """Return the sum of the two pixels at a distance of `step`, without LINK_REACH at the edges."""
    size = image.shape[axis]
    image = np.moveaxis(image, axis, 0)
    first, second = (
        image[start : start + size - 2 * LINK_REACH]
        for start in (LINK_REACH - step, LINK_REACH + step)
    )
    return np.moveaxis(first + second, 0, axis)
