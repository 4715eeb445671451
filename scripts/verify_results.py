"""Compare the results of a study in a folder with the same results made again here.

    python scripts/verify_results.py STUDY_FILE FOLDER AGAIN [OURS] [--spot [N] --dice TEXT]

FOLDER: results/STUDY of another person, or results/reference/STUDY. AGAIN: the same study, made
here with the models in FOLDER, with tables made from the scores in FOLDER (see stage_models.py).
OURS: the same study, trained here. N: number of models that were drawn by the dice and trained in
AGAIN. Prints a table for each step and a conclusion; the exit code is 1 if a check fails.
"""

import argparse
import sys
import textwrap
from functools import partial
from pathlib import Path

from sarfusion.core.errors import StudyError
from sarfusion.scenes.sources import SOURCES
from sarfusion.scenes.stac.lock import read_lock
from sarfusion.study.config import read_study
from sarfusion.study.layout import Layout
from sarfusion.study.schemas import CONFIG
from sarfusion.verify import cells, compared, derived, scenes, tolerances, verdicts
from sarfusion.verify.checks import Check, as_text, check, conclusion
from sarfusion.verify.checksums import check_sums
from sarfusion.verify.compared import WEIGHT_SUMS, check_weight_sums
from sarfusion.verify.crate import CRATE, check_crate, check_made, is_drawn_alike
from sarfusion.verify.expected import every_model
from sarfusion.verify.files import check_no_links
from sarfusion.verify.models import check_models, usable_models
from sarfusion.verify.pages import check_pages
from sarfusion.verify.pictures import compare_figures
from sarfusion.verify.product import check_pictures
from sarfusion.verify.settings import check_about, check_config, check_own
from sarfusion.verify.spot import check_spots, coverage, draw_lacking
from sarfusion.verify.unmade import sentence_on_unmade, unmade_files

# The project's own, not that of the results being checked
ENVELOPE = Path(__file__).resolve().parents[1] / "results/envelope"
WIDTH = 100  # of a line of text


def main(study_file, folder, again, ours=None, spot=0, dice=""):
    """Check the results in `folder` and print the outcome; return the exit code."""
    study = read_study(study_file)
    folder, again = Path(folder), Path(again)
    check_no_links(folder)
    limits = tolerances.of_study(study, ENVELOPE)
    usable = usable_models(study, folder / "models")
    drawn = draw_lacking(study, usable, spot, dice)
    steps = {
        "Inputs: settings, checksums and scenes": input_checks(study, folder, again),
        "Recompute: models -> fused bands -> scores and pictures": [
            *recompute_checks(study, folder, again, limits, usable),
            *check_spots(study | {"spot": drawn}, again, folder, limits),
        ],
        "Claims: everything else follows from the scores": claim_checks(study, folder, again),
    }
    if ours is not None:
        steps["Trained here: equal within twice the spread of seeds"] = own_checks(
            study, Path(ours), folder, limits
        )
    for number, (title, checks) in enumerate(steps.items(), start=1):
        print(as_text(f"{number}. {title}", checks), end="\n\n")
    checks = [check for checks in steps.values() for check in checks]
    if all(check.passed for check in checks):
        print(textwrap.fill(coverage(study, usable, drawn, dice, folder), WIDTH))
        left = unmade_files(study, folder, usable, None if ours is None else Path(ours))
        print(textwrap.fill(sentence_on_unmade(left), WIDTH), end="\n\n")
    print(conclusion(checks))
    return int(not all(check.passed for check in checks))


def input_checks(study, folder, again):
    """Return the checks of the inputs of the results in `folder`."""
    checks = [
        check("config.yaml", check_config, study, folder),
        check("checksums", check_sums, folder, study["study"]),
        check("tolerances", check_tolerances),
    ]
    if (folder / WEIGHT_SUMS).exists():  # a reference
        checks.append(check(WEIGHT_SUMS, check_weight_sums, study, folder))
        checks.append(check("about.json", check_about, study, folder))
    if (folder / CRATE).exists():  # a run
        checks.append(check("provenance", check_crate, folder, study["study"]))
    for site, settings in study["sites"].items():
        source = SOURCES[settings["source"]]
        if not source.is_generated:
            checks.append(check(f"{site}: source", scenes.check_sources, site, again, folder))
        if settings["source"] == "stac":
            checks.append(check(f"{site}: lock", check_lock, study, site, folder))
        checks += [
            check(f"{site}: {name}", scenes.check_scene, site, name, again, folder)
            for name in (
                *("optical", "sar"),
                *(["truth"] * source.has_truth),
                *Layout(study).aerosol,
            )
        ]
        checks += [
            check(f"{site}: {date}", scenes.check_date, site, date, again, folder)
            for date in Layout(study).other_dates(site)
        ]
    return checks


def check_tolerances():
    """Return a note if the tolerances are as committed and follow from the envelope."""
    committed = check_own(ENVELOPE)
    measured, stated = (ENVELOPE / f"{name}.csv" for name in ("envelope", "tolerances"))
    return f"{committed}; {tolerances.check_derived(measured, stated)}"


def recompute_checks(study, folder, again, limits, usable):
    """Return the checks that the models in `folder` reproduce its fused bands, scores and verdicts.

    usable: names of the models that can be used.
    """
    try:
        judged, readings = verdicts.judge(study, again)
        sent, sent_readings = verdicts.judge(study, folder, again)
        checks = [
            check("verdicts", verdicts.check_judged, judged, sent),
            check("readings", verdicts.check_judged, readings, sent_readings),
        ]
        margins = verdicts.margins(judged)
    except StudyError as error:
        checks, margins = [Check("verdicts", False, str(error))], {}
    return [
        check("models", check_models, study, folder / "models"),
        *compared.check_tables(study, again, folder, usable, usable, limits, margins),
        *cells.check_cells(study, again, folder, limits),
        *compared.check_fused(study, again, folder, usable, limits),
        *checks,
        *check_pictures(study, again, folder, limits, is_drawn_alike(folder)),
    ]


def claim_checks(study, folder, again):
    """Return the checks that tables, verdicts and figures follow from the folder's scores.

    again: folder in which the study's own rules made them again from these scores. Tables must be
    identical.
    """
    checks = [
        check(name, derived.check_differences, folder, name, site, protocol)
        for name, (site, protocol) in Layout(study).difference_tables().items()
    ]
    given = check("tables", derived.check_given, study, folder)
    if not given.passed:
        return [*checks, given]
    checks += check_pages(study, folder)
    tables, figures = derived.derived_files(study)
    drawn = partial(compare_figures, drawn_alike=is_drawn_alike(folder))
    for names, compare in ((tables, derived.compare_text), (figures, drawn)):
        checks += [
            check(name, derived.compare_derived, compare, again / name, folder / name)
            for name in names
        ]
    return checks


def check_lock(study, site, folder):
    """Return a note if a site's scenes are those of the study's lock."""
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
        check("verdicts", verdicts.compare_verdicts, ours, folder),
        *compared.check_figures(ours, folder, same == models, is_drawn_alike(folder)),
        *made_checks(ours, folder),
    ]


def made_checks(ours, folder):
    """Return the check that two runs made their files alike; [] unless both have a crate."""
    if not ((ours / CRATE).exists() and (folder / CRATE).exists()):
        return []
    return [check("made from", check_made, ours, folder)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for argument in ("study_file", "folder", "again"):
        parser.add_argument(argument)
    parser.add_argument("ours", nargs="?")
    parser.add_argument("--spot", type=int, nargs="?", default=0)
    parser.add_argument("--dice", default="")
    try:
        sys.exit(main(**vars(parser.parse_args())))
    except StudyError as error:
        sys.exit(f"error: {error}")
