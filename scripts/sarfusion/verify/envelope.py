"""How far results move for reasons unrelated to science: threads, processors, seeds.

A movement is the largest difference from the study's own results over all bands, methods and
inputs. The pixels of fused rasters are treated as a metric.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from ..core.files import sha256
from ..study.model_files import model_name, weights_path
from . import scores
from .expected import (
    difference_tables,
    every_model,
    land_cover_tables,
    score_tables,
    uncertainty_tables,
)
from .pixels import compare_rasters
from .scores import PLACE
from .tolerances import (
    COUNTS,
    FUSED_BFLOAT16,
    HISTOGRAMS,
    OTHER_SEED,
    PIXEL,
    SAME_WEIGHTS,
    TIMES_N,
    TIMES_ROOT_N,
    TRAINED_AGAIN,
    family,
)

TRAINED_BFLOAT16 = "trained with bfloat16 products"  # for information; not used for tolerances
SEEDS = "seeds"  # name of the variant that is another seed
BFLOAT16 = "bfloat16"  # name of the variants with fewer digits, in training and in fusing
COLUMNS = ["kind", "variant", *PLACE, "moved"]
IDENTITY = ["protocol", "model", "input", "band", "seed"]
WEIGHTS = ["variant", *IDENTITY, "same_bytes", "moved"]
Tables = tuple[tuple[Callable[[Mapping[str, Any]], Iterable[tuple[str, str, str]]], float], ...]
# (folder, kind, tables that are compared). A table comes with a divisor of its movements: both
# scores of a difference move. If only one of several seeds was trained again, differences are not
# comparable with the study's.
FUSED: tuple[str, str, Tables] = (
    "fused",
    SAME_WEIGHTS,
    ((score_tables, 1), (difference_tables, 2), (uncertainty_tables, 1), (land_cover_tables, 1)),
)
TRAINED: tuple[str, str, Tables] = ("trained", TRAINED_AGAIN, ((score_tables, 1),))
OF_BFLOAT16 = (("fused", FUSED_BFLOAT16, FUSED[2]), ("trained", TRAINED_BFLOAT16, TRAINED[2]))


def measure(
    study: Mapping[str, Any], results: Path, folder: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the movements (COLUMNS) of the runs in a folder, and those of weights (WEIGHTS).

    results: results/STUDY, complete. folder: contains VARIANT/fused/results/STUDY, fused and scored
    with the same weights under a variant, and VARIANT/trained/results/STUDY, with some of the
    models trained again under it.
    """
    variants = sorted(path.parents[1].name for path in folder.glob("*/fused/results"))
    runs = [
        (name, *kind)
        for name in variants
        for kind in (OF_BFLOAT16 if name == BFLOAT16 else (FUSED, TRAINED))
    ]
    moved: list[pd.DataFrame] = []
    weights: list[tuple] = []
    for variant, kind, label, tables in runs:
        again = folder / variant / kind / "results" / study["study"]
        of_run = moved_results(study, results, again, tables)
        if label != SAME_WEIGHTS:  # every value moves, not only those within rounding of an edge
            of_run = of_run[~of_run["metric"].str.endswith((TIMES_N, TIMES_ROOT_N))]
        moved.append(of_run.assign(kind=label, variant=variant))
        if kind == "trained":
            rows = weights_trained_again(study, results / "models", again / "models")
            weights += [(variant, *row) for row in rows]
    moved.append(moved_seeds(study, results).assign(kind=OTHER_SEED, variant=SEEDS))
    weights += [(SEEDS, *row) for row in weights_of_seeds(study, results / "models")]
    # Not as objects, among which NaN would be the larger of two numbers.
    table = pd.concat(moved)[COLUMNS].astype({"moved": float})
    return table, pd.DataFrame(weights, columns=WEIGHTS)


def with_variants(
    table: pd.DataFrame, measured: pd.DataFrame, variants: Sequence[str]
) -> pd.DataFrame:
    """Return a table of `measure` with the rows of some variants replaced by those measured."""
    others = table[~table["variant"].isin(variants)]
    return pd.concat([others, measured[measured["variant"].isin(variants)]])[list(table.columns)]


def movement(reference: pd.Series, variant: pd.Series) -> pd.DataFrame:
    """Return the largest movement of each PLACE between two columns of tables (scores.read).

    The points of a curve are one metric, see tolerances.family.
    """
    both = reference.index.intersection(variant.index)
    one, other = reference.loc[both], variant.loc[both]
    moved = (one - other).abs().where(one != other, 0)  # equal infinities differ by 0, not NaN
    moved = moved[~(one.isna() & other.isna())].fillna(np.inf)
    moved = moved.rename(index=family, level="metric")
    return moved.groupby(list(PLACE), sort=False).max().rename("moved").reset_index()


def scaled_movement(reference: pd.DataFrame, variant: pd.DataFrame) -> pd.DataFrame:
    """Return the largest movement of each PLACE, times n or the square root of n (tolerances).

    reference, variant: tables with values (scores.read). HISTOGRAMS and COUNTS are multiplied by n
    and get the suffix TIMES_N; the others are multiplied by its root, with TIMES_ROOT_N.
    """
    in_steps = reference.index.get_level_values("metric").map(family).isin(HISTOGRAMS + COUNTS)
    parts = []
    for chosen, power, suffix in ((in_steps, 1, TIMES_N), (~in_steps, 0.5, TIMES_ROOT_N)):
        factor = reference["n"][chosen].astype(float) ** power
        others = variant["value"].reindex(factor.index.intersection(variant.index))
        moved = movement(reference["value"][chosen] * factor, others * factor.loc[others.index])
        parts.append(moved.assign(metric=moved["metric"] + suffix))
    return pd.concat(parts)


def seed_spread(reference: pd.Series) -> pd.DataFrame:
    """Return the largest difference between two seeds of each PLACE in a column of scores."""
    runs = [name for name in reference.index.names if name != "seed"]
    values = reference.replace([np.inf, -np.inf], np.nan).groupby(runs, sort=False)
    spread = (values.max() - values.min())[values.size() > 1]
    return spread.groupby(list(PLACE), sort=False).max().rename("moved").reset_index()


def moved_results(
    study: Mapping[str, Any], results: Path, again: Path, tables: Tables
) -> pd.DataFrame:
    """Return the largest movement of each PLACE between two results folders.

    tables: (function that yields the tables, divisor of their movements), ..., see FUSED.
    """
    moved = []
    for tables_of, divisor in tables:
        for name, *_ in tables_of(study):
            if (again / name).exists():
                form = scores.form_of(name)
                one, other = (scores.read(path / name, form) for path in (results, again))
                for column in form.close:
                    of_column = movement(one[column], other[column])
                    moved.append(of_column.assign(moved=of_column["moved"] / divisor))
                if form is not scores.DIFFERENCES:
                    moved.append(scaled_movement(one, other))
    for protocol in study["protocols"]:
        largest = [
            compare_rasters(results / path.relative_to(again), path, np.inf)
            for site in study["sites"]
            for path in sorted(again.glob(f"fused/{site}/{protocol}/**/*.tif"))
        ]
        moved.append(_of_pixels(protocol, max(largest)))
    return pd.concat(moved).groupby(list(PLACE), sort=False)["moved"].max().reset_index()


def moved_seeds(study: Mapping[str, Any], results: Path) -> pd.DataFrame:
    """Return the largest difference between two seeds of each PLACE in a results folder."""
    moved = [
        seed_spread(scores.read(results / name, scores.SCORES)["value"])
        for name, *_ in score_tables(study)
    ]
    for protocol in study["protocols"]:
        largest = [
            compare_rasters(results / f"fused/{one}.tif", results / f"fused/{other}.tif", np.inf)
            for one, other in pairs_of_seeds(study)
            if one.split("/")[1] == protocol
        ]
        moved.append(_of_pixels(protocol, max(largest, default=0)))
    return pd.concat(moved)


def _of_pixels(protocol: str, largest: float) -> pd.DataFrame:
    """Return the movement of the pixels of a protocol as a table with one row."""
    return pd.DataFrame([(protocol, "scene", PIXEL, largest)], columns=[*PLACE, "moved"])


def pairs_of_seeds(study: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs of names of models that differ only in their seed, the smaller one first."""
    return [
        (name, model_name(*(identity | {"seed": seed}).values()))
        for name, identity in every_model(study).items()
        for seed in study["seeds"]
        if identity["seed"] < seed
    ]


def weights_trained_again(study: Mapping[str, Any], models: Path, again: Path) -> Iterator[tuple]:
    """Yield (*IDENTITY, *distance) of each model that is in the folder `again` too."""
    for name, identity in every_model(study).items():
        paths = [weights_path(folder, name) for folder in (models, again)]
        if paths[1].exists():
            yield *(identity[key] for key in IDENTITY), *distance(*paths)


def weights_of_seeds(study: Mapping[str, Any], models: Path) -> Iterator[tuple]:
    """Yield (*IDENTITY, *distance) of each pair of seeds."""
    identities = every_model(study)
    for names in pairs_of_seeds(study):
        paths = [weights_path(models, name) for name in names]
        yield *(identities[names[0]][key] for key in IDENTITY), *distance(*paths)


def distance(path: Path, other: Path) -> tuple[bool, float]:
    """Return whether two files of weights have the same bytes, and their relative distance.

    The distance is the norm of the difference of all weights, divided by the norm of the first.
    """
    one, two = (
        np.concatenate(
            [values.ravel().astype(np.float64) for _, values in sorted(load_file(p).items())]
        )
        for p in (path, other)
    )
    relative = np.linalg.norm(one - two) / np.linalg.norm(one)
    return sha256(path) == sha256(other), float(relative)
