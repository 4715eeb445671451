"""Sums of metrics over small square cells of ground, and the file that keeps them.

A metric is computed from sums over the ground (see `metrics`). Intervals come from overlapping
square blocks of ground (see `ground_error`). They need only sums over cells, whose side is a
quarter of that of the smallest block, so rasters are read only once, for scoring.

A file of cells is a zip archive of arrays (numpy's npz) that is written tile by tile:

    about.json   region, block_px, cells (rows, columns), runs, data_range of each band in
                 reflectance, and the number of terms of each metric
    TILE/cells   numbers of the cells with ground in a tile; all cells are numbered row by row
    TILE/pixels  the number of pixels of ground in each of them
    TILE/shared  sums in these cells of terms that several runs or metrics have (terms, cells), such
                 as those of the reference alone: half of all terms
    TILE/RUN     sums in these cells of the other terms of a run (terms, cells)
    TILE/RUN.at  for each term of each metric of a run, its place in TILE/shared followed by
                 TILE/RUN

Tiles and runs are numbered from 0. A cell that overlaps several tiles is listed in each, with that
tile's part of the sums. The same scores give the same bytes.
"""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..core.errors import StudyError
from ..core.files import atomic
from ..core.tiling import Tile
from .definitions import STEPS
from .image_pair import Run
from .places import Box

ABOUT = "about.json"


def cell_px(block_px: int) -> int:
    """Return the side in pixels of the cells that make up blocks of `block_px` pixels."""
    if block_px % STEPS and block_px > STEPS:
        raise StudyError(f"block_px is {block_px}: make it a multiple of {STEPS}")
    return max(1, block_px // STEPS)


class Cells(NamedTuple):
    """Square cells of side `size` (pixels), from the corner of a box around the ground."""

    box: Box
    size: int

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells (rows, columns)."""
        rows, columns = (-(-(last - first) // self.size) for first, last in self.box)
        return rows, columns

    def numbers(self, tile: Tile) -> np.ndarray:
        """Return the number of the cell of each pixel of a Tile (rows, columns), row by row.

        Pixels outside the box have the number of the nearest cell.
        """
        rows, columns = (
            ((np.arange(*span) - first) // self.size).clip(0, count - 1)
            for span, (first, _), count in zip(
                (tile.rows, tile.columns), self.box, self.shape, strict=True
            )
        )
        return rows[:, np.newaxis] * self.shape[1] + columns


class Placed(NamedTuple):
    """The cells with ground of a region in a tile: their numbers, and pixels of the region there.

    Both are (cells,); the numbers are sorted.
    """

    numbers: np.ndarray
    pixels: np.ndarray


class CellWriter:
    """Writes the sums of some runs over the cells of one region, while they are scored."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        region: str,
        block_px: int,
        runs: Sequence[Run],
        data_range: Mapping[str, float],
    ) -> None:
        self.region = region
        self.runs = {run: number for number, run in enumerate(runs)}
        self._archive, self._block_px, self._data_range = archive, block_px, dict(data_range)
        self._cells = Cells(((0, 0), (0, 0)), cell_px(block_px))
        self._terms: dict[str, int] = {}
        self._tiles = 0

    def start(self, box: Box | None) -> None:
        """Set the box around the ground of the region, None if there is no such ground."""
        if box is not None:
            self._cells = self._cells._replace(box=box)

    def numbers(self, tile: Tile) -> np.ndarray:
        """Return the number of the cell of each pixel of a Tile (rows, columns)."""
        return self._cells.numbers(tile)

    def placed(self, numbers: np.ndarray) -> Placed | None:
        """Return the cells of a tile, None if the region has no pixel in it.

        numbers: int (pixels,), the cell of each of the region's pixels in the tile.
        """
        if not numbers.size:
            return None
        cells, pixels = np.unique(numbers, return_counts=True)
        return Placed(cells, pixels.astype(float))

    def add(self, placed: Placed, found: Mapping[Run, Mapping[str, np.ndarray]]) -> None:
        """Write one tile. found: the `sums` of each metric of each run."""
        self._write("cells", placed.numbers)
        self._write("pixels", placed.pixels)
        rows = {run: np.concatenate([*sums.values()]) for run, sums in found.items()}
        for sums in found.values():
            self._terms = {name: len(values) for name, values in sums.items()}
        self._write_rows(rows)
        self._tiles += 1

    def _write_rows(self, rows: Mapping[Run, np.ndarray]) -> None:
        """Write the terms (terms, cells) of each run, but terms that occur repeatedly only once."""
        count = Counter(row.tobytes() for values in rows.values() for row in values)
        shared = {row: place for place, row in enumerate(row for row in count if count[row] > 1)}
        self._write("shared", np.array([np.frombuffer(row) for row in shared]))
        for run, values in rows.items():
            own: list[np.ndarray] = []
            at = []
            for row in values:
                place = shared.get(row.tobytes())
                at.append(len(shared) + len(own) if place is None else place)
                if place is None:
                    own.append(row)
            self._write(self.runs[run], np.array(own))
            self._write(f"{self.runs[run]}.at", np.array(at))

    def finish(self) -> None:
        """Write the description of the file."""
        about = {
            "region": self.region,
            "block_px": self._block_px,
            "cells": [int(count) for count in self._cells.shape],
            "tiles": self._tiles,
            "runs": list(self.runs),
            "data_range": self._data_range,
            "terms": self._terms,
        }
        self._archive.writestr(zipfile.ZipInfo(ABOUT), json.dumps(about, indent=2) + "\n")

    def _write(self, name: str | int, array: np.ndarray) -> None:
        # A ZipInfo made by hand always has the date 1980.
        entry = zipfile.ZipInfo(f"{self._tiles}/{name}.npy")
        with self._archive.open(entry, "w", force_zip64=True) as stream:
            np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)


@contextmanager
def write_cells(
    path: Path | str,
    region: str,
    block_px: int,
    runs: Sequence[Run],
    data_range: Mapping[str, float],
) -> Iterator[CellWriter]:
    """Yield the CellWriter of a new file, which appears when it is complete.

    runs: the runs whose sums are kept; data_range: {band: L}, reflectance.
    """
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        writer = CellWriter(archive, region, block_px, runs, data_range)
        yield writer
        writer.finish()


class CellReader:
    """The sums in a file of cells, run by run.

    counts: pixels of ground in each cell (rows, columns). region, block_px, runs, data_range: as
    they were written.
    """

    def __init__(self, archive: np.lib.npyio.NpzFile) -> None:
        self._archive = archive
        about = json.loads(bytes(archive[ABOUT]))  # np.load returns other files as bytes
        self.region, self.block_px = about["region"], about["block_px"]
        self.runs = [Run(*run) for run in about["runs"]]
        self.data_range: dict[str, float] = about["data_range"]
        self._terms: dict[str, int] = about["terms"]
        numbers = [archive[f"{tile}/cells"] for tile in range(about["tiles"])]
        counts = np.zeros(np.prod(about["cells"], dtype=int))
        for tile, cells in enumerate(numbers):
            counts[cells] += archive[f"{tile}/pixels"]
        self.counts = counts.reshape(about["cells"])
        ground = np.flatnonzero(counts)
        self._places = [np.searchsorted(ground, cells) for cells in numbers]

    def sums(self, run: Run) -> dict[str, np.ndarray]:
        """Return {metric: sums (terms, cells)} of a run, over the cells with ground, row by row."""
        number = self.runs.index(run)
        total = np.zeros((np.count_nonzero(self.counts), sum(self._terms.values())))
        for tile, places in enumerate(self._places):
            shared, own, at = (
                self._archive[f"{tile}/{name}"] for name in ("shared", number, f"{number}.at")
            )
            rows = [*shared, *own]
            total[places] += np.stack([rows[place] for place in at], axis=1)
        parts = np.split(total, np.cumsum([*self._terms.values()])[:-1], axis=1)
        # Copied, since sums over the cells of a part of an array take several times as long.
        return {metric: part.copy().T for metric, part in zip(self._terms, parts, strict=True)}


@contextmanager
def open_cells(path: Path | str) -> Iterator[CellReader]:
    """Yield the CellReader of a file of cells."""
    with np.load(path, allow_pickle=False) as archive:
        yield CellReader(archive)
