"""Compare the sums over cells of ground, from which intervals come, with those made again."""

import json
import zipfile
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from ..scoring.cells import ABOUT, CellReader
from ..scoring.definitions import FLOAT32_ROUNDING
from ..scoring.image_pair import Given
from ..scoring.metrics import METRICS
from ..study.layout import Layout
from ..study.methods import METHODS
from ..study.model_files import model_name
from . import scores, tolerances
from .checks import Check, NothingToCompare, check
from .files import plain_file

MAX_MB = 2000
ZIP = b"PK\3\4"  # first bytes of a zip archive
# Raised for archives, arrays and descriptions that are not what they should be.
UNREADABLE = (
    *(zipfile.BadZipFile, ValueError, TypeError, AttributeError, LookupError),
    *(ArithmeticError, EOFError, RuntimeError),
)


def cell_files(study: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return {path in a results folder: (site, protocol)} of the files of cells."""
    return {
        f"metrics/{site}/{protocol}.cells.npz": (site, protocol)
        for site, protocol in product(study["sites"], study["protocols"])
    }


def whole_cell_files(study: Mapping[str, Any], available: Set[str]) -> set[str]:
    """Return the files of cells all of whose models (expected.every_model) are `available`."""
    return {
        name
        for name, (site, protocol) in cell_files(study).items()
        if all(
            model_name(site, protocol, *run) in available
            for run in _runs(study, protocol)
            if run[1] not in METHODS
        )
    }


def _runs(study, protocol):
    """Return the runs in a file of cells of a protocol, if no model is missing."""
    return [tuple(run) for run in Layout(study, is_whole=True).comparable_runs(protocol)]


def check_cells(
    study: Mapping[str, Any], here: str | Path, there: str | Path, limits: pd.DataFrame
) -> list[Check]:
    """Return the checks of the files of cells in `there`; a reference has none.

    here: results of the same study, made with the available models in `there`. limits: table of
    tolerances.
    """
    return [
        check(name, _compare_cells, study, name, protocol, here, there, limits)
        for name, (_, protocol) in cell_files(study).items()
        if Path(there, name).exists()
    ]


def _compare_cells(
    study: Mapping[str, Any],
    name: str,
    protocol: str,
    here: str | Path,
    there: str | Path,
    limits: pd.DataFrame,
) -> str:
    """Return the note on a file of cells. Only the runs that were made again `here` are compared.

    Cells and pixels must be the same. The other sums may move the score of a run as far as its
    tolerance allows: each term of its metric alone, once in all cells together, and once cell by
    cell, as the root of the sum of the squared movements.
    """
    path, runs = Path(there, name), _runs(study, protocol)
    allowed = _allowed(Path(here, name.replace(".cells.npz", ".csv")), limits)
    with np.load(Path(here, name)) as our_arrays, _open_sent(path) as their_arrays:
        ours = CellReader(our_arrays)
        if runs and not ours.runs:
            raise NothingToCompare(f"each of its {len(runs)} runs depends on models not sent")
        _check_about(path, runs, our_arrays, their_arrays)
        _check_arrays(path, len(runs), our_arrays, their_arrays)
        theirs, largest = CellReader(their_arrays), 0.0
        for run in ours.runs:
            given, their_sums = Given(ours.data_range[run.band]), theirs.sums(run)
            for metric, our_sums in ours.sums(run).items():
                moved = _movements(metric, our_sums, their_sums[metric], given)
                tolerance = allowed[ours.region, *run, metric]
                if not moved <= tolerance:
                    raise StudyError(
                        f"{path}: sums of {metric} of {run.method}-{run.input}, {run.band}, seed"
                        f" {run.seed}: its score would move by {moved:.2g}, tolerance"
                        f" {tolerance:.2g}"
                    )
                largest = max(largest, moved / tolerance)
    shown = f"at most {largest:.0%} of the tolerance" if largest else "all the same"
    return f"{len(ours.runs)} of {len(runs)} runs, {shown}"


def _allowed(path: Path, limits: pd.DataFrame) -> dict[tuple, float]:
    """Return {(region, band, method, input, seed, metric): tolerance} of a table of scores."""
    table = scores.read(path, scores.SCORES)
    found = tolerances.allowed(table, scores.SCORES, limits, ["recompute"] * len(table))
    keys = table.index.to_frame()[["region", "band", "method", "input", "seed", "metric"]]
    return dict(zip(keys.itertuples(index=False, name=None), found, strict=True))


@contextmanager
def _open_sent(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    """Open another person's file of cells; StudyError unless it can be read safely.

    Nothing is unpickled. Arrays are not compressed, so they are no larger than the file.
    """
    with plain_file(path, MAX_MB).open("rb") as stream:
        if stream.read(len(ZIP)) != ZIP:
            raise StudyError(f"{path}: not a file of cells; it was not opened")
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as archive:
                entries = archive.zip.infolist()
                if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                    raise StudyError(f"{path}: compressed, unlike a file of cells; it was not read")
                if sum(entry.file_size for entry in entries) > path.stat().st_size:
                    raise StudyError(f"{path}: its arrays overlap; it was not read")
                yield archive
        except UNREADABLE as error:
            raise StudyError(f"{path}: not a file of cells ({error!r})") from None


def _check_about(path, runs, our_arrays, their_arrays):
    """Raise StudyError unless a file describes the same cells, and all runs."""
    ours, theirs = (json.loads(bytes(arrays[ABOUT])) for arrays in (our_arrays, their_arrays))
    wanted = {**ours, "runs": [list(run) for run in runs]}
    if theirs.keys() != wanted.keys():
        raise StudyError(f"{path}: describes {sorted(theirs)}, not {sorted(wanted)}")
    for key, value in wanted.items():
        same = theirs[key] == value
        if key == "data_range" and theirs[key].keys() == value.keys():
            found = [float(theirs[key][band]) for band in value]
            same = np.allclose(found, [*value.values()], rtol=FLOAT32_ROUNDING, atol=0)
        if not same:
            raise StudyError(f"{path}: {key} is {theirs[key]!r}, not {value!r}")


def _check_arrays(path, runs, our_arrays, their_arrays):
    """Raise StudyError unless all arrays are there, of the right type, and the cells the same.

    runs: their number.
    """
    tiles = json.loads(bytes(our_arrays[ABOUT]))["tiles"]
    places = {"cells", *(f"{run}.at" for run in range(runs))}
    sums = {"pixels", "shared", *map(str, range(runs))}
    names = [f"{tile}/{part}" for tile, part in product(range(tiles), sorted(places | sums))]
    if sorted(their_arrays.zip.namelist()) != sorted([ABOUT, *(f"{name}.npy" for name in names)]):
        raise StudyError(f"{path}: other arrays than those of {tiles} tiles and {runs} runs")
    for name in names:
        array, part = their_arrays[name], name.partition("/")[2]
        kind = np.dtype(np.int64 if part in places else np.float64)
        if array.dtype != kind:
            raise StudyError(f"{path}: {name} is {array.dtype}, not {kind}")
        if part in ("cells", "pixels") and not np.array_equal(array, our_arrays[name]):
            raise StudyError(f"{path}: {name} differs from that made here")


def _movements(metric: str, ours: np.ndarray, theirs: np.ndarray, given: Given) -> float:
    """Return how far the score of a metric would move with the sums `theirs`; see _compare_cells.

    ours, theirs: sums (terms, cells). Numbers of pixels or windows, which come first, must be the
    same, else this is infinite. If the score is undefined, as for a constant image, the mean of
    each term must not move.
    """
    if not np.array_equal(ours[0], theirs[0]):
        return np.inf
    with np.errstate(all="ignore"):
        changes = theirs - ours
        changes = np.column_stack([changes, changes.sum(axis=1)])  # the last: all cells together
        total = ours.sum(axis=1)
        # (changed term, changed cell, terms)
        changed = total + changes[..., np.newaxis] * np.eye(len(total))[:, np.newaxis]
        value, values = (METRICS[metric].value(sums, given) for sums in (total, changed))
        moved = (
            scores.absolute_difference(value, values)
            if np.isfinite(value)
            else np.abs(changes) / max(total[0], 1)
        )
        cell_by_cell = np.sqrt((moved[:, :-1] ** 2).sum(axis=1))
        return float(np.maximum(cell_by_cell, moved[:, -1]).max())
