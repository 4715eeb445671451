"""Turn tables for people into pages, which the report shows in place; it only offers Markdown."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from sarfusion.core.files import write_text

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
  body {{ margin: 1rem 1.5rem 3rem; max-width: 90rem;
         font: 14px/1.45 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; color: #1b1b1b; }}
  p, li {{ max-width: 60rem; }}
  table {{ border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }}
  th, td {{ padding: .2rem .7rem; border-bottom: 1px solid #d5d5d5; text-align: left; }}
  th {{ border-bottom: 2px solid #1b1b1b; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def main(
    *,
    tables: Sequence[str | Path],
    pages: Sequence[str | Path],
) -> None:
    """Write a self-contained page (HTML) for each of `tables` (Markdown)."""
    for table, page in zip(tables, pages, strict=True):
        title = Path(table).stem.replace("_", " ")
        write_text(page, as_page(Path(table).read_text(encoding="utf-8"), title))


def as_page(markdown, title):
    """Return a page with the text `markdown`, in which no HTML is obeyed; title: plain words."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    return PAGE.format(title=title, body=renderer.render(markdown))


if __name__ == "__main__":
    run(main, snakemake)
