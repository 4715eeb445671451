"""Rank the methods of a study by their error, each compared with one of them."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sarfusion.core.files import write_csv, write_text
from sarfusion.scoring.ranking import rank
from sarfusion.show.ranking import NOTE, ranked_table
from sarfusion.show.tables import as_text, by_protocol, read_scores
from sarfusion.study.comparisons import run_label
from sarfusion.study.missing import missing_note


def main(
    *,
    differences: Sequence[str | Path],
    metrics: str | Path,
    csv: str | Path,
    md: str | Path,
    against: str,
    missing: Mapping[str, Mapping[str, str]],
) -> None:
    """Write the ranking (see scoring.ranking) as CSV, and for people as Markdown.

    differences: tables of compare_methods, of every site and protocol; metrics: the tidy table of
    all scores; against: METHOD-INPUT that the others are compared with.
    """
    table = rank(pd.read_csv(metrics), read_scores(differences), against)
    write_csv(csv, table)
    page = by_protocol(
        table,
        f"Methods in order of their error, compared with {run_label(against)}",
        missing_note(missing),
        lambda rows: [as_text(ranked_table(rows), "github")],
    )
    write_text(md, f"{page}\n{NOTE}\n")


if __name__ == "__main__":
    run(main, snakemake)
