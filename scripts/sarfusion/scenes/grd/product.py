"""The annotation of a Sentinel-1 product: timing, orbit, and the tables of noise and gain.

Names and meaning are those of the Sentinel-1 Product Specification (S1-RS-MDA-52-7441).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from ...core.errors import StudyError
from ..sar import BANDS
from ..sources import MANIFEST

KIND = ("IW", "GRD", 10.0)  # mode, type, and metres between columns, which make it GRDH
KIND_NAME = "IW GRDH with VV and VH"


@dataclass(frozen=True)
class Table:
    """Values along some lines of the image, each at its own samples."""

    lines: np.ndarray
    samples: tuple[np.ndarray, ...]
    values: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class NoiseBlock:
    """A factor of the noise along the lines of a part of the image, both ends included."""

    first_line: int
    last_line: int
    first_sample: int
    last_sample: int
    lines: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Polarisation:
    """One image of a product, and what turns its numbers into beta nought.

    image: path of its raster. gain: the beta nought table. noise, noise_blocks: thermal noise.
    """

    image: Path
    gain: Table
    noise: Table
    noise_blocks: tuple[NoiseBlock, ...]


@dataclass(frozen=True)
class Product:
    """A Sentinel-1 product. polarisations: {"vv": ..., "vh": ...}.

    shape: (lines, samples). first_line: time of zero Doppler of the first one. interval_s: between
    lines. spacing_m: (between lines, between samples) on the ground. orbit: (times, positions) with
    positions (3, times), metres, fixed to the Earth. slant_to_ground: (times, first slant ranges,
    coefficients, the constant first); ground range is a polynomial of the slant range minus the
    first slant range. files: all files that are read for it.
    """

    sensor: str
    shape: tuple[int, int]
    first_line: np.datetime64
    interval_s: float
    spacing_m: tuple[float, float]
    orbit: tuple[np.ndarray, np.ndarray]
    slant_to_ground: tuple[np.ndarray, np.ndarray, np.ndarray]
    polarisations: dict[str, Polarisation]
    files: tuple[Path, ...]


def read_product(folder: str | Path) -> Product:
    """Return the Product in a folder (.SAFE). Raises StudyError if it is not usable.

    Only products of KIND_NAME made since March 2018 (IPF 2.9) are accepted, since earlier ones have
    no factors of the noise along azimuth. The raster of an image is not opened.
    """
    folder = Path(folder)
    annotations = _annotations(folder)
    roots = {band: _root(annotations[band]) for band in BANDS}
    paths = {band: _files_of(folder, annotations[band]) for band in BANDS}
    shapes = {band: _shape(Reader(roots[band], annotations[band])) for band in BANDS}
    if len(set(shapes.values())) > 1:
        raise StudyError(f"{folder}: VV and VH have images of different sizes; download it again")
    first = Reader(roots[BANDS[0]], annotations[BANDS[0]])
    timing = "imageAnnotation/imageInformation/"
    return Product(
        sensor=f"Sentinel-1{first.text('adsHeader/missionId')[-1]} IW GRDH, gamma nought",
        shape=shapes[BANDS[0]],
        first_line=first.time(f"{timing}productFirstLineUtcTime"),
        interval_s=first.number(f"{timing}azimuthTimeInterval"),
        spacing_m=(
            first.number(f"{timing}azimuthPixelSpacing"),
            first.number(f"{timing}rangePixelSpacing"),
        ),
        orbit=_orbit(first),
        slant_to_ground=_slant_to_ground(first),
        polarisations={band: _polarisation(*paths[band]) for band in BANDS},
        files=(
            folder / MANIFEST,
            *(path for band in BANDS for path in (annotations[band], *paths[band])),
        ),
    )


class Reader:
    """The values in an XML file, by the paths of their elements.

    Raises StudyError with the name of the file if a value is missing, or not a number or a time.
    """

    def __init__(self, root: Element, path: Path) -> None:
        self.root, self.path = root, path

    def text(self, name: str) -> str:
        """Return the text of the one element of a path."""
        found = self.root.findtext(name)
        if found is None or not found.strip():
            raise StudyError(f"{self.path}: has no {name.rpartition('/')[2]}; download it again")
        return found.strip()

    def number(self, name: str) -> float:
        """Return its number."""
        return float(self.numbers(name)[0])

    def numbers(self, name: str) -> np.ndarray:
        """Return its numbers, which are separated by white space."""
        try:
            found = np.array(self.text(name).split(), float)
        except ValueError as error:
            about = f"{name.rpartition('/')[2]} is not a number"
            raise StudyError(f"{self.path}: {about} ({error}); download it again") from error
        if not np.isfinite(found).all():
            raise StudyError(
                f"{self.path}: {name.rpartition('/')[2]} is not finite; download it again"
            )
        return found

    def time(self, name: str) -> np.datetime64:
        """Return its time, in nanoseconds."""
        try:
            return np.datetime64(self.text(name), "ns")
        except ValueError as error:
            about = f"{name.rpartition('/')[2]} is not a time"
            raise StudyError(f"{self.path}: {about} ({error}); download it again") from error

    def each(self, name: str) -> "list[Reader]":
        """Return a Reader of each element of a path; at least one."""
        found = [Reader(element, self.path) for element in self.root.findall(name)]
        if not found:
            raise StudyError(f"{self.path}: has no {name.rpartition('/')[2]}; download it again")
        return found


def _annotations(folder: Path) -> dict[str, Path]:
    """Return {band: path of its annotation} of a product of the right kind."""
    if folder.suffix.lower() == ".zip" or folder.is_file():
        raise StudyError(
            f"{folder}: is not a folder; unpack it, and name the folder ending in .SAFE"
        )
    if not (folder / MANIFEST).is_file():
        raise StudyError(f"{folder}: has no {MANIFEST}; name the folder of a product, X.SAFE")
    found = {}
    for path in sorted((folder / "annotation").glob("*.xml")):
        about = Reader(_root(path), path)
        mode, kind = (about.text(f"adsHeader/{name}") for name in ("mode", "productType"))
        spacing = about.number("imageAnnotation/imageInformation/rangePixelSpacing")
        if (mode, kind, spacing) != KIND:
            raise StudyError(
                f"{folder}: is {mode} {kind} with columns {spacing:g} m apart; give {KIND_NAME}"
            )
        found[about.text("adsHeader/polarisation").lower()] = path
    if missing := [band.upper() for band in BANDS if band not in found]:
        has = ", ".join(sorted(found)).upper() or "none"
        raise StudyError(
            f"{folder}: lacks the annotation of {' and '.join(missing)} (it has {has}); give a"
            f" complete {KIND_NAME}"
        )
    return {band: found[band] for band in BANDS}


def _files_of(folder: Path, annotation: Path) -> tuple[Path, Path, Path]:
    """Return the paths of the image, the gain and the noise beside an annotation."""
    name, tables = annotation.name, annotation.parent / "calibration"
    image = folder / "measurement" / annotation.with_suffix(".tiff").name
    found = image, tables / f"calibration-{name}", tables / f"noise-{name}"
    for path in found:
        if not path.is_file():
            raise StudyError(f"{folder}: lacks {path.relative_to(folder)}; download it again")
    return found


def _root(path: Path) -> Element:
    try:
        return ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise StudyError(f"{path}: is not XML ({error}); download it again") from error


def _shape(about: Reader) -> tuple[int, int]:
    """Return (lines, samples) of an image."""
    names = ("numberOfLines", "numberOfSamples")
    lines, samples = (
        int(about.number(f"imageAnnotation/imageInformation/{name}")) for name in names
    )
    return lines, samples


def _times(parts: Iterable[Reader], name: str) -> np.ndarray:
    return np.array([part.time(name) for part in parts])


def _orbit(about: Reader) -> tuple[np.ndarray, np.ndarray]:
    """Return (times, positions) of the orbit."""
    vectors = about.each("generalAnnotation/orbitList/orbit")
    places = [[vector.number(f"position/{axis}") for vector in vectors] for axis in "xyz"]
    return _times(vectors, "time"), np.array(places)


def _slant_to_ground(about: Reader) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (times, first slant ranges, coefficients) of the polynomials to ground range."""
    parts = about.each("coordinateConversion/coordinateConversionList/coordinateConversion")
    first = np.array([part.number("sr0") for part in parts])
    return _times(parts, "azimuthTime"), first, np.array(_equal(parts, "srgrCoefficients"))


def _equal(parts: Sequence[Reader], name: str) -> list[np.ndarray]:
    """Return the numbers of each part; all parts have equally many."""
    found = [part.numbers(name) for part in parts]
    if len({len(each) for each in found}) > 1:
        raise StudyError(f"{parts[0].path}: {name} differ in number; download it again")
    return found


def _polarisation(image: Path, gain: Path, noise: Path) -> Polarisation:
    gains, noises = Reader(_root(gain), gain), Reader(_root(noise), noise)
    if noises.root.find("noiseRangeVectorList") is None:
        raise StudyError(
            f"{noise}: has noise in the form used before March 2018; give a later product"
        )
    return Polarisation(
        image,
        _table(gains, "calibrationVectorList/calibrationVector", "betaNought"),
        _table(noises, "noiseRangeVectorList/noiseRangeVector", "noiseRangeLut"),
        tuple(map(_block, noises.each("noiseAzimuthVectorList/noiseAzimuthVector"))),
    )


def _table(about: Reader, vectors: str, values: str) -> Table:
    parts = about.each(vectors)
    samples = tuple(part.numbers("pixel") for part in parts)
    found = tuple(part.numbers(values) for part in parts)
    if any(len(one) != len(other) for one, other in zip(samples, found, strict=True)):
        raise StudyError(f"{about.path}: {values} and pixel differ in number; download it again")
    return Table(np.array([part.number("line") for part in parts]), samples, found)


def _block(part: Reader) -> NoiseBlock:
    lines, values = part.numbers("line"), part.numbers("noiseAzimuthLut")
    if len(lines) != len(values):
        raise StudyError(
            f"{part.path}: noiseAzimuthLut and line differ in number; download it again"
        )
    return NoiseBlock(
        first_line=int(part.number("firstAzimuthLine")),
        last_line=int(part.number("lastAzimuthLine")),
        first_sample=int(part.number("firstRangeSample")),
        last_sample=int(part.number("lastRangeSample")),
        lines=lines,
        values=values,
    )
