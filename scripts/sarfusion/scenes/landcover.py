"""What covers the ground of a simulated city."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import reduce
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from ..core.files import atomic


class Cover(IntEnum):
    """What covers a cell."""

    WATER = 0
    ROAD = 1
    PAVED = 2
    ROOF_BRIGHT = 3
    ROOF_METAL = 4
    ROOF_TILE = 5
    ROOF_DARK = 6
    TREES = 7
    GRASS = 8
    CROP = 9
    SOIL = 10


ROOFS = (Cover.ROOF_BRIGHT, Cover.ROOF_METAL, Cover.ROOF_TILE, Cover.ROOF_DARK)


@dataclass(frozen=True)
class LandCover:
    """Land cover on the lattice; all arrays are (rows, columns), row 0 in the north."""

    cover: np.ndarray  # uint8, a Cover
    patch: np.ndarray  # int32, number of the building or parcel (from 0), of uniform appearance
    height: np.ndarray  # float32, metres above ground of the building, 0 elsewhere
    angle: np.ndarray  # float32, of the streets in radians from east to north, in [0, pi / 2)

    def is_any(self, covers: Sequence[Cover]) -> np.ndarray:
        """Return where the cover is one of `covers`, bool (rows, columns)."""
        # A comparison per cover takes less time than np.isin.
        return reduce(np.logical_or, (self.cover == cover for cover in covers))

    def save(self, path: str | Path) -> None:
        """Write the land cover to an npz file, atomically.

        np.savez_compressed has no level: its files are smaller by a third, but take twice as long.
        """
        with (
            atomic(path) as temporary,
            ZipFile(temporary, "w", ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            for name, array in vars(self).items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)

    @classmethod
    def load(cls, path: str | Path) -> "LandCover":
        """Return the land cover of such a file."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})
