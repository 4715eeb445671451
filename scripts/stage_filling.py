"""Choose the models that fill the clouds of a new scene, for `./reproduce fill`.

    python scripts/stage_filling.py FOLDER TARGET [--site SITE] [--anyway]

FOLDER: results/STUDY, or a folder with the same layout: with models/ and, for calibrated standard
deviations, metrics/. TARGET: the file of settings to write, which overrides the study of the scene.
SITE: the site or transfer whose models to use, if FOLDER has several.
"""

import argparse
import os
import sys
from pathlib import Path

from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json
from sarfusion.product.choice import best_method, is_of, read_factors
from sarfusion.product.given import (
    check_record,
    check_seeds,
    chosen_place,
    settings,
    without_dates,
)
from sarfusion.study.protocols import PROTOCOLS
from sarfusion.verify.models import read_record


def main(folder, target, site=None, anyway=False):
    """Write the settings."""
    root = relative(folder)
    protocol = next(name for name, about in PROTOCOLS.items() if about.withholds)
    found = sorted(path.name for path in (root / "models").iterdir() if (path / protocol).is_dir())
    place = chosen_place(found, site, str(root))
    records = {}
    for path in sorted((root / "models" / place / protocol).glob("*/*/seed*.json")):
        if path.with_suffix(".safetensors").is_file():  # some models have only a record
            records[str(path.with_suffix(""))] = record = read_record(path)
            check_record(record, str(path))
    records = without_dates(records, f"{root}, models of {place}")
    try:
        method = best_method(records.values())
    except StudyError as error:
        raise StudyError(f"{root}, models of {place} with their weights: {error}") from None
    records = {path: record for path, record in records.items() if is_of(method, record)}
    check_seeds(records)
    table = root / "metrics" / place / f"{protocol}.uncertainty.csv"
    if table.is_file():
        read_factors(table, method)
    else:
        print(
            f"warning: no {table}: the error of filled pixels stays unknown",
            file=sys.stderr,
        )
    chosen = settings(
        records,
        study=root.resolve().name,
        site=place,
        protocol=protocol,
        uncertainty=str(table) if table.is_file() else None,
        anyway=anyway,
    )
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    write_json(target, chosen)


def relative(folder):
    """Return a folder's path, relative if inside the working folder, so that both can be moved."""
    path = Path(folder).resolve()
    return Path(os.path.relpath(path)) if Path.cwd().resolve() in path.parents else path


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("target")
    parser.add_argument("--site")
    parser.add_argument("--anyway", action="store_true")
    try:
        main(**vars(parser.parse_args()))
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
