"""Compare figures: pixel by pixel, or as thumbnails, as a person sees them at a glance."""

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..core.errors import StudyError
from ..core.files import atomic
from .files import plain_file

MAX_MB = 50
THUMBNAIL_PX = 128  # longer side of a thumbnail
MAX_GREY_LEVELS = 8  # between two drawings of a figure, since colours may be rounded differently
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class PictureTolerance(NamedTuple):
    """How far thumbnails may differ, in grey levels of 255: on average, and in one pixel."""

    mean: float
    largest: float


# Text and lines of one drawing differ slightly between versions of the drawing libraries. Figures
# of two seeds were measured to differ by 1.7 on average, those of two bands by 7 and more.
SAME_DATA, OTHER_WEIGHTS = PictureTolerance(0.5, 64), PictureTolerance(3, 255)


def read_picture(path: str | Path) -> Image.Image:
    """Return a figure (PNG) as an RGB image on white.

    Raises StudyError if the file is too large or is not a readable PNG.
    """
    plain_file(path, MAX_MB)
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


def thumbnail(picture: Image.Image) -> Image.Image:
    """Return a picture averaged down so that its longer side is at most THUMBNAIL_PX."""
    factor = min(1, THUMBNAIL_PX / max(picture.size))
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX)


def write_thumbnail(figure: str | Path, path: str | Path) -> None:
    """Write the thumbnail of a figure as a PNG."""
    small = thumbnail(read_picture(figure))
    with atomic(path) as temporary:
        small.save(temporary, format="PNG", optimize=True)


def compare_figures(
    here: str | Path,
    there: str | Path,
    tolerance: PictureTolerance = SAME_DATA,
    drawn_alike: bool = False,
) -> str:
    """Return a note if the thumbnails of two figures agree within `tolerance`.

    Either figure may already be a thumbnail. drawn_alike: whether the same data were drawn by the
    same version of the drawing library; whole figures must then have the same pixels too. Raises
    StudyError otherwise.
    """
    ours, theirs = read_picture(here), read_picture(there)
    if drawn_alike and ours.size == theirs.size:
        return _compare_pixels(ours, theirs, there)
    ours, theirs = thumbnail(ours), thumbnail(theirs)
    if any(abs(a - b) > 1 for a, b in zip(ours.size, theirs.size, strict=True)):
        raise StudyError(f"{there}: another shape: {theirs.size} there, {ours.size} here")
    pixels = (np.asarray(picture.resize(ours.size), float) for picture in (ours, theirs))
    difference = np.abs(np.subtract(*pixels))
    if difference.mean() > tolerance.mean or difference.max() > tolerance.largest:
        raise StudyError(
            f"{there}: another picture: grey values differ by {difference.mean():.1f} on average"
            f" (tolerance {tolerance.mean}) and by up to {difference.max():.0f}"
            f" (tolerance {tolerance.largest})"
        )
    if not difference.any():
        return "the same picture"
    return f"grey values differ by {difference.mean():.2f} on average"


def _compare_pixels(ours: Image.Image, theirs: Image.Image, where: str | Path) -> str:
    """Return a note if two pictures of one size have the same pixels; StudyError otherwise."""
    arrays = (np.asarray(picture, np.int16) for picture in (ours, theirs))
    difference = np.abs(np.subtract(*arrays)).max(axis=2)
    beyond = np.argwhere(difference > MAX_GREY_LEVELS)
    if len(beyond):
        row, column = beyond[0]
        raise StudyError(
            f"{where}: another picture: {len(beyond)} pixels differ, by up to {difference.max()}"
            f" grey levels; the first is row {row}, column {column}"
        )
    return "the same pixels" if not difference.any() else "the same pixels except for rounding"
