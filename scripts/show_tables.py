"""Turn Markdown tables into pages, which the report can show; it only offers Markdown files."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

from sarfusion.core.files import write_text
from sarfusion.show.pages import as_page, title_of


def main(
    *,
    tables: Sequence[str | Path],
    pages: Sequence[str | Path],
) -> None:
    """Write a self-contained page (HTML) for each of `tables` (Markdown)."""
    for table, page in zip(tables, pages, strict=True):
        title = title_of(Path(table).stem)
        write_text(page, as_page(Path(table).read_text(encoding="utf-8"), title))


if __name__ == "__main__":
    run(main, snakemake)
