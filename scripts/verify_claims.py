"""What follows from the tables of scores: all other tables, the verdicts, figures of results."""

from pathlib import Path
from tempfile import TemporaryDirectory

import judge_claims
import numpy as np
import plot_claims
import plot_gap_distance
import plot_paired_differences
import plot_scores
import tabulate_metrics
import tabulate_models
from sarfusion.comparisons import paired_runs
from sarfusion.errors import StudyError
from sarfusion.study import CONFIG
from sarfusion.verify import scores
from sarfusion.verify.checks import check, plain_file
from sarfusion.verify.expected import (
    difference_tables,
    every_model,
    record_path,
    score_tables,
)
from sarfusion.verify.models import read_record
from sarfusion.verify.pixels import compare_figures

ROUNDING = 1e-9  # of a mean of scores that was added up in another order


def claim_checks(study, folder):
    """Return the checks that tables, verdicts and figures follow from the folder's scores.

    They are made again by the study's own scripts: tables must be the same to the letter.
    """
    folder = Path(folder)
    checks = [
        check(name, follow_from_scores, study, folder, name, site, protocol)
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


def follow_from_scores(study, folder, name, site, protocol):
    """Return a note on a table of differences that are the mean differences of scores."""
    differences = scores.read(folder / name, scores.DIFFERENCES)
    table = scores.read(folder / f"metrics/{site}/{protocol}.csv", scores.SCORES).reset_index()
    by_run = {}
    keys = ["region", "band", "metric", "method", "input"]
    for *key, seed, value in table[[*keys, "seed", "value"]].to_numpy():
        by_run.setdefault(tuple(key), {})[seed] = value
    for key, row in differences.iterrows():
        about = dict(zip(differences.index.names, key, strict=True))
        place = [about[column] for column in keys[:3]]
        left, right = (
            by_run.get((*place, about[f"{side}_method"], about[f"{side}_input"]), {})
            for side in ("left", "right")
        )
        pairs = np.array(paired_runs(left, right), float).reshape(-1, 2)
        wanted = (pairs[:, 0] - pairs[:, 1]).mean() if len(pairs) else np.nan
        if row["seeds"] != len(pairs) or not np.isclose(
            row["difference"], wanted, rtol=ROUNDING, atol=ROUNDING, equal_nan=True
        ):
            raise StudyError(
                f"{name}: {scores.told(key, scores.DIFFERENCES)}: the difference is"
                f" {row['difference']:.9g}, from the scores follows {wanted:.9g}"
            )
    return f"{len(differences)} differences follow from the scores"


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
    tables = again / "tables"
    tabulate_metrics.main(
        scores=paths[scores.SCORES],
        metrics=tables / "metrics.csv",
        **{f"summary_{form}": tables / f"summary.{form}" for form in ("csv", "md", "tex", "txt")},
    )
    tabulate_models.main(
        records=records,
        csv=tables / "models.csv",
        md=tables / "models.md",
        times=again / "training_times.csv",
    )
    judge_claims.main(
        claims=CONFIG / "claims.yaml",
        differences=paths[scores.DIFFERENCES],
        metrics=tables / "metrics.csv",
        csv=tables / "claims.csv",
        md=tables / "claims.md",
    )


def draw_figures(study, folder, again):
    """Draw in the folder `again` the figures of the tables that were made there."""

    def files(name):
        return {form: again / f"figures/{name}.{form}" for form in ("png", "pdf")}

    tables = again / "tables"
    differences = [folder / name for name, *_ in difference_tables(study)]
    plot_claims.main(tables / "claims.csv", **files("claims"))
    plot_paired_differences.main(differences=differences, **files("paired_differences"))
    for protocol in study["protocols"]:
        plot_scores.main(tables / "metrics.csv", protocol=protocol, **files(f"{protocol}_scores"))
    if "cloud_gap" in study["protocols"]:
        plot_gap_distance.main(metrics=tables / "metrics.csv", **files("cloud_gap_distance"))


def compare_text(ours, theirs):
    """Return a note on two texts that are the same; StudyError names the first line, if not."""
    try:
        told = plain_file(theirs, 100).read_text(encoding="utf-8").splitlines()
    except ValueError as error:
        raise StudyError(f"{theirs}: not text ({error})") from None
    made = ours.read_text(encoding="utf-8").splitlines()
    for number, (one, other) in enumerate(zip(made, told, strict=False), start=1):
        if one != other:
            raise StudyError(
                f"{theirs}: line {number} is {other!r}; from the scores follows {one!r}"
            )
    if len(made) != len(told):
        raise StudyError(f"{theirs}: {len(told)} lines; from the scores follow {len(made)}")
    return "follows from the scores"
