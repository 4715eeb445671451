"""Tabulate how much of each product is filled, and the error of the filled pixels."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sarfusion.core.files import write_csv, write_text
from sarfusion.show.products import as_markdown, gap_rows
from sarfusion.show.tables import read_scores
from sarfusion.study.missing import missing_note


def main(
    *,
    scores: Sequence[str | Path],
    metrics: str | Path,
    csv: str | Path,
    md: str | Path,
    protocol: str,
    missing: Mapping[str, Mapping[str, str]],
    uncertainties: Sequence[str | Path] = (),
) -> None:
    """Write tables/product.csv, and the same as a page for people.

    scores: of the product of each site. metrics: every score of the study. uncertainties: tables of
    the protocol that the methods were trained for. missing: sites that the study should have had.
    """
    of_products = read_scores(scores)
    known = read_scores(uncertainties) if uncertainties else pd.DataFrame()
    in_gaps = gap_rows(of_products, pd.read_csv(metrics), known, protocol)
    table = pd.concat([of_products, in_gaps], ignore_index=True)
    write_csv(csv, table)
    write_text(md, as_markdown(table, list(filter(None, [missing_note(missing)]))))


if __name__ == "__main__":
    run(main, snakemake)
