"""Prepare runs outside results/ with the models of another person, for `./reproduce verify`.

    python scripts/stage_models.py STUDY_FILE FOLDER TARGET [--scenes OURS] [--first-band]
        [--spot [N] --dice TEXT]

FOLDER: results/STUDY of another person. Its usable models are copied to TARGET/weights (with
--first-band, only those of the study's first band). Catalogue scenes in OURS (results/STUDY) are
copied to TARGET/run and TARGET/trained, where Snakemake will run, so that they are not downloaded
again. TARGET also gets files of settings that override the study's: place.json for any run,
weights.json for a run with these models, scores.json, if the scores in FOLDER can be read, for a
run that makes its tables from them, and spot.json for a run that trains N of the models whose
weights are not in FOLDER, drawn by the dice.
"""

import argparse
import json
import sys
from pathlib import Path

from sarfusion.core.errors import StudyError
from sarfusion.core.files import copy_as_new
from sarfusion.study.config import read_study
from sarfusion.study.model_files import record_path, weights_path
from sarfusion.verify.checks import check
from sarfusion.verify.derived import check_given
from sarfusion.verify.expected import every_model
from sarfusion.verify.files import check_no_links
from sarfusion.verify.models import usable_models
from sarfusion.verify.spot import draw_lacking

ROOT = Path(__file__).parents[1]


def main(study_file, folder, target, scenes=None, first_band=False, spot=0, dice=""):
    """Fill the folder `target`, which is empty or does not exist."""
    check_no_links(folder)
    study = read_study(study_file)
    models, target = Path(folder, "models"), Path(target)
    (target / "weights").mkdir(parents=True)
    usable = usable_models(study, models)
    for name in usable & set(wanted_models(study, first_band)):
        for path_of in (weights_path, record_path):
            copy_as_new(path_of(models, name), path_of(target / "weights", name))
    for site, settings in study["sites"].items():
        if settings["source"] == "stac" and scenes is not None:
            folder = Path(scenes, f"scenes/{site}")
            for path in filter(Path.is_file, folder.rglob("*")):
                for run in ("run", "trained"):
                    results = target / run / "results" / study["study"]
                    copy_as_new(path, results / f"scenes/{site}" / path.relative_to(folder))
    (target / "place.json").write_text(json.dumps({"data": str(ROOT / study["data"])}))
    (target / "weights.json").write_text(json.dumps({"weights": "../weights"}))
    drawn = draw_lacking(study, usable, spot, dice)
    (target / "spot.json").write_text(json.dumps({"spot": drawn}))
    if check("scores", check_given, study, Path(folder)).passed:
        (target / "scores.json").write_text(
            json.dumps({"scores_from": str(Path(folder).resolve())})
        )


def wanted_models(study, first_band):
    """Return the names of the models of all bands, or of the first band only."""
    bands = study["bands"][:1] if first_band else study["bands"]
    return [name for name, about in every_model(study).items() if about["band"] in bands]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for argument in ("study_file", "folder", "target"):
        parser.add_argument(argument)
    parser.add_argument("--scenes")
    parser.add_argument("--first-band", action="store_true")
    parser.add_argument("--spot", type=int, nargs="?", default=0)
    parser.add_argument("--dice", default="")
    try:
        main(**vars(parser.parse_args()))
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
