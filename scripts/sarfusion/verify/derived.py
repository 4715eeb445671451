"""Check results that must follow from the scores in a folder: differences and texts of tables."""

from collections.abc import Callable
from itertools import product, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import StudyError
from ..scoring.differences import interval_of
from ..study.comparisons import paired_runs
from ..study.figures import FIGURES
from ..study.layout import Layout
from . import scores
from .files import read_text
from .models import read_record

MAX_MB = 100
CONTEXT = 40  # characters that a message quotes on both sides of a difference
MEAN_TOLERANCE = 1e-9  # absolute and relative: a mean may be summed in another order


def check_differences(folder: Path, name: str, site: str, protocol: str) -> str:
    """Return a note if all differences in a table follow from scores, and intervals from errors.

    name: path of the table in the results `folder`. A difference is the mean over seeds of
    differences of scores, its error over seeds follows from their spread, and its interval from
    the errors and the number of blocks. Raises StudyError for the first row where this is not so.
    """
    differences = scores.read(folder / name, scores.DIFFERENCES)
    table = scores.read(folder / f"metrics/{site}/{protocol}.csv", scores.SCORES).reset_index()
    by_run: dict[tuple, dict[int, float]] = {}
    keys = ["region", "band", "metric", "method", "input"]
    for *key, seed, value in table[[*keys, "seed", "value"]].to_numpy():
        by_run.setdefault(tuple(key), {})[seed] = value
    expected = []
    for key, row in zip(differences.index, differences.to_dict("records"), strict=True):
        about = dict(zip(differences.index.names, key, strict=True))
        place = [about[column] for column in keys[:3]]
        left, right = (
            by_run.get((*place, about[f"{side}_method"], about[f"{side}_input"]), {})
            for side in ("left", "right")
        )
        pairs = np.array(paired_runs(left, right), float).reshape(-1, 2)
        of_seeds = pairs[:, 0] - pairs[:, 1]
        mean = of_seeds.mean() if len(pairs) else np.nan
        error = of_seeds.std(ddof=1) / np.sqrt(len(pairs)) if len(pairs) > 1 else 0.0
        has_interval = np.isfinite([row["low"], row["high"]]).any()
        ends = interval_of(row) if has_interval else (row["low"], row["high"])
        expected.append((len(pairs), mean, error, *ends))
    columns = ["seeds", "difference", "seed_error", "low", "high"]
    follows = np.array(expected, float).reshape(-1, len(columns))
    found = differences[columns].to_numpy(float)
    same = np.isclose(found, follows, rtol=MEAN_TOLERANCE, atol=MEAN_TOLERANCE, equal_nan=True)
    for row, column in np.argwhere(~same)[:1]:
        raise StudyError(
            f"{name}: {scores.describe_row(differences.index[row], scores.DIFFERENCES)}:"
            f" {columns[column]} is {found[row, column]:.9g}, but {follows[row, column]:.9g}"
            " follows from the scores"
        )
    return f"{len(differences)} differences follow from the scores"


def derived_files(study: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the paths of the tables and figures (PNG) that follow from a study's scores."""
    layout = Layout(study, is_whole=True)
    figures = layout.figures(lambda drawing: FIGURES[drawing.kind].from_tables)
    return layout.tables(), [path for path in figures if path.endswith(".png")]


def check_given(study: dict[str, Any], folder: Path) -> str:
    """Return a note if the scores and records can be read, so that tables can be made from them.

    Raises StudyError for the first file that cannot.
    """
    layout = Layout(study, str(folder), is_whole=True)
    tables = [*layout.score_tables(), *layout.transfer_tables(), *layout.difference_tables()]
    tables += [*layout.uncertainty_tables(), *layout.land_cover_tables()]
    for path in tables:
        scores.read(Path(path), scores.form_of(path))
    for site, protocol in product(layout.sites, layout.protocols):
        for path in layout.records(site, protocol):
            read_record(Path(path))
    return f"{len(tables)} tables of scores can be read"


def compare_derived(compare: Callable[[Path, Path], str], here: Path, there: Path) -> str:
    """Return a note if a table or figure equals the one made here from the same scores."""
    if not here.exists():
        raise StudyError(f"{there}: could not be made from the scores; see {here.parents[1]}/logs")
    return compare(here, there)


def compare_text(ours: Path, theirs: Path) -> str:
    """Return a note if two text files are equal; StudyError names the first line that differs."""
    return compare_lines(ours.read_text(encoding="utf-8").splitlines(), theirs)


def compare_lines(our_lines: list[str], theirs: Path) -> str:
    """Return a note if a text file has the lines that were made here; StudyError as above."""
    their_lines = read_text(theirs, MAX_MB).splitlines()
    pairs = zip(our_lines, their_lines, strict=False)
    for number, (our_line, their_line) in enumerate(pairs, start=1):
        if our_line != their_line:
            letters = zip(our_line, their_line, strict=False)
            column = len([*takewhile(lambda pair: pair[0] == pair[1], letters)])
            raise StudyError(
                f"{theirs}: line {number} is {excerpt(their_line, column)!r}, but"
                f" {excerpt(our_line, column)!r} follows from the scores"
            )
    if len(our_lines) != len(their_lines):
        raise StudyError(
            f"{theirs}: {len(their_lines)} lines, but {len(our_lines)} follow from the scores"
        )
    return "follows from the scores"


def excerpt(line: str, column: int) -> str:
    """Return the part of a line around `column`, with dots where it is cut."""
    first, end = max(column - CONTEXT, 0), column + CONTEXT
    return f"{'...' * (first > 0)}{line[first:end]}{'...' * (end < len(line))}"
