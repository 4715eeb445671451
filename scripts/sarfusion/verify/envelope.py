"""How far results move for reasons that are none of science's: threads, processors, seeds.

A movement is the largest difference from the study's own results of any band, method and input.
The pixels of fused rasters count as a metric.
"""

from itertools import product

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from ..core.files import sha256
from ..study.layout import model_name, weights_path
from . import scores
from .expected import difference_tables, every_model, score_tables
from .pixels import compare_rasters
from .scores import PLACE
from .tolerances import HISTOGRAMS, OTHER_SEED, PIXEL, SAME_WEIGHTS, TIMES_N, TRAINED_AGAIN

FEWER_DIGITS = "trained with bfloat16 products"  # beside the others; no tolerance rests on it
SEEDS = "seeds"  # the name of the variant that is another seed
BFLOAT16 = "bfloat16"  # and of that with fewer digits in training
COLUMNS = ["kind", "variant", *PLACE, "moved"]
IDENTITY = ["protocol", "model", "input", "band", "seed"]
WEIGHTS = ["variant", *IDENTITY, "same_bytes", "moved"]
# Folder, kind, and tables that are compared, with how much of a movement counts: a difference has
# two ends. With one seed of several trained again, differences are others than the study's.
FUSED = ("fused", SAME_WEIGHTS, ((score_tables, 1), (difference_tables, 2)))
TRAINED = ("trained", TRAINED_AGAIN, ((score_tables, 1),))
WITH_FEWER_DIGITS = ("trained", FEWER_DIGITS, ((score_tables, 1),))


def measure(study, results, folder):
    """Return the tables COLUMNS and WEIGHTS of the runs in a folder.

    results: results/STUDY, complete. folder/VARIANT/fused/results/STUDY: the same weights, fused
    and scored under a variant; folder/VARIANT/trained/results/STUDY: some of the models, trained
    again under it.
    """
    variants = sorted(path.parents[1].name for path in folder.glob("*/fused/results"))
    made = [(name, *kind) for name, kind in product(variants, (FUSED, TRAINED))]
    if (folder / BFLOAT16 / "trained/results").exists():
        made.append((BFLOAT16, *WITH_FEWER_DIGITS))
    moved, weights = [], []
    for variant, kind, label, tables in made:
        again = folder / variant / kind / "results" / study["study"]
        found = moved_results(study, results, again, tables)
        if label != SAME_WEIGHTS:  # with other weights, every value moves
            found = found[~found["metric"].str.endswith(TIMES_N)]
        moved.append(found.assign(kind=label, variant=variant))
        if kind == "trained":
            rows = weights_trained_again(study, results / "models", again / "models")
            weights += [(variant, *row) for row in rows]
    moved.append(moved_seeds(study, results).assign(kind=OTHER_SEED, variant=SEEDS))
    weights += [(SEEDS, *row) for row in weights_of_seeds(study, results / "models")]
    return pd.concat(moved)[COLUMNS], pd.DataFrame(weights, columns=WEIGHTS)


def movement(reference, variant):
    """Return the largest movement of each PLACE between two columns of tables (scores.read)."""
    both = reference.index.intersection(variant.index)
    one, other = reference.loc[both], variant.loc[both]
    moved = (one - other).abs().where(one != other, 0)  # inf - inf is no number
    moved = moved[~(one.isna() & other.isna())].fillna(np.inf)
    return moved.groupby(list(PLACE), sort=False).max().rename("moved").reset_index()


def count_movement(reference: pd.DataFrame, variant: pd.DataFrame) -> pd.DataFrame:
    """Return the largest movement, times n, of the HISTOGRAMS of each PLACE (see tolerances).

    reference, variant: tables of scores (scores.read). The metrics get the suffix TIMES_N.
    """
    one, other = (
        (table["value"] * table["n"])[table.index.get_level_values("metric").isin(HISTOGRAMS)]
        for table in (reference, variant)
    )
    moved = movement(one, other)
    return moved.assign(metric=moved["metric"] + TIMES_N)


def seed_spread(reference):
    """Return the largest difference between two seeds of each PLACE in a column of scores."""
    runs = [name for name in reference.index.names if name != "seed"]
    values = reference.replace([np.inf, -np.inf], np.nan).groupby(runs, sort=False)
    spread = (values.max() - values.min())[values.size() > 1]
    return spread.groupby(list(PLACE), sort=False).max().rename("moved").reset_index()


def moved_results(study, results, again, tables):
    """Return the largest movement of each PLACE between two results folders.

    tables: (names of tables, by how much their movement is divided), as in FUSED.
    """
    found = []
    for names, ends in tables:
        for name, *_ in names(study):
            if (again / name).exists():
                form = scores.form_of(name)
                one, other = (scores.read(path / name, form) for path in (results, again))
                for column in form.close:
                    part = movement(one[column], other[column])
                    found.append(part.assign(moved=part["moved"] / ends))
                if form is scores.SCORES:
                    found.append(count_movement(one, other))
    for protocol in study["protocols"]:
        largest = [
            compare_rasters(results / path.relative_to(again), path, np.inf)
            for site in study["sites"]
            for path in sorted(again.glob(f"fused/{site}/{protocol}/**/*.tif"))
        ]
        found.append(_of_pixels(protocol, max(largest)))
    return pd.concat(found).groupby(list(PLACE), sort=False)["moved"].max().reset_index()


def moved_seeds(study, results):
    """Return the largest difference between two seeds of each PLACE in a results folder."""
    found = [
        seed_spread(scores.read(results / name, scores.SCORES)["value"])
        for name, *_ in score_tables(study)
    ]
    for protocol in study["protocols"]:
        largest = [
            compare_rasters(results / f"fused/{one}.tif", results / f"fused/{other}.tif", np.inf)
            for one, other in pairs_of_seeds(study)
            if one.split("/")[1] == protocol
        ]
        found.append(_of_pixels(protocol, max(largest, default=0)))
    return pd.concat(found)


def _of_pixels(protocol, largest):
    """Return the movement of the pixels of a protocol as a table."""
    return pd.DataFrame([(protocol, "scene", PIXEL, largest)], columns=[*PLACE, "moved"])


def pairs_of_seeds(study):
    """Return the names of models that differ in nothing but their seed, the first one of all."""
    return [
        (name, model_name(*(identity | {"seed": seed}).values()))
        for name, identity in every_model(study).items()
        for seed in study["seeds"]
        if identity["seed"] < seed
    ]


def weights_trained_again(study, models, again):
    """Yield (*IDENTITY, *distance) of each model that stands in the folder `again` too."""
    for name, identity in every_model(study).items():
        paths = [weights_path(folder, name) for folder in (models, again)]
        if paths[1].exists():
            yield *(identity[key] for key in IDENTITY), *distance(*paths)


def weights_of_seeds(study, models):
    """Yield (*IDENTITY, *distance) of each pair of seeds."""
    known = every_model(study)
    for names in pairs_of_seeds(study):
        paths = [weights_path(models, name) for name in names]
        yield *(known[names[0]][key] for key in IDENTITY), *distance(*paths)


def distance(path, other):
    """Return (whether two files of weights are the same, distance relative to their norm)."""
    one, two = (
        np.concatenate(
            [values.ravel().astype(np.float64) for _, values in sorted(load_file(p).items())]
        )
        for p in (path, other)
    )
    return sha256(path) == sha256(other), np.linalg.norm(one - two) / np.linalg.norm(one)
