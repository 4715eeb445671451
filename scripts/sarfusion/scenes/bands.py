"""The optical bands of scenes, and their order."""

from collections.abc import Iterable

BANDS = ("red", "green", "blue")  # of every scene
INFRARED = ("nir", "swir16")  # of scenes whose study asks for them: OLI B5 and B6


def optical_of(names: Iterable[str | None]) -> tuple[str, ...]:
    """Return the optical bands among the names of the bands of a raster, in their usual order."""
    there = set(names)
    return tuple(band for band in (*BANDS, *INFRARED) if band in there)


def optical_bands(wanted: Iterable[str]) -> tuple[str, ...]:
    """Return the bands of the scenes of a study that fuses the bands `wanted`: always BANDS."""
    return optical_of((*BANDS, *wanted))
