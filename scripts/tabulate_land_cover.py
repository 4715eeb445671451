"""Collect the scores of maps made from filled gaps, at all sites."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

from sarfusion.core.files import write_csv, write_text
from sarfusion.show.land_cover import full_table, notes
from sarfusion.show.tables import as_text, by_protocol, read_scores
from sarfusion.study.missing import missing_note


def main(
    *,
    scores: Sequence[str | Path],
    csv: str | Path,
    md: str | Path,
    missing: Mapping[str, Mapping[str, str]],
) -> None:
    """Write all rows as CSV, and the main ones as Markdown for people.

    scores: tables of evaluate_land_cover. missing: sites that the study should have had.
    """
    table = read_scores(scores)
    write_csv(csv, table)
    page = by_protocol(
        table,
        "Land cover from filled gaps",
        missing_note(missing),
        lambda rows: [as_text(full_table(rows), "github"), *notes(rows)],
    )
    write_text(md, page)


if __name__ == "__main__":
    run(main, snakemake)
