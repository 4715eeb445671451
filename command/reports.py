"""The report of a study, which Snakemake makes.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

import re
from pathlib import Path

# The report contains its values as scripts of one line each, such as `var results = {...};`.
VALUES = re.compile(r'(<script id="[\w-]+">\n *var \w+ = )(.*)(?=;\n)')


def escape_values(path: Path) -> None:
    """Escape "<" in the values of a report, since the text "</script>" would end its script.

    Snakemake does not do this, and a parameter can be any text of a study, such as a licence.
    """
    page = path.read_text(encoding="utf-8")
    page = VALUES.sub(lambda found: found[1] + found[2].replace("<", "\\u003c"), page)
    path.write_text(page, encoding="utf-8")
