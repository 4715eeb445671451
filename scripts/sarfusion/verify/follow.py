"""What must follow from the scores in a results folder: differences, and the texts of tables."""

from itertools import takewhile

import numpy as np

from ..core.errors import StudyError
from ..study.comparisons import paired_runs
from . import scores
from .files import read_text

MOST_MB = 100
AROUND = 40  # characters of a line that are told on both sides of a difference
ROUNDING = 1e-9  # of a mean of scores that was added up in another order


def check_differences(folder, name, site, protocol):
    """Return a note on a table of differences that are the mean differences of scores.

    name: of the table in the results `folder`. Raises StudyError for the first one that is not.
    """
    differences = scores.read(folder / name, scores.DIFFERENCES)
    table = scores.read(folder / f"metrics/{site}/{protocol}.csv", scores.SCORES).reset_index()
    by_run: dict[tuple, dict[int, float]] = {}
    keys = ["region", "band", "metric", "method", "input"]
    for *key, seed, value in table[[*keys, "seed", "value"]].to_numpy():
        by_run.setdefault(tuple(key), {})[seed] = value
    for key, row in differences.iterrows():
        about = dict(zip(differences.index.names, key, strict=True))
        place = [about[column] for column in keys[:3]]
        left, right = (
            by_run.get((*place, about[f"{side}_method"], about[f"{side}_input"]), {})
            for side in ("left", "right")
        )
        pairs = np.array(paired_runs(left, right), float).reshape(-1, 2)
        wanted = (pairs[:, 0] - pairs[:, 1]).mean() if len(pairs) else np.nan
        if row["seeds"] != len(pairs) or not np.isclose(
            row["difference"], wanted, rtol=ROUNDING, atol=ROUNDING, equal_nan=True
        ):
            raise StudyError(
                f"{name}: {scores.told(key, scores.DIFFERENCES)}: the difference is"
                f" {row['difference']:.9g}, from the scores follows {wanted:.9g}"
            )
    return f"{len(differences)} differences follow from the scores"


def compare_text(ours, theirs):
    """Return a note on two texts that are the same; StudyError names the first line, if not."""
    told = read_text(theirs, MOST_MB).splitlines()
    made = ours.read_text(encoding="utf-8").splitlines()
    for number, (one, other) in enumerate(zip(made, told, strict=False), start=1):
        if one != other:
            same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
            where = len([*same])
            raise StudyError(
                f"{theirs}: line {number} is {around(other, where)!r}; from the scores follows"
                f" {around(one, where)!r}"
            )
    if len(made) != len(told):
        raise StudyError(f"{theirs}: {len(told)} lines; from the scores follow {len(made)}")
    return "follows from the scores"


def around(line, column):
    """Return what people need of a line that differs from another one at `column`."""
    first, end = max(column - AROUND, 0), column + AROUND
    return f"{'...' * (first > 0)}{line[first:end]}{'...' * (end < len(line))}"
