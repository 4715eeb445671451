"""Markdown tables as HTML pages."""

from markdown_it import MarkdownIt

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


def as_page(markdown: str, title: str) -> str:
    """Return a page with the text `markdown`, in which HTML is escaped; title: plain text."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    return PAGE.format(title=title, body=renderer.render(markdown))


def title_of(name: str) -> str:
    """Return the title of the page of a table."""
    return name.replace("_", " ")
