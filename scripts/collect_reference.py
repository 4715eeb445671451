"""Collect from a study's results what others need to verify theirs: results/reference/STUDY.

    python scripts/collect_reference.py STUDY_FILE RESULTS TARGET

RESULTS: results/STUDY, complete. TARGET is replaced.
All tables and the records of all trained models are kept. Weights are kept for the first band, with
all seeds, so that every kind of model, score and interval can be recomputed once; for the first
seed, with all bands, which the maps show; and for the methods that fill the clouds of the scenes.
Figures are kept as thumbnails, generated scenes as the means of their blocks.
"""

import platform
import sys
import tempfile
from pathlib import Path

import pandas as pd
import torch
from sarfusion.core.errors import StudyError
from sarfusion.core.files import copy_as_new, read_json, sha256, write_csv, write_json, write_text
from sarfusion.product.choice import best_method, is_of
from sarfusion.provenance.facts import commit, packages
from sarfusion.scenes.sources import SOURCES
from sarfusion.study.config import read_study
from sarfusion.study.layout import Layout
from sarfusion.study.model_files import model_name, record_path, weights_path
from sarfusion.verify.checksums import SUMS
from sarfusion.verify.compared import WEIGHT_SUMS
from sarfusion.verify.expected import every_model
from sarfusion.verify.pictures import write_thumbnail
from sarfusion.verify.scenes import block_means_of, means_path


def main(study_file, results, target):
    """Write the reference of a study to the folder `target`."""
    made_from = commit()  # before the new files make the working tree dirty
    study = read_study(study_file)
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as temporary:
        new = Path(temporary, "new")
        collect(study, Path(results), new, made_from)
        if target.exists():
            target.replace(Path(temporary, "old"))
        new.replace(target)


def collect(study, results, new, made_from):
    """Fill the folder `new`, and write the checksums of its files last. made_from: the commit."""
    copy_as_new(results / "config.yaml", new / "config.yaml")
    for folder, pattern in (
        ("tables", "*"),
        ("metrics", "*/*.csv"),
        ("scenes", "*/scene.json"),
        ("scenes", "*/dates/*.json"),
    ):
        for path in sorted((results / folder).glob(pattern)):
            copy_as_new(path, new / path.relative_to(results))
    for site, settings in study["sites"].items():
        if SOURCES[settings["source"]].is_generated:
            write_json(means_path(new, site), block_means_of(results / f"scenes/{site}"))
    copy_models(study, results / "models", new)
    for path in sorted((results / "figures").glob("*.png")):
        write_thumbnail(path, new / "figures" / path.name)
    about = {
        "study": study["study"],
        "commit": made_from,
        "machine": f"{platform.system()} {platform.machine()}",
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "packages": packages(),
    }
    write_json(new / "about.json", about)
    files = sorted(path for path in new.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(new).as_posix()}\n" for path in files]
    write_text(new / SUMS, "".join(lines))


def copy_models(study, models, new):
    """Copy all records and some weights, and write the checksums of all weights."""
    sums = []
    filling = filling_models(study, models)
    for name, identity in every_model(study).items():
        copy_as_new(record_path(models, name), record_path(new / "models", name))
        first = identity["band"] == study["bands"][0] or identity["seed"] == study["seeds"][0]
        if first or name in filling:
            copy_as_new(weights_path(models, name), weights_path(new / "models", name))
        sums.append((name, sha256(weights_path(models, name))))
    write_csv(new / WEIGHT_SUMS, pd.DataFrame(sums, columns=["model", "sha256"]))


def filling_models(study, models):
    """Return the names of the models, at all sites, whose method fills the clouds of any site."""
    layout = Layout(study)
    protocol = layout.product_protocol or ""
    records = [
        {
            name: read_json(record_path(models, name))
            for name in (model_name(site, protocol, *run) for run in layout.product_runs())
        }
        for site in layout.sites
    ]
    methods = [best_method(of_site.values()) for of_site in records if of_site]
    return {
        name
        for of_site in records
        for name, record in of_site.items()
        if any(is_of(method, record) for method in methods)
    }


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
