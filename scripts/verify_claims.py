"""What follows from the tables of scores: all other tables, the verdicts, figures of results."""

from pathlib import Path
from tempfile import TemporaryDirectory

import judge_claims
import plot_claims
import plot_gap_distance
import plot_paired_differences
import plot_scores
import tabulate_metrics
import tabulate_models
from sarfusion.study import CONFIG, shown_sites
from sarfusion.verify import scores
from sarfusion.verify.checks import check
from sarfusion.verify.expected import (
    difference_tables,
    every_model,
    record_path,
    score_tables,
)
from sarfusion.verify.follow import check_differences, compare_text
from sarfusion.verify.models import read_record
from sarfusion.verify.pixels import compare_figures


def claim_checks(study, folder):
    """Return the checks that tables, verdicts and figures follow from the folder's scores.

    They are made again by the study's own scripts: tables must be the same to the letter.
    """
    folder = Path(folder)
    checks = [
        check(name, check_differences, folder, name, site, protocol)
        for name, site, protocol in difference_tables(study)
    ]
    with TemporaryDirectory() as temporary:
        again = Path(temporary)
        for what, make, compare in (
            ("tables", make_tables, compare_text),
            ("figures", draw_figures, compare_figures),
        ):
            made = check(what, make, study, folder, again)
            if not made.passed:
                return [*checks, made]
            checks += [
                check(str(path.relative_to(again)), compare, path, folder / path.relative_to(again))
                for path in sorted((again / what).iterdir())
                if path.suffix != ".pdf"
            ]
    return checks


def make_tables(study, folder, again):
    """Make in the folder `again` the tables that follow from the scores in `folder`."""
    paths = {
        form: [folder / name for name, *_ in tables(study)]
        for form, tables in ((scores.SCORES, score_tables), (scores.DIFFERENCES, difference_tables))
    }
    for form, tables in paths.items():
        for path in tables:
            scores.read(path, form)
    records = [record_path(folder / "models", name) for name in every_model(study)]
    for path in records:
        read_record(path)
    tables, missing = again / "tables", study["missing_sites"]
    tabulate_metrics.main(
        scores=paths[scores.SCORES],
        metrics=tables / "metrics.csv",
        **{f"summary_{form}": tables / f"summary.{form}" for form in ("csv", "md", "tex", "txt")},
        missing=missing,
    )
    tabulate_models.main(
        records=records,
        csv=tables / "models.csv",
        md=tables / "models.md",
        times=again / "training_times.csv",
        missing=missing,
    )
    judge_claims.main(
        claims=CONFIG / "claims.yaml",
        differences=paths[scores.DIFFERENCES],
        metrics=tables / "metrics.csv",
        csv=tables / "claims.csv",
        md=tables / "claims.md",
        missing=missing,
    )


def draw_figures(study, folder, again):
    """Draw in the folder `again` the figures of the tables that were made there."""

    def files(name):
        return {form: again / f"figures/{name}.{form}" for form in ("png", "pdf")}

    tables = again / "tables"
    differences = [folder / name for name, *_ in difference_tables(study)]
    sites = shown_sites(study)
    plot_claims.main(tables / "claims.csv", **files("claims"), sites=sites)
    plot_paired_differences.main(
        differences=differences, **files("paired_differences"), sites=sites
    )
    for protocol in study["protocols"]:
        drawn = files(f"{protocol}_scores")
        plot_scores.main(tables / "metrics.csv", protocol=protocol, **drawn, sites=sites)
    if "cloud_gap" in study["protocols"]:
        drawn = files("cloud_gap_distance")
        plot_gap_distance.main(metrics=tables / "metrics.csv", **drawn, sites=sites)
