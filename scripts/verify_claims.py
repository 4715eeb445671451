"""What follows from the tables of scores: all other tables, the verdicts, figures of results."""

from pathlib import Path
from tempfile import TemporaryDirectory

import judge_claims
import plot_across_differences
import plot_across_scores
import plot_claims
import plot_gap_distance
import plot_paired_differences
import plot_scores
import plot_transfer
import tabulate_across
import tabulate_metrics
import tabulate_models
import tabulate_transfer
from sarfusion.study.config import CONFIG, shown_sites, transfers, transfers_left_out
from sarfusion.verify import scores
from sarfusion.verify.checks import check
from sarfusion.verify.derived import check_differences, compare_text
from sarfusion.verify.expected import (
    difference_tables,
    record_path,
    score_tables,
    site_models,
    transfer_tables,
)
from sarfusion.verify.models import read_record
from sarfusion.verify.pictures import compare_figures


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
    tables_of = (score_tables, transfer_tables, difference_tables)
    own, transferred, differences = (
        [folder / name for name, *_ in tables(study)] for tables in tables_of
    )
    for path in [*own, *transferred, *differences]:
        scores.read(path, scores.form_of(path))
    records = [record_path(folder / "models", name) for name in site_models(study)]
    for path in records:
        read_record(path)
    tables, missing = again / "tables", study["missing_sites"]
    tabulate_metrics.main(
        scores=own,
        metrics=tables / "metrics.csv",
        **{form: tables / f"summary.{form}" for form in ("csv", "md", "tex", "txt")},
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
        differences=differences,
        metrics=tables / "metrics.csv",
        csv=tables / "claims.csv",
        md=tables / "claims.md",
        missing=missing,
    )
    left_out = transfers_left_out(study)
    if len(study["sites"]) > 1:
        tabulate_across.main(
            metrics=tables / "metrics.csv",
            differences=differences,
            scores_csv=tables / "across_sites.csv",
            differences_csv=tables / "across_sites_differences.csv",
            md=tables / "across_sites.md",
            missing=missing,
            left_out=left_out,
        )
    if transferred:
        made = transfers(study)
        about = [made[path.parent.name] for path in transferred]
        tabulate_transfer.main(
            metrics=tables / "metrics.csv",
            scores=transferred,
            transferred=tables / "transfer_metrics.csv",
            csv=tables / "transfer.csv",
            md=tables / "transfer.md",
            tested=[(transfer["name"], transfer["train"]) for transfer in about],
            missing=missing,
            left_out=left_out,
        )


def draw_figures(study, folder, again):
    """Draw in the folder `again` the figures of the tables that were made there."""

    def files(name):
        return {form: again / f"figures/{name}.{form}" for form in ("png", "pdf")}

    tables = again / "tables"
    differences = [folder / name for name, *_ in difference_tables(study)]
    metrics = {"metrics": tables / "metrics.csv"}
    sites, missing = shown_sites(study), study["missing_sites"]
    plot_claims.main(tables / "claims.csv", **files("claims"), sites=sites)
    plot_paired_differences.main(
        differences=differences, **files("paired_differences"), sites=sites
    )
    for protocol in study["protocols"]:
        drawn = files(f"{protocol}_scores")
        plot_scores.main(tables / "metrics.csv", protocol=protocol, **drawn, sites=sites)
        if len(study["sites"]) > 1:
            drawn = files(f"across_sites_{protocol}_scores")
            plot_across_scores.main(**metrics, **drawn, protocol=protocol, missing=missing)
    if len(study["sites"]) > 1:
        drawn = files("across_sites_differences")
        plot_across_differences.main(differences=differences, **drawn, missing=missing)
    if (tables / "transfer_metrics.csv").exists():
        transferred = tables / "transfer_metrics.csv"
        drawn = files("transfer")
        plot_transfer.main(**metrics, transferred=transferred, **drawn, missing=missing)
    if "cloud_gap" in study["protocols"]:
        drawn = files("cloud_gap_distance")
        plot_gap_distance.main(metrics=tables / "metrics.csv", **drawn, sites=sites)
