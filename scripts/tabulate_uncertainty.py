"""Collect the scores of the methods' uncertainties in filled gaps, at all sites."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

from sarfusion.core.files import write_csv, write_text
from sarfusion.show.tables import as_text, by_protocol, read_scores
from sarfusion.show.uncertainty import NOTE, full_table
from sarfusion.study.missing import missing_note


def main(
    *,
    uncertainties: Sequence[str | Path],
    csv: str | Path,
    md: str | Path,
    missing: Mapping[str, Mapping[str, str]],
) -> None:
    """Write all rows as CSV, and the main ones as Markdown for people.

    uncertainties: tables of evaluate_uncertainty. missing: sites that the study should have had.
    """
    table = read_scores(uncertainties)
    write_csv(csv, table)
    page = by_protocol(
        table,
        "Uncertainty of filled gaps",
        missing_note(missing),
        lambda rows: [as_text(full_table(rows), "github")],
    )
    write_text(md, f"{page}\n{NOTE}\n")


if __name__ == "__main__":
    run(main, snakemake)
