"""Tabulate how far results move with threads, instruction sets, devices and seeds.

    python scripts/tabulate_envelope.py STUDY_FILE RESULTS ENVELOPE

RESULTS: results/STUDY, complete. ENVELOPE/VARIANT/fused/results/STUDY: the same weights, fused
and scored under a variant; ENVELOPE/VARIANT/trained/results/STUDY: some of the models, trained
again under it. Writes ENVELOPE/{envelope,weights,tolerances}.csv and envelope.md.
"""

import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import load_file
from sarfusion.errors import StudyError
from sarfusion.files import sha256, write_csv, write_text
from sarfusion.study import read_study
from sarfusion.tables import as_text
from sarfusion.verify import envelope, scores
from sarfusion.verify.envelope import (
    FEWER_DIGITS,
    OTHER_SEED,
    PIXEL,
    SAME_WEIGHTS,
    TRAINED_AGAIN,
)
from sarfusion.verify.expected import (
    difference_tables,
    every_model,
    model_name,
    score_tables,
    weights_path,
)
from sarfusion.verify.pixels import compare_rasters

# Folder, kind, and tables that are compared, with how much of a movement counts: a difference has
# two ends. With one seed of several trained again, differences are others than the study's.
KINDS = (
    ("fused", SAME_WEIGHTS, ((score_tables, 1), (difference_tables, 2))),
    ("trained", TRAINED_AGAIN, ((score_tables, 1),)),
)
SEEDS = "seeds"  # the name of the variant that is another seed
BFLOAT16 = "bfloat16"  # and of that with fewer digits in training
WEIGHTS = ["variant", "protocol", "model", "input", "band", "seed", "same_bytes", "moved"]
HEADLINES = {"reconstruction": "test", "cloud_gap": "gap", "sharpening": "test"}
SHOWN = ("rmse", "ssim", "uiqi", "cc", "ergas")
NOTE = """\
How far numbers move from those of the demo when nothing that matters to science is changed: the
same again, other thread counts, older instruction sets (really switched off in PyTorch, oneDNN,
OpenBLAS and NumPy, whatever the processor could do), a GPU where there was one. `same weights`:
the models of the demo, fused and scored again, methods without training too. `trained again`: each
kind of model, for one band and seed. `other seed`: the largest difference between two seeds of one
model and band, beside which the others are to be seen. 0 is the same to the last bit. Training
with bfloat16 products (`training.precision`) does change what is computed, and stands apart: the
default is float32, and no tolerance rests on it.

Weights: how many of the models that were trained again have the same bytes, and how far the others
lie from those of the demo, relative to their norm.
"""


def main(study_file, results, folder):
    """Write the tables of the envelope."""
    study = read_study(study_file)
    results, folder = Path(results), Path(folder)
    variants = sorted(path.parents[1].name for path in folder.glob("*/fused/results"))
    made = [(name, *kind) for name, kind in product(variants, KINDS)]
    if (folder / BFLOAT16 / "trained/results").exists():
        made.append((BFLOAT16, "trained", FEWER_DIGITS, ((score_tables, 1),)))
    table = pd.concat(
        [
            *(
                moved(
                    study, results, folder / name / kind / "results" / study["study"], tables
                ).assign(kind=label, variant=name)
                for name, kind, label, tables in made
            ),
            seed_spread(study, results).assign(kind=OTHER_SEED, variant=SEEDS),
        ]
    )[envelope.COLUMNS]
    weights = pd.DataFrame(
        [
            *(
                row
                for name, kind, *_ in made
                if kind == "trained"
                for row in moved_weights(study, results, folder, name)
            ),
            *spread_weights(study, results),
        ],
        columns=WEIGHTS,
    )
    write_csv(folder / "envelope.csv", table)
    write_csv(folder / "weights.csv", weights)
    write_csv(folder / "tolerances.csv", envelope.tolerances(table))
    write_text(folder / "envelope.md", as_markdown(table, weights))


def moved(study, results, variant, tables):
    """Return the largest movement of each place between two results folders."""
    found = []
    for names, ends in tables:
        for name, *_ in names(study):
            if (variant / name).exists():
                form = scores.form_of(name)
                one, other = (scores.read(path / name, form) for path in (results, variant))
                for column in form.close:
                    part = envelope.movement(one[column], other[column])
                    found.append(part.assign(moved=part["moved"] / ends))
    for protocol in study["protocols"]:
        largest = [
            compare_rasters(results / path.relative_to(variant), path, np.inf)
            for site in study["sites"]
            for path in sorted(variant.glob(f"fused/{site}/{protocol}/**/*.tif"))
        ]
        found.append(pixel_row(protocol, max(largest)))
    return pd.concat(found).groupby(list(scores.PLACE), sort=False)["moved"].max().reset_index()


def seed_spread(study, results):
    """Return the largest difference between two seeds of each place."""
    found = [
        envelope.seed_spread(scores.read(results / name, scores.SCORES)["value"])
        for name, *_ in score_tables(study)
    ]
    for protocol in study["protocols"]:
        pairs = [
            compare_rasters(*(results / f"fused/{name}.tif" for name in names), np.inf)
            for names in pairs_of_seeds(study)
            if names[0].split("/")[1] == protocol
        ]
        found.append(pixel_row(protocol, max(pairs, default=0)))
    return pd.concat(found)


def pixel_row(protocol, largest):
    """Return the movement of the pixels of a protocol as a table."""
    return pd.DataFrame([(protocol, "scene", PIXEL, largest)], columns=[*scores.PLACE, "moved"])


def pairs_of_seeds(study):
    """Return the names of models that differ in nothing but their seed, the first one of all."""
    return [
        (name, model_name(*(identity | {"seed": seed}).values()))
        for name, identity in every_model(study).items()
        for seed in study["seeds"]
        if identity["seed"] < seed
    ]


def moved_weights(study, results, folder, variant):
    """Yield a row of WEIGHTS for each model that a variant trained again."""
    trained = folder / variant / "trained/results" / study["study"] / "models"
    for name in every_model(study):
        again = weights_path(trained, name)
        if again.exists():
            yield (
                variant,
                *about(study, name),
                *distance(weights_path(results / "models", name), again),
            )


def spread_weights(study, results):
    """Yield a row of WEIGHTS for each pair of seeds."""
    for names in pairs_of_seeds(study):
        paths = (weights_path(results / "models", name) for name in names)
        yield SEEDS, *about(study, names[0]), *distance(*paths)


def about(study, name):
    """Return what a row of WEIGHTS says of a model."""
    identity = every_model(study)[name]
    return (identity[key] for key in ("protocol", "model", "input", "band", "seed"))


def distance(path, other):
    """Return (whether two files of weights are the same, distance relative to their norm)."""
    one, two = (
        np.concatenate(
            [values.ravel().astype(np.float64) for _, values in sorted(load_file(p).items())]
        )
        for p in (path, other)
    )
    return sha256(path) == sha256(other), np.linalg.norm(one - two) / np.linalg.norm(one)


def as_markdown(table, weights):
    """Return the tables for people: headline scores and pixels, then weights."""
    shown = table[
        [
            metric == PIXEL or (region == HEADLINES[protocol] and metric in SHOWN)
            for protocol, region, metric in table[list(scores.PLACE)].to_numpy()
        ]
    ]
    wide = shown.pivot_table(
        index=["protocol", "metric"], columns=["kind", "variant"], values="moved", sort=False
    )
    parts = ["# How far results move", NOTE]
    for kind in (SAME_WEIGHTS, TRAINED_AGAIN, FEWER_DIGITS):
        if kind not in wide:
            continue
        part = wide[kind].map(printed)
        part["other seed"] = wide[OTHER_SEED, SEEDS].map(printed)
        parts += [f"## Scores, {kind}", as_text(part.reset_index(), "github")]
    grouped = weights.groupby(["variant", "protocol", "model"], sort=False)
    rows = [
        (*key, f"{group['same_bytes'].sum()} of {len(group)}", printed(group["moved"].max()))
        for key, group in grouped
    ]
    columns = ["variant", "protocol", "model", "same bytes", "largest distance"]
    parts += ["## Weights", as_text(pd.DataFrame(rows, columns=columns), "github")]
    return "\n\n".join(parts) + "\n"


def printed(value):
    """Return a movement as text."""
    return "" if pd.isna(value) else "0" if value == 0 else f"{value:.1e}"


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
