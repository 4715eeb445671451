"""Hold the results of a study in a folder against what is made again here.

    python scripts/verify_results.py STUDY_FILE FOLDER AGAIN [OURS]

FOLDER: results/STUDY of another person, or results/reference/STUDY. AGAIN: the same study, made
here with the models in FOLDER, its tables from the scores in FOLDER (see stage_models.py). OURS:
the same study, trained here.
Prints a table for each step and one last line; the exit code is 1 when a check fails.
"""

import sys
from pathlib import Path

from sarfusion.core.errors import StudyError
from sarfusion.scenes.sources import SOURCES
from sarfusion.scenes.stac.lock import read_lock
from sarfusion.study.config import CONFIG, read_study
from sarfusion.study.layout import Layout
from sarfusion.verify import compared, derived, scenes, tolerances
from sarfusion.verify.checks import Check, as_text, check, conclusion
from sarfusion.verify.checksums import check_sums
from sarfusion.verify.expected import every_model
from sarfusion.verify.models import check_models, usable_models
from sarfusion.verify.pictures import compare_figures
from sarfusion.verify.settings import check_config

TOLERANCES = Path(__file__).parents[1] / "results/reference/demo/envelope/tolerances.csv"


def main(study_file, folder, again, ours=None):
    """Print what holds of the results in `folder`; return the exit code."""
    study = read_study(study_file)
    folder, again = Path(folder), Path(again)
    limits = tolerances.read(TOLERANCES)
    steps = {
        "Inputs: settings, sums and scenes": input_checks(study, folder, again),
        "Recompute: models -> fused bands -> scores": recompute_checks(
            study, folder, again, limits
        ),
        "Claims: all else follows from the scores": [
            *claim_checks(study, folder, again),
            *envelope_checks(folder),
        ],
    }
    if ours is not None:
        steps["Trained here: the same within twice the spread of seeds"] = own_checks(
            study, Path(ours), folder, limits
        )
    for number, (title, checks) in enumerate(steps.items(), start=1):
        print(as_text(f"{number}. {title}", checks), end="\n\n")
    checks = [check for checks in steps.values() for check in checks]
    print(conclusion(checks))
    return int(not all(check.passed for check in checks))


def input_checks(study, folder, again):
    """Return the checks of what the results in `folder` rest on."""
    checks = [
        check("config.yaml", check_config, study, folder),
        check("sums", check_sums, folder, study["study"]),
    ]
    for site, settings in study["sites"].items():
        source = SOURCES[settings["source"]]
        if not source.is_generated:
            checks.append(check(f"{site}: source", scenes.check_sources, site, again, folder))
        if settings["source"] == "stac":
            checks.append(check(f"{site}: lock", check_lock, study, site, folder))
        checks += [
            check(f"{site}: {name}", scenes.check_scene, site, name, again, folder)
            for name in ("optical", "sar", *(["truth"] * source.has_truth))
        ]
    return checks


def recompute_checks(study, folder, again, limits):
    """Return the checks that the models in `folder` make its fused bands and scores."""
    usable = usable_models(study, folder / "models")
    return [
        check("models", check_models, study, folder / "models"),
        *compared.check_tables(study, again, folder, usable, usable, limits),
        *compared.check_fused(study, again, folder, usable, limits),
    ]


def claim_checks(study, folder, again):
    """Return the checks that tables, verdicts and figures follow from the folder's scores.

    again: where the study's own rules made them again from these scores. Tables must be the same
    to the letter.
    """
    checks = [
        check(name, derived.check_differences, folder, name, site, protocol)
        for name, (site, protocol) in Layout(study).difference_tables().items()
    ]
    given = check("tables", derived.check_given, study, folder)
    if not given.passed:
        return [*checks, given]
    tables, figures = derived.derived_files(study)
    for names, compare in ((tables, derived.compare_text), (figures, compare_figures)):
        checks += [
            check(name, derived.compare_derived, compare, again / name, folder / name)
            for name in names
        ]
    return checks


def envelope_checks(folder):
    """Return the check of a reference's tolerances, which follow from its envelope."""
    measured, stated = (folder / f"envelope/{name}.csv" for name in ("envelope", "tolerances"))
    if not measured.exists():
        return []
    return [check("envelope/tolerances.csv", tolerances.check_derived, measured, stated)]


def check_lock(study, site, folder):
    """Return a note on a site's scenes that are those of the study's lock."""
    entry = read_lock(CONFIG / f"{study['study']}.lock.json")["sites"][site]
    return scenes.check_locked(site, folder, entry)


def own_checks(study, ours, folder, limits):
    """Return the checks that results trained here agree with those in `folder`."""
    models = set(every_model(study))
    same = compared.same_weights(study, ours, folder)
    return [
        Check("weights", True, f"{len(same)} of {len(models)} models have the same bytes"),
        *compared.check_tables(study, ours, folder, models, same, limits),
        *compared.check_fused(study, ours, folder, same, limits),
        check("verdicts", compared.compare_verdicts, ours, folder),
        *compared.check_figures(ours, folder, same_data=same == models),
    ]


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except StudyError as error:
        sys.exit(f"error: {error}")
