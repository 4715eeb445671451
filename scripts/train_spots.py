"""Train several models one after another in one process."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from train_model import main as train


def main(
    *,
    models: Sequence[Mapping[str, Any]],
    descriptions: Sequence[str | Path],
    weights: Sequence[str | Path],
    records: Sequence[str | Path],
    threads: int,
) -> None:
    """Train each model and write its weights and record.

    models: arguments of train_model.py for each model. descriptions: of the site of each. weights,
    records: files of each.
    """
    for model, description, *files in zip(models, descriptions, weights, records, strict=True):
        arguments = {**model, "description": description, "threads": threads}
        train(**arguments, weights=files[:1], records=files[1:])


if __name__ == "__main__":
    run(main, snakemake)
