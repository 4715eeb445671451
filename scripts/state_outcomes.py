"""Write the outcomes of the reference studies into the README.

python scripts/state_outcomes.py README.md results/reference
"""

import sys
from pathlib import Path

from sarfusion.core.files import write_text
from sarfusion.show.outcomes import with_outcomes


def main(page: str, reference: str) -> None:
    """Replace the table of outcomes in a page."""
    write_text(page, with_outcomes(Path(page).read_text(encoding="utf-8"), reference))


if __name__ == "__main__":
    main(*sys.argv[1:])
