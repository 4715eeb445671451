"""Collect from a study's results what others need to verify theirs: results/reference/STUDY.

    python scripts/collect_reference.py STUDY_FILE RESULTS TARGET

RESULTS: results/STUDY, complete. TARGET is replaced.
All tables are kept, of the trained models every record, and the weights of the first band, all
seeds: of every model, score and interval there is then one that can be made again. Figures are
kept at a glance, scenes as the means of their blocks.
"""

import platform
import sys
import tempfile
from pathlib import Path

import pandas as pd
import torch
from sarfusion.core.errors import StudyError
from sarfusion.core.files import copy_as_new, sha256, write_csv, write_json, write_text
from sarfusion.provenance.facts import commit, packages
from sarfusion.scenes.sources import SOURCES
from sarfusion.study.config import read_study
from sarfusion.study.layout import record_path, weights_path
from sarfusion.verify.checksums import SUMS
from sarfusion.verify.compared import WEIGHT_SUMS
from sarfusion.verify.expected import every_model
from sarfusion.verify.pictures import write_thumbnail
from sarfusion.verify.pixels import block_means
from sarfusion.verify.scenes import means_path


def main(study_file, results, target):
    """Write the reference of a study to the folder `target`."""
    made_from = commit()  # before there is anything new
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
    """Fill the folder `new`; the sums of all that is in it come last. made_from: the commit."""
    copy_as_new(results / "config.yaml", new / "config.yaml")
    for folder, pattern in (("tables", "*"), ("metrics", "*/*.csv"), ("scenes", "*/scene.json")):
        for path in sorted((results / folder).glob(pattern)):
            copy_as_new(path, new / path.relative_to(results))
    for site, settings in study["sites"].items():
        if SOURCES[settings["source"]].is_generated:
            rasters = sorted((results / f"scenes/{site}").glob("*.tif"))
            write_json(means_path(new, site), {path.stem: block_means(path) for path in rasters})
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
    """Copy all records, the weights of the first band, and write the sums of all weights."""
    sums = []
    for name, identity in every_model(study).items():
        copy_as_new(record_path(models, name), record_path(new / "models", name))
        if identity["band"] == study["bands"][0]:
            copy_as_new(weights_path(models, name), weights_path(new / "models", name))
        sums.append((name, sha256(weights_path(models, name))))
    write_csv(new / WEIGHT_SUMS, pd.DataFrame(sums, columns=["model", "sha256"]))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
