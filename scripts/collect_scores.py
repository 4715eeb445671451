"""Collect every score of the study in one table."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

from sarfusion.core.files import write_csv
from sarfusion.show.tables import read_scores


def main(*, scores: Sequence[str | Path], metrics: str | Path) -> None:
    """Write tables/metrics.csv. scores: the tables of each site and protocol."""
    write_csv(metrics, read_scores(scores))


if __name__ == "__main__":
    run(main, snakemake)
