"""Rasters and pictures, compared as a person would: pixel by pixel, or at a glance."""

import warnings
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
from PIL import Image

from ..core.errors import StudyError
from ..core.files import atomic
from ..core.raster import Grid, open_raster
from .files import plain_file

MOST_MB = 4000
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # what files begin with; + is BigTIFF
GLANCE_PX = 128  # longer side of a figure seen at a glance
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
COARSE = 8  # blocks along each side of a scene
# How far two figures may differ at a glance, in grey values of 255: (on the whole, in one place).
# Text and lines of one drawing differ a little between versions of what draws them. Figures of two
# seeds were seen to differ by 1.7 on the whole, those of two bands by 7 and more.
SAME_DATA, OTHER_WEIGHTS = (0.5, 64), (3, 255)


@contextmanager
def open_tiff(path):
    """Open a raster of another person: a TIFF, and no format that names other files or servers."""
    with plain_file(path, MOST_MB).open("rb") as stream:
        if stream.read(4) not in TIFF:
            raise StudyError(f"{path}: not a TIFF; it was not opened")
    with open_raster(path) as dataset:
        yield dataset


def compare_rasters(here, there, tolerance):
    """Return the largest difference of two rasters; StudyError where it is beyond `tolerance`.

    Grid, band names and number type must be the same, and so must be where there is no data.
    """
    with open_raster(here) as ours, open_tiff(there) as theirs:
        for what, one, other in (
            ("grid", Grid.of(ours), Grid.of(theirs)),
            ("bands", ours.descriptions, theirs.descriptions),
            ("number types", ours.dtypes, theirs.dtypes),
        ):
            if one != other:
                raise StudyError(f"{there}: {what}: {other}, here {one}")
        largest = 0.0
        for number, name in enumerate(ours.descriptions, start=1):
            one, other = (dataset.read(number).astype(np.float64) for dataset in (ours, theirs))
            largest = max(largest, _largest_difference(one, other, tolerance, f"{there}: {name}"))
    return largest


def _largest_difference(one, other, tolerance, where):
    """Return the largest difference of two bands; StudyError names the first pixel beyond it."""
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        moved = np.where(same, 0, np.abs(one - other))
    bad = np.argwhere(~(moved <= tolerance))
    if len(bad):
        row, column = bad[0]
        raise StudyError(
            f"{where}: {len(bad)} pixels differ; the first is row {row}, column {column}:"
            f" {one[row, column]:.9g} here, {other[row, column]:.9g} there,"
            f" tolerance {tolerance:.2g}"
        )
    return moved.max(initial=0)


def block_means(path):
    """Return {band: COARSE x COARSE means} of a raster, None where a block has no data."""
    means = {}
    with open_tiff(path) as dataset:
        for number, name in enumerate(dataset.descriptions, start=1):
            band = dataset.read(number).astype(np.float64)
            rows, columns = (np.linspace(0, size, COARSE + 1).astype(int) for size in band.shape)
            means[name] = [
                [_mean(band[top:bottom, left:right]) for left, right in pairwise(columns)]
                for top, bottom in pairwise(rows)
            ]
    return means


def _mean(values):
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else None


def read_picture(path):
    """Return a figure (PNG) as an RGB image; StudyError where it is none, or is too large."""
    plain_file(path, 50)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as image:
                colour = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, *BOMBS) as error:  # whatever Pillow raises
        raise StudyError(f"{path}: not a readable picture ({error})") from None
    picture = Image.new("RGB", colour.size, "white")
    picture.paste(colour, mask=colour.getchannel("A"))
    return picture


def glance(picture):
    """Return a picture so small that its longer side is GLANCE_PX at most, by averaging."""
    factor = min(1, GLANCE_PX / max(picture.size))
    size = [max(1, round(side * factor)) for side in picture.size]
    return picture.resize(size, Image.Resampling.BOX)


def write_glance(figure, path):
    """Write what is seen of a figure at a glance as a PNG."""
    small = glance(read_picture(figure))
    with atomic(path) as temporary:
        small.save(temporary, format="PNG", optimize=True)


def compare_figures(here, there, most=SAME_DATA):
    """Return a note on two figures that look alike at a glance; StudyError where they do not.

    Either may be small already. most: SAME_DATA or OTHER_WEIGHTS.
    """
    one, other = glance(read_picture(here)), glance(read_picture(there))
    if any(abs(a - b) > 1 for a, b in zip(one.size, other.size, strict=True)):
        raise StudyError(f"{there}: another shape, {other.size}, here {one.size}")
    one, other = (np.asarray(picture.resize(one.size), float) for picture in (one, other))
    moved = np.abs(one - other)
    if moved.mean() > most[0] or moved.max() > most[1]:
        raise StudyError(
            f"{there}: another picture: grey values differ by {moved.mean():.1f} on the whole"
            f" (at most {most[0]}), by {moved.max():.0f} in one place (at most {most[1]})"
        )
    return "the same picture" if not moved.any() else f"grey values differ by {moved.mean():.2f}"
